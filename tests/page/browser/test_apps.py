"""The table of apps: live, in folders, filtered, by keyboard."""

from playwright.sync_api import Page, expect

from tests.integration.service import Service

from .conftest import at, changed, deployed, destroyed, sleeper


def test_apps_appear_and_change_by_events(service: Service, page: Page) -> None:
    page.goto(at(service, "apps"))
    expect(page.get_by_role("status").get_by_text("live")).to_be_visible()
    deployed(service, sleeper("/live/one", instances=2, labels={"colour": "blue"}))
    page.get_by_role("link", name="live, a group").click()
    row = page.get_by_role("row").filter(has_text="one")
    expect(row.get_by_text("2 of 2")).to_be_visible()
    expect(row.get_by_role("img", name="2 running, not checked")).to_be_visible()
    changed(service, "/live/one", instances=0)
    expect(row.get_by_text("suspended")).to_be_visible()
    destroyed(service, "/live/one")
    expect(row).to_have_count(0)


def test_search_and_filters_are_in_the_address(service: Service, page: Page) -> None:
    deployed(service, sleeper("/found/web-front", labels={"tier": "web"}))
    deployed(service, sleeper("/found/web-back", labels={"tier": "data"}))
    deployed(service, sleeper("/found/idle", instances=0))
    page.goto(at(service, "apps", group="/found"))
    expect(page.get_by_role("row")).to_have_count(4)
    count = page.get_by_role("status").filter(has_text="app")
    page.keyboard.press("s")
    page.keyboard.type("web")
    expect(count).to_have_text("2 of 3 apps")
    page.get_by_role("link", name="tier:data").click()
    expect(count).to_have_text("1 of 3 apps")
    assert "q=web" in page.url
    page.reload()
    expect(page.get_by_role("link", name="web-back")).to_be_visible()
    page.get_by_role("link", name="tier:data").click()
    page.get_by_label("Search apps by id").fill("")
    page.get_by_role("link", name="suspended").click()
    expect(count).to_have_text("1 of 3 apps")
    page.go_back()
    expect(count).to_have_text("3 apps")


def test_it_is_all_reached_by_keyboard(service: Service, page: Page) -> None:
    deployed(service, sleeper("/keys/a"))
    deployed(service, sleeper("/keys/b"))
    page.goto(at(service, "apps", group="/keys"))
    expect(page.get_by_role("link", name="b", exact=True)).to_be_visible()
    page.get_by_role("region", name="Apps").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="b", exact=True)).to_be_visible()
    for keys, title in (("gd", "Deployments"), ("gc", "Cluster"), ("gt", "Actors"), ("ga", "Apps")):
        page.keyboard.type(keys)
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Go to the deployments")
    expect(page.get_by_role("dialog").get_by_role("link", name="the API")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Create an app")).to_be_visible()


def test_columns_sort(service: Service, page: Page) -> None:
    for name, instances in (("p", 2), ("q", 3), ("r", 1)):
        deployed(service, sleeper(f"/sorted/{name}", instances=instances))
    page.goto(at(service, "apps", group="/sorted"))
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("button", name="Running", exact=True).click()
    expect(page.locator("tbody .name")).to_have_text(["r", "p", "q"])
    page.get_by_role("button", name="Running", exact=True).click()
    expect(page.locator("tbody .name")).to_have_text(["q", "p", "r"])
    expect(page.get_by_role("columnheader", name="Running")).to_have_attribute("aria-sort", "descending")


def test_of_a_long_table_only_what_is_in_sight_is_in_the_document(service: Service, page: Page) -> None:
    apps = [{**sleeper(f"/app{number:04}"), "tasksRunning": 1, "deployments": []} for number in range(2000)]
    page.route("**/v2/apps?*", lambda route: route.fulfill(json={"apps": apps}))
    page.goto(at(service, "apps"))
    table = page.get_by_role("region", name="Apps")
    expect(page.get_by_role("link", name="app0000")).to_be_visible()
    assert page.get_by_role("table").get_attribute("aria-rowcount") == "2001"
    assert page.get_by_role("row").count() < 80
    page.get_by_role("link", name="app0003").focus()
    table.evaluate("(element) => element.scrollBy(0, 100)")
    expect(page.get_by_role("link", name="app0003")).to_be_focused()
    table.evaluate("(element) => element.scrollTo(0, element.scrollHeight)")
    expect(page.get_by_role("link", name="app1999")).to_be_visible()
    expect(page.get_by_role("row").last).to_have_attribute("aria-rowindex", "2001")
    assert page.get_by_role("row").count() < 80


def test_what_apps_are_called_is_never_markup(service: Service, page: Page) -> None:
    """The API takes no such id: another server, or a newer API, might. Labels, commands and messages hold anything."""
    evil = "<img src=x onerror=document.title=1><script>alert(1)</script>"
    found: list[str] = []
    page.on("dialog", lambda dialog: found.append(dialog.message))
    app = {**sleeper("/markup/" + evil), "labels": {evil: evil}, "tasksRunning": 1, "deployments": []}
    page.route("**/v2/apps?*", lambda route: route.fulfill(json={"apps": [app]}))
    page.route("**/v2/apps/**", lambda route: route.fulfill(json={"app": {**app, "tasks": [], "cmd": evil}}))
    page.goto(at(service, "apps", q=evil))
    expect(page.locator("tbody .name .id")).to_have_text("markup/" + evil)
    page.goto(at(service, "app", app["id"], "configuration"))
    expect(page.locator(".json")).to_contain_text(evil)
    page.goto(at(service, evil, evil))
    expect(page.get_by_text("There is no such page")).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    assert page.title() != "1"
    assert found == []
