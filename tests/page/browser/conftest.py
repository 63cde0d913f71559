"""The page as people meet it: in Debian's Chromium, served by a service that runs for real.

One service for most tests: each uses apps of its own. What a page complains of in its console fails its test.

A package of its own: while Playwright is open it keeps an event loop running in this thread, beside which
no asynchronous test could run.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.integration import chromium
from tests.integration.parts import real_or_skip
from tests.integration.ports import free_port
from tests.integration.service import PATIENCE, Service, eventually

RESOURCES = "cpus:16;mem:8192;disk:20000;ports:[31000-31999]"

#: What Chromium itself says of an answer that the page handles: refused changes, a service that is away.
EXPECTED = re.compile(r"Failed to load resource|net::ERR_|ERR_CONNECTION")


#: How long a busy machine may take to show what is waited for.
expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    binary = real_or_skip("Chromium", chromium.install)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=binary, args=chromium.FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    options = ("--port", str(free_port()), "--mesos-port", "0", "--resources", RESOURCES)
    with Service("up", *options, "--work-dir", str(tmp_path_factory.mktemp("page"))) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800})
    made.set_default_timeout(1000 * PATIENCE)
    yield made
    made.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the pages of the test complained of."""
    return []


@pytest.fixture
def new_page(context: BrowserContext, complaints: list[str]) -> Iterator[Callable[[], Page]]:
    def make() -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", listen)
        return page

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            complaints.append(message.text)

    yield make
    assert complaints == []


@pytest.fixture
def page(new_page: Callable[[], Page]) -> Page:
    return new_page()


def sleeper(app_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": app_id, "cmd": "exec sleep 1000", "cpus": 0.01, "mem": 16, "instances": 1, **fields}


def healthy_while(command: str, **fields: Any) -> dict[str, Any]:
    """A check that is done at once and each second, and kills nobody."""
    check = {"protocol": "COMMAND", "command": {"value": command}, "delaySeconds": 0, "intervalSeconds": 1}
    return {**check, "gracePeriodSeconds": 1, "maxConsecutiveFailures": 1000, "timeoutSeconds": 5, **fields}


def deployed(service: Service, app: dict[str, Any]) -> str:
    """Create an app and wait until it is deployed; its id."""
    answer = service.post("/v2/apps", app)
    assert answer.status == 201, answer.text
    app_id: str = answer.json["id"]
    settled(service, app_id)
    return app_id


def changed(service: Service, app_id: str, **fields: Any) -> None:
    """Change an app and wait until that is deployed."""
    answer = service.put(f"/v2/apps{app_id}", fields)
    assert answer.status == 200, answer.text
    settled(service, app_id)


def destroyed(service: Service, app_id: str) -> None:
    """Destroy an app, whatever is being done to it."""
    answer = service.delete(f"/v2/apps{app_id}?force=true")
    assert answer.status == 200, answer.text


def settled(service: Service, app_id: str) -> None:
    eventually(f"{app_id} is deployed", lambda: not service.app(app_id)["deployments"])


def at(service: Service, *path: str, **query: str) -> str:
    """The address of a view."""
    route = "/".join(quote(part, safe="") for part in path)
    return f"{service.url}/ui/#/{route}" + (f"?{urlencode(query)}" if query else "")
