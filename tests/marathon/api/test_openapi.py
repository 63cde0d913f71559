"""The OpenAPI document: every route is in it, and every answer that it promises is one that the API gives.

That answers look as it says is checked with each call of every test here (`conftest.Api.call`).
"""

import re
from typing import Any

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from actors.marathon.api import Service, ServiceInfo, make_app
from actors.marathon.api.openapi import OPERATIONS
from actors.marathon.messages import Condition, HealthResult, TaskFailure

from .conftest import Api, serving
from .documented import DOCUMENT, problems, template_of
from .test_cluster import a_master
from .test_events import read_event
from .test_pods import POD
from .test_service import MOMENT, waiting

V1, V2 = "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z"
APP = {
    "id": "/g/x",
    "cmd": "sleep 1",
    "instances": 3,
    "env": {"A": "1", "S": {"secret": "s"}},
    "secrets": {"s": {"source": "vault"}},
}
RETIRED = {"/v2/eventSubscriptions"}


def test_the_document_is_a_valid_one() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(DOCUMENT)
    for reference in references(DOCUMENT):
        validator.evolve(schema={"$ref": reference, **DOCUMENT}).is_valid({})  # raises when it leads nowhere


def references(value: Any) -> set[str]:
    match value:
        case {"$ref": str(reference)}:
            return {reference}
        case dict():
            return set().union(*map(references, value.values()))
        case list():
            return set().union(*map(references, value))
    return set()


def routes() -> list[tuple[str, str]]:
    """The API's; the page below ``/ui`` is for people."""
    app = make_app(Service(None, None, ServiceInfo("0", "")))  # type: ignore[arg-type]
    return [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if isinstance(route, web.ResourceRoute) and route.resource is not None and route.method != "HEAD"
        if not re.match(r"/(ui.*)?$", route.resource.canonical)
    ]


@pytest.mark.parametrize(("method", "path"), routes())
def test_every_route_is_documented(method: str, path: str) -> None:
    """A route for ids with slashes stands for several paths; at least one of them has the method."""
    if path in RETIRED:
        return
    prefix = path.partition("{path}")[0].rstrip("/") if "{path}" in path else None
    if prefix:
        assert any(one.method == method and one.path.startswith(prefix) for one in OPERATIONS)
    else:
        assert method.lower() in DOCUMENT["paths"][template_of(path.replace("{", "").replace("}", ""))]


async def test_every_promised_answer_is_given(api: Api) -> None:
    world = api.world
    assert (await api.get("/v2/openapi.json")).body == DOCUMENT
    await api.post("/v2/apps?force=true", APP)
    alive = HealthResult(alive=True, first_success=MOMENT, last_success=MOMENT)
    dead = HealthResult(alive=False, consecutive_failures=1, last_failure=MOMENT, last_failure_cause="no")
    world.run("/g/x", 3, health=(alive, dead), region="r", zone="z")
    world.failures["/g/x"] = TaskFailure("/g/x", "t", "TASK_FAILED", "exit 1", "h", None, V1, MOMENT)
    world.queue.append(waiting(world.root.apps["/g/x"]))
    await api.post("/v2/pods?force=true", {**POD, "id": "/g/pod"})
    assert (await api.call("HEAD", "/v2/pods")).status == 200
    (waiting_pod,) = world.run("/g/pod", 1, condition=Condition.SCHEDULED)
    async with a_master() as world.master:
        assert (await api.get("/v2/mesos/version")).status == 200
    for path in (
        "/v2/apps?id=x&cmd=s&label=tier!=web&embed=apps.failures&embed=apps.taskStats&embed=apps.readiness",
        "/v2/apps/g/x",
        "/v2/apps/*",
        "/v2/apps/g/*",
        "/v2/apps/*/tasks",
        "/v2/apps/g/*/tasks",
        "/v2/apps/g/x/tasks",
        "/v2/apps/g/x/versions",
        f"/v2/apps/g/x/versions/{V1}",
        "/v2/tasks?status=running",
        "/v2/groups?embed=group.groups&embed=group.apps.tasks",
        "/v2/groups/g",
        "/v2/groups/apps",
        "/v2/groups/g/apps",
        "/v2/groups/versions",
        "/v2/groups/g/versions",
        f"/v2/groups/versions/{V1}",
        f"/v2/groups/g/versions/{V1}",
        "/v2/pods",
        "/v2/pods::status",
        "/v2/pods/::status",
        "/v2/pods/g/pod",
        "/v2/pods/g/pod::status",
        "/v2/pods/g/pod::versions",
        f"/v2/pods/g/pod::versions/{V2}",
        "/v2/queue?embed=lastUnusedOffers",
        "/v2/deployments",
        "/v2/deployments/d1",
        "/v2/info",
        "/v2/leader",
        "/v2/plugins",
        "/metrics",
        "/ping",
        "/v2/logs?app=x",
        "/v2/logs/x.instance-1._app.1/stdout?offset=0&length=5",
    ):
        assert (await api.get(path)).status == 200, path
    await api.get("/ping", headers={"Accept": "application/json"})
    task = "g_x.instance-0._app.1"
    for method, path, body, status in (
        ("PUT", "/v2/apps?partialUpdate=true", [{"id": "/g/x", "instances": 4}], 200),
        ("PATCH", "/v2/apps", [{"id": "/g/x", "instances": 5}], 200),
        ("PUT", "/v2/apps/g/x?partialUpdate=true", {"instances": 6}, 200),
        ("PUT", "/v2/apps/g/x?dryRun=true", {"instances": 7}, 200),
        ("POST", "/v2/apps?dryRun=true", {"id": "/z", "cmd": "sleep 1"}, 200),
        ("PUT", "/v2/apps/g/y", {"cmd": "sleep 1"}, 201),
        ("PATCH", "/v2/apps/g/x", {"cmd": "sleep 2"}, 200),
        ("POST", "/v2/apps/g/x/restart", None, 200),
        ("DELETE", f"/v2/apps/g/x/tasks/{task}?wipe=true", None, 200),
        ("DELETE", "/v2/apps/g/x/tasks/g_x.instance-1._app.1?scale=true", None, 200),
        ("DELETE", "/v2/apps/g/x/tasks?host=none", None, 200),
        ("DELETE", "/v2/apps/g/x/tasks?scale=true", None, 200),
        ("POST", "/v2/tasks/delete", {"ids": [task]}, 200),
        ("POST", "/v2/tasks/delete?scale=true", {"ids": [task]}, 200),
        ("PUT", "/v2/pods/g/pod", {**POD, "id": "/g/pod", "user": "x"}, 200),
        ("DELETE", f"/v2/pods/g/pod::instances/{waiting_pod.id}", None, 200),
        ("DELETE", "/v2/pods/g/pod::instances", [], 200),
        ("DELETE", "/v2/pods/g/pod", None, 202),
        ("POST", "/v2/groups", {"id": "/h", "apps": [{"id": "a", "cmd": "sleep 1"}]}, 201),
        ("POST", "/v2/groups/i", {"groups": []}, 201),
        ("PUT", "/v2/groups?dryRun=true", {"scaleBy": 2}, 200),
        ("PUT", "/v2/groups", {"id": "/h", "dependencies": []}, 200),
        ("PUT", "/v2/groups/h", {"scaleBy": 2}, 200),
        ("PUT", f"/v2/groups/versions/{V1}", None, 200),
        ("PUT", f"/v2/groups/g/versions/{V1}", None, 200),
        ("PATCH", "/v2/groups/g", {"enforceRole": True}, 200),
        ("DELETE", "/v2/queue/g/x/delay", None, 204),
        ("DELETE", "/v2/deployments/d1", None, 200),
        ("DELETE", "/v2/deployments/d2?force=true", None, 202),
        ("DELETE", "/v2/apps/g/x", None, 200),
        ("DELETE", "/v2/groups/g", None, 200),
        ("DELETE", "/v2/groups", None, 200),
    ):
        answer = await api.call(method, path, body)
        assert answer.status == status, (method, path, answer.text)
    async with api.session.get(f"{api.url}/v2/events?plan-format=light&event_type=event_stream_attached") as stream:
        assert not list(problems("GET", "/v2/events", None, stream.status, stream.headers, "text"))
        await read_event(stream)
        api.answered.add(("GET", "/v2/events", stream.status))
    async with serving(abdicate=lambda: None) as other:
        await other.delete("/v2/leader")
        api.answered |= other.answered
    promised = {(one.method, one.path, status) for one in OPERATIONS for status in one.answers}
    assert promised - api.answered == set()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v2/apps/x/tasks"), ("PUT", "/v2/apps/x/versions"), ("POST", "/v2/apps/x")]
)
async def test_what_is_not_documented_is_not_offered(api: Api, method: str, path: str) -> None:
    template = template_of(path)
    assert method.lower() not in DOCUMENT["paths"][template]
    answer = await api.call(method, path, {})
    assert answer.status == 405
    assert {one.strip() for one in answer.headers["Allow"].split(",")} == {
        known.upper() for known in DOCUMENT["paths"][template]
    }


def test_a_field_that_is_not_documented_would_be_found() -> None:
    json = {"Content-Type": "application/json"}
    assert list(problems("GET", "/v2/leader", None, 200, json, {"leader": "x"})) == []
    assert list(problems("GET", "/v2/leader", None, 200, json, {"leader": "x", "more": 1}))
    assert list(problems("GET", "/v2/leader", None, 200, json, {"leader": 1}))
    assert list(problems("GET", "/v2/nothing", None, 200, json, {}))
