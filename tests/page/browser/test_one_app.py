"""What is done with one app: scaling, breaking, rolling back, reading what it writes."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.integration.service import Service, eventually

from .conftest import at, changed, deployed, destroyed, healthy_while, sleeper


def test_scaling_says_what_it_will_do_and_does_it(service: Service, page: Page) -> None:
    deployed(service, sleeper("/acts/scaled"))
    page.goto(at(service, "app", "/acts/scaled"))
    page.get_by_role("button", name="Scale", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Instances").fill("3")
    expect(dialog.get_by_text("2 instances will be started.")).to_be_visible()
    expect(dialog.get_by_text("start or stop instances of /acts/scaled")).to_be_visible()
    expect(dialog.get_by_text("marathon scale /acts/scaled 3")).to_be_visible()
    dialog.get_by_role("button", name="Scale", exact=True).click()
    expect(page.get_by_role("heading", name="Deployed /acts/scaled")).to_be_visible()
    page.goto(at(service, "app", "/acts/scaled"))
    expect(page.get_by_role("row")).to_have_count(4)


def test_a_check_that_breaks_is_seen_at_once(service: Service, page: Page, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    deployed(service, sleeper("/acts/checked", healthChecks=[healthy_while(f"test ! -e {broken}")]))
    page.goto(at(service, "app", "/acts/checked"))
    row = page.get_by_role("row").nth(1)
    expect(row.get_by_text("healthy", exact=True)).to_be_visible()
    broken.touch()
    expect(row.get_by_text("unhealthy", exact=True)).to_be_visible()
    row.get_by_role("link").first.click()
    opened = page.get_by_role("region", name="Instance acts_checked")
    expect(opened.get_by_text("in a row")).to_be_visible()
    expect(opened.get_by_text("staged", exact=True)).to_be_visible()
    page.goto(at(service, "apps", health="unhealthy"))
    expect(page.get_by_role("link", name="acts/checked")).to_be_visible()
    broken.unlink()
    expect(page.get_by_role("link", name="acts/checked")).to_have_count(0)


def test_versions_are_compared_and_gone_back_to(service: Service, page: Page) -> None:
    deployed(service, sleeper("/acts/versioned", env={"MODE": "old"}))
    changed(service, "/acts/versioned", env={"MODE": "new"})
    page.goto(at(service, "app", "/acts/versioned", "versions"))
    marked = page.locator(".diff .changed")
    expect(marked).to_contain_text(['"MODE": "old"'])
    expect(marked).to_contain_text(['"MODE": "new"'])
    page.get_by_role("button", name="Roll back", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("replace every instance of /acts/versioned")).to_be_visible()
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_role("heading", name="Deployed /acts/versioned")).to_be_visible()
    assert service.app("/acts/versioned")["env"] == {"MODE": "old"}
    page.goto(at(service, "app", "/acts/versioned", "versions"))
    expect(page.get_by_role("listitem").filter(has_text="left")).to_have_count(3)


def test_output_is_followed_only_from_its_end(service: Service, page: Page) -> None:
    count = "i=0; while true; do i=$((i+1)); echo line $i; sleep 0.02; done"
    deployed(service, sleeper("/acts/talks", cmd=count))
    page.goto(at(service, "app", "/acts/talks", "logs"))
    log = page.get_by_role("log")
    expect(log).to_contain_text("line 80")
    assert page.evaluate("(e) => e.scrollHeight - e.scrollTop - e.clientHeight", log.element_handle()) < 8
    log.evaluate("(element) => element.scrollTo(0, 0)")
    new = page.get_by_role("button", name="new lines")
    expect(new).to_be_visible()
    assert log.evaluate("(element) => element.scrollTop") == 0
    new.click()
    expect(new).to_have_count(0)
    page.get_by_placeholder("Only lines with").fill("line 7")
    expect(log).not_to_contain_text("line 80")


def test_the_last_failure_shows_what_was_written_last(service: Service, page: Page) -> None:
    failing = "echo before the end; echo it went wrong >&2; exit 3"
    assert service.post("/v2/apps", sleeper("/acts/fails", cmd=failing)).status == 201
    page.goto(at(service, "app", "/acts/fails", "debug"))
    expect(page.get_by_text("TASK_FAILED Command exited with status 3", exact=True)).to_be_visible()
    expect(page.get_by_role("log").filter(has_text="it went wrong").first).to_be_visible()
    destroyed(service, "/acts/fails")


def test_chosen_instances_are_killed_and_replaced_or_not(service: Service, page: Page) -> None:
    deployed(service, sleeper("/acts/killed", instances=3))
    before = service.task_ids("/acts/killed")
    page.goto(at(service, "app", "/acts/killed"))
    everyone = page.get_by_role("checkbox", name="Choose all")
    everyone.check()
    expect(page.get_by_text("3 chosen")).to_be_visible()
    everyone.uncheck()
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Kill and scale down").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 instances will be wanted")
    dialog.get_by_role("button", name="Kill", exact=True).click()
    expect(page.get_by_role("row")).to_have_count(3)
    assert service.task_ids("/acts/killed") < before


def test_destroying_wants_the_name(service: Service, page: Page) -> None:
    deployed(service, sleeper("/acts/doomed"))
    page.goto(at(service, "app", "/acts/doomed"))
    page.get_by_role("button", name="Destroy", exact=True).click()
    dialog = page.get_by_role("dialog")
    button = dialog.get_by_role("button", name="Destroy", exact=True)
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill("/acts/doome")
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox").fill("/acts/doomed")
    button.click()
    eventually("it is gone", lambda: service.get("/v2/apps/acts/doomed").status == 404)


def test_an_app_that_goes_while_one_looks_is_told(service: Service, new_page: Callable[[], Page]) -> None:
    deployed(service, sleeper("/acts/going"))
    page = new_page()
    page.goto(at(service, "app", "/acts/going"))
    expect(page.get_by_role("heading", name="going")).to_be_visible()
    destroyed(service, "/acts/going")
    expect(page.get_by_text("There is no app /acts/going")).to_be_visible()


def test_on_a_phone_the_tab_that_is_open_is_in_sight(service: Service, page: Page) -> None:
    deployed(service, sleeper("/acts/small"))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(at(service, "app", "/acts/small", "debug"))
    expect(page.get_by_role("link", name="Debug")).to_be_in_viewport(ratio=0.9)
    page.goto(at(service, "events"))
    expect(page.get_by_role("link", name="Events")).to_be_in_viewport(ratio=0.9)
