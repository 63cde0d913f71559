"""Every field of a FrameworkInfo changed, one at a time and by both ways; roles that are suppressed, revived, filtered."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import Framework, Json, Master, capabilities, launch, scalar, task
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario
from tests.integration.two_masters.scenarios.scheduler_calls import brief

Seen = Iterator[tuple[str, Any]]
LARGE: Json = {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": 1}}}]}}}
RACK: Json = {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"exists": {}}}]}]}}}

CHANGES: dict[str, Json] = {
    "nothing": {}, "name": {"name": "renamed"}, "empty name": {"name": ""}, "no name": {"name": None}, "user": {"user": "nobody"}, "empty user": {"user": ""}, "no user": {"user": None},
    "failover": {"failover_timeout": 99.5}, "failover as text": {"failover_timeout": "12"}, "no failover": {"failover_timeout": None}, "failover inf": {"failover_timeout": "Infinity"}, "failover zero": {"failover_timeout": 0},
    "checkpoint": {"checkpoint": False}, "no checkpoint": {"checkpoint": None}, "hostname": {"hostname": "elsewhere"}, "no hostname": {"hostname": None}, "webui": {"webui_url": "http://w/"}, "no webui": {"webui_url": None},
    "labels": {"labels": {"labels": [{"key": "a", "value": "b"}, {"key": "a"}]}}, "empty labels": {"labels": {}}, "no labels": {"labels": None}, "bad label": {"labels": {"labels": [{"value": "x"}]}},
    "principal": {"principal": "you"}, "no principal": {"principal": None}, "empty principal": {"principal": ""},
    "a role more": {"roles": ["*", "b"]}, "another role": {"roles": ["c"]}, "no role": {"roles": []}, "roles in other order": {"roles": ["d", "*"]}, "role above and below": {"roles": ["e", "e/f"]}, "bad role": {"roles": [".."]}, "twice": {"roles": ["a", "a"]},
    "every capability": {"capabilities": capabilities("MULTI_ROLE", "REVOCABLE_RESOURCES", "TASK_KILLING_STATE", "GPU_RESOURCES", "SHARED_RESOURCES", "PARTITION_AWARE", "RESERVATION_REFINEMENT", "REGION_AWARE")},
    "a capability twice": {"capabilities": capabilities("MULTI_ROLE", "PARTITION_AWARE", "PARTITION_AWARE")}, "an unknown capability": {"capabilities": capabilities("MULTI_ROLE", "FLYING")}, "no multi role": {"capabilities": capabilities("PARTITION_AWARE")}, "no capability's type": {"capabilities": [{}, {"type": "MULTI_ROLE"}]},
    "filters": {"offer_filters": LARGE}, "filters of nobody": {"offer_filters": {"zz": LARGE["*"]}}, "no filters": {"offer_filters": {}}, "bad filters": {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": -1}}}]}}}},
    "id": {"id": {"value": "x"}}, "empty id": {"id": {"value": ""}}, "no id": {"id": None},
    "user and name": {"user": "x", "name": "y"}, "checkpoint and name": {"checkpoint": False, "name": "z"}, "role besides": {"role": "r"}, "everything": {"name": "all", "hostname": "a", "webui_url": "http://a/", "failover_timeout": 77.0, "labels": {"labels": [{"key": "k"}]}, "roles": ["*"]},
}


def own(master: Master, framework: Framework) -> Any:
    found = master.operator({"type": "GET_FRAMEWORKS"}).json["get_frameworks"]["frameworks"]
    one = next(each for each in found if each["framework_info"]["id"] == framework.id)
    return normal({name: value for name, value in one.items() if name not in ("offers", "offered_resources", "allocated_resources")})


def legacy(master: Master, framework: Framework) -> Any:
    one = next(each for each in master.get("/frameworks").json["frameworks"] if each["id"] == framework.id["value"])
    return normal({name: value for name, value in one.items() if name not in ("offers", "offered_resources", "resources", "used_resources")})


@scenario
def every_field_updated(master: Master) -> Seen:
    framework = master.framework(name="fields", principal="me", failover_timeout=50.0, checkpoint=True, hostname="h", webui_url="http://f/", labels={"labels": [{"key": "z"}]})
    for name, change in CHANGES.items():
        info = {key: value for key, value in {**framework.info, "id": framework.id, **change}.items() if value is not None}
        yield name, shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": info}))
        yield f"{name} shown", own(master, framework)
        yield f"{name} legacy", legacy(master, framework)
        yield f"{name} binary", shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": info}, binary=True)) if "text" not in name and name not in ("no name", "no user", "bad label", "no capability's type", "an unknown capability") else ""
    for name, more in {"constraints": {"offer_constraints": RACK}, "suppressed": {"suppressed_roles": ["*"]}, "both": {"offer_constraints": RACK, "suppressed_roles": ["*"]}, "constraints and a bad role": {"offer_constraints": RACK, "suppressed_roles": ["nope"]}}.items():
        info = {**framework.info, "id": framework.id, "name": name}
        yield name, shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": info, **more}))
        yield f"{name} shown", [own(master, framework), legacy(master, framework)]


@scenario
def every_field_subscribed_again(master: Master) -> Seen:
    framework = master.framework(name="fields", principal="me", failover_timeout=50.0, checkpoint=True, hostname="h", webui_url="http://f/", labels={"labels": [{"key": "z"}]})
    for name, change in CHANGES.items():
        if name in ("id", "empty id", "no id"):
            continue
        again = master.framework(**{**framework.info, "id": framework.id, **change})
        yield name, [again.status, again.refusal.decode(), normal([{"type": each["type"], "error": each.get("error")} for each in again.events[:1]])]
        yield f"{name} shown", own(master, framework)
        yield f"{name} legacy", legacy(master, framework)
    for name, options in {"constraints": {"offer_constraints": RACK}, "suppressed": {"suppressed_roles": ["*"]}, "neither": {}}.items():
        master.framework(**{**framework.info, "id": framework.id}, **options)
        yield f"with {name}", [own(master, framework), legacy(master, framework)]


def offered_for(framework: Framework, seconds: float = 2.2) -> Any:
    time.sleep(seconds)
    return sorted({each["allocation_info"]["role"] for each in framework.standing()})


@scenario
def filters_and_suppression_by_role(master: Master) -> Seen:
    framework = master.framework(name="by-role", roles=["a", "b"])
    yield "offered", [len(framework.offers()), offered_for(framework, 0.2)]
    yield "suppress a", shown(framework.call("SUPPRESS", {"roles": ["a"]}))
    framework.decline(*framework.standing(), refuse=0)
    yield "for b alone", offered_for(framework)
    framework.decline(*framework.standing(), refuse=1000)
    yield "for nobody", offered_for(framework)
    yield "revive a", shown(framework.call("REVIVE", {"roles": ["a"]}))
    yield "for a alone", offered_for(framework)
    framework.decline(*framework.standing(), refuse=1000)
    yield "for none", offered_for(framework)
    yield "revive b", shown(framework.call("REVIVE", {"roles": ["b"]}))
    yield "for b then", offered_for(framework)
    framework.decline(*framework.standing(), refuse=1000)
    yield "suppress all", shown(framework.call("SUPPRESS", {"roles": ["a", "b"]}))
    yield "legacy", legacy(master, framework)
    yield "revive none by name", shown(framework.call("REVIVE", {"roles": []}))
    yield "revived", [sorted(set(offered_for(framework)) & {"a", "b"}) != [], legacy(master, framework)]
    framework.decline(*framework.standing(), refuse=1000)
    yield "revive without a body", shown(framework.call("REVIVE"))
    yield "for some", offered_for(framework) != []
    yield "suppress without a body", shown(framework.call("SUPPRESS"))
    framework.decline(*framework.standing(), refuse=0)
    yield "for none at last", [offered_for(framework), legacy(master, framework)]
    yield "update revives", shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": {**framework.info, "id": framework.id}, "suppressed_roles": ["b"]}))
    yield "updated", [offered_for(framework), legacy(master, framework)]
    framework.decline(*framework.standing(), refuse=1000)
    yield "update with filters standing", shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": {**framework.info, "id": framework.id}, "suppressed_roles": ["b"]}))
    yield "still filtered", offered_for(framework)
    yield "update unsuppresses", shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": {**framework.info, "id": framework.id}}))
    yield "for b again", offered_for(framework)
    for roles in (["a", "a/b"], ["*"], [""], ["a", ""], [5], "a", None):
        for kind in ("REVIVE", "SUPPRESS"):
            yield f"{kind} {roles}", shown(framework.call(kind, {"roles": roles}))
    yield "at last", legacy(master, framework)


@scenario
def roles_with_tasks(master: Master) -> Seen:
    """What is told of roles while a framework leaves one in which it still has a task."""
    framework = master.framework(name="leaving", roles=["stay", "leave"], failover_timeout=100.0, suppressed_roles=["stay"])
    (offer, *_) = framework.offers()
    framework.accept([offer], launch(task(offer, "left", resources=[scalar("cpus", 0.5, "leave"), scalar("mem", 32, "leave")])))
    framework.statuses("left", "TASK_RUNNING")
    info = {**framework.info, "id": framework.id, "roles": ["stay"]}

    def views() -> Any:
        roles = [each for each in master.get("/roles").json["roles"] if each["name"] in ("stay", "leave")]
        v1 = [each for each in master.operator({"type": "GET_ROLES"}).json["get_roles"]["roles"] if each.get("name") in ("stay", "leave")]
        return normal([[{key: each[key] for key in ("name", "frameworks", "allocated")} for each in roles], [{**each, "resources": [one for one in each.get("resources", ()) if one["name"] in ("cpus", "mem")]} for each in v1 if each.get("name") == "leave"]])

    framework.decline(*framework.standing())
    framework.call("SUPPRESS")
    yield "before", views()
    yield "leave", shown(framework.call("UPDATE_FRAMEWORK", {"framework_info": info}))
    yield "left", views()
    yield "shown", [own(master, framework), legacy(master, framework)]
    yield "suppress what was left", shown(framework.call("SUPPRESS", {"roles": ["leave"]}))
    before = len(framework.events)
    framework.call("KILL", {"task_id": {"value": "left"}})
    yield "killed", [brief(each) for each in framework.statuses("left", "TASK_KILLED", 6, before)]
    time.sleep(0.3)
    yield "after", views()
