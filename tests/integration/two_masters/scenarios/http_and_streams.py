"""Requests at the edge of HTTP, and the ids of streams: none, another's, an ended one's."""

# Tables of cases, one a line.
# fmt: off
# ruff: noqa: E501
from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.integration.two_masters.client import JSON, PROTOBUF, Framework, Master, Stream
from tests.integration.two_masters.compare import normal, shown
from tests.integration.two_masters.run import scenario
from tests.integration.two_masters.scenarios.connections_and_lifetimes import raw

Seen = Iterator[tuple[str, Any]]
SCHEDULER = "/api/v1/scheduler"


@scenario
def requests_at_the_edge(master: Master) -> Seen:
    host = f"Host: {master.url.removeprefix('http://')}\r\n".encode()
    body = b'{"type":"GET_HEALTH"}'
    sized = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    for name, request in {
        "no host": b"GET /health HTTP/1.1\r\n\r\n",
        "no host, post": b"POST /api/v1 HTTP/1.1\r\n" + sized,
        "no host, closing": b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
        "empty host": b"GET /health HTTP/1.1\r\nHost:\r\n\r\n",
        "another host": b"GET /health HTTP/1.1\r\nHost: elsewhere:1\r\n\r\n",
        "percent": b"GET /%68ealth HTTP/1.1\r\n" + host + b"\r\n",
        "percent slash": b"GET /master%2Fhealth HTTP/1.1\r\n" + host + b"\r\n",
        "percent broken": b"GET /health%zz HTTP/1.1\r\n" + host + b"\r\n",
        "percent in the api": b"POST /api%2Fv1 HTTP/1.1\r\n" + host + sized,
        "percent in the api's word": b"POST /%61pi/v1 HTTP/1.1\r\n" + host + sized,
        "fragment": b"GET /health#x HTTP/1.1\r\n" + host + b"\r\n",
        "question": b"GET /health? HTTP/1.1\r\n" + host + b"\r\n",
        "questions": b"GET /health?a=b&c HTTP/1.1\r\n" + host + b"\r\n",
        "up": b"GET /master/../health HTTP/1.1\r\n" + host + b"\r\n",
        "here": b"GET /./health HTTP/1.1\r\n" + host + b"\r\n",
        "plus": b"GET /heal+th HTTP/1.1\r\n" + host + b"\r\n",
        "trace": b"TRACE /health HTTP/1.1\r\n" + host + b"\r\n",
        "1.0": b"GET /health HTTP/1.0\r\n\r\n",
        "get with a body": b"GET /health HTTP/1.1\r\n" + host + b"Content-Length: 3\r\n\r\nabc",
        "upper-case chunked": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "chunk extension": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "expecting": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Expect: 100-continue\r\n" + sized,
        "empty type": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type:\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
        "two accepts": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Accept: text/html\r\nAccept: application/json\r\n" + sized,
        "upper-case names": b"POST /api/v1 HTTP/1.1\r\n" + host + b"ACCEPT: application/x-protobuf\r\n" + sized,
        "no length": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n\r\n",
        "zero length": b"POST /api/v1 HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\nContent-Length: 0\r\n\r\n",
        "upgrade": b"GET /health HTTP/1.1\r\n" + host + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "a page's origin": b"GET /health HTTP/1.1\r\n" + host + b"Origin: http://x\r\n\r\n",
        "authorised": b"GET /health HTTP/1.1\r\n" + host + b"Authorization: Basic YTpi\r\n\r\n",
    }.items():
        yield name, raw(master, request)
    for kind in (f"{JSON};charset=utf-8", f"{JSON}; charset=UTF-8", f"{JSON};", f" {JSON}", f"{PROTOBUF};x=y", "Application/Json", "application/json,application/x-protobuf"):
        for path in ("/api/v1", SCHEDULER):
            yield f"{path} type {kind!r}", shown(master.request("POST", path, body, {"Content-Type": kind}))
    for accept in ("application/json;q=0", "application/x-protobuf;q=0,*/*", "*/*;q=0", "application/*;q=0.0", "application/*;q=0, application/json", "*/*;q=0,application/x-protobuf", "application/json;q=0.001", "application/json;q=0.0000", "application/json ; q=0", "application/json;Q=0", "application/json;q=1.5", "application/json;q=x", "application/json;q=-1", "application/json;q=0;q=1", "application/json;q", "application/json;q=0=1", ";", ",", "application", "application/json;charset=utf-8", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json application/x-protobuf", "application/jsonp", "*/json"):
        answer = master.request("POST", "/api/v1", body, {"Content-Type": JSON, "Accept": accept})
        yield f"accept {accept}", [answer.status, answer.headers.get("Content-Type"), answer.body.decode(errors="replace") if answer.status >= 400 else ""]


def told_of(answer: Any, framework: Framework, *more: str) -> Any:
    text = json.dumps(shown(answer))
    for number, name in enumerate((framework.stream_id, *more)):
        text = text.replace(name, f"<stream {number}>")
    return json.loads(text)


@scenario
def ids_of_streams(master: Master) -> Seen:
    first = master.framework(name="streams", failover_timeout=100.0)
    other = master.framework(name="others")
    revive = {"type": "REVIVE", "framework_id": first.id}

    def ask(stream: str | None, call: Any = None, **headers: str) -> Any:
        named = {} if stream is None else {"Mesos-Stream-Id": stream}
        answer = master.request("POST", SCHEDULER, json.dumps(call or revive), {"Content-Type": JSON, "Accept": JSON, **named, **headers})
        return told_of(answer, first, other.stream_id)

    yield "its shape", [len(first.stream_id), first.stream_id.count("-"), sorted(name.lower() for name in dict(first.response.headers.items()))]
    yield "its own", ask(first.stream_id)
    yield "another's", ask(other.stream_id)
    yield "in lower-case header", ask(None, **{"mesos-stream-id": first.stream_id})
    yield "twice", raw(master, b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nMesos-Stream-Id: %b\r\nMesos-Stream-Id: %b\r\nContent-Length: %d\r\n\r\n%b" % (first.stream_id.encode(), b"x", len(json.dumps(revive)), json.dumps(revive).encode()))[0]
    yield "subscribe with one", ask(first.stream_id, {"type": "SUBSCRIBE", "framework_id": first.id, "subscribe": {"framework_info": {**first.info, "id": first.id}}})
    yield "subscribe with one, of nobody", ask("x", {"type": "SUBSCRIBE", "subscribe": {"framework_info": first.info}})
    yield "subscribe with one and a refused info", ask("x", {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u"}}})
    yield "subscribe with one and an Accept that fails", ask("x", {"type": "SUBSCRIBE", "subscribe": {"framework_info": first.info}}, Accept="text/html")
    yield "update of a framework with none", ask(None, {"type": "UPDATE_FRAMEWORK", "framework_id": first.id, "update_framework": {"framework_info": {**first.info, "id": first.id}}})
    yield "update of a framework with another's", ask(other.stream_id, {"type": "UPDATE_FRAMEWORK", "framework_id": first.id, "update_framework": {"framework_info": {**first.info, "id": first.id}}})
    yield "operations with another's", ask(other.stream_id, {"type": "RECONCILE_OPERATIONS", "framework_id": first.id, "reconcile_operations": {}})
    yield "operations with none", ask(None, {"type": "RECONCILE_OPERATIONS", "framework_id": first.id, "reconcile_operations": {}})
    yield "operations, Accept that fails", ask(first.stream_id, {"type": "RECONCILE_OPERATIONS", "framework_id": first.id, "reconcile_operations": {}}, Accept="text/html")
    yield "operations, no stream and Accept that fails", ask(None, {"type": "RECONCILE_OPERATIONS", "framework_id": first.id, "reconcile_operations": {}}, Accept="text/html")
    yield "operations of nobody, Accept that fails", ask(None, {"type": "RECONCILE_OPERATIONS", "framework_id": {"value": "nobody"}, "reconcile_operations": {}}, Accept="text/html")
    yield "operations in protobuf", ask(first.stream_id, {"type": "RECONCILE_OPERATIONS", "framework_id": first.id, "reconcile_operations": {}}, Accept=PROTOBUF)
    second = master.framework(**{**first.info, "id": first.id})
    yield "old one's end", [first.ended.wait(3), normal(first.told("OFFERS")[-1:])]
    yield "the ended one's", ask(first.stream_id)
    yield "the ended one's teardown", ask(first.stream_id, {"type": "TEARDOWN", "framework_id": first.id})
    yield "the new one's", ask(second.stream_id)["status"]
    yield "new each time", first.stream_id != second.stream_id
    second.close()
    time.sleep(0.5)
    yield "the closed one's", ask(second.stream_id)["status"]
    yield "none, closed", ask(None)
    yield "teardown while closed", ask(second.stream_id, {"type": "TEARDOWN", "framework_id": first.id})
    third = master.framework(**{**first.info, "id": first.id})
    yield "torn down", [third.call("TEARDOWN").status, third.ended.wait(3)]
    yield "after the end", [ask(third.stream_id)["text"], ask(None)["text"], ask("x")["text"]]


@scenario
def subscriptions_of_operators(master: Master) -> Seen:
    for name, (body, headers) in {
        "protobuf": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": PROTOBUF}), "either": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": f"{PROTOBUF},{JSON}"}), "anything": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": "*/*"}), "nothing said": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON}),
        "recordio": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": "application/recordio"}), "recordio of JSON": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": "application/recordio", "Message-Accept": JSON}), "gzip": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": JSON, "Accept-Encoding": "gzip"}),
        "with a stream": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": JSON, "Mesos-Stream-Id": "x"}), "closing": ({"type": "SUBSCRIBE"}, {"Content-Type": JSON, "Accept": JSON, "Connection": "close"}),
    }.items():
        connection = master.connect(5)
        connection.request("POST", "/api/v1", json.dumps(body), headers)
        response = connection.getresponse()
        kept = {key: value for key, value in response.headers.items() if key.lower() not in ("date", "mesos-stream-id")}
        first = response.readline() if response.status == 200 else response.read()
        yield name, [response.status, kept, "mesos-stream-id" in [key.lower() for key in response.headers], first.decode() if response.status >= 400 else first.strip().isdigit()]
        if response.fp is not None:
            connection.sock and connection.sock.close()
        connection.close()
    stream = Stream(master, "/api/v1", {"type": "SUBSCRIBE"})
    stream.wait("HEARTBEAT", 3)
    yield "first two", [each["type"] for each in stream.events[:2]]
    yield "keys", [list(each) for each in stream.events[:2]]
    stream.close()
