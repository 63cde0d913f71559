"""Quota of hierarchies and of what is used, roles that change, kills, pages, updates that wait."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import (
    PROTOBUF,
    Json,
    Master,
    Stream,
    capabilities,
    launch,
    scalar,
    task,
)
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario
from tests.integration.two_masters.scenarios.scheduler_calls import brief

Seen = Iterator[tuple[str, Any]]


def quota(master: Master, *configs: Json) -> Any:
    return shown(master.operator({"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": list(configs)}}))


def amounts(**each: float) -> Json:
    return {name: {"value": value} for name, value in each.items()}


@scenario
def quota_of_hierarchies(master: Master) -> Seen:
    def now() -> Any:
        return [shown(master.operator({"type": "GET_QUOTA"})), shown(master.get("/roles")), shown(master.operator({"type": "GET_QUOTA"}, PROTOBUF))]

    for name, configs in {
        "parent": [{"role": "h", "guarantees": amounts(cpus=2), "limits": amounts(cpus=4)}],
        "child more": [{"role": "h/a", "guarantees": amounts(cpus=3), "limits": amounts(cpus=3)}],
        "child limit more": [{"role": "h/a", "limits": amounts(cpus=8)}],
        "child": [{"role": "h/a", "guarantees": amounts(cpus=1), "limits": amounts(cpus=2)}],
        "children more together": [{"role": "h/b", "guarantees": amounts(cpus=1.5), "limits": amounts(cpus=2)}],
        "below child": [{"role": "h/a/x", "guarantees": amounts(cpus=0.5)}],
        "parent less than children": [{"role": "h", "guarantees": amounts(cpus=0.5)}],
        "guarantee without limit": [{"role": "i", "guarantees": amounts(cpus=1, mem=10)}],
        "limit of guarantee's kind": [{"role": "i", "guarantees": amounts(cpus=1), "limits": amounts(mem=10)}],
        "tiny": [{"role": "i", "guarantees": amounts(cpus=0.0004)}], "thousandth": [{"role": "i", "limits": amounts(cpus=0.0015)}],
        "parent and child at once": [{"role": "j", "guarantees": amounts(cpus=1)}, {"role": "j/k", "guarantees": amounts(cpus=1)}],
        "empty guarantees": [{"role": "i", "guarantees": {}, "limits": {}}],
        "same twice": [{"role": "i", "limits": amounts(cpus=1)}, {"role": "i", "limits": amounts(cpus=1)}],
        "all back": [{"role": "h/a/x"}, {"role": "h/a"}, {"role": "h/b"}, {"role": "h"}, {"role": "i"}, {"role": "j/k"}, {"role": "j"}],
    }.items():
        yield name, quota(master, *configs)
        yield f"{name} done", now()
    for kind in ("guarantees", "limits"):
        for value in ("1", "x", None, [], {}, True, {"value": "1"}, {"value": None}, {"value": True}):
            yield f"{kind} {value}", quota(master, {"role": "i", kind: {"cpus": value}})
    yield "reset", quota(master, {"role": "i"})


@scenario
def quota_while_used(master: Master) -> Seen:
    framework = master.framework(name="consumer", roles=["used"])
    (offer, *others) = framework.offers()
    framework.decline(*others)
    framework.accept([offer], launch(task(offer, "consumes", resources=[scalar("cpus", 2, "used"), scalar("mem", 100, "used")])))
    framework.statuses("consumes", "TASK_RUNNING")
    framework.call("SUPPRESS")
    framework.decline(*framework.standing())
    for name, configs in {
        "limit below use": [{"role": "used", "limits": amounts(cpus=1)}], "guarantee and limit below use": [{"role": "used", "guarantees": amounts(cpus=0.5), "limits": amounts(cpus=1, mem=50)}], "limit of what is not used": [{"role": "used", "limits": amounts(disk=5)}],
        "too much besides": [{"role": "used", "limits": amounts(cpus=1)}, {"role": "z", "guarantees": amounts(cpus=1000)}], "one of two": [{"role": "z", "limits": amounts(cpus=1)}, {"role": "used", "limits": amounts(mem=99.5)}],
    }.items():
        yield name, quota(master, *configs)
    yield "forced", shown(master.operator({"type": "UPDATE_QUOTA", "update_quota": {"force": True, "quota_configs": [{"role": "used", "limits": amounts(cpus=1)}]}}))
    yield "roles", normal(master.get("/roles").json)
    yield "limit of use", quota(master, {"role": "used", "guarantees": amounts(cpus=2), "limits": amounts(cpus=2)})
    yield "roles then", normal(master.get("/roles").json)
    yield "v1", shown(master.operator({"type": "GET_ROLES"}))
    time.sleep(0.3)
    metrics = {key: value for key, value in master.get("/metrics/snapshot").json.items() if key.startswith("allocator") and "/used/" in key and not key.endswith("/active")}
    yield "metrics", metrics
    framework.call("KILL", {"task_id": {"value": "consumes"}})
    framework.statuses("consumes", "TASK_KILLED")
    yield "back", quota(master, {"role": "used"}, {"role": "z"})
    framework.teardown()


@scenario
def roles_of_a_running_framework(master: Master) -> Seen:
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    first = stream.wait("SUBSCRIBED")
    yield "first", [sorted(first["subscribed"]), first["subscribed"].get("heartbeat_interval_seconds")]
    yield "heartbeat at once", bool(stream.wait("HEARTBEAT", 2))
    framework = master.framework(name="changing", roles=["one"], failover_timeout=10.0)
    framework.offers()

    def update(**changed: Any) -> Any:
        framework.info = {**framework.info, **changed}
        suppressed = {"suppressed_roles": changed.pop("suppressed")} if "suppressed" in changed else {}
        info = {key: value for key, value in {**framework.info, "id": framework.id}.items() if key != "suppressed"}
        return shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": info, **suppressed}))

    def roles() -> Any:
        return normal([each for each in master.get("/roles").json["roles"] if each["name"] in ("one", "two", "three")])

    yield "roles", [len(roles())]
    before = len(framework.events)
    yield "two", update(roles=["two"])
    rescinded = framework.wait("RESCIND", 3, before)
    yield "rescinded", bool(rescinded)
    offered = framework.wait("OFFERS", 4, before)
    yield "offered for", sorted({each["allocation_info"]["role"] for each in offered.get("offers", {}).get("offers", ())})
    yield "role gone", [each["name"] for each in roles()]
    yield "three, suppressed", update(roles=["two", "three"], suppressed=["three"])
    framework.decline(*framework.standing(), refuse=0)
    time.sleep(1.5)
    yield "offered for then", sorted({each["allocation_info"]["role"] for each in framework.standing()})
    yield "events", [normal({key: each[key] for key in each if key != "framework_updated"}) for each in stream.told() if each["type"].startswith("FRAMEWORK")]
    updated = [each["framework_updated"]["framework"]["framework_info"]["roles"] for each in stream.told() if each["type"] == "FRAMEWORK_UPDATED"]
    yield "updated", updated
    framework.call("REVIVE", {"roles": ["three"]})
    framework.call("SUPPRESS", {"roles": ["two"]})
    found = next(each for each in master.get("/frameworks").json["frameworks"] if each["id"] == framework.id["value"])
    yield "legacy", normal({key: found[key] for key in found if key not in ("offers", "tasks", "offered_resources", "resources")})
    framework.teardown()
    stream.close()


@scenario
def more_of_kills(master: Master) -> Seen:
    """Kills before the start, twice, by a wrong agent; and a policy that lengthens."""
    framework = master.framework(name="kills", capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    (offer, *others) = framework.offers()
    framework.decline(*others)
    stubborn = "trap '' TERM; while true; do sleep 0.1; done"
    policy = {"kill_policy": {"grace_period": {"nanoseconds": 300_000_000}}}
    framework.accept([offer], launch(task(offer, "one", stubborn, **policy), task(offer, "two"), task(offer, "three", stubborn)))
    for name in ("one", "two", "three"):
        framework.statuses(name, "TASK_RUNNING")
    for name, body in {"one": {}, "two": {"agent_id": offer["agent_id"]}, "three": {"kill_policy": {"grace_period": {"nanoseconds": 0}}}}.items():
        before = len(framework.events)
        yield f"{name} answer", shown(framework.call("KILL", {"task_id": {"value": name}, **body}))
        framework.call("KILL", {"task_id": {"value": name}, **body})
        yield name, [brief({**each, "message": ""}) for each in framework.statuses(name, "TASK_KILLED", 6, before)]
    for body in ({}, {"task_id": {}}, {"task_id": {"value": ""}}, {"task_id": {"value": "a/b"}}, {"task_id": {"value": "x"}, "agent_id": {}}, {"task_id": {"value": "x"}, "kill_policy": {"grace_period": {}}}, {"task_id": {"value": "x"}, "kill_policy": {"grace_period": {"nanoseconds": -5}}}):
        before = len(framework.events)
        yield f"bad {body}", shown(framework.call("KILL", body))
        time.sleep(0.15)
        yield f"after {body}", [brief(e["update"]["status"]) for e in framework.events[before:] if e["type"] == "UPDATE"]
    offer = framework.fresh_offer() or {}
    framework.accept([offer], launch(task(offer, "four", "true")))
    framework.statuses("four", "TASK_FINISHED")
    before = len(framework.events)
    yield "reconcile after the ack", shown(framework.call("RECONCILE", {"tasks": [{"task_id": {"value": "four"}}, {"task_id": {"value": "four"}, "agent_id": offer["agent_id"]}, {"task_id": {"value": "one"}, "agent_id": {"value": "nobody"}}]}))
    time.sleep(0.4)
    yield "reconciled", [brief(e["update"]["status"]) for e in framework.events[before:] if e["type"] == "UPDATE"]
    for body in ({"tasks": [{}]}, {"tasks": [{"task_id": {"value": ""}}]}, {"tasks": [{"task_id": {"value": "x"}, "agent_id": {"value": ""}}]}, {"tasks": {}}, {"tasks": 5}):
        before = len(framework.events)
        yield f"reconcile {body}", shown(framework.call("RECONCILE", body))
        time.sleep(0.15)
        yield f"reconciled {body}", sorted(str(brief(e["update"]["status"])) for e in framework.events[before:] if e["type"] == "UPDATE")


@scenario
def updates_not_acknowledged(master: Master) -> Seen:
    """One at a time, what views show meanwhile, and a framework that comes back to them."""
    framework = master.framework(name="slow", failover_timeout=100.0, checkpoint=True)
    (offer, *others) = framework.offers()
    framework.decline(*others)
    framework.accept([offer], launch(task(offer, "unacknowledged", "true")))
    framework.call("SUPPRESS")
    first = framework.wait("UPDATE", 5)
    time.sleep(1.5)
    yield "one", [e["update"]["status"]["state"] for e in framework.events if e["type"] == "UPDATE"]

    def views() -> Any:
        tasks = master.operator({"type": "GET_TASKS"}).json["get_tasks"]
        legacy = master.get("/tasks?task_id=unacknowledged").json["tasks"]
        return normal([{kind: [each for each in some if each["task_id"]["value"] == "unacknowledged"] for kind, some in tasks.items()}, legacy])

    yield "shown", views()
    again = master.framework(**{**framework.info, "id": framework.id}, suppressed_roles=["*"])
    repeated = again.wait("UPDATE", 5)
    yield "repeated", [brief(repeated.get("update", {}).get("status", {})), repeated.get("update", {}).get("status", {}).get("uuid") == first.get("update", {}).get("status", {}).get("uuid")]
    yield "rest", [brief(each) for each in again.statuses("unacknowledged", "TASK_FINISHED", 5)]
    time.sleep(0.3)
    yield "shown at last", views()
    before = len(again.events)
    again.call("RECONCILE", {"tasks": []})
    again.call("RECONCILE", {"tasks": [{"task_id": {"value": "unacknowledged"}, "agent_id": offer["agent_id"]}]})
    time.sleep(0.3)
    yield "reconciled", [brief(e["update"]["status"]) for e in again.events[before:] if e["type"] == "UPDATE"]


@scenario
def paging(master: Master) -> Seen:
    framework = master.framework(name="pages")
    (offer, *others) = framework.offers()
    framework.decline(*others)
    names = [f"page-{number}" for number in range(6)]
    framework.accept([offer], launch(*[task(offer, name, "true") for name in names]))
    for name in names:
        framework.statuses(name, "TASK_FINISHED")
    own = framework.id["value"]
    for query in ("limit=2", "limit=2&offset=2", "limit=2&offset=5", "limit=2&offset=6", "limit=100", "limit=-2", "limit=99999999999999999999", "limit=0x2", "limit=+2", "limit= 2", "limit=2.0", "limit=2&limit=3", "offset=2&order=asc", "offset=2&order=desc", "order=ASC", "order=", "limit=2&order=asc&offset=1", "offset=-1", "offset=99999999999999999999", "task_id=page-1", "task_id=page-1&task_id=page-2"):
        answer = master.get(f"/tasks?{query.replace(' ', '%20')}&framework_id={own}")
        yield query, [answer.status, len(answer.json["tasks"]) if answer.status == 200 else answer.body.decode(), answer.headers.get("Content-Type")]
    for path in ("/frameworks", "/slaves", "/state", "/state-summary", "/roles", "/tasks"):
        for query in ("jsonp=cb", "jsonp=", "unknown=1", "framework_id=", "slave_id=x&slave_id=y"):
            answer = master.get(f"{path}?{query}")
            yield f"{path} {query}", [answer.status, answer.headers.get("Content-Type"), answer.body[:3].decode(), answer.body[-2:].decode()]
