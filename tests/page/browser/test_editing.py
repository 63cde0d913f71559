"""Creating and editing: mistakes beside their fields, the plan before it is sent, and two who edit the same app."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.integration.service import Service, eventually

from .conftest import at, changed, deployed, sleeper


def test_three_mistakes_stand_beside_their_three_fields(service: Service, page: Page) -> None:
    page.goto(at(service, "create"))
    page.get_by_label("ID").fill("/edits/wrong")
    page.get_by_label("Command", exact=True).fill("sleep 1000")
    page.get_by_label("CPUs").fill("-1")
    page.get_by_label("Memory").fill("-2")
    page.get_by_label("Instances").fill("-3")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("alert")).to_contain_text("3 fields to look at")
    for field in ("CPUs", "Memory", "Instances"):
        box = page.get_by_label(field)
        expect(box).to_have_attribute("aria-invalid", "true")
        described = box.get_attribute("aria-describedby") or ""
        error = page.locator(f"#{next(part for part in described.split() if part.endswith('-error'))}")
        expect(error).to_contain_text("must be")
    expect(page.get_by_label("Disk")).to_have_attribute("aria-invalid", "false")
    assert service.get("/v2/apps/edits/wrong").status == 404
    page.get_by_label("CPUs").fill("0.01")
    page.get_by_label("Memory").fill("16")
    page.get_by_label("Instances").fill("1")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_role("region", name="What this will do")).to_contain_text("create /edits/wrong")
    expect(page.get_by_role("region", name="What this will do")).to_be_in_viewport(ratio=0.9)
    assert service.get("/v2/apps/edits/wrong").status == 404
    page.get_by_role("button", name="Create the app").click()
    expect(page.get_by_role("heading", name="Deployed /edits/wrong")).to_be_visible()


def test_a_wrong_id_is_told_in_words_and_an_empty_command_is_not_sent(service: Service, page: Page) -> None:
    page.goto(at(service, "create", id="/edits/Wrong Id"))
    with page.expect_request("**/v2/apps?*") as asked:
        page.get_by_role("button", name="Show the plan").click()
    assert "cmd" not in asked.value.post_data_json
    expect(page.get_by_text("“Wrong Id” is no part of an id: lower case letters")).to_be_visible()


def test_mistakes_inside_lists_open_their_section(service: Service, page: Page) -> None:
    page.goto(at(service, "create", id="/edits/nested"))
    page.get_by_label("Command", exact=True).fill("sleep 1000")
    page.get_by_text("Health", exact=True).click()
    page.get_by_role("button", name="Add a check").click()
    page.get_by_label("Every").fill("-5")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.get_by_label("Every")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("look here")).to_be_visible()


def test_what_the_form_has_no_field_for_survives_it(service: Service, page: Page) -> None:
    kept: dict[str, Any] = {
        "fetch": [{"uri": "file:///etc/hostname", "extract": False, "executable": False, "cache": False}],
        "secrets": {},
        "tty": True,
    }
    deployed(service, sleeper("/edits/rich", **kept))
    before = service.app("/edits/rich")
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.method == "PUT" else None)
    page.goto(at(service, "edit", "/edits/rich"))
    expect(page.get_by_role("button", name="Nothing changed yet")).to_be_disabled()
    for section in page.locator("summary").all()[1:]:
        section.click()
    expect(page.get_by_role("button", name="Nothing changed yet")).to_be_disabled()
    page.get_by_label("Instances").fill("2")
    page.get_by_role("button", name="Show the plan").click()
    expect(page.locator(".diff .changed")).to_contain_text(['"instances": 1'])
    page.get_by_role("button", name="Change the app").click()
    expect(page.get_by_role("heading", name="Deployed /edits/rich")).to_be_visible()
    assert sent == [{"instances": 2}, {"instances": 2}]
    after = service.app("/edits/rich")
    assert {name: after[name] for name in ("fetch", "tty")} == {name: before[name] for name in ("fetch", "tty")}


def test_form_and_json_are_one_definition(service: Service, page: Page) -> None:
    page.goto(at(service, "create", id="/edits/json"))
    page.get_by_role("button", name="JSON", exact=True).click()
    editor = page.get_by_label("The definition as JSON")
    editor.fill('{"id": "/edits/json", "cmd": "sleep 9", "instanecs": 2, "env": {"A": "1"}}')
    expect(page.get_by_text("did you mean")).to_contain_text("instances")
    page.get_by_label("Search fields").fill("upgrade")
    expect(page.get_by_role("region", name="Fields")).to_contain_text("upgradeStrategy")
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("Command", exact=True)).to_have_value("sleep 9")
    expect(page.get_by_label("Variables")).to_have_value("A=1")
    page.get_by_label("Command", exact=True).fill("sleep 10")
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(editor).to_have_value(
        '{\n  "id": "/edits/json",\n  "cmd": "sleep 10",\n  "instanecs": 2,\n  "env": {\n    "A": "1"\n  }\n}'
    )
    editor.fill('{\n  "id": 1,,\n}')
    expect(page.get_by_role("alert")).to_contain_text("line 2, column 11")
    expect(page.get_by_role("button", name="Form", exact=True)).to_be_disabled()
    expect(page.get_by_role("button", name="Show the plan")).to_be_disabled()


def test_the_second_of_two_who_edit_sees_the_conflict(
    service: Service, page: Page, new_page: Callable[[], Page]
) -> None:
    deployed(service, sleeper("/edits/shared", env={"WHO": "nobody"}))
    other = new_page()
    for each, who in ((page, "first"), (other, "second")):
        each.goto(at(service, "edit", "/edits/shared"))
        each.get_by_label("Variables").fill(f"WHO={who}")
        each.get_by_role("button", name="Show the plan").click()
        expect(each.get_by_role("button", name="Change the app")).to_be_visible()
    page.get_by_role("button", name="Change the app").click()
    eventually("the first is deployed", lambda: service.app("/edits/shared")["env"] == {"WHO": "first"})
    other.get_by_role("button", name="Change the app").click()
    conflict = other.get_by_role("alert")
    expect(conflict).to_contain_text("Somebody else changed this app")
    expect(conflict).to_contain_text('"WHO": "first"')
    expect(conflict).to_contain_text('"WHO": "second"')
    assert service.app("/edits/shared")["env"] == {"WHO": "first"}
    eventually("the first deployment is over", lambda: not service.app("/edits/shared")["deployments"])
    other.get_by_role("button", name="Keep mine").click()
    other.get_by_role("button", name="Show the plan").click()
    other.get_by_role("button", name="Change the app").click()
    eventually("the second is deployed", lambda: service.app("/edits/shared")["env"] == {"WHO": "second"})


def test_an_edit_may_begin_from_an_older_version(service: Service, page: Page) -> None:
    deployed(service, sleeper("/edits/older", env={"N": "1"}))
    changed(service, "/edits/older", env={"N": "2"})
    page.goto(at(service, "app", "/edits/older", "versions"))
    page.get_by_role("listitem").filter(has_text="Roll back").get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Variables")).to_have_value("N=1")
    expect(page.get_by_role("button", name="Show the plan")).to_be_enabled()
