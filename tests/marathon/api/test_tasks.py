"""Listing and killing tasks."""

import pytest

from actors.marathon.messages import Condition

from .conftest import Api


async def _two_apps(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1", "instances": 3})
    await api.post("/v2/apps", {"id": "/g/y", "cmd": "sleep 1", "instances": 1})
    api.world.run("/x", 2)
    api.world.run("/x", 1, host="other", condition=Condition.STAGING)
    api.world.run("/g/y", 1)


def ids(body: dict[str, list[dict[str, str]]]) -> list[str]:
    return [task["id"] for task in body["tasks"]]


async def test_tasks_are_listed_per_app_per_group_and_by_state(api: Api) -> None:
    await _two_apps(api)
    assert len(ids((await api.get("/v2/apps//x/tasks")).body)) == 3
    assert ids((await api.get("/v2/apps/g/*/tasks")).body) == ["g_y.instance-3._app.1"]
    assert len(ids((await api.get("/v2/tasks")).body)) == 4
    assert len(ids((await api.get("/v2/tasks?status=running")).body)) == 3
    assert ids((await api.get("/v2/tasks?status[]=staging")).body) == ["x.instance-2._app.1"]
    assert len(ids((await api.get("/v2/tasks?status[]=staging&status[]=running")).body)) == 4
    assert (await api.get("/v2/tasks?status=dead")).status == 400


async def test_killing_answers_with_the_tasks_as_they_were(api: Api) -> None:
    await _two_apps(api)
    assert ids((await api.delete("/v2/apps//x/tasks?host=other")).body) == ["x.instance-2._app.1"]
    assert (await api.delete("/v2/apps//x/tasks/x.instance-0._app.1?wipe=False")).body["task"][
        "id"
    ] == "x.instance-0._app.1"
    assert [i.id for i in api.world.instances] == ["x.instance-1", "g_y.instance-3"]
    assert len(ids((await api.delete("/v2/apps//x/tasks")).body)) == 1


async def test_a_task_that_is_not_there_is_a_404(api: Api) -> None:
    await _two_apps(api)
    answer = await api.delete("/v2/apps/x/tasks/none")
    assert (answer.status, answer.body) == (404, {"message": "Task 'none' does not exist"})


async def test_killing_with_scale_is_a_deployment_that_kills_these_first(api: Api) -> None:
    await _two_apps(api)
    answer = await api.delete("/v2/apps/x/tasks/x.instance-1._app.1?scale=True")
    assert answer.body == {"version": "2026-01-01T00:00:03.000Z", "deploymentId": "d3"}
    assert api.world.updates[-1].kill == {"x.instance-1"}
    assert (await api.get("/v2/apps/x")).body["app"]["instances"] == 2


async def test_scale_and_wipe_exclude_each_other(api: Api) -> None:
    await _two_apps(api)
    answer = await api.delete("/v2/apps/x/tasks?scale=true&wipe=true")
    assert (answer.status, answer.body) == (400, {"message": "You cannot use scale and wipe at the same time."})


async def test_tasks_of_several_apps_are_killed_by_id(api: Api) -> None:
    await _two_apps(api)
    chosen = {"ids": ["x.instance-0._app.1", "g_y.instance-3._app.1", "none"]}
    assert ids((await api.post("/v2/tasks/delete", chosen)).body) == ["x.instance-0._app.1", "g_y.instance-3._app.1"]
    scaled = await api.post("/v2/tasks/delete?scale=true", {"ids": ["x.instance-1._app.1"]})
    assert "deploymentId" in scaled.body


@pytest.mark.parametrize("body", [{}, [], {"ids": "x"}, {"ids": [3]}])
async def test_killing_by_id_needs_a_list_of_ids(api: Api, body: object) -> None:
    assert (await api.post("/v2/tasks/delete", body)).status == 400
