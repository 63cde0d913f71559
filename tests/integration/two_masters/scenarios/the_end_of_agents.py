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

from tests.integration.two_masters.client import Json, Master, capabilities, launch, task
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
