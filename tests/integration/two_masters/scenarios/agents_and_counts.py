"""Agents that are deactivated, drained and asked for meanwhile; every metric of the master after the same calls."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import PROTOBUF, Json, Master, Stream, capabilities, launch, task
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario
from tests.integration.two_masters.scenarios.operator_calls import on
from tests.integration.two_masters.scenarios.scheduler_calls import brief

Seen = Iterator[tuple[str, Any]]


def drain_info(master: Master, agent: int = 1) -> Any:
    """As every view shows it."""
    own = master.agents[agent]
    found = next(each for each in master.operator({"type": "GET_AGENTS"}).json["get_agents"]["agents"] if each["agent_info"]["id"]["value"] == own)
    binary = next(each for each in master.operator({"type": "GET_AGENTS"}, PROTOBUF).json["get_agents"]["agents"] if each["agent_info"]["id"]["value"] == own)
    older = next(each for each in master.get(f"/slaves?slave_id={own}").json["slaves"])
    state = next(each for each in master.get("/state").json["slaves"] if each["id"] == own)
    summary = next(each for each in master.get("/state-summary").json["slaves"] if each["id"] == own)
    names = ("active", "deactivated", "drain_info", "estimated_drain_start_time", "estimated_drain_start_time_seconds")
    return normal([{name: view.get(name, "<absent>") for name in names} for view in (found, binary, older, state, summary)])


def until_drained(master: Master) -> bool:
    for _ in range(80):
        if all(view["drain_info"] != "<absent>" and view["drain_info"]["state"] == "DRAINED" for view in drain_info(master)[:-1]):
            return True
        time.sleep(0.1)
    return False


@scenario
def draining_in_every_way(master: Master) -> Seen:
    def agent(kind: str, **fields: Any) -> Any:
        return on(master, kind, 1, **fields)

    for name, grace in {"none": {}, "zero": {"max_grace_period": {"seconds": 0, "nanos": 0}}, "long": {"max_grace_period": {"seconds": 100000, "nanos": 0}}, "nanos": {"max_grace_period": {"seconds": 1, "nanos": 500}}, "not gone": {"mark_gone": False}}.items():
        yield f"drain {name}", agent("DRAIN_AGENT", **grace)
        yield f"drain {name} ends", until_drained(master)
        yield f"drain {name} shown", drain_info(master)
        yield f"drain {name} again", agent("DRAIN_AGENT", **grace)
        until_drained(master)
        yield f"drain {name} again, otherwise", agent("DRAIN_AGENT", max_grace_period={"seconds": 7, "nanos": 0})
        until_drained(master)
        yield f"drain {name} otherwise shown", drain_info(master)
        yield f"drain {name} back", agent("REACTIVATE_AGENT")
        yield f"drain {name} twice back", agent("REACTIVATE_AGENT")
        yield f"drain {name} all shown", drain_info(master)
    for grace in ({"seconds": -1, "nanos": 0}, {"seconds": 0, "nanos": -1}, {"seconds": 1, "nanos": -1}, {"seconds": 9223372036854775807, "nanos": 0}, {"seconds": 9223372037, "nanos": 0}, {"seconds": 1}, {"nanos": 1}, {}):
        yield f"bad {grace}", agent("DRAIN_AGENT", max_grace_period=grace)
        until_drained(master)
        agent("REACTIVATE_AGENT")
    for aware in (False, True):
        framework = master.framework(name=f"drained-{aware}", capabilities=capabilities("MULTI_ROLE", *(["PARTITION_AWARE"] if aware else [])))
        first, second = framework.offers()
        framework.decline(first)
        framework.accept([second], launch(task(second, f"slow-{aware}", "trap '' TERM; while true; do sleep 0.1; done", kill_policy={"grace_period": {"nanoseconds": 2_000_000_000}})))
        framework.statuses(f"slow-{aware}", "TASK_RUNNING")
        framework.call("REVIVE")
        before = len(framework.events)
        time.sleep(1.3)
        standing = [each for each in framework.standing() if each["agent_id"]["value"] == master.agents[1]]
        before = len(framework.events)
        yield f"{aware} drain", agent("DRAIN_AGENT", max_grace_period={"seconds": 1, "nanos": 0})
        yield f"{aware} rescinded", bool(framework.wait("RESCIND", 3, before))
        yield f"{aware} meanwhile", drain_info(master)
        yield f"{aware} reactivate meanwhile", agent("REACTIVATE_AGENT")
        yield f"{aware} deactivate meanwhile", agent("DEACTIVATE_AGENT")
        yield f"{aware} accepted too late", framework.accept(standing[:1], launch(task(second, f"late-{aware}"))).status if standing else 202
        yield f"{aware} killed", [brief({**each, "message": ""}) for each in framework.statuses(f"slow-{aware}", "TASK_KILLED", 6, before)][-1:]
        yield f"{aware} late", [brief(each) for each in framework.statuses(f"late-{aware}", "TASK_LOST", 1, before)]
        yield f"{aware} ended", until_drained(master)
        before = len(framework.events)
        framework.call("REVIVE")
        time.sleep(1.3)
        yield f"{aware} not offered", [each["agent_id"] for event in framework.events[before:] if event["type"] == "OFFERS" for each in event["offers"]["offers"] if each["agent_id"]["value"] == master.agents[1]]
        before = len(framework.events)
        yield f"{aware} back", agent("REACTIVATE_AGENT")
        yield f"{aware} offered", bool(framework.wait("OFFERS", 3, before, lambda event: any(each["agent_id"]["value"] == master.agents[1] for each in event["offers"]["offers"])))
        framework.teardown()


@scenario
def deactivated_with_a_task(master: Master) -> Seen:
    framework = master.framework(name="staying", capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    first, second = framework.offers()
    framework.decline(first)
    framework.accept([second], launch(task(second, "stays"), task(second, "ends", "sleep 2")))
    framework.statuses("stays", "TASK_RUNNING")
    before = len(framework.events)
    yield "deactivate", on(master, "DEACTIVATE_AGENT", 1)
    yield "ends on it", [brief(each) for each in framework.statuses("ends", "TASK_FINISHED", 6)][-1:]
    framework.call("RECONCILE", {"tasks": [{"task_id": {"value": "stays"}}, {"task_id": {"value": "nobody"}, "agent_id": second["agent_id"]}]})
    time.sleep(0.3)
    yield "reconciled", [brief(each["update"]["status"]) for each in framework.events[before:] if each["type"] == "UPDATE" and each["update"]["status"].get("reason") == "REASON_RECONCILIATION"]
    resource = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "reservations": [{"type": "DYNAMIC", "role": "r"}]}
    yield "reserve on it", on(master, "RESERVE_RESOURCES", 1, resources=[resource])
    yield "unreserve on it", on(master, "UNRESERVE_RESOURCES", 1, resources=[resource])
    found = next(each for each in master.get("/slaves").json["slaves"] if each["id"] == master.agents[1])
    yield "shown", normal(found)
    metrics = master.get("/metrics/snapshot").json
    yield "metrics", {key: metrics[key] for key in ("master/slaves_active", "master/slaves_inactive", "master/slaves_connected", "master/slaves_disconnected", "master/slaves_unreachable", "master/cpus_total", "master/cpus_used")}
    yield "kill on it", shown(framework.call("KILL", {"task_id": {"value": "stays"}, "agent_id": second["agent_id"]}))
    yield "killed", [brief(each) for each in framework.statuses("stays", "TASK_KILLED", 6)][-1:]
    yield "drain from there", on(master, "DRAIN_AGENT", 1)
    yield "drained", until_drained(master)
    yield "deactivate then", on(master, "DEACTIVATE_AGENT", 1)
    yield "still drained", drain_info(master)
    yield "back", on(master, "REACTIVATE_AGENT", 1)
    yield "at last", drain_info(master)


@scenario
def every_count_of_the_master(master: Master) -> Seen:
    before = master.get("/metrics/snapshot").json
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    stream.wait("SUBSCRIBED")
    framework = master.framework(name="all-counts", principal="me", failover_timeout=100.0, capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    offers = framework.offers()
    framework.decline(*offers[1:])
    framework.accept(offers[:1], launch(task(offers[0], "n-1", "true"), task(offers[0], "n-2"), task(offers[0], "n-3", "exit 1"), task(offers[0], "n-4", resources=[])))
    for name, end in (("n-1", "TASK_FINISHED"), ("n-2", "TASK_RUNNING"), ("n-3", "TASK_FAILED")):
        framework.statuses(name, end)
    agent = {"value": master.agents[0]}
    for kind, body in {
        "SUPPRESS": {}, "REVIVE": {"roles": ["*"]}, "REQUEST": {"requests": []}, "RECONCILE": {"tasks": []}, "RECONCILE_OPERATIONS": {"operations": []},
        "MESSAGE": {"agent_id": agent, "executor_id": {"value": "nobody"}, "data": "YWJj"}, "SHUTDOWN": {"agent_id": agent, "executor_id": {"value": "nobody"}}, "ACKNOWLEDGE": {"agent_id": agent, "task_id": {"value": "nobody"}, "uuid": "MDEyMzQ1Njc4OWFiY2RlZg=="},
        "ACKNOWLEDGE_OPERATION_STATUS": {"agent_id": agent, "operation_id": {"value": "x"}, "uuid": "MDEyMzQ1Njc4OWFiY2RlZg=="}, "KILL": {"task_id": {"value": "nobody"}}, "ACCEPT_INVERSE_OFFERS": {"inverse_offer_ids": [{"value": "x"}]}, "DECLINE_INVERSE_OFFERS": {"inverse_offer_ids": [{"value": "x"}]}, "DECLINE": {"offer_ids": [{"value": "x"}]},
        "ACCEPT": {"offer_ids": [{"value": "x"}], "operations": [launch(task(offers[0], "n-5"))]}, "UPDATE_FRAMEWORK": {"framework_info": {**framework.info, "id": framework.id, "name": "all-counts"}},
    }.items():
        yield kind, shown(framework.call(kind, body))
    framework.call("SUPPRESS")
    framework.decline(*framework.standing())
    kill_at = len(framework.events)
    framework.call("KILL", {"task_id": {"value": "n-2"}})
    framework.statuses("n-2", "TASK_KILLED", 6, kill_at)
    time.sleep(0.6)
    after = master.get("/metrics/snapshot").json
    own = f"master/frameworks/all-counts/{framework.id['value']}/"
    yield "its own", {key.removeprefix(own): value for key, value in after.items() if key.startswith(own) and not key.endswith(("calls", "events", "offers/sent", "offers/declined", "events/offers", "events/rescind", "offers/rescinded", "events/heartbeat", "calls/decline"))}
    yield "all others that changed", {key: round(value - before.get(key, 0), 3) for key, value in after.items() if key.startswith("master/") and not key.startswith("master/frameworks/") and value != before.get(key, 0) and _of_counts(key)}
    yield "states", {key: value for key, value in after.items() if key.startswith(("master/slaves", "master/frameworks_", "master/tasks_", "master/cpus", "master/mem", "master/disk", "master/gpus", "master/operator", "master/elected", "master/recovery", "master/outstanding")) and _of_counts(key)}
    stream.close()


def _of_counts(key: str) -> bool:
    """Not times, not what depends on how often offers went out, nor on what was before."""
    return not key.startswith(("master/event_queue", "master/messages_decline_offers", "master/uptime", "master/http_cache", "master/recovery_time", "master/tasks_finished", "master/tasks_failed", "master/tasks_killed", "master/tasks_error", "master/tasks_lost", "master/tasks_dropped", "master/tasks_gone", "master/slave_", "master/task_failed/")) and "elapsed" not in key and "uptime" not in key


@scenario
def pages_of_several_frameworks(master: Master) -> Seen:
    frameworks = [master.framework(name=f"pages-{number}", capabilities=capabilities("MULTI_ROLE")) for number in range(2)]
    for number, framework in enumerate(frameworks):
        offer: Json | None = framework.fresh_offer()
        while offer is None:
            for other in frameworks:
                other.decline(*other.standing(), refuse=0)
            offer = framework.fresh_offer()
        for name in ("a", "b"):
            framework.accept([offer], launch(task(offer, f"page-{number}-{name}", "true")), refuse=0)
            framework.statuses(f"page-{number}-{name}", "TASK_FINISHED")
            offer = framework.fresh_offer() or offer
        framework.decline(*framework.standing(), refuse=1000)
        framework.call("SUPPRESS")
    own = [each.id["value"] for each in frameworks]

    def page(query: str) -> Any:
        answer = master.get(f"/tasks?{query}")
        return [each["id"] for each in answer.json["tasks"]] if answer.status == 200 else [answer.status, answer.body.decode()]

    yield "last four, newest first", page("limit=4")
    yield "by time", page("limit=4&order=des")
    yield "of one", [page(f"framework_id={each}&order=asc") for each in own]
    yield "of one, the second", [page(f"framework_id={each}&order=asc&offset=1&limit=1") for each in own]
    yield "of one, beyond", [page(f"framework_id={each}&order=asc&offset=2&limit=1") for each in own]
    yield "by a task's id", [page("task_id=page-0-a"), page(f"task_id=page-0-a&framework_id={own[1]}"), page(f"task_id=page-0-a&framework_id={own[0]}")]
    yield "newest of all", [page("limit=1&order=desc"), page("limit=1&offset=1"), page("limit=2&offset=1&order=desc")]
    for query in ("order=asc&limit=1&offset=1&jsonp=x", "limit=%31", "limit=1%20", "limit=1e1", "offset=1.5&limit=1", "order=asc;", "LIMIT=1", "limit", "limit&offset", "order", "task_id", "framework_id"):
        answer = master.get(f"/tasks?{query}")
        yield f"query {query}", [answer.status, answer.headers.get("Content-Type"), answer.body[:30].decode() if answer.status >= 400 else len(answer.body) > 20]
    for path in ("/frameworks", "/master/frameworks"):
        for query in (f"framework_id={own[0]}", f"framework_id={own[0]}&framework_id={own[1]}", "framework_id=nobody", "limit=1"):
            found = master.get(f"{path}?{query}").json
            yield f"{path} {normal(query)}", [sorted(each["name"] for each in found["frameworks"] if each["id"] in own), sorted(found)]
    for query in (f"slave_id={master.agents[1]}", f"slave_id={master.agents[0]}&slave_id={master.agents[1]}", "limit=1"):
        found = master.get(f"/slaves?{query}").json
        yield f"slaves {normal(query)}", sorted(normal(each["id"]) for each in found["slaves"])
