"""Every kind of error row by row: the status, the words that clients match on, where in the body it is."""

from __future__ import annotations

from typing import Any

import pytest

from actors.marathon.messages import TooManyDeployments

from .conftest import Api
from .rows import ABSENT, ANY, NEW, Row, asked, differences, open_shop

CYCLIC = {"apps": [{"id": n, "cmd": "x", "dependencies": [m]} for n, m in (("a", "b"), ("b", "a"))]}
TOO_DEEP = "the document is nested too deeply: 100 levels at the most"
CMD = {"id": "/new", "cmd": "x"}


def invalid(row_id: str, body: dict[str, Any], path: str, text: str) -> Row:
    return Row(
        row_id,
        "POST",
        "/v2/apps",
        {"id": "/new", **body},
        422,
        {"message": "Object is not valid", "details.0.path": path, "details.0.errors.0": text, "deployments": ABSENT},
    )


ROWS = [
    Row(
        "409: an app is there",
        "POST",
        "/v2/apps",
        {**NEW, "id": "/tool"},
        409,
        {"": {"message": "An app with id [/tool] already exists."}},
    ),
    Row(
        "409: a group is there",
        "POST",
        "/v2/groups",
        {"id": "/shop"},
        409,
        {"": {"message": "Group /shop is already created. Use PUT to change this group."}},
    ),
    Row(
        "409: an app where the group would be",
        "POST",
        "/v2/groups",
        {"id": "/tool"},
        409,
        {"": {"message": "An app with the path /tool already exists."}},
    ),
    Row(
        "422: an app where a group is",
        "POST",
        "/v2/apps",
        {**NEW, "id": "/shop"},
        422,
        {"details.0.errors.0": "Groups and Applications may not have the same identifier."},
    ),
    Row(
        "422: a place inside a group's document",
        "PUT",
        "/v2/groups/g",
        {"apps": [{"id": "a", "cmd": "x", "mem": -1}]},
        422,
        {"message": "Object is not valid", "details.0.path": "/apps(0)/mem"},
    ),
    Row(
        "422: a wrong type inside a group's document",
        "PUT",
        "/v2/groups/g",
        {"groups": [{"id": "h", "apps": [{"id": 1}]}]},
        422,
        {"message": "Invalid JSON", "details.0.path": "/groups(0)/apps(0)/id"},
    ),
    Row(
        "422: a cycle",
        "PUT",
        "/v2/groups/g",
        CYCLIC,
        422,
        {"details.0.errors.0": "Dependency graph has cyclic dependencies."},
    ),
    Row(
        "422: an unknown dependency is named",
        "POST",
        "/v2/apps",
        {**CMD, "dependencies": ["/nowhere"]},
        422,
        {
            "details.0": {
                "path": "/dependencies(0)",
                "errors": ["/new depends on /nowhere, but there is no app or group with this id"],
            }
        },
    ),
    invalid(
        "422: neither cmd, args nor image",
        {},
        "/",
        "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
    ),
    invalid(
        "422: cmd and args",
        {"cmd": "x", "args": ["x"]},
        "/",
        "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.",
    ),
    invalid(
        "422: ports twice",
        {"cmd": "x", "portDefinitions": [{"port": 8080}, {"port": 8080}]},
        "/portDefinitions",
        "Ports must be unique.",
    ),
    invalid(
        "422: ports and definitions",
        {"cmd": "x", "ports": [1], "portDefinitions": [{"port": 2}]},
        "/",
        "cannot specify both ports and port definitions",
    ),
    invalid(
        "422: a single instance twice",
        {"cmd": "x", "instances": 2, "labels": {"MARATHON_SINGLE_INSTANCE_APP": "true"}},
        "/",
        "Single instance app may only have one instance",
    ),
    Row(
        "422: minimumHealthCapacity beyond 1",
        "POST",
        "/v2/apps",
        {**CMD, "upgradeStrategy": {"minimumHealthCapacity": 2}},
        422,
        {"details.0.path": "/upgradeStrategy/minimumHealthCapacity"},
    ),
    Row(
        "422: inactive after expunge",
        "POST",
        "/v2/apps",
        {**CMD, "unreachableStrategy": {"inactiveAfterSeconds": 2, "expungeAfterSeconds": 1}},
        422,
        {"details.0.path": "/unreachableStrategy"},
    ),
    *(
        Row(
            f"422: an id that ends in {end}",
            "POST",
            "/v2/apps",
            {**NEW, "id": f"/new/{end}"},
            422,
            {"details.0.path": "/id"},
        )
        for end in ("restart", "tasks", "versions")
    ),
    Row("422: capital letters in an id", "POST", "/v2/apps", {**NEW, "id": "/New"}, 422, {"details.0.path": "/id"}),
    Row(
        "422: no id",
        "POST",
        "/v2/apps",
        {"cmd": "x"},
        422,
        {"message": "Invalid JSON", "details.0.path": "/id", "details.0.errors.0": "error.path.missing"},
    ),
    Row("422: an app that is no object", "POST", "/v2/apps", [], 422, {"message": "Invalid JSON"}),
    Row("400: no JSON", "POST", "/v2/apps", b"{id: 1}", 400, {"message": "Invalid JSON", "details": ANY}),
    Row("400: an empty body", "POST", "/v2/apps", b"", 400, {"message": "Invalid JSON", "details": ANY}),
    Row("400: text after it", "POST", "/v2/apps", b'{"id":"/x"} {}', 400, {"message": "Invalid JSON"}),
    Row("400: NaN", "POST", "/v2/apps", b'{"id":"/x","cmd":"x","cpus":NaN}', 400, {"message": "Invalid JSON"}),
    Row(
        "400: a number beyond all",
        "POST",
        "/v2/apps",
        b'{"id":"/x","cmd":"x","check":{"a":1e999}}',
        400,
        {"": {"message": "Invalid JSON", "details": "the number 1e999 is too large"}},
    ),
    Row(
        "400: half a character",
        "POST",
        "/v2/apps",
        rb'{"id":"/x","cmd":"\udc00"}',
        400,
        {"message": "Invalid JSON", "details": ANY},
    ),
    Row(
        "400: half a character in UTF-16",
        "POST",
        "/v2/apps",
        r'{"id":"/x","cmd":"\udc00"}'.encode("utf-16"),
        400,
        {"message": "Invalid JSON", "details": ANY},
    ),
    Row("400: no UTF-8", "POST", "/v2/apps", b'{"id":"\xff"}', 400, {"message": "Invalid JSON"}),
    Row(
        "400: too deep",
        "POST",
        "/v2/apps",
        b"[" * 40_000,
        400,
        {"": {"message": "Invalid JSON", "details": TOO_DEEP}},
    ),
    Row(
        "400: deep and whole",
        "POST",
        "/v2/apps",
        b'{"id":"/x","cmd":"x","check":' + b'{"a":' * 300 + b"1" + b"}" * 301,
        400,
        {"": {"message": "Invalid JSON", "details": TOO_DEEP}},
    ),
    Row("413: too large", "POST", "/v2/apps", b'"' + b"x" * 200_000 + b'"', 413, {"message": ANY}),
    Row("400: a flag that is none", "DELETE", "/v2/apps/tool?force=1", status=400, shows={"message": ANY}),
    Row("404: a route that is none", "POST", "/v2/none", {}, 404, {"": {"message": "URI not found: /v2/none"}}),
    Row("405", "DELETE", "/v2/info", status=405, shows={"message": ANY}, headers={"Allow": "GET,HEAD"}),
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in ROWS])
async def test_an_error_has_its_status_and_words_and_changes_nothing(row: Row) -> None:
    async with open_shop() as api:
        before = len(api.world.updates)
        assert differences(row, await asked(api, row)) == []
        assert len(api.world.updates) == before


async def test_a_locked_app_names_the_deployment_that_locks_it(api: Api) -> None:
    await api.post("/v2/apps", CMD)
    api.world.locks = True
    for method, path, body in (
        ("PUT", "/v2/apps/new", {"instances": 2}),
        ("PATCH", "/v2/apps", [{"id": "/new", "instances": 2}]),
        ("POST", "/v2/apps/new/restart", None),
        ("DELETE", "/v2/apps/new?force=false", None),
        ("PUT", "/v2/groups", {"scaleBy": 2}),
        ("DELETE", "/v2/groups", None),
    ):
        answer = await api.call(method, path, body)
        assert (answer.status, answer.body) == (
            409,
            {
                "message": "App is locked by one or more deployments. Override with the option '?force=true'. "
                "View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
                "deployments": [{"id": "d1"}],
            },
        ), (method, path)


async def test_beyond_a_hundred_deployments_changes_are_forbidden(api: Api) -> None:
    api.world.error = TooManyDeployments(100)
    answer = await api.post("/v2/apps", CMD)
    assert (answer.status, answer.body) == (
        403,
        {
            "message": "Max number (100) of running deployments is achieved. Wait for existing deployments to complete "
            "or cancel one using force=true parameter. You can increase max deployment number by using "
            "--max-running-deployments parameter"
        },
    )


async def test_what_the_service_cannot_do_now_is_a_503_that_says_why(api: Api) -> None:
    await api.post("/v2/apps", CMD)
    api.world.silent = True
    for method, path in (("GET", "/v2/apps"), ("GET", "/v2/queue"), ("DELETE", "/v2/apps/new"), ("GET", "/v2/tasks")):
        answer = await api.call(method, path)
        assert answer.status == 503, (method, path)
        assert list(answer.body) == ["message"]
        assert answer.body["message"]
