"""The cluster, on the service and on the embedded Mesos alone; the actors of the service, and of any system."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.integration.service import PATIENCE, Service

from .conftest import at, deployed, sleeper


def test_the_cluster_shows_agents_roles_frameworks_and_tasks(service: Service, page: Page) -> None:
    deployed(service, sleeper("/placed/app", instances=3))
    page.goto(at(service, "cluster"))
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_role("img", name=re.compile("^CPUs: .* used, .* offered, .* reserved, of 32$"))).to_be_visible()
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("Registered")).to_be_visible()
    page.get_by_role("navigation", name="Of the cluster").get_by_role("link", name="Frameworks").click()
    marathon = page.get_by_role("row").filter(has_text="marathon")
    expect(marathon).to_contain_text("connected")
    expect(marathon.get_by_role("cell").last).to_have_text("*")
    page.get_by_role("link", name="Tasks").click()
    expect(page.get_by_role("row").filter(has_text="placed_app").first).to_contain_text("running")
    page.get_by_role("link", name="Roles").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("CPUs")


@pytest.fixture
def mesos_alone() -> Iterator[str]:
    command = [sys.executable, "-P", "-m", "actors.local_mesos.command", "--port", "0", "--simulate"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found is not None
    yield found[0]
    process.terminate()
    process.wait(PATIENCE)


def test_the_embedded_mesos_has_the_cluster_alone(mesos_alone: str, page: Page) -> None:
    page.goto(mesos_alone)
    expect(page.get_by_role("heading", name="Cluster")).to_be_visible()
    expect(page).to_have_title("Cluster · Mesos")
    expect(page.get_by_role("navigation", name="Views").get_by_role("link")).to_have_text(["Cluster"])
    expect(page.get_by_role("row")).to_have_count(3)
    expect(page.get_by_text("No framework")).to_have_count(0)
    page.get_by_role("link", name="Frameworks").click()
    expect(page.get_by_text("No framework is registered.")).to_be_visible()


def test_the_service_s_actors_are_seen_at_work(service: Service, page: Page) -> None:
    page.goto(at(service, "actors"))
    expect(page.get_by_role("link", name="user", exact=True)).to_be_visible()
    page.get_by_placeholder("Search paths").fill("Supervisor")
    row = page.get_by_role("row").filter(has=page.get_by_text("Supervisor", exact=True))
    row.get_by_role("link").click()
    opened = page.get_by_role("region", name="Actor actors://")
    expect(opened).to_contain_text("Watched by")
    deployed(service, sleeper("/watched/app"))
    message = opened.get_by_role("row").filter(has_text="UpdateRoot")
    expect(message).to_contain_text(re.compile(r"(ms|µs)"))


SYSTEM = Path(__file__).with_name("a_system.py")


@pytest.fixture
def any_system() -> Iterator[str]:
    process = subprocess.Popen([sys.executable, SYSTEM], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait(PATIENCE)


def test_any_system_shows_its_failures_and_dead_letters(any_system: str, page: Page) -> None:
    page.goto(any_system)
    expect(page.get_by_role("heading", name="Actors")).to_be_visible()
    busy = page.get_by_role("row").filter(has_text="Flooded")
    expect(busy.locator("td").nth(2)).to_have_text(re.compile("[0-9,]{3,}"))
    failing = page.get_by_role("row").filter(has=page.get_by_role("link", name="failing"))
    expect(failing).to_contain_text("ValueError: no good")
    page.get_by_role("link", name="Dead letters").click()
    letter = page.get_by_role("row").filter(has_text="/user/gone")
    expect(letter).to_contain_text("the receiver has stopped")
    page.get_by_role("link", name="Failures").click()
    expect(page.get_by_role("row").filter(has_text="/user/failing")).to_contain_text("ValueError: no good")
