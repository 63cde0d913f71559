"""What people wait for, on the page (in a headless Chromium) and for the command's help: ``python -m benchmarks.page``.

    help              a process that prints ``marathon --help``                         asked for: ≤ 200 ms
    first paint       1,000 apps: from the navigation to their rows on the screen       asked for: ≤ 1 s
    an event          from what the service tells of a task to its app's new row        asked for: ≤ 200 ms
    scrolling         10,000 tasks: frames a second while the table is scrolled         asked for: > 30
    a viewer          CPU time of the service while a page is open, quiet and busy      asked for: ≤ 5 % of a core
    following         the output of a task that writes 10,000 lines a second: frames, and how old the last line is

``--apps 2000`` takes another number of apps, ``--only following`` the last alone. On a simulated cluster whose tasks
are figures (but for the one that writes), so that what is measured is the page and the service. Seconds are of this
machine; nothing is compared with a baseline.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.integration import chromium
from tests.integration.ports import free_port
from tests.integration.service import Service, eventually

TASKS = 10_000
RESOURCES = "cpus:1000;mem:1000000;disk:1000000;ports:[1000-60000]"

EVENT = """async ({id, instances}) => {
  const response = await fetch(`/v2/apps${id}`, {
    method: "PUT", body: JSON.stringify({instances}), headers: {"Content-Type": "application/json"},
  });
  await response.text();
}"""

# The moment at which an event came, and the one at which the row has changed (after the frame that shows it).
WATCH = """(wanted) => new Promise((resolve) => {
  let told = null;
  const source = new EventSource("/v2/events?event_type=status_update_event");
  source.addEventListener("status_update_event", () => { told ??= performance.now(); });
  source.onopen = () => { window.ready = true; };
  const look = () => {
    if (document.querySelector("tbody").textContent.includes(wanted)) {
      source.close();
      resolve(performance.now() - told);
    } else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""

SCROLL = """async () => {
  const box = document.querySelector(".table-box");
  const step = box.scrollHeight / 240;
  const frames = [];
  let last = performance.now();
  for (let i = 0; i < 240; i += 1) {
    box.scrollTop += step;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""


@contextmanager
def a_service() -> Iterator[Service]:
    """On a cluster of figures."""
    local = [sys.executable, "-P", "-m", "actors.local_mesos.command", "--port", "0", "--simulate"]
    options = ["--agents", "20", "--resources", RESOURCES]
    mesos = subprocess.Popen([*local, *options], stdout=subprocess.PIPE, text=True)
    assert mesos.stdout is not None
    found = re.search(r"http://\S+", mesos.stdout.readline())
    assert found is not None, "mesos-local did not start"
    try:
        with tempfile.TemporaryDirectory() as folder:
            arguments = ("--port", str(free_port()), "--master", found[0], "--work-dir", folder)
            with Service("serve", *arguments) as service:
                yield service
    finally:
        mesos.terminate()
        mesos.wait(30)


def app(app_id: str, instances: int = 1) -> dict[str, Any]:
    ports: list[Any] = []
    return {
        "id": app_id,
        "cmd": "sleep 100000",
        "cpus": 0.01,
        "mem": 16,
        "instances": instances,
        "portDefinitions": ports,
        "labels": {"tier": f"t{hash(app_id) % 5}"},
    }


def settled(service: Service) -> bool:
    return service.get("/v2/deployments").json == []


def help_of_the_command() -> float:
    """Milliseconds until it is printed and the process has ended."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-P", "-m", "actors.marathon", "--help"], stdout=subprocess.DEVNULL, check=True)
    return 1000 * (time.perf_counter() - began)


def first_paint(browser: Browser, service: Service) -> float:
    """Milliseconds from the navigation until rows are drawn, in a browser that has nothing of the page yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(service.url + "/ui/#/apps", wait_until="commit")
    took = page.evaluate(
        """() => new Promise((resolve) => {
          const look = () => document.querySelector("tbody tr td")
            ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look);
          look();
        })"""
    )
    context.close()
    return float(took)


def event_to_row(page: Page, service: Service, instances: int) -> float:
    """Milliseconds from the event of the last task that starts to the row that shows it."""
    page.evaluate("window.ready = false")
    wanted = f"{instances} of {instances}"
    page.evaluate(f"window.shown = ({WATCH})({json.dumps(wanted)}); 0")
    eventually("the stream is open", lambda: page.evaluate("window.ready"))
    page.evaluate(EVENT, {"id": "/event/app", "instances": instances})
    took = float(page.evaluate("window.shown"))
    eventually("it is deployed", lambda: settled(service))
    return took


def share_of_a_core(service: Service, seconds: float) -> float:
    process = psutil.Process(service.process.pid)
    before, began = process.cpu_times(), time.perf_counter()
    time.sleep(seconds)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.perf_counter() - began)


FLOOD = """
import sys, time
begun, n = time.time(), 0
while True:
    for _ in range(100):
        n += 1
        sys.stdout.write(f"{n} {time.time():.3f} handled a request of some length in 12 ms\\n")
    sys.stdout.flush()
    time.sleep(max(0, begun + n / 10_000 - time.time()))
"""

# Frames a second, and the age of the newest line (ms), over some seconds.
FOLLOW = """async (seconds) => {
  const frames = [], ages = [], end = performance.now() + 1000 * seconds;
  let last = performance.now();
  while (last < end) {
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
    const line = document.querySelector("pre.log")?.lastElementChild?.textContent;
    if (line) ages.push(Date.now() - 1000 * Number(line.trim().split(" ")[1]));
  }
  return { frames, ages, lines: document.querySelectorAll("pre.log > div").length };
}"""


def following(browser: Browser) -> None:
    """Of a real task, on a Mesos of its own."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("--port", str(free_port()), "--mesos-port", "0", "--work-dir", folder)
        with Service("up", *arguments) as service:
            flood = {"id": "/flood", "args": [sys.executable, "-c", FLOOD], "cpus": 0.5, "mem": 64}
            service.post("/v2/apps", flood)
            eventually("it writes", lambda: service.app("flood")["tasksRunning"] == 1)
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(service.url + "/ui/#/app/%2Fflood/logs")
            page.wait_for_selector("pre.log > div")
            time.sleep(2)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            before, seen, after = _metrics(session), page.evaluate(FOLLOW, 10), _metrics(session)
            rate = 1000 * len(seen["frames"]) / sum(seen["frames"])
            print(
                f"following 10,000 lines a second: {rate:.0f} frames a second, longest {max(seen['frames']):.0f} ms;"
                f" the last line is {median(seen['ages']):.0f} ms old, at most {max(seen['ages']):.0f};"
                f" {seen['lines']:,} lines are kept; the page computes"
                f" {(after['TaskDuration'] - before['TaskDuration']) / 10:.0%} of the time"
            )
            page.close()


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, default=1_000)
    parser.add_argument("--only", choices=["following"])
    options = parser.parse_args()
    if options.only:
        with sync_playwright() as playwright:
            following(playwright.chromium.launch(executable_path=chromium.install(), args=chromium.FLAGS))
        return
    apps: int = options.apps
    helps = [help_of_the_command() for _ in range(9)]
    print(f"marathon --help: median {median(helps):.0f} ms, longest {max(helps):.0f} ms", flush=True)
    with a_service() as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.install(), args=chromium.FLAGS)
        groups = [
            {"id": f"/g{n:02}", "apps": [app(f"/g{n:02}/app{m:02}") for m in range(50)]} for n in range(apps // 50)
        ]
        service.put("/v2/groups/", {"id": "/", "groups": groups, "apps": []})
        service.post("/v2/apps?force=true", app("/event/app"))
        eventually("all apps run", lambda: settled(service), 300)

        paints = [first_paint(browser, service) for _ in range(5)]
        print(f"first paint with {apps:,} apps: median {median(paints):.0f} ms, longest {max(paints):.0f} ms")

        page = browser.new_page(viewport={"width": 1280, "height": 800})
        alone = share_of_a_core(service, 5)
        page.goto(service.url + "/ui/#/apps?q=event")
        page.wait_for_selector("tbody tr td")
        time.sleep(2)
        quiet = share_of_a_core(service, 10) - alone
        latencies = [event_to_row(page, service, count) for count in (2, 3, 4, 5, 6, 7, 8)]
        print(f"an event until it shows: median {median(latencies):.0f} ms, longest {max(latencies):.0f} ms")
        print(f"a viewer of {apps:,} apps: {quiet:.1%} of a core while nothing happens")

        page.goto("about:blank")
        unwatched = busy(service)
        page.goto(service.url + "/ui/#/apps")
        page.wait_for_selector("tbody tr td")
        watched = busy(service)
        print(f"a viewer of {apps:,} apps: {watched - unwatched:.1%} of a core while one is scaled twice a second")

        page.goto("about:blank")
        service.post("/v2/apps", app("/many", TASKS))
        eventually("ten thousand tasks run", lambda: settled(service), 300)
        page.goto(service.url + "/ui/#/app/%2Fmany")
        page.wait_for_selector("tbody tr td")
        time.sleep(2)
        frames = page.evaluate(SCROLL)
        rate = 1000 * len(frames) / sum(frames)
        print(f"scrolling {TASKS:,} tasks: {rate:.0f} frames a second, longest frame {max(frames):.0f} ms")
        following(browser)
        browser.close()


def busy(service: Service) -> float:
    """The service's share of a core while one app is scaled up and down twice a second."""
    process = psutil.Process(service.process.pid)
    before, began = process.cpu_times(), time.perf_counter()
    for turn in range(20):
        service.put("/v2/apps/event/app?force=true", {"instances": 1 + turn % 2})
        time.sleep(0.5)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
