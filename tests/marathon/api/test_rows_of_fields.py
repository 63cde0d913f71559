"""The fields of an app row by row: what stands there when nothing was said, what comes back, what a wrong type gets."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api
from .rows import ABSENT

CMD = {"cmd": "sleep 1"}
MESOS, DOCKER = {"type": "MESOS"}, {"type": "DOCKER", "docker": {"image": "nginx"}}
BRIDGE = {"networks": [{"mode": "container/bridge"}]}
DOCKER_SHOWN = {
    **DOCKER,
    "volumes": [],
    "docker": {"image": "nginx", "forcePullImage": False, "parameters": [], "privileged": False},
}
CHECK = {
    "gracePeriodSeconds": 300,
    "ignoreHttp1xx": False,
    "intervalSeconds": 60,
    "maxConsecutiveFailures": 3,
    "path": "/",
    "portIndex": 0,
    "protocol": "HTTP",
    "ipProtocol": "IPv4",
    "timeoutSeconds": 20,
    "delaySeconds": 15,
}
READY = {
    "name": "readinessCheck",
    "protocol": "HTTP",
    "path": "/",
    "portName": "http-api",
    "intervalSeconds": 30,
    "timeoutSeconds": 10,
    "httpStatusCodesForReady": [200],
    "preserveLastResponse": False,
}
PORTS = [{"port": 10000, "protocol": "tcp", "name": "default"}]

# field, what an app has that does not name it, one of the wrong type, and what Marathon calls the right one
FIELDS: list[tuple[str, Any, Any, str]] = [
    ("cmd", "sleep 1", 1, "jsstring"),
    ("args", ABSENT, "x", "jsarray"),
    ("instances", 1, "1", "jsnumber"),
    ("cpus", 1, "1", "jsnumber"),
    ("mem", 128, "1", "jsnumber"),
    ("disk", 0, "1", "jsnumber"),
    ("gpus", 0, "1", "jsnumber"),
    ("env", ABSENT, [], "jsobject"),
    ("labels", {}, [], "jsobject"),
    ("constraints", ABSENT, "x", "jsarray"),
    ("dependencies", ABSENT, "x", "jsarray"),
    ("healthChecks", ABSENT, {}, "jsarray"),
    ("readinessChecks", ABSENT, {}, "jsarray"),
    ("portDefinitions", PORTS, {}, "jsarray"),
    ("requirePorts", False, "true", "jsboolean"),
    ("upgradeStrategy", {"maximumOverCapacity": 1, "minimumHealthCapacity": 1}, [], "jsobject"),
    ("backoffSeconds", 1, "1", "jsnumber"),
    ("backoffFactor", 1.15, "1", "jsnumber"),
    ("maxLaunchDelaySeconds", 300, "1", "jsnumber"),
    ("taskKillGracePeriodSeconds", ABSENT, "1", "jsnumber"),
    ("killSelection", "YOUNGEST_FIRST", "ANY", "unknown.enum.literal"),
    ("unreachableStrategy", {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0}, [], "jsobject"),
    ("container", ABSENT, [], "jsobject"),
    ("networks", [{"mode": "host"}], {}, "jsarray"),
    ("fetch", ABSENT, {}, "jsarray"),
    ("user", ABSENT, 1, "jsstring"),
    ("executor", "", 1, "jsstring"),
    ("acceptedResourceRoles", ABSENT, "*", "jsarray"),
    ("role", "*", 1, "jsstring"),
    ("secrets", ABSENT, [], "jsobject"),
    ("residency", ABSENT, [], "jsobject"),
    ("check", ABSENT, [], "jsobject"),
    ("tty", ABSENT, "x", "jsboolean"),
    ("executorResources", ABSENT, [], "jsobject"),
    ("resourceLimits", ABSENT, [], "jsobject"),
]

# what is sent, and what is shown of it
SHOWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "args": ({"args": ["sleep", "1"]}, {"args": ["sleep", "1"], "cmd": ABSENT}),
    "cmd and image": ({**CMD, "container": DOCKER}, {**CMD, "container": DOCKER_SHOWN}),
    "image alone": ({"container": DOCKER}, {"cmd": ABSENT, "args": ABSENT, "container": DOCKER_SHOWN}),
    "mesos image": (
        {"container": {"type": "MESOS", "docker": {"image": "nginx"}}},
        {"container": {**DOCKER_SHOWN, "type": "MESOS"}},
    ),
    "null is absent": ({**CMD, "user": None, "env": None}, {"user": ABSENT, "env": ABSENT}),
    "unknown fields are ignored": ({**CMD, "colour": 1}, {"colour": ABSENT}),
    "10.0 is a whole number": ({**CMD, "instances": 2.0}, {"instances": 2}),
    "health check {}": ({**CMD, "healthChecks": [{}]}, {"healthChecks": [CHECK]}),
    "health check COMMAND": (
        {**CMD, "healthChecks": [{"protocol": "COMMAND", "command": {"value": "true"}}]},
        {
            "healthChecks": [
                {
                    **{k: v for k, v in CHECK.items() if k not in ("path", "portIndex", "ignoreHttp1xx")},
                    "protocol": "COMMAND",
                    "command": {"value": "true"},
                }
            ]
        },
    ),
    "readiness check {}": (
        {**CMD, "portDefinitions": [{"name": "http-api"}], "readinessChecks": [{}]},
        {"readinessChecks": [READY]},
    ),
    "fetch": (
        {**CMD, "fetch": [{"uri": "http://a"}]},
        {"fetch": [{"uri": "http://a", "extract": True, "executable": False, "cache": False}]},
    ),
    "uris become fetch": (
        {**CMD, "uris": ["http://a/b.tgz", "http://a/c"]},
        {
            "uris": ABSENT,
            "fetch": [
                {"uri": "http://a/b.tgz", "extract": True, "executable": False, "cache": False},
                {"uri": "http://a/c", "extract": False, "executable": False, "cache": False},
            ],
        },
    ),
    "ports become definitions": (
        {**CMD, "ports": [0, 8080]},
        {"ports": ABSENT, "portDefinitions": [{"port": 10000, "protocol": "tcp"}, {"port": 8080, "protocol": "tcp"}]},
    ),
    "docker.network BRIDGE": (
        {"container": {"docker": {"image": "i", "network": "BRIDGE", "portMappings": [{"containerPort": 80}]}}},
        {
            "networks": [{"mode": "container/bridge"}],
            "portDefinitions": ABSENT,
            "container.portMappings": [
                {"containerPort": 80, "hostPort": 0, "labels": {}, "protocol": "tcp", "servicePort": 10000}
            ],
        },
    ),
    "bridge without mappings": (
        {**CMD, **BRIDGE, "container": MESOS},
        {
            "requirePorts": False,
            "container.portMappings": [
                {
                    "containerPort": 0,
                    "hostPort": 0,
                    "labels": {},
                    "name": "default",
                    "protocol": "tcp",
                    "servicePort": 10000,
                }
            ],
        },
    ),
    "a named network takes no host port": (
        {"networks": [{"name": "n"}], "container": {**DOCKER, "portMappings": [{"containerPort": 80}]}},
        {
            "networks": [{"name": "n", "mode": "container"}],
            "container.portMappings": [{"containerPort": 80, "labels": {}, "protocol": "tcp", "servicePort": 10000}],
        },
    ),
    "single instance": (
        {**CMD, "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}},
        {"upgradeStrategy": {"maximumOverCapacity": 0, "minimumHealthCapacity": 0}},
    ),
    "unreachable disabled": ({**CMD, "unreachableStrategy": "disabled"}, {"unreachableStrategy": "disabled"}),
    "strategy in part": (
        {**CMD, "upgradeStrategy": {"minimumHealthCapacity": 0.5}},
        {"upgradeStrategy": {"maximumOverCapacity": 1, "minimumHealthCapacity": 0.5}},
    ),
    "a secret by reference": (
        {**CMD, "env": {"A": {"secret": "s"}}, "secrets": {"s": {"source": "vault/s"}}},
        {"env": {"A": {"secret": "s"}}, "secrets": {"s": {"source": "vault/s"}}},
    ),
    "relative dependency": ({**CMD, "dependencies": ["../db"]}, {"dependencies": ["/g/db"]}),
}


@pytest.mark.parametrize(("field", "default"), [pytest.param(f[0], f[1], id=f[0]) for f in FIELDS])
async def test_a_field_that_is_not_named_has_its_default(api: Api, field: str, default: Any) -> None:
    app = (await api.post("/v2/apps", {"id": "/x", **CMD})).body
    assert app.get(field, ABSENT) == default


@pytest.mark.parametrize(("field", "wrong", "right"), [pytest.param(f[0], *f[2:], id=f[0]) for f in FIELDS])
async def test_a_value_of_the_wrong_type_is_named_by_its_path(api: Api, field: str, wrong: Any, right: str) -> None:
    answer = await api.post("/v2/apps", {"id": "/x", **CMD, field: wrong})
    assert (answer.status, answer.body["message"]) == (422, "Invalid JSON")
    (detail,) = answer.body["details"]
    assert detail["path"] == f"/{field}"
    assert detail["errors"][0] in (f"error.expected.{right}", f"error.{right}")
    assert api.world.updates == []


@pytest.mark.parametrize(("sent", "shown"), SHOWN.values(), ids=SHOWN.keys())
async def test_what_is_said_comes_back(api: Api, sent: dict[str, Any], shown: dict[str, Any]) -> None:
    await api.put("/v2/groups", {"id": "/g", "apps": [{"id": "db", **CMD, "ports": []}]})
    answer = await api.post("/v2/apps", {"id": "/g/x", **sent})
    assert answer.status == 201, answer.text
    for path, wanted in shown.items():
        found = answer.body
        for step in path.split("."):
            found = found.get(step, ABSENT)
        assert found == wanted, path
    kept = {key: value for key, value in answer.body.items() if key != "version"}
    assert (await api.put("/v2/apps/g/x", kept)).status == 200
    assert (await api.get("/v2/apps/g/x")).body["app"]["version"] == answer.body["version"]
