"""What HTTP itself allows, calls in protobuf, and what is left of a framework that went away."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import gzip
import http.client
import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import (
    JSON,
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
HEALTH = '{"type":"GET_HEALTH"}'


def raw(master: Master, text: bytes) -> Any:
    """The head's status line and some headers, and the body, of a request written by hand."""
    connection = master.connect(5)
    connection.connect()
    assert connection.sock is not None
    connection.sock.sendall(text)
    response = http.client.HTTPResponse(connection.sock)
    try:
        response.begin()
        headers = {name: response.headers.get(name) for name in ("Content-Type", "Content-Length", "Content-Encoding", "Connection", "Transfer-Encoding")}
        return [response.status, response.reason, headers, response.read().decode(errors="replace")]
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


@scenario
def http_itself(master: Master) -> Seen:
    host = f"Host: {master.url.removeprefix('http://')}\r\n".encode()
    body = HEALTH.encode()
    for name, request in {
        "1.0": b"POST /api/v1 HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        "closing": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Connection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        "chunked": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5] + b"\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 5, body[5:]),
        "lower case": b"POST /api/v1 HTTP/1.1\r\n" + host + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body),
        "absolute": b"GET " + master.url.encode() + b"/health HTTP/1.1\r\n" + host + b"\r\n",
    }.items():
        yield name, raw(master, request)
    for accepted in ("gzip", "deflate, gzip", "gzip;q=0", "identity", "*", "br", "GZIP"):
        for path in ("/health", "/version", "/state", "/slaves"):
            answer = master.request("GET", path, headers={"Accept-Encoding": accepted})
            text = gzip.decompress(answer.body) if answer.headers.get("Content-Encoding") == "gzip" else answer.body
            yield f"{path} {accepted}", [answer.status, answer.headers.get("Content-Encoding"), text[:1].decode()]
        answer = master.request("POST", "/api/v1", '{"type":"GET_STATE"}', {"Content-Type": JSON, "Accept-Encoding": accepted})
        yield f"GET_STATE {accepted}", [answer.status, answer.headers.get("Content-Encoding")]
    for name, (content, encoding) in {"gzip": (gzip.compress(body), "gzip"), "not gzip": (body, "gzip"), "identity": (body, "identity"), "deflate": (body, "deflate"), "GZIP": (body, "GZIP")}.items():
        yield f"sent {name}", shown(master.request("POST", "/api/v1", content, {"Content-Type": JSON, "Content-Encoding": encoding}))
    for accept in (JSON, PROTOBUF, f"{JSON}, {PROTOBUF}", f"{PROTOBUF}, {JSON}", f"{JSON};q=0.1, {PROTOBUF};q=0.9", "application/*", "application/x-protobuf;q=0", "application/json;q=0, */*", "APPLICATION/JSON", "text/*, application/json", "application/recordio", "*"):
        answer = master.request("POST", "/api/v1", HEALTH, {"Content-Type": JSON, "Accept": accept})
        yield f"accept {accept}", [answer.status, answer.headers.get("Content-Type"), answer.body.decode(errors="replace") if answer.status >= 400 else ""]


@scenario
def odd_bodies(master: Master) -> Seen:
    for body in (
        '{"type":"GET_HEALTH","unknown":{"a":[1]}}', '{"type":"get_health"}', '{"type":1}', '{"type":"1"}', '{"TYPE":"GET_HEALTH"}', '{"type":"GET_METRICS","get_metrics":{"timeout":{"nanoseconds":"5"}}}', '{"type":"GET_METRICS","getMetrics":{}}',
        '{"type":"GET_METRICS","get_metrics":{"timeout":{"nanoseconds":1.5}}}', '{"type":"GET_METRICS","get_metrics":{"timeout":{}}}',
        '{"type":"LIST_FILES","list_files":{"path":5}}', '{"type":"LIST_FILES","list_files":{"path":null}}', '{"type":"LIST_FILES","list_files":{"path":["/"]}}', '{"type":"READ_FILE","read_file":{"path":"/x","offset":"1"}}', '{"type":"READ_FILE","read_file":{"path":"/x","offset":1.0}}', '{"type":"READ_FILE","read_file":{"path":"/x","offset":true}}',
        '{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":"S0"}}', '{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{}}}', '{"type":"MARK_AGENT_GONE","mark_agent_gone":{"agent_id":{"value":null}}}', '{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},"mark_gone":"true"}}', '{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},"max_grace_period":5}}', '{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},"max_grace_period":"5s"}}', '{"type":"DRAIN_AGENT","drain_agent":{"agent_id":{"value":"x"},"max_grace_period":{"seconds":"5"}}}',
        '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":{"role":"x"}}}', '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"x","limits":[]}]}}', '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"x","limits":{"cpus":5}}]}}', '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"x","limits":{"cpus":{}}}]}}', '{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"limits":{}}]}}',
        '{"type":"UPDATE_WEIGHTS","update_weights":{"weight_infos":[{"role":"a","weight":true}]}}', '{"type":"TEARDOWN","teardown":{"framework_id":[]}}', '\ufeff{"type":"GET_HEALTH"}', '{"type":"GET_HEALTH"}\n', ' {"type":"GET_HEALTH"}', '{"type":"GET_HEALTH",/*x*/"a":1}', "{'type':'GET_HEALTH'}", '{"type":"GET\\u005fHEALTH"}', '{"type":"LIST_FILES","list_files":{"path":"\\ud800"}}', "true", '"GET_HEALTH"', '{"type":NaN}', '[{"type":"GET_HEALTH"}]',
    ):
        answer = master.request("POST", "/api/v1", body.encode(), {"Content-Type": JSON})
        yield f"body {body!r}", shown(answer) if b"get_metrics" not in answer.body else answer.status
    for data in (b"", b"\x08\x01", b"\x08\x63", b"\x08", b"\x0a\x00", b"\x08\x01\x08\x02", b"\x08\x01\xff\x01", b"\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x01", b"\x08\x05\x1a\x00", b"{}"):
        answer = master.request("POST", "/api/v1", data, {"Content-Type": PROTOBUF, "Accept": JSON})
        yield f"protobuf {data!r}", shown(answer)


@scenario
def calls_in_protobuf(master: Master) -> Seen:
    framework = master.framework(name="binary", accept=PROTOBUF, capabilities=capabilities("MULTI_ROLE", "TASK_KILLING_STATE", "PARTITION_AWARE"))
    (offer, *others) = framework.offers()
    framework._answered.update(each["id"]["value"] for each in (offer, *others))
    yield "decline", shown(framework.call("DECLINE", {"offer_ids": [each["id"] for each in others]}, binary=True))
    yield "accept", shown(framework.call("ACCEPT", {"offer_ids": [offer["id"]], "operations": [launch(task(offer, "b-1"), task(offer, "b-2", "true"))], "filters": {"refuse_seconds": 1000}}, binary=True))
    seen = framework.statuses("b-1", "TASK_RUNNING")
    yield "statuses", [brief(each) for each in seen]
    framework.statuses("b-2", "TASK_FINISHED")
    status = seen[-1] if seen else {}
    for name, changed in {"again": {}, "of another uuid": {"uuid": "MDEyMzQ1Njc4OWFiY2RlZg=="}, "of another task": {"task_id": {"value": "nobody"}}, "of another agent": {"agent_id": {"value": "nobody"}}, "of a short uuid": {"uuid": "YWJj"}}.items():
        body = {key: status.get(key) for key in ("agent_id", "task_id", "uuid")} | changed
        for binary in (False, True):
            yield f"acknowledge {name} {binary}", shown(framework.call("ACKNOWLEDGE", body, binary=binary))
    for kind, body in {
        "REVIVE": {"roles": ["*", "nobody"]}, "SUPPRESS": {"roles": ["a//b"]}, "RECONCILE": {"tasks": [{"task_id": {"value": "b-1"}}]}, "KILL": {"task_id": {"value": "nobody"}},
        "MESSAGE": {"agent_id": {"value": "x"}, "executor_id": {"value": "y"}, "data": "YWJj"}, "REQUEST": {"requests": []}, "SHUTDOWN": {"executor_id": {"value": "nobody"}, "agent_id": {"value": "x"}},
    }.items():
        before = len(framework.events)
        yield f"{kind} in protobuf", shown(framework.call(kind, body, binary=True))
        time.sleep(0.2)
        yield f"after {kind}", [brief(e["update"]["status"]) for e in framework.events[before:] if e["type"] == "UPDATE"]
    before = len(framework.events)
    yield "shutdown", shown(framework.call("SHUTDOWN", {"executor_id": {"value": "b-1"}, "agent_id": offer["agent_id"]}, binary=True))
    yield "what ended", [brief({**each, "message": ""}) for each in framework.statuses("b-1", "TASK_KILLED", 5, before)]
    yield "teardown", shown(framework.call("TEARDOWN", binary=True))
    yield "ended", framework.ended.wait(3)
    for kind, body in (("TEARDOWN", None), ("REVIVE", {}), ("KILL", {"task_id": {"value": "b-1"}})):
        yield f"{kind} after the end", shown(framework.call(kind, body, binary=True))
        yield f"{kind} after the end, JSON", shown(framework.call(kind, body))
    again = master.framework(name="binary", id=framework.id)
    yield "subscribe after the end", [again.status, normal(again.events[:1]), again.ended.wait(3)]


@scenario
def frameworks_that_went_away(master: Master) -> Seen:
    def everywhere(own: Any) -> Iterator[tuple[str, Any]]:
        found = master.operator({"type": "GET_FRAMEWORKS"}).json["get_frameworks"]
        yield "v1", normal({kind: [each for each in found.get(kind, ()) if each["framework_info"]["id"] == own] for kind in ("frameworks", "completed_frameworks", "recovered_frameworks")})
        legacy = master.get("/frameworks").json
        yield "legacy", normal({kind: [each for each in legacy.get(kind, ()) if each["id"] == own["value"]] for kind in ("frameworks", "completed_frameworks", "unregistered_frameworks")})
        state = master.get("/state").json
        yield "state", normal({kind: [each for each in state.get(kind, ()) if each["id"] == own["value"]] for kind in ("frameworks", "completed_frameworks")})
        yield "summary", normal([each for each in master.get("/state-summary").json["frameworks"] if each["id"] == own["value"]])
        tasks = master.operator({"type": "GET_TASKS"}).json["get_tasks"]
        yield "tasks", normal({kind: [each for each in some if each["framework_id"] == own] for kind, some in tasks.items()})
        yield "legacy tasks", normal(master.get(f"/tasks?framework_id={own['value']}&order=asc").json)
        executors = master.operator({"type": "GET_EXECUTORS"}).json["get_executors"]
        yield "executors", normal({kind: [each for each in some if each["executor_info"].get("framework_id") == own] for kind, some in executors.items()})
        yield "roles", normal([{key: value for key, value in each.items() if key != "quota"} for each in master.get("/roles").json["roles"] if each["name"] in ("gone", "gone/below")])

    framework = master.framework(name="away", principal="me", failover_timeout=1000.0, checkpoint=True, roles=["gone"])
    yield "offered", bool(framework.offers())
    offer = framework.standing()[0]
    framework.decline(*framework.standing()[1:])
    framework.accept([offer], launch(task(offer, "stays"), task(offer, "ends", "true")))
    framework.call("SUPPRESS")
    framework.statuses("stays", "TASK_RUNNING")
    framework.statuses("ends", "TASK_FINISHED")
    time.sleep(0.3)
    yield "connected", dict(everywhere(framework.id))
    framework.close()
    time.sleep(0.5)
    yield "disconnected", dict(everywhere(framework.id))
    yield "call", shown(framework.call("REVIVE"))
    again = master.framework(**{**framework.info, "id": framework.id}, suppressed_roles=["gone"])
    time.sleep(0.3)
    yield "back", dict(everywhere(framework.id))
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    stream.wait("SUBSCRIBED")
    yield "operator's teardown", shown(master.operator({"type": "TEARDOWN", "teardown": {"framework_id": framework.id}}))
    yield "its stream", [again.ended.wait(3), normal(again.told("OFFERS", "UPDATE")[1:])]
    stream.wait("FRAMEWORK_REMOVED")
    time.sleep(0.5)
    yield "events", normal(sorted(({"type": each["type"]} for each in stream.told()[1:]), key=str))
    stream.close()
    yield "torn down", dict(everywhere(framework.id))
    yield "torn down twice", shown(master.operator({"type": "TEARDOWN", "teardown": {"framework_id": framework.id}}))
    yield "the older way", shown(master.request("POST", "/teardown", f"frameworkId={framework.id['value']}"))
    brief_one = master.framework(name="brief", failover_timeout=0.3)
    brief_one.close()
    time.sleep(1.0)
    stale = master.framework(name="brief", id=brief_one.id)
    yield "too late", [stale.status, normal(stale.events[:1]), stale.ended.wait(3)]
    yield "too late, call", shown(brief_one.call("REVIVE"))


@scenario
def operations_of_others(master: Master) -> Seen:
    """Principals that do not match, volumes in use, operations with feedback while they are looked at."""
    framework = master.framework(name="operating", principal="me", roles=["op"], capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT", "PARTITION_AWARE"))
    (offer, *_) = framework.offers()

    def reserve(name: str, value: float, role: str = "op", principal: str | None = "me", **more: Any) -> Json:
        reservation: Json = {"type": "DYNAMIC", "role": role} | ({} if principal is None else {"principal": principal})
        return scalar(name, value, "op", reservations=[reservation], **more)

    disk = {"persistence": {"id": "p", "principal": "me"}, "volume": {"container_path": "p", "mode": "RW"}}
    other_disk = {"persistence": {"id": "p", "principal": "you"}, "volume": {"container_path": "p", "mode": "RW"}}
    below = scalar("cpus", 0.5, "op", reservations=[{"type": "DYNAMIC", "role": "op", "principal": "me"}, {"type": "DYNAMIC", "role": "op/x", "principal": "me"}])
    for name, operations in {
        "of nobody": [{"type": "RESERVE", "reserve": {"resources": [reserve("cpus", 1, principal=None)]}}],
        "of another": [{"type": "RESERVE", "reserve": {"resources": [reserve("cpus", 1, principal="you")]}}],
        "for another role": [{"type": "RESERVE", "reserve": {"resources": [reserve("cpus", 1, role="other")]}}],
        "mine": [{"type": "RESERVE", "reserve": {"resources": [reserve("cpus", 1), reserve("disk", 100)]}}],
        "refined": [{"type": "RESERVE", "reserve": {"resources": [below]}}],
        "unreserve of another": [{"type": "UNRESERVE", "unreserve": {"resources": [reserve("cpus", 0.5, principal="you")]}}],
        "create of another": [{"type": "CREATE", "create": {"volumes": [reserve("disk", 50, disk=other_disk)]}}],
        "create without principal": [{"type": "CREATE", "create": {"volumes": [reserve("disk", 50, disk={"persistence": {"id": "p"}, "volume": disk["volume"]})]}}],
        "create": [{"type": "CREATE", "create": {"volumes": [reserve("disk", 50, disk=disk)]}}],
        "destroy of another": [{"type": "DESTROY", "destroy": {"volumes": [reserve("disk", 50, disk=other_disk)]}}],
        "no operation": [{"type": "UNKNOWN"}], "without its body": [{"type": "RESERVE"}], "create disk": [{"type": "CREATE_DISK", "create_disk": {"source": reserve("disk", 1), "target_type": "MOUNT"}}], "destroy disk": [{"type": "DESTROY_DISK", "destroy_disk": {"source": reserve("disk", 1)}}],
    }.items():
        for identified in (False, True):
            if name in ("mine", "refined", "create") and identified:
                continue
            before = len(framework.events)
            named = [{**each, "id": {"value": f"op-{name}"}} if identified else each for each in operations]
            yield f"{name} {identified}", shown(framework.accept([offer], *named, refuse=0))
            time.sleep(0.3)
            told = [normal(event["update_operation_status"]) for event in framework.events[before:] if event["type"] == "UPDATE_OPERATION_STATUS"]
            yield f"{name} {identified} told", told
            yield f"{name} {identified} shown", normal(sorted((each["info"].get("id") or {}).get("value", "") for each in master.operator({"type": "GET_OPERATIONS"}).json["get_operations"].get("operations", ())))
            offer = framework.fresh_offer() or offer
            yield f"{name} {identified} offer", normal(offer["resources"])
    held = [each for each in offer["resources"] if "disk" in each]
    using = {**task(offer, "using"), "resources": [scalar("cpus", 0.1, "op"), scalar("mem", 32, "op"), *held]}
    framework.accept([offer], launch(using), refuse=0)
    yield "using", [brief(each) for each in framework.statuses("using", "TASK_RUNNING")]
    volume = {key: value for key, value in (held[0] if held else {}).items() if key != "allocation_info"}
    agent = {"value": master.agents[0]}
    yield "destroy in use", shown(master.operator({"type": "DESTROY_VOLUMES", "destroy_volumes": {"agent_id": agent, "volumes": [volume]}}))
    yield "shrink in use", shown(master.operator({"type": "SHRINK_VOLUME", "shrink_volume": {"agent_id": agent, "volume": volume, "subtract": {"value": 1}}}))
    yield "unreserve in use", shown(master.operator({"type": "UNRESERVE_RESOURCES", "unreserve_resources": {"agent_id": agent, "resources": [{k: v for k, v in reserve("disk", 100).items() if k != "allocation_info"}]}}))
    framework.call("KILL", {"task_id": {"value": "using"}})
    framework.statuses("using", "TASK_KILLED", 5)
    offer = framework.fresh_offer() or offer
    back = [{"type": "DESTROY", "destroy": {"volumes": held}}, {"type": "UNRESERVE", "unreserve": {"resources": [below]}}, {"type": "UNRESERVE", "unreserve": {"resources": [reserve("cpus", 1), reserve("disk", 100)]}}]
    yield "back", shown(framework.accept([offer], *back, refuse=0))
    offer = framework.fresh_offer() or offer
    yield "all back", normal(offer["resources"])
