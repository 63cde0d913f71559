"""The older endpoints, with every query parameter that they know."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import Master, launch, task
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario

from .operator_calls import _without_completed

Seen = Iterator[tuple[str, Any]]
READING = ["/state", "/state-summary", "/slaves", "/frameworks", "/tasks", "/roles", "/weights", "/quota", "/maintenance/schedule", "/maintenance/status", "/flags", "/metrics/snapshot", "/health", "/version", "/redirect"]


@scenario
def methods_and_jsonp(master: Master) -> Seen:
    for path in READING:
        for prefix in ("", "/master"):
            for method in ("GET", "POST", "PUT", "DELETE", "HEAD"):
                answer = master.request(method, prefix + path)
                yield (
                    f"{method} {prefix}{path}",
                    [answer.status, normal(answer.headers), answer.body[:99].decode() if answer.status >= 400 else ""],
                )
        for query in ("?jsonp=f", "?jsonp=", "?jsonp=a.b", "/", "/x"):
            answer = master.get(path + query)
            text = answer.body.decode()
            yield (
                f"{path}{query}",
                [answer.status, answer.headers.get("Content-Type"), text[: text.find("(") + 1] if "jsonp" in query else "", text[-1:]],
            )
    # Not "/": each has a page of its own there, the real one where its files are installed.
    for path in ("/nothing", "/master", "/master/nothing", "/state.json", "/master/state.json", "/monitor/statistics", "/system/stats.json", "/api/v1/executor", "/observe", "/machine/down", "/teardown", "/reserve", "/unreserve", "/create-volumes", "/destroy-volumes", "//health", "/master//health", "//teardown", "//version", "//metrics/snapshot"):
        answer = master.get(path)
        kept = shown(answer)
        if path == "/system/stats.json":
            kept = {"status": answer.status}
        yield f"GET {path}", kept


@scenario
def forms(master: Master) -> Seen:
    agent = master.agents[0]
    cpus = '[{"name":"cpus","type":"SCALAR","scalar":{"value":%s},"role":"f","reservation":{}}]'
    for path in ("/teardown", "/reserve", "/unreserve", "/create-volumes", "/destroy-volumes"):
        for body in ("", "x", "x=y", "frameworkId=", "frameworkId=nobody", f"slaveId={agent}", "slaveId=nobody", "slaveId=nobody&resources=[]&volumes=[]", f"slaveId={agent}&resources={{&volumes={{", f"slaveId={agent}&resources={{}}&volumes={{}}", f"slaveId={agent}&resources=[5]&volumes=[5]", f"slaveId={agent}&resources=[{{}}]&volumes=[{{}}]", f"slaveId={agent}&resources=[]&volumes=[]", f"slaveId={agent}&resources={cpus % 100}&volumes={cpus % 100}", f"slaveId=nobody&resources={cpus % 1}&volumes={cpus % 1}"):
            if "resources=[]" in body and "nobody" not in body:
                continue  # the real master dies of it
            yield (
                f"{path} {normal(body)}",
                shown(master.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})),
            )
        yield f"GET {path}", shown(master.get(path))
    for path in ("/reserve", "/unreserve"):
        yield f"{path} done", shown(master.request("POST", path, f"slaveId={agent}&resources={cpus % 1}"))
        yield (
            f"{path} shown",
            normal(
                sorted(
                    (
                        {k: v for k, v in each.items() if "resources" in k}
                        for each in master.get("/slaves").json["slaves"]
                    ),
                    key=str,
                )
            ),
        )


@scenario
def views(master: Master) -> Seen:
    framework = master.framework(
        name="viewed",
        principal="me",
        checkpoint=True,
        failover_timeout=5.0,
        roles=["v"],
        hostname="h",
        webui_url="http://w/",
        labels={"labels": [{"key": "a", "value": "b"}]},
    )
    offers = framework.offers()
    offer = offers[0]
    more: Any = {
        "labels": {"labels": [{"key": "k", "value": "v"}]},
        "discovery": {"visibility": "CLUSTER", "name": "d", "ports": {"ports": [{"number": 80, "name": "http"}]}},
    }
    framework.decline(*offers[1:])
    for name in ("viewed-1", "viewed-2", "viewed-3"):
        framework.accept([offer], launch(task(offer, name, **more)), refuse=0)
        framework.statuses(name, "TASK_RUNNING")
        offer = framework.fresh_offer() or {}
        more = {}
    framework.call("SUPPRESS")
    framework.decline(*framework.standing())
    own, agent = framework.id["value"], offer["agent_id"]["value"]
    for path in ("/state", "/state-summary", "/slaves", "/frameworks", "/roles"):
        yield path, _without_completed(shown(master.get(path)))
    for query in (f"?slave_id={agent}", "?slave_id=nobody", "?slave_id=", "?x=y"):
        yield f"/slaves{normal(query)}", shown(master.get("/slaves" + query))
    for query in (f"?framework_id={own}", "?framework_id=nobody", "?framework_id="):
        yield f"/frameworks{normal(query)}", _without_completed(shown(master.get("/frameworks" + query)))
    for query in (
        "limit=1", "limit=0", "limit=-1", "limit=x", "limit=2&offset=1", "offset=1", "offset=100", "offset=-1", "offset=x", "order=asc", "order=desc", "order=x", "task_id=viewed-2", "task_id=nobody", f"framework_id={own}",
        "framework_id=nobody", f"framework_id={own}&task_id=viewed-3", "framework_id=nobody&task_id=viewed-1", "limit=1&order=asc&offset=1", "task_id=", "limit=", "limit=1.5",
    ):
        scoped = query if "framework_id" in query else f"{query}&framework_id={own}"
        answer = master.get("/tasks?" + scoped)
        order = [each["id"] for each in answer.json["tasks"]] if answer.status == 200 else answer.body.decode()
        yield f"/tasks?{normal(query)} order", normal(order)
        yield f"/tasks?{normal(query)}", shown(answer)
    for query in ("?role=v", "?x=y"):
        yield f"/roles{query}", shown(master.get("/roles" + query))
    yield (
        "order of keys",
        [
            list(master.get(path).json)
            for path in ("/state", "/state-summary", "/slaves", "/frameworks", "/roles", "/tasks", "/version")
        ],
    )
    yield "state of a slave", list(master.get("/slaves").json["slaves"][0])


@scenario
def metrics(master: Master) -> Seen:
    framework = master.framework(name="measured", principal="me")
    (offer, *_) = framework.offers()
    framework.accept([offer], launch(task(offer, "measured", "true")))
    framework.statuses("measured", "TASK_FINISHED")
    quota = {"role": "measured", "guarantees": {"cpus": {"value": 1}}, "limits": {"cpus": {"value": 2}, "mem": {"value": 3}}}
    for config in (quota, {"role": "measured"}):
        master.operator({"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [config]}})
        time.sleep(0.3)
        found = master.get("/metrics/snapshot").json
        yield "keys", sorted(kept for key in found if (kept := _of_a_master(key)))
        v1 = master.operator({"type": "GET_METRICS", "get_metrics": {}}).json["get_metrics"]["metrics"]
        yield "v1 keys", sorted(kept for each in v1 if (kept := _of_a_master(each["name"])))
        own = f"master/frameworks/measured/{framework.id['value']}/"
        counted = {key.removeprefix(own): value for key, value in found.items() if key.startswith(own)}
        yield "counted", {key: value for key, value in counted.items() if not key.startswith(("events/offers", "events", "offers", "calls/revive"))}
    for query in ("?timeout=1secs", "?timeout=x", "?timeout=", "?timeout=5", "?timeout=-1secs", "?jsonp=f"):
        answer = master.get("/metrics/snapshot" + query)
        yield (
            query,
            [answer.status, answer.headers.get("Content-Type"), answer.body.decode() if answer.status >= 400 else ""],
        )
    flags = master.get("/flags").json["flags"]
    yield "flags", sorted(flags)
    yield "flags v1", sorted(each["name"] for each in master.operator({"type": "GET_FLAGS"}).json["get_flags"]["flags"])
    version = master.get("/version").json
    yield "version", [sorted(version), version["version"]]
    yield "version v1", sorted(master.operator({"type": "GET_VERSION"}).json["get_version"]["version_info"])
    json.dumps(version)


def _of_a_master(key: str) -> str:
    """Without what agents in its process tell, and without what earlier scenarios left."""
    if key.startswith(("slave/", "containerizer/", "gc/", "resource_provider_manager/", "master/task_lost/")) or ("/roles/" in key and "measured" not in key) or key == "registrar/registry_size_bytes":
        return ""
    if key.startswith("master/frameworks/") and "/measured/" not in key:
        return ""
    return normal(key)
