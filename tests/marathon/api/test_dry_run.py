"""``dryRun`` tells the plan and does nothing; ``ifVersion`` is for who shares an app with others."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Api

APP = {"id": "/shop/db", "cmd": "sleep 1"}


@pytest.mark.parametrize(
    ("method", "path", "body", "action"),
    [
        ("POST", "/v2/apps", {"id": "/new", "cmd": "sleep 1"}, "ScaleApplication"),
        ("PUT", "/v2/apps/shop/db", {"instances": 3}, "ScaleApplication"),
        ("PUT", "/v2/apps/shop/db", {"cmd": "sleep 2"}, "RestartApplication"),
        ("PATCH", "/v2/apps/shop/db", {"cmd": "sleep 2"}, "RestartApplication"),
        ("POST", "/v2/apps/shop/db/restart", None, "RestartApplication"),
        ("DELETE", "/v2/apps/shop/db", None, "StopApplication"),
        ("PUT", "/v2/apps", [{"id": "/shop/db", "cmd": "sleep 2"}], "RestartApplication"),
        ("PATCH", "/v2/apps", [{"id": "/shop/db", "instances": 2}], "ScaleApplication"),
        ("DELETE", "/v2/groups/shop", None, "StopApplication"),
    ],
)
async def test_a_dry_run_tells_the_plan_and_changes_nothing(
    api: Api, method: str, path: str, body: Any, action: str
) -> None:
    await api.post("/v2/apps", APP)
    before = api.world.root
    answer = await api.call(method, path + "?dryRun=true", body)
    assert answer.status == 200
    assert answer.body["steps"][-1]["actions"][0]["action"] == action
    (node,) = answer.body["graph"]
    assert (node["kind"], node["action"], node["state"]) == ("app", action, "waiting")
    assert api.world.root is before


async def test_the_graph_of_a_dry_run_says_who_waits_for_whom(api: Api) -> None:
    apps = [{"id": "db", "cmd": "sleep 1"}, {"id": "web", "cmd": "sleep 1", "dependencies": ["/shop/db"]}]
    answer = await api.put("/v2/groups?dryRun=true", {"id": "/shop", "apps": apps})
    waits = {node["id"]: node["waitsFor"] for node in answer.body["graph"]}
    assert waits["/shop/web"] == ["/shop/db"]
    assert waits["/shop/db"] == []


async def test_a_dry_run_tells_each_app_as_it_is_and_as_it_would_be(api: Api) -> None:
    await api.post("/v2/apps", APP)
    answer = await api.put(
        "/v2/groups?dryRun=true", {"id": "/shop", "apps": [{**APP, "cpus": 2}, {"id": "web", "cmd": "x"}]}
    )
    changed = {change["id"]: (change["before"], change["after"]) for change in answer.body["changes"]}
    assert (changed["/shop/db"][0]["cpus"], changed["/shop/db"][1]["cpus"]) == (1, 2)
    assert changed["/shop/web"][0] is None
    assert changed["/shop/web"][1]["instances"] == 1  # what was not said has its default
    (gone,) = (await api.call("DELETE", "/v2/apps/shop/db?dryRun=true", None)).body["changes"]
    assert (gone["before"]["id"], gone["after"]) == ("/shop/db", None)


async def test_what_is_refused_is_refused_in_a_dry_run_too(api: Api) -> None:
    answer = await api.post("/v2/apps?dryRun=true", {"id": "/x", "cmd": "sleep 1", "cpus": -1})
    assert answer.status == 422
    assert answer.body["details"][0]["path"] == "/cpus"


async def test_of_two_who_edit_the_same_version_the_second_is_told(api: Api) -> None:
    await api.post("/v2/apps", APP)
    seen = (await api.get("/v2/apps/shop/db")).body["app"]["version"]
    first = await api.put(f"/v2/apps/shop/db?ifVersion={seen}", {"cpus": 2})
    second = await api.put(f"/v2/apps/shop/db?ifVersion={seen}", {"cpus": 3})
    assert (first.status, second.status) == (200, 409)
    assert second.body["version"] == first.body["version"]
    assert "was changed since" in second.body["message"]
    assert (await api.get("/v2/apps/shop/db")).body["app"]["cpus"] == 2


async def test_an_app_that_is_gone_was_changed_too(api: Api) -> None:
    await api.post("/v2/apps", APP)
    seen = (await api.get("/v2/apps/shop/db")).body["app"]["version"]
    await api.delete("/v2/apps/shop/db")
    assert (await api.put(f"/v2/apps/shop/db?ifVersion={seen}", {"cpus": 1})).status == 404
    assert api.world.root.app("/shop/db") is None


async def test_a_version_that_is_none_is_named(api: Api) -> None:
    await api.post("/v2/apps", APP)
    answer = await api.put("/v2/apps/shop/db?ifVersion=yesterday", {"cpus": 1})
    assert answer.status == 422
    assert answer.body["details"][0]["path"] == "/ifVersion"
