"""Deployments, queue, info, ping, metrics and logs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from actors.marathon.messages import QueueItem, ReadinessResponse, ReadinessResult, UnusedOffer
from actors.marathon.model import App
from mesos_proto import Offer, Resources, mesos_pb2

from .conftest import Api, serving

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_deployments_are_listed_with_their_steps(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    assert (await api.get("/v2/deployments")).body == [
        {
            "id": "d1",
            "version": "2026-01-01T00:00:01.000Z",
            "affectedApps": ["/x"],
            "affectedPods": [],
            "steps": [{"actions": [{"action": "ScaleApplication", "app": "/x"}]}],
            "currentActions": [{"action": "ScaleApplication", "app": "/x", "readinessCheckResults": []}],
            "currentStep": 1,
            "totalSteps": 1,
        }
    ]


async def test_a_deployment_is_undone_or_abandoned(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    await api.post("/v2/apps", {"id": "/y", "cmd": "sleep 1"})
    undone = await api.delete("/v2/deployments/d1")
    assert (undone.status, undone.body["deploymentId"]) == (200, "revert")
    abandoned = await api.delete("/v2/deployments/d2?force=True")
    assert (abandoned.status, abandoned.text) == (202, "")
    missing = await api.delete("/v2/deployments/d9")
    assert (missing.status, missing.body) == (404, {"message": "DeploymentPlan d9 does not exist"})


async def test_the_part_of_one_app_is_ended_and_the_deployment_stays(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    ended = await api.delete("/v2/deployments/d1?app=x")
    assert (ended.status, ended.text, ended.headers["Marathon-Deployment-Id"]) == (202, "", "d1")
    assert [deployment["id"] for deployment in (await api.get("/v2/deployments")).body] == ["d1"]
    missing = await api.delete("/v2/deployments/d1?app=/other")
    assert (missing.status, missing.body) == (404, {"message": "Deployment d1 has nothing left to do for app /other"})


async def test_the_queue_says_what_waits_and_why(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    rejected = {"InsufficientCpus": 3, "UnfulfilledConstraint": 1}
    app = api.world.root.apps["/x"]
    api.world.queue.append(QueueItem(app, 2, 4.7, moment, processed_offers=5, unused_offers=4, rejected=rejected))
    (item,) = (await api.get("/v2/queue")).body["queue"]
    assert (item["app"]["id"], item["count"], item["role"]) == ("/x", 2, "*")
    assert item["delay"] == {"timeLeftSeconds": 4, "overdue": False}
    assert item["since"] == "2026-01-01T00:00:00.000Z"
    assert "lastUnusedOffers" not in item
    assert item["processedOffersSummary"]["rejectSummaryLaunchAttempt"] == [
        {"reason": "UnfulfilledRole", "declined": 0, "processed": 5},
        {"reason": "UnfulfilledConstraint", "declined": 1, "processed": 5},
        {"reason": "AgentMaintenance", "declined": 0, "processed": 4},
        {"reason": "InsufficientCpus", "declined": 3, "processed": 4},
        {"reason": "InsufficientMemory", "declined": 0, "processed": 1},
        {"reason": "InsufficientDisk", "declined": 0, "processed": 1},
        {"reason": "InsufficientGpus", "declined": 0, "processed": 1},
        {"reason": "InsufficientPorts", "declined": 0, "processed": 1},
    ]
    assert (await api.delete("/v2/queue//x/delay")).status == 204
    missing = await api.delete("/v2/queue/none/delay")
    assert (missing.status, missing.body) == (404, {"message": "Application /none not found in tasks queue."})


def waiting(app: App) -> QueueItem:
    """An app for which the last offer had too little."""
    proto = mesos_pb2.Offer(hostname="h", resources=Resources.parse("cpus:0.5;ports:[1-3]", role="web").to_protos())
    proto.id.value, proto.agent_id.value = "O1", "S1"
    proto.attributes.add(name="rack", type=mesos_pb2.Value.TEXT).text.value = "a"
    unused = UnusedOffer(Offer.from_proto(proto), "InsufficientCpus", MOMENT)
    return QueueItem(app, 1, 0, MOMENT, last_unused_offer_at=MOMENT, last_unused_offers=(unused,))


async def test_the_queue_shows_the_last_offers_that_could_not_be_used(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    api.world.queue.append(waiting(api.world.root.apps["/x"]))
    (item,) = (await api.get("/v2/queue?embed=lastUnusedOffers")).body["queue"]
    assert item["lastUnusedOffers"] == [
        {
            "offer": {
                "id": "O1",
                "hostname": "h",
                "agentId": "S1",
                "resources": [
                    {"name": "cpus", "role": "web", "scalar": 0.5},
                    {"name": "ports", "role": "web", "ranges": [{"begin": 1, "end": 3}]},
                ],
                "attributes": [{"name": "rack", "text": "a"}],
            },
            "reason": ["InsufficientCpus"],
            "timestamp": "2026-01-01T00:00:00.000Z",
        }
    ]
    last = item["processedOffersSummary"]["rejectSummaryLastOffers"]
    assert [step["declined"] for step in last if step["reason"] == "InsufficientCpus"] == [1]


async def test_what_readiness_checks_saw_is_shown_with_deployment_and_app(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    said = ReadinessResult("readinessCheck", "t1", False, ReadinessResponse(503, "text/plain", "not yet"))
    silent = ReadinessResult("readinessCheck", "t2", False)
    api.world.deployments = [replace(api.world.deployments[0], readiness={"/x": (said, silent)})]
    shown = [
        {
            "name": "readinessCheck",
            "taskId": "t1",
            "ready": False,
            "lastResponse": {"status": 503, "contentType": "text/plain", "body": "not yet"},
        },
        {"name": "readinessCheck", "taskId": "t2", "ready": False},
    ]
    (deployment,) = (await api.get("/v2/deployments")).body
    assert deployment["currentActions"][0]["readinessCheckResults"] == shown
    (app,) = (await api.get("/v2/apps?embed=apps.readiness")).body["apps"]
    assert app["readinessCheckResults"] == shown


@pytest.mark.parametrize(
    ("accept", "text"),
    [
        ("application/json", '"pong"'),
        ("text/plain", "pong"),
        ("*/*", "pong"),
        ("text/html, application/json", '"pong"'),
    ],
)
async def test_ping_is_quoted_where_json_is_accepted(api: Api, accept: str, text: str) -> None:
    assert (await api.get("/ping", headers={"Accept": accept})).text == text


async def test_info_names_the_service_and_its_framework(api: Api) -> None:
    info = (await api.get("/v2/info")).body
    assert (info["name"], info["version"], info["frameworkId"]) == ("marathon", "0.1.0", "framework-1")
    assert info["marathon_config"]["master"] == "http://127.0.0.1:5050"
    assert api.url.endswith(info["leader"])
    assert info["http_config"]["http_port"] == int(api.url.rpartition(":")[2])
    assert (await api.get("/v2/leader")).body == {"leader": info["leader"]}


@pytest.mark.parametrize("path", ["/v2//deployments", "/v2/info/", "/v2//tasks/", "//v2/apps", "//ping", "/v2/groups/"])
async def test_doubled_and_trailing_slashes_lead_to_the_resource_without_a_detour(api: Api, path: str) -> None:
    async with api.asked("GET", path) as answer:
        assert answer.status == 200
    assert (await api.get("/v2//nowhere/")).status == 404


async def test_what_is_sent_to_a_base_with_a_slash_too_many_arrives_with_its_query(api: Api) -> None:
    app = {"id": "/x", "cmd": "sleep 1"}
    async with api.asked("POST", "//v2/apps/?force=true", json=app) as answer:
        assert (answer.status, (await answer.json())["id"]) == (201, "/x")
    async with api.asked("DELETE", "//v2//apps//x?force=maybe") as answer:
        assert answer.status == 400
    async with api.asked("DELETE", "/v2/info/") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize("path", ["/v2/apps", "/v2/apps/x", "/v2/apps/x/versions", "/v2/groups/", "/v2/pods", "/ping"])
async def test_head_is_answered_like_get_without_the_body(api: Api, path: str) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    got = await api.get(path)
    async with api.asked("HEAD", path) as head:
        assert (head.status, head.headers["Content-Type"], await head.read()) == (200, got.headers["Content-Type"], b"")
    async with api.asked("HEAD", "/v2/apps/unknown") as head:
        assert head.status == 404


async def test_options_says_what_a_resource_takes_and_lets_no_foreign_page_in(api: Api) -> None:
    asking = {"Origin": "http://elsewhere", "Access-Control-Request-Method": "POST"}
    async with api.asked("OPTIONS", "/v2/apps", headers=asking) as answer:
        assert (answer.status, answer.headers["Allow"]) == (200, "GET,HEAD,OPTIONS,PATCH,POST,PUT")
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    async with api.asked("OPTIONS", "/v2/nowhere") as answer:
        assert answer.status == 404


async def test_a_console_that_asks_for_plugins_is_told_of_none(api: Api) -> None:
    assert (await api.get("/v2/plugins")).body == {"plugins": []}


async def test_every_answer_names_the_leader(api: Api) -> None:
    for path in ("/v2/info", "/ping", "/v2/apps/unknown"):
        assert (await api.get(path)).headers["X-Marathon-Leader"] == api.url


async def test_the_leadership_is_given_up_when_asked() -> None:
    given_up: list[bool] = []
    async with serving(abdicate=lambda: given_up.append(True)) as api:
        refused = await api.delete("/v2/leader?backup=file:///tmp/x")
        assert (refused.status, "marathon backup" in refused.body["message"], given_up) == (400, True, [])
        answer = await api.delete("/v2/leader")
        assert (answer.status, answer.body, given_up) == (200, {"message": "Leadership abdicated"}, [True])


async def test_who_has_nobody_to_leave_the_leadership_to_keeps_it(api: Api) -> None:
    assert (await api.delete("/v2/leader")).status == 404


async def test_metrics_count_apps_and_tasks(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    api.world.run("/x", 2)
    gauges = (await api.get("/metrics")).body["gauges"]
    assert gauges["marathon.apps.active.gauge"] == {"value": 1}
    assert gauges["marathon.instances.running.gauge"] == {"value": 2}


async def test_retired_event_subscriptions_say_what_to_use(api: Api) -> None:
    answer = await api.get("/v2/eventSubscriptions")
    assert answer.status == 404
    assert "/v2/events" in answer.body["message"]


async def test_output_is_read_by_offset_and_never_cuts_a_character(api: Api) -> None:
    path = "/v2/logs/x.instance-1._app.1/stdout"
    first = (await api.get(f"{path}?length=3")).body
    assert first == {"data": "gr", "offset": 0, "next": 2, "size": 13}
    rest = (await api.get(f"{path}?offset=2")).body
    assert (rest["data"], rest["next"]) == ("üße\nzwei\n", 13)
    assert (await api.get(f"{path}?offset=-5")).body["data"] == "zwei\n"
    assert (await api.get("/v2/logs?app=x")).body == {"tasks": ["x.instance-1._app.1"]}
    assert (await api.get("/v2/logs?app=y")).body == {"tasks": []}
    assert (await api.get("/v2/logs/none/stdout")).status == 404
    assert (await api.get(f"{path}?offset=x")).status == 400
