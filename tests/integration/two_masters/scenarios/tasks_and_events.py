"""What is told of tasks, and in which order; acknowledgements that do not fit; kills at once; counts of all states."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import (
    PROTOBUF,
    Framework,
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


def told_of(stream: Stream, framework: Framework) -> Any:
    """What operators are told of one framework and its tasks, in their order: which kind, and the least of what it says."""
    found = []
    for event in stream.told():
        kind = event["type"]
        body = event.get(kind.lower(), {})
        if kind == "TASK_ADDED" and body["task"]["framework_id"] == framework.id:
            found.append([kind, body["task"]["task_id"]["value"], body["task"]["state"], sorted(body["task"])])
        elif kind == "TASK_UPDATED" and body["framework_id"] == framework.id:
            found.append([kind, body["status"]["task_id"]["value"], body["status"]["state"], sorted(body), sorted(body["status"])])
        elif kind.startswith("FRAMEWORK") and (body.get("framework", {}).get("framework_info") or body.get("framework_info"))["id"] == framework.id:
            one = body.get("framework", {})
            found.append([kind, sorted(body), {key: one[key] for key in ("active", "connected", "recovered") if key in one}, sorted(one)])
        elif kind.startswith("AGENT"):
            found.append([kind, sorted(body)])
    return normal(found)


@scenario
def order_of_events(master: Master) -> Seen:
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    stream.wait("SUBSCRIBED")
    framework = master.framework(name="told", failover_timeout=100.0, principal="me", capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    (offer, *others) = framework.offers()
    framework.decline(*others)
    framework.accept([offer], launch(task(offer, "bad", resources=[scalar("cpus", 100)]), task(offer, "good", "true")), refuse=0)
    framework.statuses("good", "TASK_FINISHED")
    time.sleep(0.3)
    yield "one good, one bad", told_of(stream, framework)
    for kind, body in (("SUPPRESS", {}), ("REVIVE", {}), ("SUPPRESS", {"roles": ["*"]}), ("REVIVE", None)):
        framework.call(kind, body)
    time.sleep(0.3)
    yield "suppressed and revived", told_of(stream, framework)[-1:]
    framework.close()
    time.sleep(0.6)
    yield "disconnected", told_of(stream, framework)[-1:]
    again = master.framework(**{**framework.info, "id": framework.id})
    time.sleep(0.4)
    yield "back", told_of(stream, framework)[-1:]
    over = master.framework(**{**framework.info, "id": framework.id, "name": "over"})
    time.sleep(0.4)
    yield "failed over", told_of(stream, framework)[-2:]
    yield "first is over", again.ended.wait(3)
    over.call("UPDATE_FRAMEWORK", {"framework_info": {**over.info, "id": framework.id, "name": "more"}})
    over.call("UPDATE_FRAMEWORK", {"framework_info": {**over.info, "id": framework.id, "name": "more"}})
    time.sleep(0.4)
    yield "updated twice, the second time with nothing", told_of(stream, framework)[-2:]
    offer = over.fresh_offer() or {}
    over.accept([offer], launch(task(offer, "torn")))
    over.statuses("torn", "TASK_RUNNING")
    before = len(stream.told())
    over.call("TEARDOWN")
    stream.wait("FRAMEWORK_REMOVED")
    time.sleep(0.5)
    yield "torn down", [len(told_of(stream, framework)) > 0, [each for each in told_of(stream, framework)[-3:] if each[0] != "FRAMEWORK_UPDATED"], before > 0]
    agent = {"value": master.agents[1]}  # with nothing of a framework on it: a real one goes on draining while it has
    for kind in ("DEACTIVATE_AGENT", "REACTIVATE_AGENT", "DRAIN_AGENT", "REACTIVATE_AGENT"):
        before = len(stream.told())
        yield kind, shown(master.operator({"type": kind, kind.lower(): {"agent_id": agent}}))
        time.sleep(2.0 if kind == "DRAIN_AGENT" else 0.5)
        yield f"{kind} told", [each["type"] for each in stream.told()[before:]]
    before = len(stream.told())
    resource = scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC", "role": "seen"}])
    for kind in ("RESERVE_RESOURCES", "UNRESERVE_RESOURCES"):
        yield kind, shown(master.operator({"type": kind, kind.lower(): {"agent_id": agent, "resources": [resource]}}))
    time.sleep(0.4)
    yield "reservations told", [each["type"] for each in stream.told()[before:]]
    stream.close()


@scenario
def acknowledgements_that_do_not_fit(master: Master) -> Seen:
    framework = master.framework(name="acks", failover_timeout=100.0, checkpoint=True)
    (offer, *others) = framework.offers()
    framework.decline(*others)
    framework.call("SUPPRESS")
    framework.accept([offer], launch(task(offer, "acked", "sleep 2")))
    first = framework.wait("UPDATE", 6)["update"]["status"]
    yield "first", brief(first)
    good = {name: first[name] for name in ("agent_id", "task_id", "uuid")}
    for name, change in {"another uuid": {"uuid": "MDEyMzQ1Njc4OWFiY2RlZg=="}, "another agent": {"agent_id": {"value": master.agents[1]}}, "an unknown agent": {"agent_id": {"value": "nobody"}}, "another task": {"task_id": {"value": "other"}}, "an empty task": {"task_id": {"value": ""}}, "empty agent": {"agent_id": {"value": ""}}}.items():
        before = len(framework.events)
        yield name, shown(framework.call("ACKNOWLEDGE", {**good, **change}))
        time.sleep(0.4)
        yield f"{name} told", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE"]
    other = master.framework(name="stranger")
    yield "of another framework", shown(other.call("ACKNOWLEDGE", good))
    time.sleep(0.3)
    yield "still one", [each["update"]["status"]["state"] for each in framework.events if each["type"] == "UPDATE"]
    before = len(framework.events)
    yield "at last", shown(framework.call("ACKNOWLEDGE", good))
    second = framework.wait("UPDATE", 4, before).get("update", {}).get("status", {})
    yield "the next", brief(second)
    before = len(framework.events)
    yield "again", shown(framework.call("ACKNOWLEDGE", good))
    time.sleep(0.4)
    yield "again told", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE"]
    framework.acknowledge(second)
    third = framework.wait("UPDATE", 6, before).get("update", {}).get("status", {})
    yield "the last", brief(third)
    before = len(framework.events)
    framework.call("RECONCILE", {"tasks": [{"task_id": {"value": "acked"}}]})
    framework.call("RECONCILE", {"tasks": []})
    yield "kill of what ended", shown(framework.call("KILL", {"task_id": {"value": "acked"}}))
    time.sleep(0.4)
    yield "reconciled before the ack", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE"]
    fresh = framework.fresh_offer()
    before = len(framework.events)
    if fresh:
        framework.accept([fresh], launch(task(fresh, "acked", "true")))
    time.sleep(0.5)
    yield "its id again, before the ack", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE"]
    framework.acknowledge(third)
    time.sleep(0.3)
    fresh = framework.fresh_offer()
    before = len(framework.events)
    if fresh:
        framework.accept([fresh], launch(task(fresh, "acked", "true")))
    yield "its id again, after the ack", [brief(each) for each in framework.statuses("acked", "TASK_FINISHED", 5, before)]
    tasks = master.get(f"/tasks?framework_id={framework.id['value']}").json["tasks"]
    yield "twice in the list", sorted([each["id"], each["state"]] for each in tasks)


@scenario
def kills_at_once(master: Master) -> Seen:
    for aware in (False, True):
        framework = master.framework(name=f"at-once-{aware}", capabilities=capabilities("MULTI_ROLE", *(["PARTITION_AWARE", "TASK_KILLING_STATE"] if aware else [])))
        (offer, *others) = framework.offers()
        framework.decline(*others)
        name = f"at-once-{aware}"
        yield f"{aware} launched", framework.accept([offer], launch(task(offer, name))).status
        yield f"{aware} killed", shown(framework.call("KILL", {"task_id": {"value": name}}))
        seen = framework.statuses(name, "TASK_KILLED", 6)
        yield f"{aware} ended", [each["state"] for each in seen][-1:]
        before = len(framework.events)
        yield f"{aware} twice", [framework.call("KILL", {"task_id": {"value": name}, "agent_id": offer["agent_id"]}).status for _ in range(2)]
        time.sleep(0.3)
        yield f"{aware} told", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE"]
        framework.teardown()


@scenario
def counts_of_states(master: Master) -> Seen:
    framework = master.framework(name="counts", roles=["counted"], capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    (offer, *others) = framework.offers()
    framework.decline(*others)
    framework.accept([offer], launch(task(offer, "c-1"), task(offer, "c-2", "true"), task(offer, "c-3", "exit 1"), task(offer, "c-4"), task(offer, "c-5", resources=[]), task(offer, "c-1")))
    for name, end in (("c-1", "TASK_RUNNING"), ("c-2", "TASK_FINISHED"), ("c-3", "TASK_FAILED"), ("c-4", "TASK_RUNNING")):
        framework.statuses(name, end)
    framework.call("SUPPRESS")
    before = len(framework.events)
    framework.call("KILL", {"task_id": {"value": "c-4"}})
    framework.statuses("c-4", "TASK_KILLED", 5, before)
    framework.decline(*framework.standing())
    time.sleep(0.5)
    own = framework.id["value"]
    summary = master.get("/state-summary").json
    yield "summary", normal([next(each for each in summary["frameworks"] if each["id"] == own), {key: value for each in summary["slaves"] if each["id"] == offer["agent_id"]["value"] for key, value in each.items() if not key.startswith("TASK_") and key not in ("framework_ids", "registered_time")}])
    yield "summary's keys", [list(summary), list(summary["slaves"][0]), list(next(each for each in summary["frameworks"] if each["id"] == own))]
    slave = next(each for each in master.get("/slaves").json["slaves"] if each["id"] == offer["agent_id"]["value"])
    yield "slave", normal({key: value for key, value in slave.items() if "resources" in key})
    metrics = master.get("/metrics/snapshot").json
    yield "metrics", {key.rpartition(own)[2]: value for key, value in metrics.items() if f"/counts/{own}/" in key and not key.endswith(("offers/sent", "events", "events/offers", "offers/accepted", "offers/declined", "calls", "calls/decline", "calls/acknowledge"))}
    tasks = master.operator({"type": "GET_TASKS"}).json["get_tasks"]
    yield "v1", normal({kind: sorted([each["task_id"]["value"], each["state"], each.get("status_update_state"), [one["state"] for one in each.get("statuses", ())], sorted(each)] for each in some if each["framework_id"] == framework.id) for kind, some in tasks.items()})
    legacy = master.get(f"/tasks?framework_id={own}&order=asc").json["tasks"]
    yield "older", normal(sorted([each["id"], each["state"], [one["state"] for one in each["statuses"]], sorted(each), sorted(each["statuses"][0])] for each in legacy))
    for kind in ("GET_TASKS", "GET_EXECUTORS", "GET_AGENTS", "GET_ROLES"):
        one, other = (normal(master.operator({"type": kind}, accept).json) for accept in ("application/json", PROTOBUF))
        yield f"{kind} says the same in both", one == other
    found = next(each for each in master.get("/state").json["frameworks"] if each["id"] == own)
    yield "state", normal([sorted(found), [each["id"] for each in found["tasks"]], sorted(each["id"] for each in found["completed_tasks"]), found["unreachable_tasks"], found["used_resources"]])


@scenario
def volumes_of_a_framework(master: Master) -> Seen:
    """Grown, shrunk, shared, destroyed and used in one acceptance; with labels and principals."""
    framework = master.framework(name="volumes", roles=["vol"], principal="me", capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES", "PARTITION_AWARE"))
    for config in master.operator({"type": "GET_QUOTA"}).json["get_quota"]["status"].get("configs", ()):
        # What is held back for others is held back on an agent that chance chooses.
        master.operator({"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [{"role": config["role"]}]}})
    offer = framework.fresh_offer() or {}

    def reserved(name: str, value: float, labels: Json | None = None, **more: Any) -> Json:
        reservation: Json = {"type": "DYNAMIC", "role": "vol", "principal": "me"} | ({"labels": labels} if labels else {})
        return scalar(name, value, "vol", reservations=[reservation], **more)

    def volume(size: float, name: str = "v", path: str = "data", **more: Any) -> Json:
        return reserved("disk", size, disk={"persistence": {"id": name, "principal": "me"}, "volume": {"container_path": path, "mode": "RW"}}, **more)

    marked = {"labels": [{"key": "a", "value": "b"}]}
    cases: dict[str, list[Json]] = {
        "reserve": [{"type": "RESERVE", "reserve": {"resources": [reserved("disk", 100), reserved("cpus", 0.5)]}}],
        "reserve with labels": [{"type": "RESERVE", "reserve": {"resources": [reserved("disk", 10, marked)]}}],
        "unreserve without the labels": [{"type": "UNRESERVE", "unreserve": {"resources": [reserved("disk", 105)]}}],
        "create": [{"type": "CREATE", "create": {"volumes": [volume(40)]}}],
        "grow": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(40), "addition": reserved("disk", 10)}}],
        "grow by another's": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(50), "addition": reserved("disk", 10, marked)}}],
        "grow by nothing": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(50), "addition": reserved("disk", 0)}}],
        "grow by cpus": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(50), "addition": reserved("cpus", 0.5)}}],
        "grow too much": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(50), "addition": reserved("disk", 1000)}}],
        "shrink": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(50), "subtract": {"value": 20}}}],
        "shrink to nothing": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(30), "subtract": {"value": 30}}}],
        "shrink more": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(30), "subtract": {"value": 31}}}],
        "shrink by nothing": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(30), "subtract": {"value": 0}}}],
        "shrink negative": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(30), "subtract": {"value": -1}}}],
        "the same id elsewhere": [{"type": "CREATE", "create": {"volumes": [volume(5, path="other")]}}],
        "two with one id": [{"type": "CREATE", "create": {"volumes": [volume(5, "w"), volume(6, "w")]}}],
        "absolute": [{"type": "CREATE", "create": {"volumes": [volume(5, "x", "/abs")]}}], "up": [{"type": "CREATE", "create": {"volumes": [volume(5, "x", "../up")]}}], "slash": [{"type": "CREATE", "create": {"volumes": [volume(5, "x", "a/b")]}}], "empty path": [{"type": "CREATE", "create": {"volumes": [volume(5, "x", "")]}}], "id with a slash": [{"type": "CREATE", "create": {"volumes": [volume(5, "x/y")]}}], "empty id": [{"type": "CREATE", "create": {"volumes": [volume(5, "")]}}],
        "shared": [{"type": "CREATE", "create": {"volumes": [volume(5, "s", "shared", shared={})]}}],
        "grow shared": [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(5, "s", "shared", shared={}), "addition": reserved("disk", 1)}}], "shrink shared": [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(5, "s", "shared", shared={}), "subtract": {"value": 1}}}],
        "used by two": [launch(*[{**task(offer, f"shared-{n}"), "resources": [scalar("cpus", 0.1, "vol"), scalar("mem", 32, "vol"), volume(5, "s", "shared", shared={})]} for n in (1, 2)])],
        "destroyed while used": [{"type": "DESTROY", "destroy": {"volumes": [volume(5, "s", "shared", shared={})]}}],
        "nothing to reserve": [{"type": "RESERVE", "reserve": {"resources": []}}], "nothing to create": [{"type": "CREATE", "create": {"volumes": []}}], "nothing to destroy": [{"type": "DESTROY", "destroy": {"volumes": []}}], "nothing to unreserve": [{"type": "UNRESERVE", "unreserve": {"resources": []}}],
        "with a source": [{"type": "RESERVE", "reserve": {"source": [scalar("mem", 10, "vol")], "resources": [reserved("mem", 10)]}}],
        "with the same source": [{"type": "RESERVE", "reserve": {"source": [reserved("mem", 10)], "resources": [reserved("mem", 10)]}}],
        "an empty id of an operation": [{"type": "RESERVE", "id": {"value": ""}, "reserve": {"resources": [reserved("mem", 1)]}}], "an id with a slash": [{"type": "RESERVE", "id": {"value": "a/b"}, "reserve": {"resources": [reserved("mem", 1)]}}],
    }
    for name, some in cases.items():
        before = len(framework.events)
        identified = [each if "id" in each or "launch" in each else {**each, "id": {"value": name.replace(" ", "-")}} for each in some]
        yield f"{name} answer", shown(framework.accept([offer], *identified, refuse=0))
        time.sleep(1.2 if name == "used by two" else 0.35)
        told = [event for event in framework.events[before:] if event["type"] in ("UPDATE", "UPDATE_OPERATION_STATUS")]
        yield name, sorted(({"state": event["update"]["status"]["state"]} if event["type"] == "UPDATE" else normal(event["update_operation_status"]["status"]) for event in told), key=str)
        for event in told:
            status = event.get("update_operation_status", {}).get("status", {})
            if "uuid" in status:
                framework.call("ACKNOWLEDGE_OPERATION_STATUS", {"agent_id": status["agent_id"], "operation_id": status["operation_id"], "uuid": status["uuid"]["value"]})
            elif "update" in event:
                framework.acknowledge(event["update"]["status"])
        offer = framework.fresh_offer() or offer
        yield f"{name} offer", normal(offer["resources"])
    held = [{key: value for key, value in each.items() if key != "allocation_info"} for each in offer["resources"] if "reservations" in each]
    for number in (1, 2):
        framework.call("KILL", {"task_id": {"value": f"shared-{number}"}})
        framework.statuses(f"shared-{number}", "TASK_KILLED", 4)
    framework.teardown()
    agent = {"value": master.agents[0]}
    yield "destroyed by the operator", shown(master.operator({"type": "DESTROY_VOLUMES", "destroy_volumes": {"agent_id": agent, "volumes": [each for each in held if "disk" in each]}}))
    time.sleep(0.3)
    yield "unreserved by the operator", shown(master.operator({"type": "UNRESERVE_RESOURCES", "unreserve_resources": {"agent_id": agent, "resources": [{key: value for key, value in each.items() if key not in ("disk", "shared")} for each in held]}}))
    slave = next(each for each in master.get("/slaves").json["slaves"] if each["id"] == master.agents[0])
    yield "all back", normal({key: value for key, value in slave.items() if "resources" in key})
