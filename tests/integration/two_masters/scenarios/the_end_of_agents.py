"""Maintenance of the agents' machine, with inverse offers; an agent that is marked gone. The last scenarios: there is
one agent less afterwards.
"""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import Json, Master, Stream, capabilities, launch, task
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario
from tests.integration.two_masters.scenarios.scheduler_calls import brief

Seen = Iterator[tuple[str, Any]]


@scenario
def maintenance_of_agents(master: Master) -> Seen:
    machine = {"hostname": "127.0.0.1", "ip": "127.0.0.1"}
    window: Json = {"machine_ids": [machine], "unavailability": {"start": {"nanoseconds": 4_000_000_000_000_000_000}, "duration": {"nanoseconds": 1_000_000_000}}}

    def schedule(*windows: Json) -> Any:
        return shown(master.operator({"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": {"schedule": {"windows": list(windows)}}}))

    def statuses() -> Any:
        return shown(master.operator({"type": "GET_MAINTENANCE_STATUS"}))

    framework = master.framework(name="maintained")
    first, _ = framework.offers()
    framework.accept([first], launch(task(first, "maintained")))
    framework.statuses("maintained", "TASK_RUNNING")
    before = len(framework.events)
    yield "schedule", schedule(window)
    rescinded = framework.wait("RESCIND", 3, before)
    yield "rescinded", bool(rescinded)
    inverse = framework.wait("INVERSE_OFFERS", 5, before)
    yield "inverse offers", normal(inverse)
    offered = framework.wait("OFFERS", 5, before)
    yield "offers tell of it", [normal(each.get("unavailability", "<none>")) for each in offered.get("offers", {}).get("offers", ())][:1]
    ids = [each["id"] for each in inverse.get("inverse_offers", {}).get("inverse_offers", ())]
    yield "unknown", shown(framework.call("ACCEPT_INVERSE_OFFERS", {"inverse_offer_ids": [{"value": "nope"}]}))
    yield "decline", shown(framework.call("DECLINE_INVERSE_OFFERS", {"inverse_offer_ids": ids, "filters": {"refuse_seconds": 0}}))
    time.sleep(0.5)
    yield "declined", statuses()
    again = framework.wait("INVERSE_OFFERS", 5, framework.events.index(inverse) + 1 if inverse else 0)
    ids = [each["id"] for each in again.get("inverse_offers", {}).get("inverse_offers", ())]
    yield "accept", shown(framework.call("ACCEPT_INVERSE_OFFERS", {"inverse_offer_ids": ids, "filters": {"refuse_seconds": 1000}}))
    time.sleep(0.5)
    yield "accepted", statuses()
    yield "another time", schedule({**window, "unavailability": {"start": {"nanoseconds": 4_100_000_000_000_000_000}}})
    time.sleep(0.5)
    yield "asked anew", statuses()
    yield "cleared", schedule()
    yield "status when cleared", statuses()
    yield "kinds of events", sorted({event["type"] for event in framework.told()})


@scenario
def agents_marked_gone(master: Master) -> Seen:
    gone = master.agents[1]
    aware = master.framework(name="aware", capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    _, offer = aware.offers()
    aware.accept([offer], launch(task(offer, "gone")))
    aware.statuses("gone", "TASK_RUNNING")
    before = len(aware.events)
    yield "answer", shown(master.operator({"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": gone}}}))
    yield "told", [brief(status) for status in aware.statuses("gone", "TASK_GONE_BY_OPERATOR", 5, before)]
    yield "failure", normal(aware.wait("FAILURE", 5, before))
    yield "again", shown(master.operator({"type": "MARK_AGENT_GONE", "mark_agent_gone": {"agent_id": {"value": gone}}}))
    for name, asked in {"the task": [{"task_id": {"value": "gone"}, "agent_id": {"value": gone}}], "another task there": [{"task_id": {"value": "nobody"}, "agent_id": {"value": gone}}]}.items():
        before = len(aware.events)
        aware.call("RECONCILE", {"tasks": asked})
        yield f"reconcile {name}", brief(aware.wait("UPDATE", 3, before).get("update", {}).get("status", {}))
    before = len(aware.events)
    aware.call("RECONCILE_OPERATIONS", {"operations": [{"operation_id": {"value": "o"}, "agent_id": {"value": gone}}]})
    yield "reconcile operations", normal(aware.wait("UPDATE_OPERATION_STATUS", 3, before))
    for kind in ("DRAIN_AGENT", "DEACTIVATE_AGENT", "REACTIVATE_AGENT"):
        yield kind, shown(master.operator({"type": kind, kind.lower(): {"agent_id": {"value": gone}}}))
    agents = master.operator({"type": "GET_AGENTS"}).json["get_agents"]
    yield "agents", [len(agents["agents"]), len(agents["recovered_agents"])]
    yield "slaves", sorted(master.get("/slaves").json)
    yield "metrics", {name: value for name, value in master.get("/metrics/snapshot").json.items() if name.startswith("master/slave") and "registrations" not in name}


@scenario
def drained_and_gone(master: Master) -> Seen:
    """The last agent: tasks of a framework that knows of partitions and of one that does not."""
    gone = {"value": master.agents[0]}
    frameworks = []
    for aware in (True, False):
        framework = master.framework(name=f"gone-{aware}", capabilities=capabilities("MULTI_ROLE", *(["PARTITION_AWARE"] if aware else [])))
        offer = None
        for _ in range(5):
            offer = offer or framework.fresh_offer()
        assert offer is not None
        framework.accept([offer], launch(task(offer, f"gone-{aware}", "trap '' TERM; while true; do sleep 0.1; done")), refuse=0)
        framework.statuses(f"gone-{aware}", "TASK_RUNNING")
        framework.decline(*framework.standing())
        framework.call("SUPPRESS")
        frameworks.append(framework)
    before = [len(framework.events) for framework in frameworks]
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    stream.wait("SUBSCRIBED")
    yield "drain", shown(master.operator({"type": "DRAIN_AGENT", "drain_agent": {"agent_id": gone, "max_grace_period": {"seconds": 1, "nanos": 0}, "mark_gone": True}}))
    for framework, aware, since in zip(frameworks, (True, False), before, strict=True):
        failure = framework.wait("FAILURE", 10, since)
        yield f"{aware} failure", normal(failure)
        for event in framework.events[since:]:
            if event["type"] == "UPDATE":
                framework.acknowledge(event["update"]["status"])
        yield f"{aware} told", [brief(event["update"]["status"]) for event in framework.events[since:] if event["type"] == "UPDATE"]
    time.sleep(0.5)
    agents = master.operator({"type": "GET_AGENTS"}).json["get_agents"]
    yield "agents", [each for each in agents["agents"] if each["agent_info"]["id"] == gone]
    yield "events", [each["type"] for each in stream.told() if each["type"].startswith("AGENT")]
    for framework, aware in zip(frameworks, (True, False), strict=True):
        since = len(framework.events)
        framework.call("RECONCILE", {"tasks": [{"task_id": {"value": f"gone-{aware}"}, "agent_id": gone}]})
        yield f"{aware} reconciled", brief(framework.wait("UPDATE", 3, since).get("update", {}).get("status", {}))
        tasks = master.operator({"type": "GET_TASKS"}).json["get_tasks"]
        yield f"{aware} tasks", normal({kind: [[each["task_id"]["value"], each["state"], [one["state"] for one in each.get("statuses", ())]] for each in some if each["framework_id"] == framework.id] for kind, some in tasks.items()})
    for kind in ("DEACTIVATE_AGENT", "DRAIN_AGENT", "MARK_AGENT_GONE"):
        yield kind, shown(master.operator({"type": kind, kind.lower(): {"agent_id": gone}}))
    stream.close()
