"""``/v2/apps`` as Marathon's clients know it: bodies, statuses, headers, to the letter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from actors.marathon.messages import Condition, HealthResult, TaskFailure

from .conftest import Api

TALK = {
    "id": "my-app",
    "cmd": "python3 -m http.server $PORT0",
    "cpus": 0.1,
    "mem": 64,
    "instances": 10,
    "ports": [0],
    "healthChecks": [{}],
}
V1, V2, V3 = (f"2026-01-01T00:00:0{second}.000Z" for second in (1, 2, 3))


async def test_posting_an_app_answers_with_it_and_its_deployment(api: Api) -> None:
    answer = await api.post("/v2/apps", TALK)
    assert answer.status == 201
    assert answer.headers["Location"] == f"{api.url}/v2/apps/my-app"
    assert answer.headers["Marathon-Deployment-Id"] == "d1"
    body = answer.body
    assert body["id"] == "/my-app"
    assert body["version"] == V1
    assert body["versionInfo"] == {"lastScalingAt": V1, "lastConfigChangeAt": V1}
    assert body["portDefinitions"] == [{"port": 10000, "protocol": "tcp"}]
    zeros = {"tasksStaged": 0, "tasksRunning": 0, "tasksHealthy": 0, "tasksUnhealthy": 0}
    assert {key: body[key] for key in zeros} == zeros
    assert body["deployments"] == [{"id": "d1"}]
    assert body["tasks"] == []


async def test_the_location_of_a_new_app_answers(api: Api) -> None:
    location = (await api.post("/v2/apps", {**TALK, "id": "/a/b"})).headers["Location"]
    assert (await api.get(location.removeprefix(api.url))).body["app"]["id"] == "/a/b"


async def test_an_app_shows_its_tasks_counts_deployments_and_last_failure(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    alive, dead = HealthResult(alive=True), HealthResult(alive=False, consecutive_failures=2)
    api.world.run("/my-app", 2, healthy=True, health=(alive,))
    api.world.run("/my-app", 1, healthy=False, health=(dead,))
    api.world.run("/my-app", 1, condition=Condition.STAGING, started_at=None)
    api.world.run("/my-app", 1, condition=Condition.SCHEDULED, task_id=None)
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    api.world.failures["/my-app"] = TaskFailure("/my-app", "t", "TASK_FAILED", "exit 1", "h", "S0", V1, moment)
    app = (await api.get("/v2/apps//my-app")).body["app"]
    counts = [app[key] for key in ("tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy")]
    assert counts == [1, 3, 2, 1]
    assert app["deployments"] == [{"id": "d1"}]
    assert len(app["tasks"]) == 4
    assert app["lastTaskFailure"] == {
        "appId": "/my-app",
        "host": "h",
        "message": "exit 1",
        "state": "TASK_FAILED",
        "taskId": "t",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "version": V1,
        "slaveId": "S0",
    }
    assert app["tasks"][0] == {
        "appId": "/my-app",
        "healthCheckResults": [{"alive": True, "consecutiveFailures": 0, "instanceId": "my-app.instance-0"}],
        "host": "127.0.0.1",
        "id": "my-app.instance-0._app.1",
        "ipAddresses": [{"ipAddress": "127.0.0.1", "protocol": "IPv4"}],
        "ports": [31000],
        "servicePorts": [10000],
        "slaveId": "S0",
        "state": "TASK_RUNNING",
        "stagedAt": "2026-01-01T12:00:00.005Z",
        "startedAt": "2026-01-01T12:00:00.005Z",
        "version": V1,
        "localVolumes": [],
        "role": "*",
    }


@pytest.mark.parametrize("path", ["/v2/apps/my-app", "/v2/apps//my-app", "/v2/apps/my-app/", "/v2/apps///my-app"])
async def test_an_app_is_found_however_its_slashes_are_written(api: Api, path: str) -> None:
    await api.post("/v2/apps", TALK)
    assert (await api.get(path)).body["app"]["id"] == "/my-app"


async def test_what_is_not_there_is_a_404_with_marathons_words(api: Api) -> None:
    for method, path in [
        ("GET", "/v2/apps/nope"),
        ("DELETE", "/v2/apps/nope"),
        ("POST", "/v2/apps/nope/restart"),
        ("GET", "/v2/apps/nope/tasks"),
        ("DELETE", "/v2/apps/nope/tasks"),
        ("GET", "/v2/apps/nope/versions"),
    ]:
        answer = await api.call(method, path)
        assert (answer.status, answer.body) == (404, {"message": "App '/nope' does not exist"}), path
    assert (await api.patch("/v2/apps/nope", {"instances": 1})).status == 404
    assert (await api.get("/v2/apps/g/*")).body == {"message": "Group '/g' does not exist"}
    assert (await api.get("/v2/nothing")).status == 404


async def test_posting_twice_is_a_conflict(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    answer = await api.post("/v2/apps", TALK)
    assert (answer.status, answer.body) == (409, {"message": "An app with id [/my-app] already exists."})


async def test_a_locked_app_is_a_conflict_that_names_the_deployment_and_force_overrides(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    api.world.locks = True
    answer = await api.put("/v2/apps/my-app", {"instances": 20})
    assert answer.status == 409
    assert answer.body == {
        "message": "App is locked by one or more deployments. Override with the option '?force=true'. "
        "View details at '/v2/deployments/<DEPLOYMENT_ID>'.",
        "deployments": [{"id": "d1"}],
    }
    assert (await api.put("/v2/apps/my-app?force=True", {"instances": 20})).status == 200


async def test_put_creates_or_updates(api: Api) -> None:
    created = await api.put("/v2/apps/my-app", TALK)
    assert (created.status, created.body) == (201, {"version": V1, "deploymentId": "d1"})
    updated = await api.put("/v2/apps//my-app", {"instances": 20})
    assert (updated.status, updated.body) == (200, {"version": V2, "deploymentId": "d2"})
    assert updated.headers["Marathon-Deployment-Id"] == "d2"
    app = (await api.get("/v2/apps/my-app")).body["app"]
    assert (app["instances"], app["cmd"]) == (20, TALK["cmd"])
    assert (await api.put("/v2/apps/my-app", {"instances": 20})).status == 200


async def test_put_without_partial_update_replaces_the_definition(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    await api.put("/v2/apps/my-app?partialUpdate=false", {"cmd": "sleep 1"})
    app = (await api.get("/v2/apps/my-app")).body["app"]
    assert (app["instances"], "healthChecks" in app) == (1, False)


async def test_a_version_alone_rolls_back(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    await api.put("/v2/apps/my-app", {"cmd": "sleep 1"})
    assert (await api.put("/v2/apps/my-app", {"version": V1})).status == 200
    app = (await api.get("/v2/apps/my-app")).body["app"]
    assert (app["cmd"], app["version"]) == (TALK["cmd"], V3)
    unknown = await api.put("/v2/apps/my-app", {"version": "2020-01-01T00:00:00.000Z"})
    assert unknown.status == 404
    mixed = await api.put("/v2/apps/my-app", {"version": V1, "instances": 2})
    assert mixed.body["details"] == [
        {"path": "/", "errors": ["The 'version' field may only be combined with the 'id' field."]}
    ]


async def test_versions_are_listed_newest_first_and_shown(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    await api.put("/v2/apps/my-app", {"instances": 2})
    assert (await api.get("/v2/apps//my-app/versions")).body == {"versions": [V2, V1]}
    assert (await api.get(f"/v2/apps//my-app/versions/{V1}")).body["instances"] == 10
    assert (await api.get("/v2/apps/my-app/versions/yesterday")).status == 404


async def test_several_apps_are_put_as_one_change(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    answer = await api.put("/v2/apps", [{"id": "my-app", "instances": 2}, {"id": "/other", "cmd": "sleep 1"}])
    assert (answer.status, answer.body) == (200, {"version": V2, "deploymentId": "d2"})
    missing = await api.patch("/v2/apps", [{"id": "/my-app", "instances": 3}, {"id": "/none", "instances": 3}])
    assert missing.status == 404
    assert (await api.get("/v2/apps/my-app")).body["app"]["instances"] == 2


async def test_delete_forces_unless_told_not_to(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    api.world.locks = True
    assert (await api.delete("/v2/apps//my-app?force=false")).status == 409
    assert (await api.delete("/v2/apps//my-app")).body == {"version": V2, "deploymentId": "d2"}
    assert (await api.get("/v2/apps/my-app")).status == 404


async def test_restart_deploys_without_a_change_of_the_configuration(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    assert (await api.post("/v2/apps//my-app/restart")).body == {"version": V2, "deploymentId": "d2"}
    assert (await api.get("/v2/apps/my-app")).body["app"]["versionInfo"] == {
        "lastScalingAt": V2,
        "lastConfigChangeAt": V1,
    }


async def test_listing_filters_by_command_id_and_label(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/shop/web", "cmd": "Serve it", "labels": {"tier": "front"}})
    await api.post("/v2/apps", {"id": "/shop/db", "cmd": "store it", "labels": {"tier": "back"}})

    async def listed(query: str) -> list[str]:
        return [app["id"] for app in (await api.get(f"/v2/apps{query}")).body["apps"]]

    assert await listed("") == ["/shop/web", "/shop/db"]
    assert await listed("?cmd=SERVE") == ["/shop/web"]
    assert await listed("?id=DB") == ["/shop/db"]
    assert await listed("?label=tier==front") == ["/shop/web"]
    assert await listed("?label=tier%20in%20(back,front)&id=shop&cmd=store") == ["/shop/db"]
    assert (await api.get("/v2/apps?label=tier=front")).status == 400


async def test_a_listing_always_has_counts_and_deployments_and_embeds_the_rest_on_demand(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    api.world.run("/my-app", 1)
    (app,) = (await api.get("/v2/apps")).body["apps"]
    assert (app["tasksRunning"], app["deployments"], "tasks" in app) == (1, [{"id": "d1"}], False)
    (app,) = (await api.get("/v2/apps?embed=apps.tasks&embed=apps.taskStats&embed=app.readiness")).body["apps"]
    assert len(app["tasks"]) == 1
    assert app["taskStats"]["totalSummary"]["stats"]["counts"]["running"] == 1
    assert app["readinessCheckResults"] == []


@pytest.mark.parametrize(
    ("embed", "fields"),
    [
        ("apps.tasks", {"tasks"}),
        ("apps.counts", set()),
        ("apps.deployments", set()),
        ("apps.readiness", {"readinessCheckResults"}),
        ("apps.lastTaskFailure", {"lastTaskFailure"}),
        ("apps.failures", {"tasks", "lastTaskFailure"}),
        ("apps.taskStats", {"taskStats"}),
    ],
)
async def test_each_embed_adds_its_fields_to_counts_and_deployments(api: Api, embed: str, fields: set[str]) -> None:
    await api.post("/v2/apps", TALK)
    api.world.run("/my-app")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    api.world.failures["/my-app"] = TaskFailure("/my-app", "t", "TASK_FAILED", "exit 1", "h", "S0", V1, moment)
    (plain,) = (await api.get("/v2/apps")).body["apps"]
    (app,) = (await api.get(f"/v2/apps?embed={embed}")).body["apps"]
    assert app.keys() - plain.keys() == fields
    assert {"tasksRunning", "deployments"} <= plain.keys()


@pytest.mark.parametrize("prefix", ["group.apps.", "apps.", "app.", ""])
async def test_an_embed_is_understood_whatever_its_prefix(api: Api, prefix: str) -> None:
    await api.post("/v2/apps", TALK)
    (app,) = (await api.get(f"/v2/apps?embed={prefix}tasks")).body["apps"]
    assert app["tasks"] == []


@pytest.mark.parametrize("path", ["/v2/apps", "/v2/apps/my-app", "/v2/groups", "/v2/groups/apps", "/v2/queue"])
async def test_an_unknown_embed_is_warned_of_and_ignored(api: Api, path: str, caplog: pytest.LogCaptureFixture) -> None:
    await api.post("/v2/apps", TALK)
    plain = await api.get(path)
    asked = await api.get(f"{path}?embed=apps.colour")
    assert (asked.status, asked.body) == (200, plain.body)
    assert "apps.colour" in caplog.text


async def test_all_apps_below_a_group_are_listed_under_a_star(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/g/a", "cmd": "sleep 1"})
    await api.post("/v2/apps", {"id": "/g/h/b", "cmd": "sleep 1"})
    await api.post("/v2/apps", {"id": "/c", "cmd": "sleep 1"})
    assert [app["id"] for app in (await api.get("/v2/apps/g/*")).body["*"]] == ["/g/a", "/g/h/b"]
    assert len((await api.get("/v2/apps/*")).body["*"]) == 3


BROKEN: list[tuple[Any, int, Any]] = [
    ({**TALK, "cpus": "1"}, 422, "Invalid JSON"),
    ({**TALK, "instances": -1}, 422, "Object is not valid"),
    ([], 422, "Invalid JSON"),
    ({}, 422, "Invalid JSON"),
]


@pytest.mark.parametrize(("body", "status", "message"), BROKEN)
async def test_a_bad_definition_changes_nothing(api: Api, body: Any, status: int, message: str) -> None:
    answer = await api.post("/v2/apps", body)
    assert (answer.status, answer.body["message"]) == (status, message)
    assert all(detail["path"] and detail["errors"] for detail in answer.body["details"])
    assert api.world.updates == []


@pytest.mark.parametrize("body", [b"{", b"", b"\xff", b'{"id": NaN}', b"[" * 90_000])
async def test_a_body_that_is_no_json_is_a_400_that_says_why(api: Api, body: bytes) -> None:
    answer = await api.post("/v2/apps", data=body, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.body["message"]) == (400, "Invalid JSON")
    assert isinstance(answer.body["details"], str)
    assert answer.body["details"]


async def test_a_body_beyond_the_limit_is_refused(api: Api) -> None:
    answer = await api.post("/v2/apps", {**TALK, "cmd": "x" * 200_000})
    assert answer.status == 413
    assert "too large" in answer.body["message"]


async def test_a_form_or_a_page_of_another_site_cannot_create_apps(api: Api) -> None:
    form = await api.post("/v2/apps", data=b"{}", headers={"Content-Type": "text/plain"})
    assert form.status == 415
    page = await api.post("/v2/apps", TALK, headers={"Origin": "http://evil.example"})
    assert page.status == 403
    assert (await api.post("/v2/apps", TALK, headers={"Origin": api.url})).status == 201


async def test_a_flag_must_be_true_or_false(api: Api) -> None:
    answer = await api.post("/v2/apps?force=maybe", TALK)
    assert (answer.status, answer.body) == (
        400,
        {"message": "the query parameter force must be true or false, is 'maybe'"},
    )


async def test_a_wrong_method_says_which_are_right(api: Api) -> None:
    answer = await api.put("/v2/apps/x/restart")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


async def test_a_service_that_does_not_answer_is_a_503(api: Api) -> None:
    api.world.silent = True
    assert (await api.get("/v2/apps")).status == 503


async def test_a_change_that_cannot_be_stored_is_a_503_that_says_so(api: Api) -> None:
    from actors.persistence import JournalFull

    api.world.error = JournalFull("no space left on device")
    answer = await api.post("/v2/apps", TALK)
    assert answer.status == 503
    assert "could not be stored, and nothing was changed" in answer.body["message"]


async def test_a_fault_of_ours_is_a_500_with_its_name(api: Api) -> None:
    api.world.error = ZeroDivisionError("oh")
    answer = await api.post("/v2/apps", TALK)
    assert (answer.status, answer.body) == (500, {"message": "ZeroDivisionError: oh"})


async def test_instances_of_apps_that_are_gone_are_still_told(api: Api) -> None:
    await api.post("/v2/apps", TALK)
    (instance,) = api.world.run("/my-app")
    api.world.instances = [replace(instance, app_id="/gone")]
    (task,) = (await api.get("/v2/tasks")).body["tasks"]
    assert (task["appId"], task["servicePorts"]) == ("/gone", [])
