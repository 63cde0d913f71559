"""Pictures of each view of the page, light and dark, and of some on a phone: ``python -m docs.screenshots``.

They are made from a service that runs, with an app that is well, one that fails, one that waits, and a deployment that
is held in its midst; they go to ``docs/pictures/page/``. Without Chromium the ones that are there stay.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Page, sync_playwright

from tests.integration import chromium
from tests.integration.parts import Unavailable
from tests.integration.ports import free_port
from tests.integration.service import Service, eventually

PICTURES = Path(__file__).parent / "pictures" / "page"
SIZE, PHONE = (1280, 800), (390, 844)
RESOURCES = "cpus:8;mem:4096;disk:20000;ports:[31000-31999]"


def app(app_id: str, **fields: Any) -> dict[str, Any]:
    return {"id": app_id, "cmd": "exec sleep 100000", "cpus": 0.2, "mem": 64, **fields}


def check(file: Path) -> dict[str, Any]:
    """Healthy while `file` is there."""
    fields = {"protocol": "COMMAND", "command": {"value": f"test -e {file}"}, "delaySeconds": 0, "intervalSeconds": 1}
    return {**fields, "gracePeriodSeconds": 300, "maxConsecutiveFailures": 1000}


def shop(folder: Path) -> dict[str, Any]:
    """A database and a cache, services on them, the front on those: the graph of the talk."""

    def part(name: str, *needs: str, **fields: Any) -> dict[str, Any]:
        checks = [check(folder / name.replace("/", "-"))]
        return app(f"/shop/{name}", dependencies=[f"/shop/{need}" for need in needs], healthChecks=checks, **fields)

    data = [part("data/database", mem=512), part("data/cache", instances=3)]
    services = [part("services/cart", "data/cache", instances=3), part("services/orders", "data/database", instances=2)]
    web = [
        part("web/front", "services/cart", "services/orders", instances=4, labels={"tier": "web", "public": ""}),
        part("web/search", "data/cache", instances=2, labels={"tier": "web"}),
    ]
    groups = {"data": data, "services": services, "web": web}
    return {"id": "/shop", "groups": [{"id": f"/shop/{name}", "apps": apps} for name, apps in groups.items()]}


def pod() -> dict[str, Any]:
    """Two containers that share a folder."""

    def container(name: str, mem: int, **fields: Any) -> dict[str, Any]:
        return {
            "name": name,
            "exec": {"command": {"shell": "exec sleep 100000"}},
            "resources": {"cpus": 0.1, "mem": mem},
            **fields,
        }

    server = container("server", 64, endpoints=[{"name": "http", "hostPort": 0}])
    return {
        "id": "/blog",
        "containers": [server, container("writer", 32)],
        "scaling": {"kind": "fixed", "instances": 2},
    }


TALKS = """
i=0; while true; do i=$((i+1)); echo "$(date +%T) handled request $i in $((i % 7 + 2)) ms"; sleep 0.$((i % 5 + 1)); done
"""


def prepare(service: Service, folder: Path) -> str:
    """What there is to see; the id of the deployment that is under way."""
    service.post("/v2/apps", app("/invoices", cmd=TALKS.strip(), instances=3, labels={"team": "money"}))
    service.post("/v2/apps", app("/report", cmd="echo reading; echo 'no such table' >&2; exit 3", instances=1))
    service.post("/v2/apps", app("/training", cpus=32, instances=2))
    service.post("/v2/apps", app("/nightly", instances=0))
    service.post("/v2/pods", pod())
    eventually("invoices are deployed", lambda: not service.app("/invoices")["deployments"])
    changed = service.put("/v2/apps/invoices", {"env": {"MODE": "live"}, "mem": 96})
    assert changed.status == 200, changed.text
    eventually("invoices are renewed", lambda: not service.app("/invoices")["deployments"])
    started: str = service.post("/v2/groups", shop(folder)).json["deploymentId"]
    for name, ready in (("data-cache", "cart"), ("data-database", "orders"), ("services-cart", None)):
        (folder / name).touch()
        if ready is not None:
            eventually(
                f"{ready} begins", lambda ready=ready: service.app(f"/shop/services/{ready}")["tasksRunning"] > 0
            )
    eventually("the pod is stable", lambda: service.get("/v2/pods/blog::status").json["status"] == "STABLE")
    eventually("the cart is ready", lambda: service.app("/shop/services/cart")["tasksHealthy"] == 3)
    return started


def views(deployment: str) -> dict[str, str]:
    """The address of each."""

    def of(*path: str) -> str:
        return "/".join(quote(part, safe="") for part in path)

    return {
        "apps": of("apps"),
        "found": of("apps") + "?q=shop",
        "app": of("app", "/invoices"),
        "logs": of("app", "/invoices", "logs"),
        "configuration": of("app", "/invoices", "configuration"),
        "versions": of("app", "/invoices", "versions"),
        "waiting": of("app", "/training", "debug"),
        "failure": of("app", "/report", "debug"),
        "create": of("create"),
        "edit": of("edit", "/invoices"),
        "pod": of("pod", "/blog"),
        "deployments": of("deployments"),
        "deployment": of("deployments", deployment),
        "cluster": of("cluster"),
        "actors": of("actors"),
        "events": of("events"),
    }


def take(page: Page, service: Service, address: str, picture: Path) -> None:
    page.goto(f"{service.url}/ui/#/{address}")
    page.get_by_role("heading").first.wait_for()
    page.wait_for_timeout(4500 if address == "actors" else 900)
    page.screenshot(path=picture)


def make(browser: Browser, service: Service, deployment: str) -> Iterator[Path]:
    for colours in ("light", "dark"):
        for suffix, (width, height) in (("", SIZE), ("-phone", PHONE)):
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if colours == "dark" else "light",
                reduced_motion="reduce",
            )
            page = context.new_page()
            for name, address in views(deployment).items():
                if suffix and name not in ("apps", "found", "app", "deployment", "create"):
                    continue
                picture = PICTURES / f"{name}{suffix}-{colours}.png"
                take(page, service, address, picture)
                yield picture
            context.close()


@contextmanager
def a_service() -> Iterator[tuple[Service, Path]]:
    with tempfile.TemporaryDirectory() as folder:
        options = ("--port", str(free_port()), "--mesos-port", "0", "--agents", "3", "--resources", RESOURCES)
        with Service("up", *options, "--work-dir", folder + "/state") as service:
            yield service, Path(folder)


def main() -> int:
    try:
        binary = chromium.install()
    except Unavailable as reason:
        sys.stderr.write(f"no Chromium, so the pictures stay as they are: {reason}\n")
        return 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    with a_service() as (service, folder), sync_playwright() as playwright:
        deployment = prepare(service, folder)
        browser = playwright.chromium.launch(executable_path=binary, args=chromium.FLAGS)
        made = list(make(browser, service, deployment))
        browser.close()
    sys.stderr.write(f"{len(made)} pictures in {PICTURES}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
