"""The v1 scheduler API: subscriptions, calls, launches and operations, valid and not, in both encodings."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import (
    JSON,
    PROTOBUF,
    Framework,
    Json,
    Master,
    capabilities,
    launch,
    scalar,
    task,
)
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario

Seen = Iterator[tuple[str, Any]]
PATH = "/api/v1/scheduler"


@scenario
def subscriptions(master: Master) -> Seen:
    for name, info in {
        "plain": {}, "no roles": {"roles": [], "capabilities": []}, "role": {"roles": None, "role": "a", "capabilities": []},
        "multi role without roles": {"roles": None}, "empty name": {"name": ""}, "empty user": {"user": ""},
        "roles without capability": {"capabilities": [], "roles": ["a"]}, "role with capability": {"roles": None, "role": "a"},
        "both": {"role": "a", "roles": ["b"]}, "twice": {"roles": ["a", "a"]},
        "bad role": {"roles": ["a/"]}, "dash": {"roles": ["-a"]}, "space": {"roles": ["a b"]}, "dot": {"roles": ["."]}, "tab": {"roles": ["a\tb"]}, "backslash": {"roles": ["a\\b"]},
        "star below": {"roles": ["a/*"]}, "empty role": {"roles": [""]}, "nested": {"roles": ["a/b/c"]}, "leading slash": {"roles": ["/a"]},
        "negative failover": {"failover_timeout": -1}, "huge failover": {"failover_timeout": 1e30}, "nan failover": {"failover_timeout": "NaN"}, "text failover": {"failover_timeout": "10"},
        "unknown capability": {"capabilities": capabilities("MULTI_ROLE", "FLYING")}, "every capability": {"capabilities": capabilities("MULTI_ROLE", "REVOCABLE_RESOURCES", "TASK_KILLING_STATE", "GPU_RESOURCES", "SHARED_RESOURCES", "PARTITION_AWARE", "RESERVATION_REFINEMENT", "REGION_AWARE")},
        "bad id": {"id": {"value": "a/b"}, "subscribe_id": 1}, "empty id": {"id": {"value": ""}}, "dot id": {"id": {"value": ".."}}, "long id": {"id": {"value": "x" * 300}}, "own id": {"id": {"value": "own-id"}},
        "suppressed": {"suppressed_roles": ["*"]}, "suppressed unknown": {"suppressed_roles": ["nobody"]}, "suppressed twice": {"suppressed_roles": ["*", "*"]}, "suppressed bad": {"suppressed_roles": ["a//b"]},
        "offer filters": {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": 1}}}]}}}},
        "offer filters of another role": {"offer_filters": {"nobody": {}}},
        "offer filters empty": {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": [{}]}}}},
        "offer filters negative": {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": -1}}}]}}}},
        "constraints": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"not_exists": {}}}]}]}}}},
        "constraints of another role": {"offer_constraints": {"role_constraints": {"nobody": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"exists": {}}}]}]}}}},
        "constraints without groups": {"offer_constraints": {"role_constraints": {"*": {}}}},
        "constraints with an empty group": {"offer_constraints": {"role_constraints": {"*": {"groups": [{}]}}}},
        "constraints without a selector": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"predicate": {"exists": {}}}]}]}}}},
        "constraints without a predicate": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}}]}]}}}},
        "constraints with a bad regex": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"text_matches": {"regex": "("}}}]}]}}}},
        "constraints by hostname": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"pseudoattribute_type": "HOSTNAME"}, "predicate": {"text_equals": {"value": "elsewhere"}}}]}]}}}},
        "constraints by nothing": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"pseudoattribute_type": "UNKNOWN"}, "predicate": {"text_equals": {"value": "x"}}}]}]}}}},
    }.items():
        info.pop("subscribe_id", None)
        for accept in (JSON, PROTOBUF):
            framework = master.framework(accept=accept, **dict(info))
            time.sleep(0.05)
            first = normal(framework.events[:1])
            yield (
                f"{name} {accept}",
                [
                    framework.status,
                    framework.refusal.decode(),
                    first,
                    normal(dict(framework.response.headers.items())).get("Content-Type"),
                ],
            )
            framework.teardown()


@scenario
def requests(master: Master) -> Seen:
    framework = master.framework()
    good = {"Content-Type": JSON, "Accept": JSON, "Mesos-Stream-Id": framework.stream_id}
    for kind in ["TEARDOWN", "ACCEPT", "DECLINE", "ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS", "REVIVE", "KILL", "SHUTDOWN", "ACKNOWLEDGE", "ACKNOWLEDGE_OPERATION_STATUS", "RECONCILE", "RECONCILE_OPERATIONS", "MESSAGE", "REQUEST", "SUPPRESS", "UPDATE_FRAMEWORK", "SUBSCRIBE"]:
        for name, call in {
            "nothing else": {"type": kind}, "an unknown framework": {"type": kind, "framework_id": {"value": "nobody"}},
            "an empty body": {"type": kind, "framework_id": {"value": "nobody"}, kind.lower(): {}},
        }.items():
            yield f"{kind} {name}", shown(master.request("POST", PATH, json.dumps(call), good))
        if kind != "TEARDOWN":
            yield f"{kind} of a framework, empty", shown(framework.call(kind, {}, Accept="text/html"))
            yield f"{kind} of a framework, without", shown(framework.call(kind, Accept="text/html"))
    for name, body in {
        "no uuid": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}}, "text uuid": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "abc"},
        "short uuid": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "YWJj"}, "empty uuid": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": ""},
        "16 bytes": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "MDEyMzQ1Njc4OWFiY2RlZg=="},
        "bad base64": {"agent_id": {"value": "a"}, "task_id": {"value": "t"}, "uuid": "!!"}, "number": {"agent_id": 5},
    }.items():
        yield f"ACKNOWLEDGE {name}", shown(framework.call("ACKNOWLEDGE", body))
        op = {
            "agent_id": {"value": "a"},
            "operation_id": {"value": "o"},
            **({"uuid": body["uuid"]} if "uuid" in body else {}),
        }
        yield f"ACKNOWLEDGE_OPERATION_STATUS {name}", shown(framework.call("ACKNOWLEDGE_OPERATION_STATUS", op))
    for headers in (
        {}, {"Mesos-Stream-Id": "x"}, {"Mesos-Stream-Id": framework.stream_id.upper()}, {"Mesos-Stream-Id": ""}, {"Content-Type": "text/plain"}, {"Accept": "text/html"},
    ):
        call = {"type": "REVIVE", "framework_id": framework.id}
        merged = {**good, **headers} if headers else {"Content-Type": JSON}
        yield (
            f"REVIVE {list(headers.items())}".replace(framework.stream_id.upper(), "upper"),
            normal_text(shown(master.request("POST", PATH, json.dumps(call), merged)), framework),
        )
    for body in ("", "{", "[]", "5", "null", '"x"', '{"type":', '{"type":"REVIVE"} {}', '{"type":5}', '{"type":"REVIVE","framework_id":5}', '{"type":"REVIVE","framework_id":{}}', '{"type":"REVIVE","framework_id":{"value":5}}', '{"type":"REVIVE","framework_id":null}', '{"type":["REVIVE"]}', '{"type":"REVIVE","framework_id":[{"value":"x"}]}', '{"type":"DECLINE","decline":{"offer_ids":{"value":"x"}}}', '{"type":"DECLINE","decline":{"offer_ids":[5]}}', '{"type":"DECLINE","decline":{"offer_ids":[{}]}}', '{"type":"DECLINE","decline":{"filters":{"refuse_seconds":"x"}}}', '{"type":"DECLINE","decline":{"filters":{"refuse_seconds":true}}}', '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":5,"name":"x"}}}', '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"checkpoint":"yes","name":"x","user":"y"}}}', '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"checkpoint":1,"name":"x","user":"y"}}}'):
        yield f"body {body}", shown(master.request("POST", PATH, body, good))
    for body in (b"", b"\x08", b"\x08\x02", b"\xff\xff", b"\x08\x05\x12\x02\x0a", b"\x0a\x00", b"\x08\x63"):
        yield f"protobuf {body!r}", shown(master.request("POST", PATH, body, {**good, "Content-Type": PROTOBUF}))
    for method in ("GET", "PUT", "DELETE", "HEAD", "OPTIONS"):
        yield method, shown(master.request(method, PATH))
    for path in (PATH + "/", PATH + "/x", "/master" + PATH, "/api/v1/schedulers", PATH + "?x=y"):
        yield path, shown(master.request("POST", path, "{}", {"Content-Type": JSON}))


def normal_text(value: Any, framework: Framework) -> Any:
    text = json.dumps(value).replace(framework.stream_id, "<stream>").replace(framework.stream_id.upper(), "<STREAM>")
    return json.loads(text)


@scenario
def updates_of_a_framework(master: Master) -> Seen:
    framework = master.framework(name="updated", principal="me", failover_timeout=10.0, hostname="h")
    framework.offers()
    other = master.framework(name="without a principal")

    def update(changed: Json, **more: Any) -> Any:
        info = {**framework.info, "id": framework.id, **changed}
        body = {"framework_info": {name: value for name, value in info.items() if value is not None}, **more}
        return shown(framework.call("UPDATE_FRAMEWORK", body))

    def now() -> Any:
        found = master.operator({"type": "GET_FRAMEWORKS"}).json["get_frameworks"]["frameworks"]
        return normal(next(each for each in found if each["framework_info"]["id"] == framework.id)["framework_info"])

    for name, change in {
        "nothing": {}, "name": {"name": "renamed"}, "user": {"user": "nobody"}, "checkpoint": {"checkpoint": True}, "principal": {"principal": "you"}, "no principal": {"principal": None},
        "failover": {"failover_timeout": 20.0}, "bad failover": {"failover_timeout": -1}, "huge failover": {"failover_timeout": 1e30}, "hostname": {"hostname": "elsewhere"}, "webui": {"webui_url": "http://w/"},
        "labels": {"labels": {"labels": [{"key": "a", "value": "b"}]}}, "roles": {"roles": ["*", "b"]}, "bad roles": {"roles": ["a//b"]}, "twice": {"roles": ["a", "a"]}, "no multi role": {"capabilities": []}, "other roles": {"roles": ["c"]},
        "capabilities": {"capabilities": capabilities("MULTI_ROLE", "PARTITION_AWARE")}, "no id": {"id": None}, "another id": {"id": {"value": "x"}}, "role": {"role": "x"}, "no roles": {"roles": []}, "user and checkpoint": {"user": "x", "checkpoint": True},
        "filters": {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {"cpus": {"value": 1}}}]}}}},
    }.items():
        yield name, update(change)
        yield f"{name} done", now()
    for name, more in {
        "suppress": {"suppressed_roles": ["*"]}, "suppress unknown": {"suppressed_roles": ["zz"]}, "suppress bad": {"suppressed_roles": ["a//b"]}, "suppress twice": {"suppressed_roles": ["*", "*"]},
        "constraints": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"exists": {}}}]}]}}}},
        "bad constraints": {"offer_constraints": {"role_constraints": {"*": {"groups": [{"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"text_matches": {"regex": "("}}}]}]}}}},
    }.items():
        yield name, update({}, **more)
        yield (
            f"{name} shown",
            normal(
                [
                    each.get("offer_constraints", "<none>")
                    for each in master.get("/frameworks").json["frameworks"]
                    if each["id"] == framework.id["value"]
                ]
            ),
        )
    yield "without an info", shown(framework.call("UPDATE_FRAMEWORK", {}))
    yield "another's", shown(other.call("UPDATE_FRAMEWORK", {"framework_info": {**framework.info, "id": framework.id}}))
    for name, change in {
        "user": {"user": "zoe"},
        "checkpoint": {"checkpoint": True},
        "principal": {"principal": "you"},
        "roles": {"roles": ["d"]},
        "name": {"name": "n2"},
    }.items():
        again = master.framework(**{**framework.info, "id": framework.id, **change})
        yield f"subscribe again {name}", normal(again.events[:1])
        yield f"subscribe again {name} info", now()
    yield "old stream", [normal(framework.told("OFFERS", "UPDATE")[-1:]), framework.ended.wait(3)]


BAD_TASKS: dict[str, Json] = {
    "empty id": {"task_id": {"value": ""}}, "slash": {"task_id": {"value": "a/b"}}, "dots": {"task_id": {"value": ".."}}, "dot": {"task_id": {"value": "."}}, "long": {"task_id": {"value": "x" * 256}}, "control": {"task_id": {"value": "a\tb"}}, "space": {"task_id": {"value": "a b"}}, "backslash": {"task_id": {"value": "a\\b"}},
    "no resources": {"resources": []}, "zero cpus": {"resources": [scalar("cpus", 0), scalar("mem", 32)]}, "only zero": {"resources": [scalar("cpus", 0)]}, "negative": {"resources": [scalar("cpus", -1)]}, "too much": {"resources": [scalar("cpus", 100)]}, "tiny": {"resources": [scalar("cpus", 0.0001)]},
    "other role": {"resources": [scalar("cpus", 0.1, "other")]}, "two roles": {"resources": [scalar("cpus", 0.1), scalar("mem", 32, "other")]}, "unallocated": {"resources": [scalar("cpus", 0.1, None)]}, "unknown resource": {"resources": [scalar("bananas", 1)]},
    "ports not offered": {"resources": [scalar("cpus", 0.1), {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}, "allocation_info": {"role": "*"}}]}, "ports twice": {"resources": [{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 31001}, {"begin": 31001, "end": 31002}]}, "allocation_info": {"role": "*"}}]},
    "gpus": {"resources": [scalar("gpus", 0.5)]}, "revocable": {"resources": [scalar("cpus", 0.1, revocable={})]}, "mixed revocable": {"resources": [scalar("cpus", 0.1), scalar("cpus", 0.1, revocable={})]}, "disk unreserved": {"resources": [scalar("disk", 1, disk={"persistence": {"id": "v"}, "volume": {"container_path": "v", "mode": "RW"}})]},
    "no command": {"command": None}, "both": {"executor": {"executor_id": {"value": "e"}, "command": {"value": "x"}}}, "other agent": {"agent_id": {"value": "other"}}, "empty agent": {"agent_id": {"value": ""}},
    "grace": {"kill_policy": {"grace_period": {"nanoseconds": -1}}}, "completion": {"max_completion_time": {"nanoseconds": -1}},
    "check without type": {"check": {}}, "check command": {"check": {"type": "COMMAND"}}, "check command empty": {"check": {"type": "COMMAND", "command": {}}}, "check command without value": {"check": {"type": "COMMAND", "command": {"command": {"shell": True}}}}, "check http": {"check": {"type": "HTTP"}}, "check http path": {"check": {"type": "HTTP", "http": {"port": 1, "path": "x"}}}, "check tcp": {"check": {"type": "TCP"}}, "check delay": {"check": {"type": "TCP", "tcp": {"port": 1}, "delay_seconds": -1}}, "check interval": {"check": {"type": "TCP", "tcp": {"port": 1}, "interval_seconds": -1}}, "check timeout": {"check": {"type": "TCP", "tcp": {"port": 1}, "timeout_seconds": -1}}, "check unknown": {"check": {"type": "UNKNOWN"}},
    "health without type": {"health_check": {}}, "health command": {"health_check": {"type": "COMMAND"}}, "health command empty": {"health_check": {"type": "COMMAND", "command": {}}}, "health command env": {"health_check": {"type": "COMMAND", "command": {"value": "x", "environment": {"variables": [{"name": "A"}]}}}}, "health http": {"health_check": {"type": "HTTP"}}, "health http scheme": {"health_check": {"type": "HTTP", "http": {"port": 1, "scheme": "ftp"}}}, "health http path": {"health_check": {"type": "HTTP", "http": {"port": 1, "path": "x"}}}, "health tcp": {"health_check": {"type": "TCP"}}, "health delay": {"health_check": {"type": "TCP", "tcp": {"port": 1}, "delay_seconds": -1}}, "health grace": {"health_check": {"type": "TCP", "tcp": {"port": 1}, "grace_period_seconds": -1}}, "health interval": {"health_check": {"type": "TCP", "tcp": {"port": 1}, "interval_seconds": -1}}, "health timeout": {"health_check": {"type": "TCP", "tcp": {"port": 1}, "timeout_seconds": -1}}, "health unknown": {"health_check": {"type": "UNKNOWN"}},
    "env without value": {"command": {"value": "x", "environment": {"variables": [{"name": "A"}]}}}, "env secret without": {"command": {"value": "x", "environment": {"variables": [{"name": "A", "type": "SECRET"}]}}}, "env both": {"command": {"value": "x", "environment": {"variables": [{"name": "A", "type": "VALUE", "value": "x", "secret": {"type": "VALUE", "value": {"data": "eA=="}}}]}}}, "env unknown": {"command": {"value": "x", "environment": {"variables": [{"name": "A", "type": "UNKNOWN", "value": "x"}]}}}, "env nul": {"command": {"value": "x", "environment": {"variables": [{"name": "A", "type": "SECRET", "secret": {"type": "VALUE", "value": {"data": "AA=="}}}]}}},
    "container without type": {"container": {}}, "docker without image": {"container": {"type": "DOCKER"}}, "docker on mesos": {"container": {"type": "MESOS", "docker": {"image": "x"}}}, "volume without": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW"}]}}, "volume both": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "host_path": "/x", "source": {"type": "SANDBOX_PATH", "sandbox_path": {"type": "SELF", "path": "x"}}}]}}, "volume source empty": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "source": {"type": "SANDBOX_PATH"}}]}}, "volume source unknown": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "source": {"type": "UNKNOWN"}}]}}, "volume host path": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "source": {"type": "HOST_PATH"}}]}}, "volume secret": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "source": {"type": "SECRET"}}]}}, "volume docker": {"container": {"type": "MESOS", "volumes": [{"container_path": "x", "mode": "RW", "source": {"type": "DOCKER_VOLUME"}}]}},
    "limits": {"limits": {"disk": {"value": 1}}}, "limit below": {"limits": {"cpus": {"value": 0.01}}}, "mem limit below": {"limits": {"mem": {"value": 1}}}, "limit without": {"resources": [scalar("mem", 32)], "limits": {"cpus": {"value": 1}}}, "share cgroups": {"container": {"type": "MESOS", "linux_info": {"share_cgroups": False}}},
}
EXECUTOR = {
    "executor_id": {"value": "e"},
    "command": {"value": "x"},
    "resources": [scalar("cpus", 0.1), scalar("mem", 32)],
}
BAD_EXECUTORS: dict[str, Json] = {
    "no command": {"command": None}, "default with command": {"type": "DEFAULT"}, "default": {"type": "DEFAULT", "command": None}, "custom": {"type": "CUSTOM", "command": None}, "unknown": {"type": "UNKNOWN", "command": None}, "empty id": {"executor_id": {"value": ""}}, "slash": {"executor_id": {"value": "a/b"}},
    "grace": {"shutdown_grace_period": {"nanoseconds": -1}}, "framework": {"framework_id": {"value": "x"}}, "env": {"command": {"value": "x", "environment": {"variables": [{"name": "A"}]}}}, "container": {"container": {}}, "role": {"resources": [scalar("cpus", 0.1, "other")]}, "too much": {"resources": [scalar("cpus", 100)]}, "negative": {"resources": [scalar("cpus", -1)]}, "share": {"container": {"type": "MESOS", "linux_info": {"share_cgroups": True}}},
}


def changed(base: Json, change: Json) -> Json:
    return {name: value for name, value in {**base, **change}.items() if value is not None}


@scenario
def tasks_that_are_refused(master: Master) -> Seen:
    framework = master.framework(name="refused")
    tasks: list[tuple[str, Json]] = []
    (offer, *_) = framework.offers()
    for number, (name, change) in enumerate(BAD_TASKS.items()):
        tasks.append((name, changed(task(offer, f"bad-{number}"), change)))
    for number, (name, change) in enumerate(BAD_EXECUTORS.items()):
        executor = changed(EXECUTOR, change)
        tasks.append(
            (
                f"executor {name}",
                {**changed(task(offer, f"bad-executor-{number}"), {"command": None}), "executor": executor},
            )
        )
    first = len(framework.events)
    for name, one in tasks:
        yield f"answer {name}", shown(framework.accept([offer], launch(one), refuse=0))
        status = _next_update(framework, first)
        first = len(framework.events)
        yield name, brief(status)
        if status.get("state") != "TASK_ERROR":  # it is run
            framework.call("KILL", {"task_id": one["task_id"]})
            framework.statuses(one["task_id"]["value"], "TASK_KILLED", 4)
        offer = framework.fresh_offer() or {}
        first = len(framework.events)


def _next_update(framework: Framework, after: int) -> Json:
    event = framework.wait("UPDATE", 5, after)
    return event.get("update", {}).get("status", {})


def brief(status: Json) -> Any:
    kept = {
        name: normal(status[name]) for name in ("state", "source", "reason", "message", "healthy") if name in status
    }
    return {
        **kept,
        "has": sorted(
            name
            for name in status
            if name in ("uuid", "agent_id", "executor_id", "timestamp", "container_status", "unreachable_time")
        ),
    }


@scenario
def groups_that_are_refused(master: Master) -> Seen:
    framework = master.framework(name="groups")
    executor = {
        "type": "DEFAULT",
        "executor_id": {"value": "g"},
        "framework_id": framework.id,
        "resources": [scalar("cpus", 0.1), scalar("mem", 32), scalar("disk", 32)],
    }
    (offer, *_) = framework.offers()
    for number, (name, change, change_task) in enumerate([
        ("no type", {"type": None}, {}), ("unknown", {"type": "UNKNOWN"}, {}), ("custom without command", {"type": "CUSTOM"}, {}), ("no framework", {"framework_id": None}, {}), ("another framework", {"framework_id": {"value": "x"}}, {}),
        ("little cpu", {"resources": [scalar("cpus", 0.001), scalar("mem", 32), scalar("disk", 32)]}, {}), ("no mem", {"resources": [scalar("cpus", 0.1), scalar("disk", 32)]}, {}), ("no disk", {"resources": [scalar("cpus", 0.1), scalar("mem", 32)]}, {}), ("no resources", {"resources": []}, {}),
        ("command", {"command": {"value": "x"}}, {}), ("docker executor", {"container": {"type": "DOCKER", "docker": {"image": "x"}}}, {}), ("docker task", {}, {"container": {"type": "DOCKER", "docker": {"image": "x"}}}),
        ("bad task", {}, {"task_id": {"value": "a/b"}}), ("task with another executor", {}, {"executor": {"executor_id": {"value": "other"}, "type": "DEFAULT"}}), ("too much", {}, {"resources": [scalar("cpus", 100)]}), ("limits", {}, {"limits": {"cpus": {"value": 1}}}), ("no task resources", {}, {"resources": []}),
        ("network", {}, {"container": {"type": "MESOS", "network_infos": [{}]}, "health_check": {"type": "TCP", "tcp": {"port": 1}}}),
    ]):
        first = len(framework.events)
        tasks = [changed(task(offer, f"g{number}-0"), change_task), task(offer, f"g{number}-1")]
        operation = {
            "type": "LAUNCH_GROUP",
            "launch_group": {"executor": changed(executor, change), "task_group": {"tasks": tasks}},
        }
        yield f"answer {name}", shown(framework.accept([offer], operation, refuse=0))
        time.sleep(0.3)
        yield (
            name,
            [
                [event["update"]["status"]["task_id"]["value"], brief(event["update"]["status"])]
                for event in framework.events[first:]
                if event["type"] == "UPDATE"
            ],
        )
        offer = framework.fresh_offer() or {}
    yield (
        "no tasks",
        shown(
            framework.accept(
                [offer],
                {"type": "LAUNCH_GROUP", "launch_group": {"executor": executor, "task_group": {"tasks": []}}},
                refuse=0,
            )
        ),
    )


@scenario
def offers_that_are_refused(master: Master) -> Seen:
    framework = master.framework(
        name="offers", capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"), roles=["a"]
    )
    first, second = framework.offers()
    yield "offer", normal(first)
    for name, offers in {
        "unknown": [{"id": {"value": "nope"}}],
        "none": [],
        "twice": [first, first],
        "of two agents": [first, second],
    }.items():
        before = len(framework.events)
        yield (
            f"{name} answer",
            shown(
                framework.accept(
                    offers,
                    launch(task(first, f"x-{name}")),
                    {
                        "type": "RESERVE",
                        "id": {"value": "op"},
                        "reserve": {
                            "resources": [scalar("cpus", 1, "a", reservations=[{"type": "DYNAMIC", "role": "a"}])]
                        },
                    },
                    refuse=0,
                )
            ),
        )
        time.sleep(0.3)
        yield (
            name,
            [
                normal(event) if event["type"] != "UPDATE" else brief(event["update"]["status"])
                for event in framework.events[before:]
                if event["type"] in ("UPDATE", "UPDATE_OPERATION_STATUS")
            ],
        )
        if name != "none":
            framework.decline(*framework.standing(), refuse=0)
            framework.call("REVIVE")
            first, second = framework.offers()
    for refuse in (-1, 0, "x", 1e30, "NaN"):
        yield (
            f"decline {refuse}",
            shown(framework.call("DECLINE", {"offer_ids": [{"value": "nope"}], "filters": {"refuse_seconds": refuse}})),
        )
    for kind in ("SUPPRESS", "REVIVE"):
        for roles in ([], ["a"], ["nobody"], ["a", "nobody"], ["a//b"], ["a", "a"]):
            yield f"{kind} {roles}", shown(framework.call(kind, {"roles": roles}))
            found = next(
                each for each in master.get("/frameworks").json["frameworks"] if each["id"] == framework.id["value"]
            )
            yield (
                f"{kind} {roles} done",
                {name: found.get(name, "<absent>") for name in ("active", "connected", "roles", "suppressed_roles")},
            )


@scenario
def operations(master: Master) -> Seen:
    framework = master.framework(
        name="ops",
        roles=["r"],
        principal="me",
        capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES"),
    )
    (offer, *_) = framework.offers()

    def reserved(
        name: str,
        value: float,
        role: str = "r",
        principal: str | None = "me",
        allocated: str | None = "r",
        **fields: Any,
    ) -> Json:
        reservation: Json = {"type": "DYNAMIC", "role": role}
        if principal is not None:
            reservation["principal"] = principal
        return scalar(name, value, allocated, reservations=[reservation], **fields)

    def volume(size: float, name: str = "v", **fields: Any) -> Json:
        disk = {"persistence": {"id": name, "principal": "me"}, "volume": {"container_path": "data", "mode": "RW"}}
        return reserved("disk", size, disk=disk, **fields)

    reserve = {"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 1), reserved("disk", 1000)]}}
    create = {"type": "CREATE", "create": {"volumes": [volume(100)]}}
    cases: list[tuple[str, list[Json]]] = [
        ("reserve for another role", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 1, "q")]}}]),
        ("reserve unallocated", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 1, allocated=None)]}}]),
        ("reserve without principal", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 1, principal=None)]}}]),
        ("reserve as another", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 1, principal="you")]}}]),
        ("reserve too much", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", 100)]}}]),
        ("reserve negative", [{"type": "RESERVE", "reserve": {"resources": [reserved("cpus", -1)]}}]),
        ("unreserve what is not", [{"type": "UNRESERVE", "unreserve": {"resources": [reserved("cpus", 1)]}}]),
        ("unreserve unreserved", [{"type": "UNRESERVE", "unreserve": {"resources": [scalar("cpus", 1, "r")]}}]),
        ("create unreserved", [{"type": "CREATE", "create": {"volumes": [scalar("disk", 1, "r", disk={"persistence": {"id": "v", "principal": "me"}, "volume": {"container_path": "d", "mode": "RW"}})]}}]),
        ("create without the space", [create]),
        ("destroy what is not", [{"type": "DESTROY", "destroy": {"volumes": [volume(100)]}}]),
        ("grow what is not", [{"type": "GROW_VOLUME", "grow_volume": {"volume": volume(100), "addition": reserved("disk", 1)}}]),
        ("shrink what is not", [{"type": "SHRINK_VOLUME", "shrink_volume": {"volume": volume(100), "subtract": {"value": 1}}}]),
        ("create disk", [{"type": "CREATE_DISK", "create_disk": {"source": scalar("disk", 1, "r"), "target_type": "MOUNT"}}]),
        ("destroy disk", [{"type": "DESTROY_DISK", "destroy_disk": {"source": scalar("disk", 1, "r")}}]),
        ("launch with an id", [{**launch(task(offer, "with-id")), "id": {"value": "x"}}]),
        ("unknown", [{"type": "UNKNOWN"}]), ("no body", [{"type": "RESERVE"}]), ("create principal", [reserve, {"type": "CREATE", "create": {"volumes": [{**volume(1), "disk": {"persistence": {"id": "p"}, "volume": {"container_path": "d", "mode": "RW"}}}]}}]),
        ("all at once", [reserve, create]),
        ("the same volume", [create]),
        ("launch on it", [launch({**task(offer, "on-volume", "touch data/x; sleep 1000"), "resources": [scalar("cpus", 0.1, "r"), scalar("mem", 32, "r"), volume(100)]})]),
        ("destroy in use", [{"type": "DESTROY", "destroy": {"volumes": [volume(100)]}}]),
    ]
    for name, some in cases:
        before = len(framework.events)
        for number, operation in enumerate(some):
            if "launch" not in operation:
                operation = {**operation, "id": {"value": f"{name}-{number}".replace(" ", "-")}}
            some[number] = operation
        yield f"{name} answer", shown(framework.accept([offer], *some, refuse=0))
        time.sleep(0.4)
        told = [event for event in framework.events[before:] if event["type"] in ("UPDATE", "UPDATE_OPERATION_STATUS")]
        yield name, [brief(event["update"]["status"]) if event["type"] == "UPDATE" else normal(event) for event in told]
        for event in told:
            status = event.get("update_operation_status", {}).get("status", {})
            if "uuid" in status:
                framework.call(
                    "ACKNOWLEDGE_OPERATION_STATUS",
                    {
                        "agent_id": status["agent_id"],
                        "operation_id": status["operation_id"],
                        "uuid": status["uuid"]["value"],
                    },
                )
            elif "update" in event:
                framework.acknowledge(event["update"]["status"])
        offer = framework.fresh_offer() or {}
        yield f"{name} offer", normal(offer["resources"])
    yield (
        "state",
        normal(
            sorted(
                ({k: v for k, v in each.items() if "resources" in k} for each in master.get("/slaves").json["slaves"]),
                key=str,
            )
        ),
    )
    framework.call("KILL", {"task_id": {"value": "on-volume"}})
    framework.statuses("on-volume", "TASK_KILLED", 4)
    framework.teardown()
    for kind, field, resources in (
        ("DESTROY_VOLUMES", "volumes", [volume(100, allocated=None)]),
        (
            "UNRESERVE_RESOURCES",
            "resources",
            [reserved("cpus", 1, allocated=None), reserved("disk", 1000, allocated=None)],
        ),
    ):
        yield (
            kind,
            shown(
                master.operator(
                    {"type": kind, kind.lower(): {"agent_id": {"value": master.agents[0]}, field: resources}}
                )
            ),
        )


@scenario
def kills_and_reconciliation(master: Master) -> Seen:
    for aware in (False, True):
        names = ("MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE") if aware else ("MULTI_ROLE",)
        framework = master.framework(name="killer", capabilities=capabilities(*names))
        first, second = framework.offers()
        one, two = f"k-{aware}-1", f"k-{aware}-2"
        framework.accept(
            [first], launch(task(first, one), task(first, two, "trap '' TERM; while true; do sleep 1; done"))
        )
        yield f"{aware} started", [brief(status) for status in framework.statuses(one, "TASK_RUNNING")]
        framework.statuses(two, "TASK_RUNNING")
        for name, asked in {
            "unknown": [{"task_id": {"value": "nobody"}}], "unknown on an agent": [{"task_id": {"value": "nobody"}, "agent_id": first["agent_id"]}], "unknown on an unknown agent": [{"task_id": {"value": "nobody"}, "agent_id": {"value": "nope"}}],
            "known": [{"task_id": {"value": one}}], "known on its agent": [{"task_id": {"value": one}, "agent_id": first["agent_id"]}], "known on another": [{"task_id": {"value": one}, "agent_id": second["agent_id"]}], "all": [],
        }.items():
            before = len(framework.events)
            yield f"{aware} reconcile {name} answer", shown(framework.call("RECONCILE", {"tasks": asked}))
            time.sleep(0.3)
            yield (
                f"{aware} reconcile {name}",
                sorted(
                    (
                        [brief(e["update"]["status"]), e["update"]["status"]["task_id"]["value"]]
                        for e in framework.events[before:]
                        if e["type"] == "UPDATE"
                    ),
                    key=str,
                ),
            )
        for name, body in {"unknown": {"task_id": {"value": "nobody"}}, "unknown on an agent": {"task_id": {"value": "nobody"}, "agent_id": first["agent_id"]}, "on another agent": {"task_id": {"value": one}, "agent_id": second["agent_id"]}, "on no agent": {"task_id": {"value": one}, "agent_id": {"value": "nope"}}}.items():
            before = len(framework.events)
            yield f"{aware} kill {name} answer", shown(framework.call("KILL", body))
            time.sleep(0.3)
            yield (
                f"{aware} kill {name}",
                [brief(e["update"]["status"]) for e in framework.events[before:] if e["type"] == "UPDATE"],
            )
        before = len(framework.events)
        framework.call("KILL", {"task_id": {"value": one}})
        yield f"{aware} killed", [brief(status) for status in framework.statuses(one, "TASK_KILLED", after=before)]
        before = len(framework.events)
        framework.call("KILL", {"task_id": {"value": two}, "kill_policy": {"grace_period": {"nanoseconds": 200000000}}})
        yield (
            f"{aware} killed by force",
            [brief(status) for status in framework.statuses(two, "TASK_KILLED", after=before)],
        )
        before = len(framework.events)
        framework.call("KILL", {"task_id": {"value": one}})
        yield f"{aware} killed again", brief(framework.wait("UPDATE", 3, before).get("update", {}).get("status", {}))
        before = len(framework.events)
        operations = [
            {"operation_id": {"value": "o"}},
            {"operation_id": {"value": "o"}, "agent_id": first["agent_id"]},
            {"operation_id": {"value": "o"}, "agent_id": {"value": "nope"}},
        ]
        for asked in ([operations[0]], [operations[1]], [operations[2]], []):
            yield (
                f"{aware} reconcile operations {normal(asked)}",
                shown(framework.call("RECONCILE_OPERATIONS", {"operations": asked})),
            )
        time.sleep(0.3)
        yield (
            f"{aware} operations",
            [normal(event) for event in framework.events[before:] if event["type"] == "UPDATE_OPERATION_STATUS"],
        )
        framework.teardown()


@scenario
def ends_of_tasks(master: Master) -> Seen:
    framework = master.framework(name="ends")
    (offer, *_) = framework.offers()
    for name, (command, state, more) in {
        "true": ("true", "TASK_FINISHED", {}), "exit 3": ("exit 3", "TASK_FAILED", {}), "killed": ("kill -9 $$", "TASK_FAILED", {}), "segv": ("kill -SEGV $$", "TASK_FAILED", {}),
        "argv": ("", "TASK_FINISHED", {"command": {"shell": False, "value": "/bin/true", "arguments": ["true"]}}),
        "env": ("test \"$A\" = b", "TASK_FINISHED", {"command": {"value": "test \"$A\" = b", "environment": {"variables": [{"name": "A", "value": "b"}]}}}),
    }.items():
        one = {**task(offer, "end-" + name.replace(" ", "-"), command), **more}
        before = len(framework.events)
        framework.accept([offer], launch(one), refuse=0)
        yield name, [brief(status) for status in framework.statuses(one["task_id"]["value"], state, 8, after=before)]
        offer = framework.fresh_offer() or {}


@scenario
def what_is_offered(master: Master) -> Seen:
    def quota(role: str, guarantees: Json, limits: Json) -> Any:
        config = {"role": role, "guarantees": {n: {"value": v} for n, v in guarantees.items()}, "limits": {n: {"value": v} for n, v in limits.items()}}
        return shown(master.operator({"type": "UPDATE_QUOTA", "update_quota": {"quota_configs": [config]}}))

    def offered(framework: Framework) -> Any:
        time.sleep(2.5)
        sums: dict[str, float] = {}
        for offer in framework.standing():
            for each in offer["resources"]:
                if "scalar" in each:
                    sums[each["name"]] = round(sums.get(each["name"], 0) + each["scalar"]["value"], 3)
        return sums

    for name, (guarantees, limits, roles) in {
        "limit": ({}, {"cpus": 3, "mem": 5000}, ["q"]), "limit of the parent": ({}, {"cpus": 3}, ["q/a"]), "limit, two roles": ({}, {"cpus": 3}, ["q/a", "q/b"]),
        "nothing": ({}, {"cpus": 0}, ["q"]), "guarantee": ({"cpus": 1}, {"cpus": 1}, ["q"]), "guarantee of all": ({"cpus": 6}, {"cpus": 6, "mem": 6000}, ["q"]), "limit of disk": ({}, {"disk": 100}, ["q"]), "guarantee, no limit": ({"cpus": 1}, {}, ["q"]),
    }.items():
        yield f"{name} set", quota("q", guarantees, limits)
        framework = master.framework(name=name, roles=roles)
        yield name, offered(framework)
        found = master.get("/roles").json["roles"]
        # Which of two roles is offered which agent is chance.
        yield f"{name} roles", normal([{n: each[n] for n in ("name", "quota", "offered", "allocated", "reserved")} for each in found if each["name"] == "q" or (each["name"].startswith("q/") and len(roles) == 1)])
        framework.teardown()
    yield "others beside a guarantee", quota("q", {"cpus": 3}, {"cpus": 3})
    other = master.framework(name="other", roles=["z"])
    yield "headroom", offered(other).get("cpus")
    other.teardown()
    yield "reset", quota("q", {}, {})
    for name, quantities in {"too much": [{"cpus": 100}], "either": [{"cpus": 100}, {"mem": 10}], "enough": [{"cpus": 4}], "unknown": [{"bananas": 1}], "none": []}.items():
        filters = {"*": {"min_allocatable_resources": {"quantities": [{"quantities": {n: {"value": v} for n, v in each.items()}} for each in quantities]}}}
        framework = master.framework(name=name, offer_filters=filters)
        yield f"at least {name}", offered(framework)
        framework.teardown()
    suppressed = master.framework(name="suppressed", suppressed_roles=["*"])
    yield "suppressed", offered(suppressed)
    suppressed.call("REVIVE")
    yield "revived", offered(suppressed)
    suppressed.teardown()
    refined = master.framework(name="unrefined", roles=["r/s"])
    reservation = {"agent_id": {"value": master.agents[0]}, "resources": [scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC", "role": "r"}])]}
    refined.decline(*refined.offers(), refuse=0)
    yield "reserve for the parent", shown(master.operator({"type": "RESERVE_RESOURCES", "reserve_resources": reservation}))
    yield "reserved for the parent", offered(refined)
    refined.teardown()
    yield "unreserve", shown(master.operator({"type": "UNRESERVE_RESOURCES", "unreserve_resources": reservation}))
