"""axe over every view, light and dark: nothing serious, and as it stands nothing at all."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.integration.service import Service

from .conftest import at, changed, deployed, sleeper
from .test_pods import pod

VIEWS = {
    "apps": ("apps",),
    "an app": ("app", "/seen/app"),
    "logs": ("app", "/seen/app", "logs"),
    "configuration": ("app", "/seen/app", "configuration"),
    "versions": ("app", "/seen/app", "versions"),
    "debug": ("app", "/seen/waits", "debug"),
    "create": ("create",),
    "edit": ("edit", "/seen/app"),
    "pods": ("pods",),
    "a pod": ("pod", "/seen/pod"),
    "a pod's logs": ("pod", "/seen/pod", "logs"),
    "a pod's versions": ("pod", "/seen/pod", "versions"),
    "edit a pod": ("edit-pod", "/seen/pod"),
    "deployments": ("deployments",),
    "cluster": ("cluster",),
    "roles": ("cluster", "roles"),
    "tasks": ("cluster", "tasks"),
    "actors": ("actors",),
    "dead letters": ("actors", "dead-letters"),
    "events": ("events",),
}


@pytest.fixture(scope="module")
def seen(service: Service) -> Service:
    deployed(service, sleeper("/seen/app", instances=2, labels={"a": "b"}, cmd="echo hello; exec sleep 1000"))
    changed(service, "/seen/app", env={"A": "1"})
    service.post("/v2/apps", sleeper("/seen/waits", cpus=900))
    assert service.post("/v2/pods", pod("/seen/pod")).status == 201
    return service


COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}


def faults(page: Page) -> list[str]:
    """All of axe's rules by day, and once more by night those that colours bear on."""
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if page.evaluate("typeof axe") == "undefined":  # views change without loading the document anew
        page.evaluate(Axe().axe_script)
    found = []
    for scheme, rules in (("light", {}), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        options = {"resultTypes": ["violations"], **rules}
        found += page.evaluate("(options) => axe.run(options).then((results) => results.violations)", options)
    return [f"{each['impact']}: {each['help']}: {each['nodes'][0]['html'][:300]}" for each in found]


def test_axe_finds_no_fault(seen: Service, browser: Browser) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        wrong = {}
        waiting = seen.app("/seen/waits")["deployments"][0]["id"]
        for name, path in {**VIEWS, "a deployment": ("deployments", waiting)}.items():
            page.goto(at(seen, *path))
            expect(page.get_by_role("heading").first).to_be_visible()
            if name in ("edit", "create"):
                page.get_by_role("button", name="JSON", exact=True).click()
                wrong[name + " as JSON"] = faults(page)
                page.get_by_role("button", name="Form", exact=True).click()
                page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
            wrong[name] = faults(page)
        page.goto(at(seen, "app", "/seen/app"))
        for button in ("Scale", "Restart", "Suspend", "Destroy"):
            page.get_by_role("button", name=button, exact=True).click()
            wrong[f"dialog {button}"] = faults(page)
            page.keyboard.press("Escape")
        assert {name: found for name, found in wrong.items() if found} == {}
    finally:
        context.close()
