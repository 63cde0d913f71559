"""``/v2/groups``."""

from .conftest import Api

SHOP = {
    "id": "/shop",
    "groups": [{"id": "db", "apps": [{"id": "main", "cmd": "sleep 1", "instances": 2}]}],
    "apps": [{"id": "web", "cmd": "sleep 1", "dependencies": ["/shop/db"]}],
}
V1 = "2026-01-01T00:00:01.000Z"


async def test_a_group_is_created_with_everything_in_it(api: Api) -> None:
    answer = await api.post("/v2/groups", SHOP)
    assert (answer.status, answer.body) == (201, {"version": V1, "deploymentId": "d1"})
    assert answer.headers["Location"] == f"{api.url}/v2/groups/shop"
    group = (await api.get("/v2/groups//shop")).body
    assert group["id"] == "/shop"
    assert [app["id"] for app in group["apps"]] == ["/shop/web"]
    assert [(g["id"], [a["id"] for a in g["apps"]]) for g in group["groups"]] == [("/shop/db", ["/shop/db/main"])]
    assert (group["dependencies"], group["pods"], group["version"]) == ([], [], V1)


async def test_the_root_group_is_always_there(api: Api) -> None:
    for path in ("/v2/groups", "/v2/groups/"):
        root = (await api.get(path)).body
        assert (root["id"], root["apps"], root["groups"]) == ("/", [], [])


async def test_embedding_chooses_the_parts_of_a_group(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    api.world.run("/shop/web")
    assert set((await api.get("/v2/groups/shop?embed=group.groups")).body) == {
        "id",
        "groups",
        "dependencies",
        "version",
    }
    assert "pods" in (await api.get("/v2/groups/shop?embed=group.pods")).body
    (web,) = (await api.get("/v2/groups/shop?embed=group.apps&embed=group.apps.tasks")).body["apps"]
    assert len(web["tasks"]) == 1


async def test_conflicts_and_unknown_groups_have_marathons_words(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    again = await api.post("/v2/groups", SHOP)
    assert (again.status, again.body) == (
        409,
        {"message": "Group /shop is already created. Use PUT to change this group."},
    )
    over = await api.post("/v2/groups", {"id": "/shop/web"})
    assert (over.status, over.body) == (409, {"message": "An app with the path /shop/web already exists."})
    for method in ("GET", "DELETE"):
        missing = await api.call(method, "/v2/groups/none")
        assert (missing.status, missing.body) == (404, {"message": "Group '/none' does not exist"})


async def test_errors_inside_a_group_have_their_place(api: Api) -> None:
    answer = await api.post("/v2/groups", {"id": "g", "apps": [{"id": "a", "cmd": "x", "cpus": "1"}]})
    assert answer.status == 422
    assert answer.body["details"][0]["path"] == "/apps(0)/cpus"
    cyclic = {"id": "g", "apps": [{"id": n, "cmd": "x", "dependencies": [m]} for n, m in (("a", "b"), ("b", "a"))]}
    answer = await api.post("/v2/groups", cyclic)
    assert answer.body["details"][0]["errors"][0] == "Dependency graph has cyclic dependencies."


async def test_put_scales_updates_and_rolls_back(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    assert (await api.put("/v2/groups/shop", {"scaleBy": 1.5})).status == 200
    assert (await api.get("/v2/apps/shop/db/main")).body["app"]["instances"] == 3
    await api.put("/v2/groups/shop", {"apps": []})
    assert (await api.get("/v2/apps/shop/web")).status == 404
    assert (await api.get("/v2/apps/shop/db/main")).status == 200
    await api.put("/v2/groups/shop", {"version": V1})
    assert (await api.get("/v2/apps/shop/web")).status == 200
    await api.delete("/v2/groups/shop")
    assert (await api.put(f"/v2/groups/shop/versions/{V1}")).status == 200
    assert (await api.get("/v2/apps/shop/db/main")).body["app"]["instances"] == 2
    assert (await api.put("/v2/groups/shop", {"version": "2020-01-01T00:00:00Z"})).status == 404


async def test_a_dry_run_tells_the_steps_and_changes_nothing(api: Api) -> None:
    answer = await api.put("/v2/groups/shop?dryRun=True", SHOP)
    assert answer.status == 200
    actions = [[(a["action"], a["app"]) for a in step["actions"]] for step in answer.body["steps"]]
    assert sorted(actions[0]) == [("StartApplication", "/shop/db/main"), ("StartApplication", "/shop/web")]
    assert actions[1:] == [[("ScaleApplication", "/shop/db/main")], [("ScaleApplication", "/shop/web")]]
    assert api.world.updates == []


async def test_versions_are_a_bare_array(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    await api.put("/v2/groups/shop", {"scaleBy": 2})
    assert (await api.get("/v2/groups/shop/versions")).body == ["2026-01-01T00:00:02.000Z", V1]
    old = (await api.get(f"/v2/groups/shop/versions/{V1}")).body
    assert old["groups"][0]["apps"][0]["instances"] == 2
    assert (await api.get("/v2/groups/versions")).body == ["2026-01-01T00:00:02.000Z", V1]


async def test_the_apps_of_all_levels_are_listed(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    assert [app["id"] for app in (await api.get("/v2/groups/shop/apps")).body["apps"]] == ["/shop/web", "/shop/db/main"]


async def test_without_an_id_everything_is_removed(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    assert (await api.delete("/v2/groups")).status == 200
    assert (await api.get("/v2/apps")).body == {"apps": []}


async def test_only_top_level_groups_take_enforce_role(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    assert (await api.patch("/v2/groups/shop", {"enforceRole": True})).status == 200
    assert (await api.get("/v2/groups/shop")).body["enforceRole"] is True
    assert (await api.patch("/v2/groups/shop/db", {"enforceRole": True})).status == 422


async def test_apps_as_they_were_answered_can_be_sent_back_and_change_nothing(api: Api) -> None:
    await api.post("/v2/groups", SHOP)
    before = (await api.get("/v2/groups/shop?embed=group.apps.tasks&embed=group.groups")).body
    sent = {key: value for key, value in before.items() if key != "version"}
    sent["groups"] = [{key: value for key, value in below.items() if key != "version"} for below in before["groups"]]
    assert (await api.put("/v2/groups/shop", sent)).status == 200
    after = (await api.get("/v2/groups/shop?embed=group.apps.tasks&embed=group.groups")).body
    for key in ("tasks", "deployments"):
        for app in (*before["apps"], *before["groups"][0]["apps"], *after["apps"], *after["groups"][0]["apps"]):
            app.pop(key, None)
    assert after == before
