"""The v1 operator API: every call, valid and not, in both encodings."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import JSON, PROTOBUF, Json, Master, Stream, launch, scalar, task
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario

READING = ["GET_HEALTH", "GET_VERSION", "GET_LOGGING_LEVEL", "GET_STATE", "GET_AGENTS", "GET_FRAMEWORKS", "GET_EXECUTORS", "GET_OPERATIONS", "GET_TASKS", "GET_ROLES", "GET_WEIGHTS", "GET_MASTER", "GET_MAINTENANCE_STATUS", "GET_MAINTENANCE_SCHEDULE", "GET_QUOTA"]
NEEDING_A_BODY = ["SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "UPDATE_WEIGHTS", "RESERVE_RESOURCES", "UNRESERVE_RESOURCES", "CREATE_VOLUMES", "DESTROY_VOLUMES", "GROW_VOLUME", "SHRINK_VOLUME", "UPDATE_MAINTENANCE_SCHEDULE", "START_MAINTENANCE", "STOP_MAINTENANCE", "DRAIN_AGENT", "DEACTIVATE_AGENT", "REACTIVATE_AGENT", "UPDATE_QUOTA", "SET_QUOTA", "REMOVE_QUOTA", "TEARDOWN", "MARK_AGENT_GONE", "GET_METRICS"]
Seen = Iterator[tuple[str, Any]]


@scenario
def reading_idle(master: Master) -> Seen:
    for kind in READING:
        for accept in (JSON, PROTOBUF):
            yield f"{kind} {accept}", _without_completed(shown(master.operator({"type": kind}, accept)))
        yield f"{kind} from protobuf", _without_completed(shown(master.operator({"type": kind}, binary=True)))


@scenario
def reading_busy(master: Master) -> Seen:
    framework = master.framework(
        name="busy", principal="me", checkpoint=True, failover_timeout=10.0, hostname="here", webui_url="http://x/",
        labels={"labels": [{"key": "a", "value": "b"}]},
    )
    first, _ = framework.offers()
    framework.accept(
        [first],
        launch(
            task(
                first, "busy-1", labels={"labels": [{"key": "k", "value": "v"}]},
                discovery={"visibility": "CLUSTER", "name": "d", "ports": {"ports": [{"number": 80, "name": "http"}]}},
                kill_policy={"grace_period": {"nanoseconds": 1000000000}},
            ),
            task(first, "busy-2"),
        ),
    )
    framework.statuses("busy-1", "TASK_RUNNING")
    framework.statuses("busy-2", "TASK_RUNNING")
    for kind in (
        "GET_STATE",
        "GET_AGENTS",
        "GET_FRAMEWORKS",
        "GET_EXECUTORS",
        "GET_TASKS",
        "GET_ROLES",
        "GET_OPERATIONS",
    ):
        for accept in (JSON, PROTOBUF):
            yield f"{kind} {accept}", shown_of(master, kind, framework.id, accept)


def shown_of(master: Master, kind: str, framework_id: Json, accept: str = JSON) -> Any:
    """Without what earlier scenarios left among the completed."""
    answer = shown(master.operator({"type": kind}, accept))
    return _without_completed(answer)


def _without_completed(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_completed(each) for name, each in value.items() if not name.startswith("completed_")}
        return {name: each for name, each in kept.items() if name != "unreachable_tasks" or each}
    return [_without_completed(each) for each in value] if isinstance(value, list) else value


@scenario
def refused_calls(master: Master) -> Seen:
    for kind in NEEDING_A_BODY:
        yield f"{kind} without its body", shown(master.operator({"type": kind}))
        if kind == "GET_METRICS":  # a body with nothing in it is all that it needs
            continue
        yield f"{kind} with an empty body", shown(master.operator({"type": kind, kind.lower(): {}}))
        yield f"{kind} without its body, protobuf", shown(master.operator({"type": kind}, binary=True))
    for name, call in {
        "unknown": {"type": "UNKNOWN"}, "dance": {"type": "DANCE"}, "number": {"type": 5}, "nothing": {}, "null": {"type": None},
        "string": {"type": "GET_HEALTH", "x": 1}, "wrong type": {"type": "GET_METRICS", "get_metrics": 5},
        "list": {"type": "GET_METRICS", "get_metrics": []},
        "timeout": {"type": "GET_METRICS", "get_metrics": {"timeout": {"nanoseconds": "x"}}},
        "level": {"type": "SET_LOGGING_LEVEL", "set_logging_level": {"level": 9, "duration": {"nanoseconds": 1}}},
        "level low": {"type": "SET_LOGGING_LEVEL", "set_logging_level": {"level": 0, "duration": {"nanoseconds": -1}}},
    }.items():
        yield name, shown(master.operator(call))
    for body in (
        "",
        "{",
        "[]",
        "5",
        "null",
        '{"type":"GET_HEALTH"} x',
        '{"type":"GET_HEALTH",}',
        '{"type":"GET_HEALTH","type":"GET_VERSION"}',
    ):
        yield f"body {body!r}", shown(master.request("POST", "/api/v1", body.encode("latin-1"), {"Content-Type": JSON}))
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": JSON + "; charset=utf-8"}, {"Content-Type": JSON.upper()}, {"Content-Type": JSON, "Accept": "text/html"}, {"Content-Type": JSON, "Accept": "*/*"}, {"Content-Type": JSON, "Accept": "text/html, application/*;q=0.1"}, {"Content-Type": JSON, "Accept": ""}, {"Content-Type": PROTOBUF}):
        yield f"headers {headers}", shown(master.request("POST", "/api/v1", '{"type":"GET_HEALTH"}', headers))
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        yield method, shown(master.request(method, "/api/v1"))
    for path in ("/api/v1/", "/api/v1/operator", "/master/api/v1", "/api/v2", "/api"):
        yield path, shown(master.request("POST", path, '{"type":"GET_HEALTH"}', {"Content-Type": JSON}))


@scenario
def agents_that_are_not_there(master: Master) -> Seen:
    nobody = {"value": "nobody"}
    for kind in ("DRAIN_AGENT", "DEACTIVATE_AGENT", "REACTIVATE_AGENT", "MARK_AGENT_GONE"):
        yield kind, shown(master.operator({"type": kind, kind.lower(): {"agent_id": nobody}}))
        yield f"{kind} empty", shown(master.operator({"type": kind, kind.lower(): {"agent_id": {"value": ""}}}))
    for kind, field in (("RESERVE_RESOURCES", "resources"), ("UNRESERVE_RESOURCES", "resources"), ("CREATE_VOLUMES", "volumes"), ("DESTROY_VOLUMES", "volumes")):
        yield (
            kind,
            shown(
                master.operator({"type": kind, kind.lower(): {"agent_id": nobody, field: [scalar("cpus", 1, None)]}})
            ),
        )
    for framework in ("nobody", "", "a/b"):
        yield (
            f"teardown {framework}",
            shown(master.operator({"type": "TEARDOWN", "teardown": {"framework_id": {"value": framework}}})),
        )
    yield (
        "reactivate an active one",
        shown(
            master.operator({"type": "REACTIVATE_AGENT", "reactivate_agent": {"agent_id": {"value": master.agents[0]}}})
        ),
    )
    for grace, mark in ((0, False), (-1, False), (None, True)):
        body: Json = {"agent_id": nobody, "mark_gone": mark}
        if grace is not None:
            body["max_grace_period"] = {"seconds": grace, "nanos": 0}
        yield f"drain {grace} {mark}", shown(master.operator({"type": "DRAIN_AGENT", "drain_agent": body}))


def on(master: Master, kind: str, agent: int = 0, **fields: Any) -> Any:
    return shown(master.operator({"type": kind, kind.lower(): {"agent_id": {"value": master.agents[agent]}, **fields}}))


def reserved(name: str, value: float, role: str, principal: str | None = None, **fields: Any) -> Json:
    reservation: Json = {"type": "DYNAMIC", "role": role}
    if principal is not None:
        reservation["principal"] = principal
    return scalar(name, value, None, reservations=[reservation], **fields)


def agent_resources(master: Master) -> Any:
    agents = sorted(
        master.operator({"type": "GET_AGENTS"}).json["get_agents"]["agents"],
        key=lambda a: a["agent_info"]["id"]["value"][-2:],
    )
    return normal(
        [{n: a.get(n) for n in ("total_resources", "allocated_resources", "offered_resources")} for a in agents]
    )


@scenario
def reservations(master: Master) -> Seen:
    for name, resource in {
        "unreserved": scalar("cpus", 1, None),
        "static": scalar("cpus", 1, None, reservations=[{"type": "STATIC", "role": "r"}]),
        "old format": scalar("cpus", 1, None, role="r", reservation={"principal": "p"}),
        "old format, no principal": scalar("cpus", 1, None, role="r", reservation={}),
        "old, for *": scalar("cpus", 1, None, role="*", reservation={}),
        "both formats, no reservation": scalar("cpus", 1, None, role="r", reservations=[{"type": "DYNAMIC", "role": "r"}]),
        "both formats, no role": scalar("cpus", 1, None, reservation={}, reservations=[{"type": "DYNAMIC", "role": "r"}]),
        "both formats": scalar("cpus", 100, None, role="r", reservation={}, reservations=[{"type": "DYNAMIC", "role": "r"}]),
        "both formats, two roles": scalar("cpus", 1, None, role="q", reservation={}, reservations=[{"type": "DYNAMIC", "role": "r"}]),
        "both formats, two principals": scalar("cpus", 1, None, role="r", reservation={"principal": "a"}, reservations=[{"type": "DYNAMIC", "role": "r", "principal": "b"}]),
        "both formats, labels": scalar("cpus", 1, None, role="r", reservation={"labels": {"labels": [{"key": "a"}]}}, reservations=[{"type": "DYNAMIC", "role": "r"}]),
        "both formats, static": scalar("cpus", 1, None, role="r", reservations=[{"type": "STATIC", "role": "r"}]),
        "both formats, static, two roles": scalar("cpus", 1, None, role="q", reservations=[{"type": "STATIC", "role": "r"}]),
        "both formats, static, reservation": scalar("cpus", 1, None, role="r", reservation={}, reservations=[{"type": "STATIC", "role": "r"}]),
        "both formats, refined": scalar("cpus", 1, None, role="r/s", reservations=[{"type": "STATIC", "role": "r"}, {"type": "DYNAMIC", "role": "r/s"}]),
        "both formats, refined, reservation": scalar("cpus", 1, None, reservation={}, reservations=[{"type": "STATIC", "role": "r"}, {"type": "DYNAMIC", "role": "r/s"}]),
        "static above": scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC", "role": "r"}, {"type": "STATIC", "role": "r/s"}]),
        "no reservation type": scalar("cpus", 1, None, reservations=[{"role": "r"}]),
        "empty role": scalar("cpus", 1, None, role="", reservation={}),
        "too much": reserved("cpus", 100, "r"),
        "negative": reserved("cpus", -1, "r"),
        "unknown name": reserved("bananas", 1, "r"),
        "bad role": reserved("cpus", 1, "a//b"),
        "star role": reserved("cpus", 1, "*"),
        "dot role": reserved("cpus", 1, "a/../b"),
        "no role": scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC"}]),
        "refined, nothing below": scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC", "role": "r"}, {"type": "DYNAMIC", "role": "r/s"}]),
        "refined wrongly": scalar("cpus", 1, None, reservations=[{"type": "DYNAMIC", "role": "r"}, {"type": "DYNAMIC", "role": "q"}]),
        "allocated": reserved("cpus", 1, "r", allocation_info={"role": "r"}),
        "allocated elsewhere": reserved("cpus", 1, "r", allocation_info={"role": "q"}),
        "revocable": reserved("cpus", 1, "r", revocable={}),
        "shared": reserved("cpus", 1, "r", shared={}),
        "no type": {"name": "cpus", "reservations": [{"type": "DYNAMIC", "role": "r"}]},
        "no value": {"name": "cpus", "type": "SCALAR", "reservations": [{"type": "DYNAMIC", "role": "r"}]},
        "no name": {"type": "SCALAR", "scalar": {"value": 1}, "reservations": [{"type": "DYNAMIC", "role": "r"}]},
        "provider": reserved("disk", 1, "r", provider_id={"value": "x"}),
        "ranges reversed": {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 5, "end": 1}]}, "reservations": [{"type": "DYNAMIC", "role": "r"}]},
        "set": {"name": "x", "type": "SET", "set": {"item": ["a", "a"]}, "reservations": [{"type": "DYNAMIC", "role": "r"}]},
    }.items():
        yield f"reserve {name}", on(master, "RESERVE_RESOURCES", resources=[resource])
        yield f"unreserve {name}", on(master, "UNRESERVE_RESOURCES", resources=[resource])
        yield f"after {name}", agent_resources(master)
    yield (
        "reserve",
        on(master, "RESERVE_RESOURCES", resources=[reserved("cpus", 1, "r"), reserved("mem", 64, "r", "ops")]),
    )
    yield "reserved", agent_resources(master)
    yield (
        "refine",
        on(
            master,
            "RESERVE_RESOURCES",
            resources=[
                scalar(
                    "cpus",
                    0.5,
                    None,
                    reservations=[{"type": "DYNAMIC", "role": "r"}, {"type": "DYNAMIC", "role": "r/s"}],
                )
            ],
        ),
    )
    yield "refined", agent_resources(master)
    yield "roles", _without_completed(shown(master.operator({"type": "GET_ROLES"})))
    yield "legacy roles", shown(master.get("/roles"))
    yield "slaves", _slaves(master)
    yield "unreserve the lower", on(master, "UNRESERVE_RESOURCES", resources=[reserved("cpus", 1, "r")])
    yield (
        "unreserve the refined",
        on(
            master,
            "UNRESERVE_RESOURCES",
            resources=[
                scalar(
                    "cpus",
                    0.5,
                    None,
                    reservations=[{"type": "DYNAMIC", "role": "r"}, {"type": "DYNAMIC", "role": "r/s"}],
                )
            ],
        ),
    )
    yield (
        "unreserve all",
        on(master, "UNRESERVE_RESOURCES", resources=[reserved("cpus", 1, "r"), reserved("mem", 64, "r", "ops")]),
    )
    yield "unreserved", agent_resources(master)
    yield (
        "with source",
        on(master, "RESERVE_RESOURCES", source=[scalar("cpus", 1, None)], resources=[reserved("cpus", 1, "r")]),
    )
    yield (
        "with source, other role",
        on(master, "RESERVE_RESOURCES", source=[reserved("cpus", 1, "r")], resources=[reserved("cpus", 1, "q")]),
    )
    yield (
        "with wrong source",
        on(master, "RESERVE_RESOURCES", source=[scalar("cpus", 2, None)], resources=[reserved("cpus", 1, "q")]),
    )
    yield "with sources", agent_resources(master)
    yield "back", on(master, "UNRESERVE_RESOURCES", resources=[reserved("cpus", 1, "q")])
    yield "or back", on(master, "UNRESERVE_RESOURCES", resources=[reserved("cpus", 1, "r")])
    yield "all back", agent_resources(master)


def _slaves(master: Master) -> Any:
    slaves = sorted(master.get("/slaves").json["slaves"], key=lambda each: each["id"][-2:])
    return normal([{name: each[name] for name in each if "resources" in name} for each in slaves])


def volume(size: float, role: str = "r", name: str = "v", path: str = "data", **fields: Any) -> Json:
    disk = {"persistence": {"id": name}, "volume": {"container_path": path, "mode": "RW"}}
    return reserved("disk", size, role, disk=disk, **fields)


@scenario
def volumes(master: Master) -> Seen:
    yield "reserve", on(master, "RESERVE_RESOURCES", resources=[reserved("disk", 1000, "r")])
    for name, one in {
        "too large": volume(2000), "of another role": volume(10, "q"), "unreserved": scalar("disk", 10, None, disk={"persistence": {"id": "v"}, "volume": {"container_path": "d", "mode": "RW"}}),
        "no volume": reserved("disk", 10, "r"), "no id": reserved("disk", 10, "r", disk={"volume": {"container_path": "d", "mode": "RW"}}),
        "slash id": volume(10, name="a/b"), "read only": reserved("disk", 10, "r", disk={"persistence": {"id": "v"}, "volume": {"container_path": "d", "mode": "RO"}}),
        "host path": reserved("disk", 10, "r", disk={"persistence": {"id": "v"}, "volume": {"container_path": "d", "host_path": "/x", "mode": "RW"}}),
        "absolute": volume(10, path="/abs"), "dotdot": volume(10, path="../x"), "cpus": reserved("cpus", 1, "r", disk={"persistence": {"id": "v"}, "volume": {"container_path": "d", "mode": "RW"}}),
        "empty id": volume(10, name=""), "without a path": reserved("disk", 10, "r", disk={"persistence": {"id": "v"}}),
        "source": reserved("disk", 10, "r", disk={"persistence": {"id": "v"}, "volume": {"container_path": "d", "mode": "RW"}, "source": {"type": "MOUNT", "mount": {"root": "/x"}}}),
    }.items():
        yield f"create {name}", on(master, "CREATE_VOLUMES", volumes=[one])
        yield f"destroy {name}", on(master, "DESTROY_VOLUMES", volumes=[one])
    yield "twice", on(master, "CREATE_VOLUMES", volumes=[volume(10), volume(20)])
    yield "create", on(master, "CREATE_VOLUMES", volumes=[volume(100)])
    yield "created", agent_resources(master)
    yield "again", on(master, "CREATE_VOLUMES", volumes=[volume(100)])
    yield "shared", on(master, "CREATE_VOLUMES", volumes=[volume(100, name="s", shared={})])
    yield "with shared", agent_resources(master)
    yield "unreserve a volume", on(master, "UNRESERVE_RESOURCES", resources=[volume(100)])
    for kind, sized in (("GROW_VOLUME", "addition"), ("SHRINK_VOLUME", "subtract")):
        for amount in (-1.0, 0.0, 50.0, 5000.0):
            change: Any = {"value": amount} if sized == "subtract" else reserved("disk", amount, "r")
            yield f"{kind} {amount}", on(master, kind, volume=volume(100), **{sized: change})
            yield f"{kind} {amount} done", agent_resources(master)
        yield (
            f"{kind} shared",
            on(
                master,
                kind,
                volume=volume(100, name="s", shared={}),
                **{sized: {"value": 1} if sized == "subtract" else reserved("disk", 1, "r")},
            ),
        )
        yield (
            f"{kind} unknown",
            on(
                master,
                kind,
                volume=volume(100, name="u"),
                **{sized: {"value": 1} if sized == "subtract" else reserved("disk", 1, "r")},
            ),
        )
        yield (
            f"{kind} no volume",
            on(
                master,
                kind,
                volume=reserved("disk", 10, "r"),
                **{sized: {"value": 1} if sized == "subtract" else reserved("disk", 1, "r")},
            ),
        )
    yield (
        "GROW_VOLUME no addition of disk",
        on(master, "GROW_VOLUME", volume=volume(100), addition=reserved("cpus", 1, "r")),
    )
    yield "GROW_VOLUME other role", on(master, "GROW_VOLUME", volume=volume(100), addition=reserved("disk", 1, "q"))
    yield "legacy", _slaves(master)
    yield "destroy another size", on(master, "DESTROY_VOLUMES", volumes=[volume(99)])
    for size in (100, 150, 50):
        yield f"destroy {size}", on(master, "DESTROY_VOLUMES", volumes=[volume(size)])
    yield "destroy shared", on(master, "DESTROY_VOLUMES", volumes=[volume(100, name="s", shared={})])
    yield "destroyed", agent_resources(master)
    yield "unreserve", on(master, "UNRESERVE_RESOURCES", resources=[reserved("disk", 1000, "r")])
    yield "unreserved", agent_resources(master)


@scenario
def quotas(master: Master) -> Seen:
    def update(*configs: Json, force: bool | None = None) -> Any:
        body: Json = {"quota_configs": list(configs)}
        if force is not None:
            body["force"] = force
        return shown(master.operator({"type": "UPDATE_QUOTA", "update_quota": body}))

    def config(role: str, guarantees: Json | None = None, limits: Json | None = None) -> Json:
        found: Json = {"role": role}
        if guarantees is not None:
            found["guarantees"] = {name: {"value": value} for name, value in guarantees.items()}
        if limits is not None:
            found["limits"] = {name: {"value": value} for name, value in limits.items()}
        return found

    def now() -> Any:
        return [shown(master.operator({"type": "GET_QUOTA"})), shown(master.operator({"type": "GET_ROLES"})), shown(master.get("/quota")), shown(master.get("/roles"))]

    yield "nothing", update()
    for name, configs in {
        "star": [config("*", {"cpus": 1})], "bad role": [config("a//b", {"cpus": 1})], "empty role": [config("", {"cpus": 1})],
        "too much": [config("q", {"cpus": 1000})], "negative": [config("q", {"cpus": -1})], "zero": [config("q", {"cpus": 0})],
        "limit below guarantee": [config("q", {"cpus": 2}, {"cpus": 1})], "nested": [config("q/r", {"cpus": 1})],
        "nested limit": [config("q/r", None, {"cpus": 1})],
        "twice": [config("q", {"cpus": 1}), config("q", {"cpus": 2})], "unknown resource": [config("q", {"bananas": 1})],
        "limit only": [config("q", None, {"cpus": 2, "mem": 100})], "both": [config("q", {"cpus": 1}, {"cpus": 2})],
        "reset": [config("q")], "huge limit": [config("q", None, {"cpus": 1e12})], "infinite": [config("q", None, {"cpus": "Infinity"})],
        "nan": [config("q", None, {"cpus": "NaN"})], "two roles, one bad": [config("x", {"cpus": 1}), config("*", {"cpus": 1})], "two roles": [config("x", {"cpus": 1}), config("q", {"mem": 10})],
        "forced": [config("q", {"cpus": 1000})],
    }.items():
        yield name, update(*configs, force=True if name == "forced" else None)
        yield f"{name} done", now()
    yield "reset all", update(config("q"), config("x"))
    for name, request in {
        "set": {"role": "q", "guarantee": [scalar("cpus", 1, None)]}, "set again": {"role": "q", "guarantee": [scalar("cpus", 1, None)]},
        "no guarantee": {"role": "s"}, "no role": {"guarantee": [scalar("cpus", 1, None)]}, "star": {"role": "*", "guarantee": [scalar("cpus", 1, None)]},
        "too much": {"role": "t", "guarantee": [scalar("cpus", 1000, None)]}, "forced": {"role": "t", "guarantee": [scalar("cpus", 1000, None)], "force": True},
        "reserved": {"role": "u", "guarantee": [reserved("cpus", 1, "u")]}, "twice": {"role": "u", "guarantee": [scalar("cpus", 1, None), scalar("cpus", 1, None)]},
        "ports": {"role": "u", "guarantee": [{"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}]}}]},
        "nested": {"role": "q/r", "guarantee": [scalar("cpus", 1, None)]}, "nested, more": {"role": "q/r", "guarantee": [scalar("cpus", 2, None)]},
    }.items():
        yield f"SET {name}", shown(master.operator({"type": "SET_QUOTA", "set_quota": {"quota_request": request}}))
        yield f"SET {name} done", now()
    for role in ("q", "t"):
        yield f"REMOVE {role}", shown(master.operator({"type": "REMOVE_QUOTA", "remove_quota": {"role": role}}))
    yield "removed", now()
    yield "reset", update(config("q"), config("t"), config("x"), config("*"))
    for method, path, body in (
        ("POST", "/quota", '{"role":"l","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}'),
        ("POST", "/quota", '{"role":"l","guarantee":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]}'),
        ("POST", "/quota", "{"), ("POST", "/quota", "[]"), ("POST", "/quota", "{}"), ("POST", "/quota", ""),
        ("POST", "/quota", '{"role":"l","guarantee":[{"name":"cpus"}]}'), ("POST", "/quota", '{"role":5}'),
        ("DELETE", "/quota/l", None), ("DELETE", "/quota/l", None), ("DELETE", "/quota", None), ("PUT", "/quota", None),
    ):
        yield f"{method} {path} {body}", shown(master.request(method, path, body))
    yield "at the end", now()


@scenario
def weights(master: Master) -> Seen:
    def now() -> Any:
        return [
            shown(master.operator({"type": "GET_WEIGHTS"})),
            shown(master.get("/weights")),
            shown(master.get("/roles")),
        ]

    for name, infos in {
        "none": [], "zero": [{"role": "w", "weight": 0}], "negative": [{"role": "w", "weight": -1}], "bad role": [{"role": "a b", "weight": 1}],
        "no role": [{"weight": 2}], "no weight": [{"role": "w"}], "two": [{"role": "w", "weight": 2}, {"role": "w/x", "weight": 3.5}],
        "star": [{"role": "*", "weight": 2}], "twice": [{"role": "w", "weight": 2}, {"role": "w", "weight": 3}], "small": [{"role": "w", "weight": 0.0001}],
        "text": [{"role": "w", "weight": "2"}], "wrong": [{"role": "w", "weight": "x"}], "inf": [{"role": "w", "weight": "Infinity"}],
        "back": [{"role": "w", "weight": 1}, {"role": "w/x", "weight": 1}, {"role": "*", "weight": 1}],
    }.items():
        yield name, shown(master.operator({"type": "UPDATE_WEIGHTS", "update_weights": {"weight_infos": infos}}))
        yield f"{name} done", now()
    for body in (
        '[{"role":"w","weight":2}]',
        "[]",
        "{}",
        "[5]",
        "{",
        "",
        '[{"role":"w"}]',
        '[{"weight":2}]',
        '[{"role":"w","weight":1}]',
    ):
        yield f"PUT {body}", shown(master.request("PUT", "/weights", body))
    yield "POST", shown(master.request("POST", "/weights", "[]"))
    yield "at the end", now()


@scenario
def maintenance(master: Master) -> Seen:
    def update(*windows: Json) -> Any:
        body = {"schedule": {"windows": list(windows)}}
        return shown(master.operator({"type": "UPDATE_MAINTENANCE_SCHEDULE", "update_maintenance_schedule": body}))

    def window(*machines: Json, start: int = 4_000_000_000_000_000_000, duration: int | None = 1_000_000_000) -> Json:
        unavailability: Json = {"start": {"nanoseconds": start}}
        if duration is not None:
            unavailability["duration"] = {"nanoseconds": duration}
        return {"machine_ids": list(machines), "unavailability": unavailability}

    def machines(kind: str, *ids: Json) -> Any:
        return shown(master.operator({"type": kind, kind.lower(): {"machines": list(ids)}}))

    def now() -> Any:
        return [
            shown(master.operator({"type": "GET_MAINTENANCE_SCHEDULE"})),
            shown(master.operator({"type": "GET_MAINTENANCE_STATUS"})),
            shown(master.get("/maintenance/schedule")),
            shown(master.get("/maintenance/status")),
        ]

    one, two = {"hostname": "one"}, {"hostname": "Two", "ip": "10.0.0.2"}
    for name, windows in {
        "none": [], "no machines": [window()], "empty machine": [window({})], "bad ip": [window({"ip": "nowhere"})],
        "twice": [window(one), window(one)], "twice in one": [window(one, one)], "no unavailability": [{"machine_ids": [one]}],
        "negative duration": [window(one, duration=-1)], "no duration": [window(one, duration=None)], "two": [window(one), window(two, start=1)],
        "case": [window({"hostname": "ONE"}), window(one)], "the same": [window(one), window(two)],
    }.items():
        yield name, update(*windows)
        yield f"{name} done", now()
    for name, ids in {
        "none": [],
        "unscheduled": [{"hostname": "nobody"}],
        "empty": [{}],
        "twice": [one, one],
        "bad ip": [{"ip": "x"}],
    }.items():
        yield f"START {name}", machines("START_MAINTENANCE", *ids)
        yield f"STOP {name}", machines("STOP_MAINTENANCE", *ids)
    yield "STOP what is up", machines("STOP_MAINTENANCE", one)
    yield "START", machines("START_MAINTENANCE", one)
    yield "started", now()
    yield "START again", machines("START_MAINTENANCE", one)
    yield "schedule without what is down", update(window(two))
    yield "STOP", machines("STOP_MAINTENANCE", one)
    yield "stopped", now()
    yield "cleared", update()
    for path in ("/machine/down", "/machine/up"):
        for body in ("[]", "{}", "{", "", '[{"hostname":"nobody"}]', '[{"hostname":5}]', "[5]"):
            yield f"POST {path} {body}", shown(master.request("POST", path, body))
        yield f"GET {path}", shown(master.get(path))
    for body in ("{}", "[]", "{", "", '{"windows":5}', '{"windows":[{"machine_ids":[{"hostname":"one"}],"unavailability":{"start":{"nanoseconds":1}}}]}', '{"windows":[]}'):
        yield f"POST /maintenance/schedule {body}", shown(master.request("POST", "/maintenance/schedule", body))
    yield "at the end", now()


@scenario
def files(master: Master) -> Seen:
    for path in ("", "/", "/x", "..", "/../etc", "/master", "/master/log", "relative"):
        yield f"LIST {path}", shown(master.operator({"type": "LIST_FILES", "list_files": {"path": path}}))
        yield f"READ {path}", shown(master.operator({"type": "READ_FILE", "read_file": {"path": path, "offset": 0}}))
        for name in ("browse", "read", "download"):
            yield f"{name} {path}", shown(master.get(f"/files/{name}?path={path}"))
    yield "READ no offset", shown(master.operator({"type": "READ_FILE", "read_file": {"path": "/x"}}))
    yield (
        "READ length",
        shown(master.operator({"type": "READ_FILE", "read_file": {"path": "/x", "offset": 0, "length": 0}})),
    )
    for query in (
        "",
        "?offset=1",
        "?path=/x&offset=x",
        "?path=/x&offset=-2",
        "?path=/x&length=x",
        "?path=/x&offset=0&length=-1",
        "?path=/x&jsonp=f",
    ):
        for name in ("browse", "read", "download"):
            yield f"{name}{query}", shown(master.get(f"/files/{name}{query}"))
    for name in ("browse", "read", "download", "nothing"):
        yield f"POST {name}", shown(master.request("POST", f"/files/{name}"))


@scenario
def events(master: Master) -> Seen:
    for accept in (JSON, PROTOBUF):
        stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"}, accept)
        stream.wait("SUBSCRIBED")
        framework = master.framework(name="watched", principal="me", failover_timeout=0.0)
        (offer, *_) = framework.offers()
        name = f"watched-{accept[-4:]}"
        framework.accept([offer], launch(task(offer, name), task(offer, name + "-short", "true")))
        framework.statuses(name, "TASK_RUNNING")
        framework.statuses(name + "-short", "TASK_FINISHED")
        framework.call(
            "UPDATE_FRAMEWORK", {"framework_info": {**framework.info, "id": framework.id, "name": "renamed"}}
        )
        stream.wait("FRAMEWORK_UPDATED")
        framework.call("KILL", {"task_id": {"value": name}})
        framework.statuses(name, "TASK_KILLED")
        framework.teardown()
        stream.wait("FRAMEWORK_REMOVED")
        told = stream.told()
        yield (
            f"status {accept}",
            [
                stream.status,
                stream.response.headers.get("Content-Type"),
                stream.response.headers.get("Transfer-Encoding"),
            ],
        )
        yield f"first {accept}", _without_completed(normal(told[0]))
        for kind in sorted({event["type"] for event in told[1:]}):
            some = [normal(event) for event in told[1:] if event["type"] == kind]
            for event in some:  # whether it has ended by then is a matter of time
                event.get("task_updated", {}).pop("state", None)
            yield f"{kind} {accept}", sorted(some, key=str)
        stream.close()
    yield (
        "refused",
        shown(master.request("POST", "/api/v1", '{"type":"SUBSCRIBE"}', {"Content-Type": JSON, "Accept": "text/html"})),
    )


@scenario
def agents_deactivated_and_drained(master: Master) -> Seen:
    def agent(kind: str, **fields: Any) -> Any:
        return on(master, kind, 1, **fields)

    def now() -> Any:
        agents = master.operator({"type": "GET_AGENTS"}).json["get_agents"]["agents"]
        found = next(each for each in agents if each["agent_info"]["id"]["value"] == master.agents[1])
        slaves = next(each for each in master.get("/slaves").json["slaves"] if each["id"] == master.agents[1])
        return normal({"v1": {name: found.get(name) for name in ("active", "deactivated", "drain_info", "estimated_drain_start_time")}, "legacy": {name: slaves.get(name, "<absent>") for name in ("active", "deactivated", "drain_info", "estimated_drain_start_time_seconds")}})

    framework = master.framework(
        name="drained",
        capabilities=[{"type": "MULTI_ROLE"}, {"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}],
    )
    _first, second = framework.offers()
    framework.accept(
        [second],
        launch(
            task(second, "drained"),
            task(
                second, "stubborn", "trap '' TERM; sleep 1000", kill_policy={"grace_period": {"nanoseconds": 300000000}}
            ),
        ),
    )
    framework.statuses("drained", "TASK_RUNNING")
    framework.statuses("stubborn", "TASK_RUNNING")
    framework.call("REVIVE")
    before = len(framework.events)
    framework.wait("OFFERS", after=before)
    yield "deactivate", agent("DEACTIVATE_AGENT")
    yield "deactivated", now()
    yield "rescinded", bool(framework.wait("RESCIND", 3))
    yield "deactivate again", agent("DEACTIVATE_AGENT")
    yield "reactivate", agent("REACTIVATE_AGENT")
    yield "reactivated", now()
    yield "drain", agent("DRAIN_AGENT", max_grace_period={"seconds": 1, "nanos": 0})
    yield "killed", [_brief(status) for status in framework.statuses("drained", "TASK_KILLED")]
    yield "killed too", [_brief(status) for status in framework.statuses("stubborn", "TASK_KILLED")]
    _until(lambda: (now()["v1"]["drain_info"] or {}).get("state") == "DRAINED")
    yield "drained", now()
    yield "drain again", agent("DRAIN_AGENT")
    yield "deactivate drained", agent("DEACTIVATE_AGENT")
    yield "drained agent in state", _without_completed(agent_of_state(master))
    yield "reactivate drained", agent("REACTIVATE_AGENT")
    yield "at the end", now()


def agent_of_state(master: Master) -> Any:
    state = master.operator({"type": "GET_STATE"}).json["get_state"]["get_agents"]["agents"]
    return normal(sorted(state, key=lambda each: each["agent_info"]["id"]["value"][-2:]))


def _brief(status: Json) -> Any:
    return normal({name: status.get(name) for name in ("state", "reason", "source", "message")})


def _until(holds: Any) -> None:
    import time

    for _ in range(80):
        if holds():
            return
        time.sleep(0.1)
