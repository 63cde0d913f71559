"""Pods: their list, one with its instances and their containers, and what is done to them."""

import json
from typing import Any

from playwright.sync_api import Page, expect

from tests.integration.service import Service, eventually

from .conftest import at


def pod(pod_id: str, **fields: Any) -> dict[str, Any]:
    resources = {"cpus": 0.01, "mem": 16}

    def container(name: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "exec": {"command": {"shell": "exec sleep 1000"}}, "resources": resources, **more}

    containers = [container("server", endpoints=[{"name": "http", "hostPort": 0}]), container("writer")]
    return {"id": pod_id, "containers": containers, **fields}


def settled(service: Service, pod_id: str) -> None:
    """Other tests' deployments may go on: theirs is the same service."""

    def look() -> bool:
        return not any(pod_id in deployment["affectedPods"] for deployment in service.get("/v2/deployments").json)

    eventually(f"{pod_id} is deployed", look)


def test_pods_are_listed_and_one_shows_its_containers(service: Service, page: Page) -> None:
    page.goto(at(service, "apps"))
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="Deployments")).to_be_visible()
    answer = service.post("/v2/pods", pod("/podded/web", scaling={"kind": "fixed", "instances": 2}))
    assert answer.status == 201, answer.text
    views.get_by_role("link", name="Pods").click()
    row = page.get_by_role("row").filter(has_text="/podded/web")
    expect(row).to_contain_text("server, writer")
    expect(row.get_by_text("2 of 2")).to_be_visible()
    row.get_by_role("link", name="/podded/web").click()
    instances = page.get_by_role("region", name="Instance podded_web")
    expect(instances).to_have_count(2)
    expect(instances.first.get_by_role("row").nth(1)).to_contain_text("running")
    expect(instances.first.get_by_role("link", name="http:")).to_be_visible()

    before = {one["id"] for one in service.get("/v2/pods/podded/web::status").json["instances"]}
    instances.first.get_by_role("button", name="Kill").click()
    page.get_by_role("dialog").get_by_role("button", name="Kill", exact=True).click()

    def replaced() -> bool:
        status = service.get("/v2/pods/podded/web::status").json
        now = {one["id"] for one in status["instances"]}
        return status["status"] == "STABLE" and len(now) == 2 and now != before

    eventually("another one runs", replaced)
    expect(instances).to_have_count(2)

    page.get_by_role("button", name="Destroy").click()
    page.get_by_role("dialog").get_by_role("button", name="Destroy", exact=True).click()
    expect(page.get_by_role("heading", name="Pods", exact=True)).to_be_visible()
    expect(row).to_have_count(0)


def test_a_pod_that_waits_says_why_and_its_deployment_leads_to_it(service: Service, page: Page) -> None:
    big = pod("/podded/big")
    big["containers"][0]["resources"] = {"cpus": 900, "mem": 16}
    assert service.post("/v2/pods", big).status == 201
    page.goto(at(service, "pod", "/podded/big"))
    expect(page.get_by_role("region", name="Why it waits")).to_contain_text("too few CPUs")
    page.get_by_role("link", name="follow").click()
    node = page.locator("[data-node='/podded/big']")
    expect(node).to_contain_text("0 of 1")
    node.click()
    expect(page.get_by_role("heading", name="big")).to_be_visible()
    assert service.delete("/v2/pods/podded/big?force=true").status == 202
    expect(page.get_by_text("There is no pod /podded/big")).to_be_visible()


def test_what_a_pods_containers_write_is_read_on_the_page(service: Service, page: Page) -> None:
    speaking = pod("/podded/speaking")
    speaking["containers"][1]["exec"] = {"command": {"shell": "echo written down; exec sleep 1000"}}
    assert service.post("/v2/pods", speaking).status == 201
    page.goto(at(service, "pod", "/podded/speaking"))
    page.get_by_role("link", name="Logs").click()
    expect(page.get_by_role("log")).to_contain_text("written down")
    expect(page.get_by_role("log")).to_contain_text("writer")


def test_a_pod_is_made_changed_and_rolled_back_on_the_page(service: Service, page: Page) -> None:
    page.goto(at(service, "create-pod"))
    text = page.get_by_role("textbox", name="The definition as JSON")
    text.fill(json.dumps(pod("/podded/made", scaling={"kind": "fixed", "instances": -1})))
    page.get_by_role("button", name="Create the pod").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    expect(page.get_by_text("/scaling/instances")).to_be_visible()
    text.fill(json.dumps(pod("/podded/made")))
    page.get_by_role("button", name="Create the pod").click()
    expect(page.get_by_role("region", name="Instance podded_made")).to_have_count(1)

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("button", name="Nothing changed yet")).to_be_disabled()
    text.fill(json.dumps(pod("/podded/made", scaling={"kind": "fixed", "instances": 2})))
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_role("region", name="What this will do")).to_contain_text('"instances": 2')
    page.get_by_role("button", name="Change the pod").click()
    expect(page.get_by_role("region", name="Instance podded_made")).to_have_count(2)

    settled(service, "/podded/made")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("list", name="Versions").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
    expect(page.get_by_role("region", name="Instance podded_made")).to_have_count(1)


def test_two_who_edit_one_pod_meet_and_neither_is_overwritten_unseen(service: Service, page: Page) -> None:
    assert service.post("/v2/pods", pod("/podded/shared")).status == 201
    settled(service, "/podded/shared")
    page.goto(at(service, "edit-pod", "/podded/shared"))
    text = page.get_by_role("textbox", name="The definition as JSON")
    text.fill(json.dumps(pod("/podded/shared", labels={"mine": "1"})))
    assert service.put("/v2/pods/podded/shared", pod("/podded/shared", labels={"theirs": "1"})).status == 200
    settled(service, "/podded/shared")
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Change the pod").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else changed this pod")
    assert service.get("/v2/pods/podded/shared").json["labels"] == {"theirs": "1"}
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Change the pod").click()
    expect(page.get_by_role("link", name="Instances")).to_be_visible()
    assert service.get("/v2/pods/podded/shared").json["labels"] == {"mine": "1"}
