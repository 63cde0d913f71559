"""Reading apps: defaults, old fields, relative ids, and each rule with Marathon's path and words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.model import App, ValidationFailed, WrongType, parse_app


def app(**fields: Any) -> dict[str, Any]:
    return {"id": "/x", "cmd": "sleep 100", **fields}


def violations(data: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationFailed) as failed:
        parse_app(data)
    return {detail.path: list(detail.errors) for detail in failed.value.details}


def test_the_talks_app_gets_marathons_defaults() -> None:
    parsed = parse_app(
        {
            "id": "my-app",
            "cmd": "python3 -m http.server $PORT0",
            "cpus": 0.1,
            "mem": 64,
            "instances": 10,
            "ports": [0],
            "healthChecks": [{}],
        }
    )
    assert parsed.to_wire() == {
        "id": "/my-app",
        "backoffFactor": 1.15,
        "backoffSeconds": 1,
        "cmd": "python3 -m http.server $PORT0",
        "cpus": 0.1,
        "disk": 0,
        "executor": "",
        "gpus": 0,
        "healthChecks": [
            {
                "protocol": "HTTP",
                "ipProtocol": "IPv4",
                "path": "/",
                "portIndex": 0,
                "ignoreHttp1xx": False,
                "gracePeriodSeconds": 300,
                "intervalSeconds": 60,
                "timeoutSeconds": 20,
                "maxConsecutiveFailures": 3,
                "delaySeconds": 15,
            }
        ],
        "instances": 10,
        "killSelection": "YOUNGEST_FIRST",
        "labels": {},
        "maxLaunchDelaySeconds": 300,
        "mem": 64,
        "networks": [{"mode": "host"}],
        "portDefinitions": [{"port": 0, "protocol": "tcp"}],
        "requirePorts": False,
        "role": "*",
        "unreachableStrategy": {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0},
        "upgradeStrategy": {"maximumOverCapacity": 1, "minimumHealthCapacity": 1},
    }


def test_an_app_without_ports_gets_one_named_default() -> None:
    assert parse_app(app()).to_wire()["portDefinitions"] == [{"port": 0, "protocol": "tcp", "name": "default"}]


def test_an_explicit_null_means_absent() -> None:
    assert parse_app(app(instances=None, env=None, container=None, healthChecks=[{"path": None}])) == parse_app(
        app(healthChecks=[{}])
    )


def test_what_the_service_answers_can_be_sent_back() -> None:
    answered = {
        **parse_app(app()).to_wire(),
        "tasksRunning": 3,
        "tasks": [{}],
        "deployments": [],
        "versionInfo": {"a": 1},
    }
    assert parse_app(answered) == parse_app(app())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"ports": [0, 8080]}, {"portDefinitions": [{"port": 0}, {"port": 8080}]}),
        (
            {"uris": ["http://a/x.tar.gz", "http://a/y"]},
            {"fetch": [{"uri": "http://a/x.tar.gz"}, {"uri": "http://a/y", "extract": False}]},
        ),
        (
            {"container": {"docker": {"image": "i", "network": "BRIDGE", "portMappings": [{"containerPort": 80}]}}},
            {
                "networks": [{"mode": "container/bridge"}],
                "container": {"docker": {"image": "i"}, "portMappings": [{"containerPort": 80, "hostPort": 0}]},
            },
        ),
        (
            {"container": {"docker": {"image": "i", "network": "USER"}}, "ipAddress": {"networkName": "n"}},
            {"networks": [{"mode": "container", "name": "n"}], "container": {"docker": {"image": "i"}}},
        ),
        (
            {"ipAddress": {"networkName": "n", "discovery": {"ports": [{"number": 80, "name": "http"}]}}},
            {
                "networks": [{"mode": "container", "name": "n"}],
                "container": {"type": "MESOS", "portMappings": [{"containerPort": 80, "name": "http"}]},
            },
        ),
    ],
)
def test_a_deprecated_field_means_what_its_successor_means(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert parse_app(app(**old)) == parse_app(app(**new))


@pytest.mark.parametrize(
    ("fields", "path", "error"),
    [
        ({"cpus": "1"}, "/cpus", "error.expected.jsnumber"),
        ({"instances": True}, "/instances", "error.expected.jsnumber"),
        ({"instances": 1.5}, "/instances", "error.expected.jsnumber"),
        ({"cmd": 3}, "/cmd", "error.expected.jsstring"),
        ({"env": {"A": 3}}, "/env/A", "error.expected.jsstring"),
        ({"labels": []}, "/labels", "error.expected.jsobject"),
        ({"dependencies": "/a"}, "/dependencies", "error.expected.jsarray"),
        ({"requirePorts": "yes"}, "/requirePorts", "error.expected.jsboolean"),
        ({"healthChecks": [{"path": 3}]}, "/healthChecks(0)/path", "error.expected.jsstring"),
        ({"killSelection": "RANDOM"}, "/killSelection", "error.unknown.enum.literal"),
        ({"ports": "8080"}, "/portDefinitions", "error.expected.jsarray"),
        ({"container": {"docker": {}}}, "/container/docker/image", "error.path.missing"),
    ],
)
def test_a_wrong_type_is_named_by_path_and_expected_type(fields: dict[str, Any], path: str, error: str) -> None:
    with pytest.raises(WrongType) as failed:
        parse_app(app(**fields))
    (detail,) = failed.value.details
    assert (detail.path, detail.errors[0]) == (path, error)


def test_a_missing_id_is_a_missing_path() -> None:
    assert violations({"cmd": "sleep 1"})["/id"][0] == "error.path.missing"


@pytest.mark.parametrize("data", [[], "x", 3, None])
def test_something_that_is_no_object_is_no_app(data: Any) -> None:
    assert violations(data)["/"][0] == "error.expected.jsobject"


ROOT_RULE = "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."


@pytest.mark.parametrize(
    ("fields", "path", "text"),
    [
        ({"upgradeStrategy": {"minimumHealthCapacity": 1.1}}, "/upgradeStrategy/minimumHealthCapacity", "1.1"),
        ({"upgradeStrategy": {"maximumOverCapacity": -1}}, "/upgradeStrategy/maximumOverCapacity", "-1"),
        ({"instances": -1}, "/instances", "-1"),
        ({"cpus": 0}, "/cpus", "0.001"),
        ({"backoffFactor": 0.5}, "/backoffFactor", "0.5"),
        ({"cmd": None}, "/", ROOT_RULE),
        ({"args": ["a"]}, "/", ROOT_RULE),
        ({"cmd": None, "container": {"type": "MESOS"}}, "/", ROOT_RULE),
        ({"portDefinitions": [{"port": 80}, {"port": 80}]}, "/portDefinitions", "Ports must be unique."),
        ({"portDefinitions": [{"name": "a"}, {"name": "a"}]}, "/portDefinitions", "Port names must be unique."),
        ({"ports": [1, 1]}, "/", "ports must be unique"),
        ({"ports": [1], "portDefinitions": [{"port": 2}]}, "/", "cannot specify both ports and port definitions"),
        (
            {"networks": [{"mode": "container/bridge"}], "portDefinitions": [{"port": 0}]},
            "/",
            "portDefinitions are only allowed with host-networking",
        ),
        (
            {"container": {"type": "MESOS", "portMappings": [{"containerPort": 1}]}},
            "/",
            "portMappings are not allowed with host-networking",
        ),
        (
            {"healthChecks": [{"portIndex": 1}]},
            "/healthChecks(0)",
            "Health check port indices must address an element of the ports array or container port mappings.",
        ),
        ({"healthChecks": [{"protocol": "COMMAND"}]}, "/healthChecks(0)", "must define a command"),
        ({"healthChecks": [{"intervalSeconds": 0}]}, "/healthChecks(0)/intervalSeconds", "1"),
        (
            {"readinessChecks": [{}]},
            "/readinessChecks(0)/portName",
            "No port definition reference for portName http-api",
        ),
        (
            {"portDefinitions": [{"name": "http-api"}], "readinessChecks": [{"timeoutSeconds": 30}]},
            "/readinessChecks(0)/timeoutSeconds",
            "got 30, expected less than 30",
        ),
        ({"constraints": [["a", "NEAR"]]}, "/constraints(0)", "Constraint operator must be one of the following"),
        ({"constraints": [["a", "UNIQUE", "x"]]}, "/constraints(0)", "Value specified but not used"),
        ({"constraints": [["a", "GROUP_BY", "x"]]}, "/constraints(0)", "Value was specified but is not a number"),
        ({"constraints": [["a", "MAX_PER"]]}, "/constraints(0)", "Value was not specified or is not a number"),
        ({"constraints": [["a", "LIKE", "("]]}, "/constraints(0)", "'(' is not a valid regular expression"),
        ({"constraints": [["a"]]}, "/constraints(0)", "Each constraint must have either 2 or 3 fields"),
        (
            {"labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}, "instances": 2},
            "/",
            "Single instance app may only have one",
        ),
        (
            {"labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}, "upgradeStrategy": {"minimumHealthCapacity": 0}},
            "/upgradeStrategy/maximumOverCapacity",
            "MARATHON_SINGLE_INSTANCE_APP",
        ),
        (
            {"unreachableStrategy": {"inactiveAfterSeconds": 5, "expungeAfterSeconds": 1}},
            "/unreachableStrategy",
            "inactiveAfterSeconds must be less than or equal to expungeAfterSeconds",
        ),
        ({"unreachableStrategy": "never"}, "/unreachableStrategy", "disabled"),
        ({"env": {"A": {"secret": "s"}}}, "/env/A", "references a secret that is not defined: s"),
        ({"networks": [{"mode": "container"}]}, "/networks(0)/name", "must name the container network"),
        ({"uris": ["http://a"], "fetch": [{"uri": "http://b"}]}, "/uris", "may not be set in conjunction with fetch"),
        (
            {"gpus": 1, "container": {"docker": {"image": "i"}}},
            "/",
            "GPU resources only work with the Mesos containerizer",
        ),
        (
            {"container": {"docker": {"image": "i"}, "volumes": [{"containerPath": "a"}]}},
            "/container/volumes(0)",
            "exactly one",
        ),
        (
            {"container": {"type": "MESOS", "volumes": [{"containerPath": "a", "external": {"name": "v"}}]}},
            "/container/volumes(0)/external",
            "does not offer external volumes",
        ),
        (
            {"container": {"type": "MESOS", "volumes": [{"containerPath": "a", "persistent": {"size": 1}}]}},
            "/container/volumes(0)/persistent",
            "does not offer persistent local volumes",
        ),
        (
            {"container": {"type": "MESOS", "linuxInfo": {"seccomp": {"unconfined": True, "profileName": "p"}}}},
            "/container/linuxInfo/seccomp",
            "must either name a profile or be unconfined",
        ),
        (
            {"container": {"docker": {"image": "i"}, "linuxInfo": {"ipcInfo": {"mode": "PRIVATE"}}}},
            "/container/linuxInfo",
            "not supported with the Docker containerizer",
        ),
    ],
)
def test_a_broken_rule_is_told_at_its_path(fields: dict[str, Any], path: str, text: str) -> None:
    found = violations(app(**fields))
    assert any(text in error for error in found.get(path, [])), found


@pytest.mark.parametrize("bad", ["/Upper", "/a b", "/a_b", "/-a", "/a/restart", "/a/tasks", "/versions", "/a/..", "/ä"])
def test_an_id_outside_of_the_rules_is_refused(bad: str) -> None:
    assert list(violations({"id": bad, "cmd": "sleep 1"})) == ["/id"]


def test_all_mistakes_are_told_in_one_answer() -> None:
    with pytest.raises(ValidationFailed) as refused:
        parse_app({"id": "Bad_Id", "cmd": "true", "cpus": -1, "instances": -2})
    assert {violation.path for violation in refused.value.details} == {"/id", "/cpus", "/instances"}


def test_the_root_is_no_app() -> None:
    assert violations({"id": "/", "cmd": "sleep 1"}) == {"/id": ["must not be root"]}


@pytest.mark.parametrize(
    ("given_id", "base", "absolute"),
    [("web", "/shop", "/shop/web"), ("/web", "/shop", "/web"), ("../web", "/shop", "/web"), ("//a//b", "/", "/a/b")],
)
def test_an_id_is_resolved_against_its_group(given_id: str, base: str, absolute: str) -> None:
    assert parse_app({"id": given_id, "cmd": "sleep 1"}, base=base).id == absolute


def test_dependencies_are_resolved_against_the_app() -> None:
    parsed = parse_app({"id": "/shop/web", "cmd": "sleep 1", "dependencies": ["../db", "cache", "/auth", "/auth"]})
    assert parsed.dependencies == ("/shop/db", "/shop/cache", "/auth")


def test_an_id_in_the_body_must_be_the_one_of_the_path() -> None:
    with pytest.raises(ValidationFailed):
        parse_app({"id": "/other", "cmd": "sleep 1"}, app_id="/x")
    assert parse_app({"id": "x", "cmd": "sleep 1"}, app_id="/x").id == "/x"


def test_a_single_instance_app_is_never_doubled_by_default() -> None:
    parsed = parse_app(app(labels={"MARATHON_SINGLE_INSTANCE_APP": "true"}))
    assert (parsed.upgrade_strategy.maximum_over_capacity, parsed.upgrade_strategy.minimum_health_capacity) == (0, 0)
    assert parsed.unreachable_strategy.expunge_after_seconds > 0


def test_unreachable_disabled_is_a_string_on_the_wire() -> None:
    parsed = parse_app(app(unreachableStrategy="disabled"))
    assert parsed.unreachable_strategy.disabled
    assert parsed.to_wire()["unreachableStrategy"] == "disabled"
    assert App.from_wire(parsed.to_wire()) == parsed


def test_an_app_cannot_be_changed_and_its_copy_has_json_of_its_own() -> None:
    parsed = parse_app(app())
    assert parsed.wire["instances"] == 1
    with pytest.raises(Exception, match="frozen"):
        parsed.instances = 3  # type: ignore[misc]
    assert parsed.replace(instances=3).wire["instances"] == 3
    assert parsed.wire["instances"] == 1


NESTED = ["docker", "network", "portMappings", "image", "mode", "name", "networkName", "discovery", "ports", "number"]
KEYS = st.sampled_from([*NESTED, "port", "labels", "type", "volumes", "persistent", "protocol", "secret"]) | st.text(
    max_size=3
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 70000)
    | st.floats(allow_nan=False, width=16)
    | st.text(max_size=6)
    | st.sampled_from(["DOCKER", "MESOS", "BRIDGE", "USER", "HOST", "container", "host", "TCP", "COMMAND"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(KEYS, children, max_size=3),
    max_leaves=8,
)
FIELDS = sorted(field.alias or name for name, field in App.model_fields.items())
ENTANGLED = ["ports", "uris", "ipAddress", "container", "networks", "portDefinitions", "healthChecks", "labels"] * 5


@given(st.dictionaries(st.sampled_from(FIELDS + ENTANGLED), JSON, max_size=6))
def test_whatever_json_comes_it_is_an_app_or_a_clear_error(fields: dict[str, Any]) -> None:
    data = {"id": "/x", "cmd": "sleep 1", **fields}
    try:
        parsed = parse_app(data)
    except ValidationFailed as failed:
        details = failed.details
    else:
        assert App.from_wire(parsed.to_wire()) == parsed
        assert parse_app(parsed.to_wire()) == parsed
        return
    assert details
    assert all(detail.path.startswith("/") and detail.errors for detail in details)
