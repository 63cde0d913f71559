"""``/v2/pods``: containers that live and die together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actors.marathon.instance import Condition, ContainerState
from actors.marathon.messages import HealthResult, QueueItem

from .conftest import Api
from .test_events import read_event
from .test_service import MOMENT

V1 = "2026-01-01T00:00:01.000Z"
COMMAND = {"command": {"shell": "sleep 100"}}
FRONT = {
    "name": "front",
    "exec": COMMAND,
    "resources": {"cpus": 0.1, "mem": 32},
    "endpoints": [{"name": "http"}],
    "healthCheck": {"http": {"endpoint": "http"}},
}
SIDE = {"name": "side", "exec": {"command": {"argv": ["sleep", "100"]}}, "resources": {"cpus": 0.1, "mem": 16}}
POD = {"id": "/shop/pod", "containers": [FRONT, SIDE], "scaling": {"kind": "fixed", "instances": 2}}


def run(api: Api, condition: Condition = Condition.RUNNING, **fields: Any) -> str:
    """An instance of the pod, as if launched; its id."""
    (instance,) = api.world.run("/shop/pod", 1, condition=condition, since=MOMENT)
    states = tuple(
        ContainerState(name, f"{instance.id}.{name}.1", condition, MOMENT, "told") for name in ("front", "side")
    )
    changed = replace(instance, task_id=states[0].task_id, containers=states, **fields)
    api.world.instances[-1] = changed
    return changed.id


async def test_a_pod_is_created_and_shown_with_marathons_defaults(api: Api) -> None:
    answer = await api.post("/v2/pods", POD)
    assert (answer.status, answer.headers["Marathon-Deployment-Id"]) == (201, "d1")
    assert answer.headers["Location"] == f"{api.url}/v2/pods/shop/pod"
    body = answer.body
    assert (body["id"], body["version"], body["scaling"]) == ("/shop/pod", V1, {"kind": "fixed", "instances": 2})
    assert body["containers"][0]["endpoints"] == [{"name": "http", "hostPort": 0}]
    assert body["containers"][0]["healthCheck"] == {
        "http": {"endpoint": "http"},
        "gracePeriodSeconds": 300,
        "intervalSeconds": 60,
        "maxConsecutiveFailures": 3,
        "timeoutSeconds": 20,
        "delaySeconds": 15,
    }
    assert body["networks"] == [{"mode": "host"}]
    assert body["executorResources"] == {"cpus": 0.1, "mem": 32, "disk": 10}
    assert body["scheduling"] == {
        "backoff": {"backoff": 1, "backoffFactor": 1.15, "maxLaunchDelay": 300},
        "upgrade": {"minimumHealthCapacity": 1, "maximumOverCapacity": 1},
        "placement": {},
        "killSelection": "YOUNGEST_FIRST",
        "unreachableStrategy": {"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0},
    }
    assert "versionInfo" not in body
    assert (await api.get("/v2/pods//shop/pod")).body == body
    assert (await api.get("/v2/pods")).body == [body]


async def test_clients_ask_by_head_whether_there_are_pods(api: Api) -> None:
    answer = await api.call("HEAD", "/v2/pods")
    assert (answer.status, answer.text) == (200, "")


async def test_a_pod_is_no_app(api: Api) -> None:
    await api.post("/v2/pods", POD)
    run(api)
    assert (await api.get("/v2/apps")).body == {"apps": []}
    assert (await api.get("/v2/apps/*")).body == {"*": []}
    for method, path, body in (
        ("GET", "/v2/apps/shop/pod", None),
        ("DELETE", "/v2/apps/shop/pod", None),
        ("POST", "/v2/apps/shop/pod/restart", None),
        ("GET", "/v2/apps/shop/pod/tasks", None),
        ("DELETE", "/v2/apps/shop/pod/tasks", None),
        ("PATCH", "/v2/apps/shop/pod", {"instances": 3}),
        ("GET", "/v2/apps/shop/pod/versions", None),
        ("GET", f"/v2/apps/shop/pod/versions/{V1}", None),
    ):
        answer = await api.call(method, path, body)
        assert answer.status in (404, 422), (method, path, answer.text)
    taken = await api.post("/v2/apps", {"id": "/shop/pod", "cmd": "x"})
    assert (taken.status, taken.body) == (409, {"message": "A pod with id [/shop/pod] already exists."})
    turned = await api.put("/v2/apps/shop/pod", {"cmd": "x"})
    assert turned.body["details"][0]["errors"] == ["Applications and Pods may not have the same identifier."]
    await api.post("/v2/apps", {"id": "/shop/app", "cmd": "x"})
    assert (await api.get("/v2/pods/shop/app")).status == 404
    assert (await api.put("/v2/pods/shop/app", {**POD, "id": "/shop/app"})).status == 422
    assert (await api.get("/v2/tasks")).body == {"tasks": []}
    ids = [state.task_id for instance in api.world.instances for state in instance.containers]
    assert (await api.post("/v2/tasks/delete", {"ids": ids})).body == {"tasks": []}


async def test_a_pod_is_changed_and_its_versions_are_kept(api: Api) -> None:
    await api.post("/v2/pods", POD)
    changed = await api.put("/v2/pods/shop/pod?force=true", {**POD, "user": "nobody"})
    assert (changed.status, changed.body["user"], changed.headers["Marathon-Deployment-Id"]) == (200, "nobody", "d2")
    versions = (await api.get("/v2/pods/shop/pod::versions")).body
    assert versions == ["2026-01-01T00:00:02.000Z", V1]
    old = (await api.get(f"/v2/pods/shop/pod::versions/{V1}")).body
    assert (old["version"], "user" in old) == (V1, False)
    missing = await api.get("/v2/pods/shop/pod::versions/2020-01-01T00:00:00.000Z")
    assert missing.status == 404


async def test_scaling_alone_is_no_new_configuration(api: Api) -> None:
    await api.post("/v2/pods", POD)
    before = api.world.root.apps["/shop/pod"]
    await api.put("/v2/pods/shop/pod", {**POD, "scaling": {"kind": "fixed", "instances": 5}})
    after = api.world.root.apps["/shop/pod"]
    assert (after.instances, after.same_config(before)) == (5, True)
    assert after.last_config_change_at == before.last_config_change_at


async def test_a_pod_is_removed(api: Api) -> None:
    await api.post("/v2/pods", POD)
    removed = await api.delete("/v2/pods/shop/pod")
    assert (removed.status, removed.text, removed.headers["Marathon-Deployment-Id"]) == (202, "", "d2")
    assert removed.headers["Location"].endswith("/v2/deployments/d2")
    assert (await api.get("/v2/pods")).body == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/pods/none"),
        ("DELETE", "/v2/pods/none"),
        ("PUT", "/v2/pods/none"),
        ("GET", "/v2/pods/none::status"),
        ("GET", "/v2/pods/none::versions"),
        ("DELETE", "/v2/pods/none::instances/i"),
    ],
)
async def test_what_is_not_there_is_a_404(api: Api, method: str, path: str) -> None:
    answer = await api.call(method, path, {**POD, "id": "/none"} if method == "PUT" else None)
    assert (answer.status, answer.body["message"]) == (404, "Pod '/none' does not exist")


async def test_the_status_tells_of_instances_and_their_containers(api: Api) -> None:
    await api.post("/v2/pods", POD)
    waiting = await api.get("/v2/pods/shop/pod::status")
    assert (waiting.body["status"], waiting.body["instances"], waiting.body["statusSince"]) == ("DEGRADED", [], V1)
    good = run(api, healthy=True, health=(HealthResult(alive=True),), ip_addresses=("10.0.0.1",))
    bad = run(api, healthy=None, health=(HealthResult(),))
    status = (await api.get("/v2/pods/shop/pod::status")).body
    assert (status["id"], status["spec"]["id"], status["status"]) == ("/shop/pod", "/shop/pod", "DEGRADED")
    first, second = status["instances"]
    assert [(one["id"], one["status"]) for one in (first, second)] == [(good, "STABLE"), (bad, "DEGRADED")]
    assert first["resources"] == {"cpus": 0.3, "mem": 80, "disk": 10, "gpus": 0}
    assert first["networks"] == [{"addresses": ["10.0.0.1"]}]
    assert first["specReference"] == f"/v2/pods/shop/pod::versions/{V1}"
    assert first["containers"][0] == {
        "name": "front",
        "status": "TASK_RUNNING",
        "statusSince": "2026-01-01T00:00:00.000Z",
        "containerId": f"{good}.front.1",
        "message": "told",
        "conditions": [
            {
                "name": "healthy",
                "lastChanged": "2026-01-01T00:00:00.000Z",
                "lastUpdated": "2026-01-01T00:00:00.000Z",
                "value": "true",
            }
        ],
        "endpoints": [{"name": "http", "allocatedHostPort": 31000, "healthy": True}],
        "resources": {"cpus": 0.1, "mem": 32, "disk": 0, "gpus": 0},
        "lastUpdated": first["lastUpdated"],
        "lastChanged": "2026-01-01T00:00:00.000Z",
    }
    assert (first["containers"][1]["name"], first["containers"][1]["conditions"]) == ("side", [])
    for path in ("/v2/pods::status", "/v2/pods/::status"):
        assert [one["id"] for one in (await api.get(path)).body] == ["/shop/pod"]


@pytest.mark.parametrize(
    ("condition", "shown"),
    [
        (Condition.SCHEDULED, "PENDING"),
        (Condition.STAGING, "STAGING"),
        (Condition.KILLING, "TERMINAL"),
        (Condition.UNREACHABLE, "DEGRADED"),
        (Condition.RUNNING, "STABLE"),
    ],
)
async def test_what_an_instance_does_is_summed_up(api: Api, condition: Condition, shown: str) -> None:
    await api.post("/v2/pods", POD)
    run(api, condition)
    (instance,) = (await api.get("/v2/pods/shop/pod::status")).body["instances"]
    assert instance["status"] == shown


async def test_a_pod_with_all_instances_stable_is_stable(api: Api) -> None:
    await api.post("/v2/pods", POD)
    for _ in range(2):
        run(api)
    assert (await api.get("/v2/pods/shop/pod::status")).body["status"] == "STABLE"


async def test_instances_are_killed_by_id(api: Api) -> None:
    await api.post("/v2/pods", POD)
    first, second, third = run(api), run(api), run(api)
    one = await api.delete(f"/v2/pods/shop/pod::instances/{first}")
    assert (one.status, one.body["id"]) == (200, first)
    several = await api.call("DELETE", "/v2/pods/shop/pod::instances?wipe=true", [second, "unknown"])
    assert [killed["id"] for killed in several.body] == [second]
    assert [left.id for left in api.world.instances] == [third]
    missing = await api.delete(f"/v2/pods/shop/pod::instances/{first}")
    assert (missing.status, missing.body) == (404, {"message": f"Task '{first}' does not exist"})
    assert (await api.call("DELETE", "/v2/pods/shop/pod::instances", {"ids": []})).status == 400


async def test_a_group_holds_its_pods_and_an_update_of_its_apps_leaves_them(api: Api) -> None:
    await api.post("/v2/pods", POD)
    run(api)
    group = (await api.get("/v2/groups/shop")).body
    assert (group["apps"], [(pod["id"], len(pod["instances"])) for pod in group["pods"]]) == ([], [("/shop/pod", 1)])
    await api.put("/v2/groups/shop", {"apps": [{"id": "web", "cmd": "x", "dependencies": ["pod"]}]})
    assert [app["id"] for app in (await api.get("/v2/groups/shop/apps")).body["apps"]] == ["/shop/web"]
    assert (await api.get("/v2/pods/shop/pod")).status == 200
    await api.put("/v2/groups/shop", {"scaleBy": 2})
    assert (await api.get("/v2/pods/shop/pod")).body["scaling"]["instances"] == 2
    kept = (await api.get(f"/v2/groups/versions/{V1}")).body
    assert [pod["id"] for pod in kept["groups"][0]["pods"]] == ["/shop/pod"]


async def test_deployments_and_queue_speak_of_pods(api: Api) -> None:
    planned = await api.put("/v2/groups/shop?dryRun=true", {"apps": []})
    assert planned.body["steps"] == []
    await api.post("/v2/pods", POD)
    api.world.queue.append(QueueItem(api.world.root.apps["/shop/pod"], 1, 0, MOMENT))
    (item,) = (await api.get("/v2/queue")).body["queue"]
    assert (item["pod"]["id"], "app" in item) == ("/shop/pod", False)
    (deployment,) = (await api.get("/v2/deployments")).body
    assert (deployment["affectedApps"], deployment["affectedPods"]) == ([], ["/shop/pod"])
    stop = await api.put("/v2/groups?dryRun=true", {"groups": []})
    assert stop.body["steps"] == [{"actions": [{"action": "StopPod", "pod": "/shop/pod"}]}]


async def test_pods_have_events_of_their_own(api: Api) -> None:
    kinds = ("created", "updated", "deleted")
    query = "&".join(f"event_type=pod_{kind}_event" for kind in kinds)
    async with api.session.get(f"{api.url}/v2/events?{query}") as stream:
        await api.post("/v2/pods", POD)
        await api.put("/v2/pods/shop/pod", {**POD, "user": "x"})
        await api.delete("/v2/pods/shop/pod")
        for kind, uri in zip(kinds, ("/v2/pods", "/v2/pods/shop/pod", "/v2/pods/shop/pod"), strict=True):
            name, event = await read_event(stream)
            event.pop("timestamp")
            assert (name, event) == (
                f"pod_{kind}_event",
                {"clientIp": "127.0.0.1", "uri": uri, "eventType": f"pod_{kind}_event"},
            )


async def test_a_pod_as_it_was_answered_can_be_sent_back_and_changes_nothing(api: Api) -> None:
    body = (await api.post("/v2/pods", POD)).body
    assert (await api.put("/v2/pods/shop/pod", body)).body["version"] == V1
