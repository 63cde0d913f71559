"""The service ends and comes back: the page says so, reconnects and catches up. The network is slow: it still shows."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.integration.ports import free_port
from tests.integration.service import Service

from .conftest import at, changed, deployed, destroyed, sleeper


def test_the_page_survives_the_service_s_restart(page: Page, tmp_path: Path) -> None:
    options = ("--port", str(free_port()), "--mesos-port", "0", "--work-dir", str(tmp_path))
    with Service("up", *options) as first:
        deployed(first, sleeper("/kept"))
        page.goto(at(first, "apps"))
        expect(page.get_by_role("link", name="kept")).to_be_visible()
        first.kill()
        expect(page.get_by_role("status").get_by_text("no connection")).to_be_visible()
        expect(page.get_by_role("link", name="kept")).to_be_visible()
    with Service("up", *options) as second:
        deployed(second, sleeper("/meanwhile"))
        expect(page.get_by_role("status").get_by_text("live")).to_be_visible()
        expect(page.get_by_role("link", name="meanwhile")).to_be_visible()
        destroyed(second, "/kept")
        expect(page.get_by_role("link", name="kept")).to_have_count(0)


def test_a_slow_network_only_makes_it_slow(service: Service, page: Page) -> None:
    deployed(service, sleeper("/slow"))
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 150, "downloadThroughput": 120_000, "uploadThroughput": 120_000},
    )
    page.goto(at(service, "apps"))
    expect(page.get_by_role("link", name="slow")).to_be_visible()
    changed(service, "/slow", instances=0)
    expect(page.get_by_role("row").filter(has_text="slow").get_by_text("suspended")).to_be_visible()


@pytest.mark.parametrize("what", ["/ui/main.js", "/ui/views/app.js", "/v2/apps/conn/dropped"])
def test_what_a_changing_network_drops_once_is_asked_for_again(service: Service, page: Page, what: str) -> None:
    deployed(service, sleeper("/conn/dropped"))
    dropped: list[str] = []

    def drop_once(route: Route) -> None:
        if what in route.request.url and not dropped:
            dropped.append(what)
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/*", drop_once)
    page.goto(at(service, "app", "/conn/dropped"))
    expect(page.get_by_role("row")).to_have_count(2)
    assert dropped
    destroyed(service, "/conn/dropped")
