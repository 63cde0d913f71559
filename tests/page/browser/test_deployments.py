"""A deployment as a graph whose edges light up as one app tells the next that it is ready."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.integration.service import Service, eventually

from .conftest import at, deployed, healthy_while, sleeper

WATCH = """() => {
  window.lit = [];
  const look = () => {
    for (const edge of document.querySelectorAll(".edge.lit")) {
      const name = `${edge.dataset.from} > ${edge.dataset.to}`;
      if (!window.lit.includes(name)) window.lit.push(name);
    }
  };
  new MutationObserver(look).observe(document.querySelector(".graph"), { subtree: true, attributes: true });
  look();
}"""


def talk(group: str, folder: Path) -> dict[str, Any]:
    """Each app is healthy once there is a file of its name: the test says when."""

    def app(name: str, *needs: str, instances: int = 1) -> dict[str, Any]:
        return sleeper(
            f"{group}/{name}",
            instances=instances,
            dependencies=[f"{group}/{need}" for need in needs],
            healthChecks=[healthy_while(f"test -e {folder / name}")],
        )

    apps = [
        app("db"),
        app("cache", instances=2),
        app("cart", "cache"),
        app("orders", "db"),
        app("web", "cart", "orders"),
    ]
    return {"id": group, "apps": apps}


def test_the_edges_light_up_in_the_order_of_the_graph(service: Service, page: Page, tmp_path: Path) -> None:
    page.goto(at(service, "deployments"))
    started = service.post("/v2/groups", talk("/talk", tmp_path)).json["deploymentId"]
    page.get_by_role("link", name="/talk/db and 4 more").click()
    expect(page.locator("[data-node='/talk/web']")).to_contain_text("waits")
    expect(page.locator("[data-node='/talk/db']")).to_contain_text("at work0 of 1")
    expect(page.locator(".edge.lit")).to_have_count(0)
    page.evaluate(WATCH)
    for name in ("db", "cache", "cart", "orders", "web"):
        (tmp_path / name).touch()
    expect(page.get_by_role("heading", name="Deployed 5 apps")).to_be_visible()
    assert started in page.url
    lit = page.evaluate("window.lit")
    place = {edge: index for index, edge in enumerate(lit)}
    assert {edge for edge in lit if "#" not in edge} == {
        "/talk/db > /talk/orders",
        "/talk/cache > /talk/cart",
        "/talk/cart > /talk/web",
        "/talk/orders > /talk/web",
    }
    assert place["/talk/cache > /talk/cart"] < place["/talk/cart > /talk/web"]
    assert place["/talk/db > /talk/orders"] < place["/talk/orders > /talk/web"]
    told = page.get_by_role("list").filter(has_text="is ready")
    expect(told).to_contain_text("/talk/db → /talk/orders")
    expect(told).to_contain_text("/talk/web is ready")


def test_a_deployment_that_waits_says_why_and_is_reverted(service: Service, page: Page) -> None:
    started = service.post("/v2/apps", sleeper("/stuck/big", cpus=900)).json
    page.goto(at(service, "app", "/stuck/big"))
    expect(page.get_by_role("region", name="Why it waits")).to_contain_text("too few CPUs")
    page.get_by_role("link", name="details").click()
    offer = page.get_by_role("row").filter(has_text="900 / 1")
    expect(offer.first).to_contain_text("too few CPUs")
    page.goto(at(service, "deployments", started["deployments"][0]["id"]))
    page.get_by_role("button", name="Revert", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Revert", exact=True).click()
    eventually("the app is gone again", lambda: service.get("/v2/apps/stuck/big").status == 404)
    expect(page.locator("[data-node='/stuck/big']")).to_contain_text("gone")


def test_cancelling_leaves_things_as_they_are(service: Service, page: Page) -> None:
    deployed(service, sleeper("/halted/app"))
    started = service.put("/v2/apps/halted/app", {"cpus": 900}).json["deploymentId"]
    page.goto(at(service, "deployments", started))
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("button", name="Cancel the deployment").click()
    expect(page.get_by_role("heading", name="Deployments")).to_be_visible()
    assert service.app("/halted/app")["cpus"] == 900
    service.put("/v2/apps/halted/app?force=true", {"instances": 0, "cpus": 0.01})


def test_one_that_is_over_says_so(service: Service, page: Page) -> None:
    page.goto(at(service, "deployments", "00000000-0000-0000-0000-000000000000"))
    expect(page.get_by_text("This deployment does not run any more")).to_be_visible()
