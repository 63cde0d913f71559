"""Calls by the batch: pipelined requests are answered in their order, as each alone would have been."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from actors.local_mesos import messages as m
from mesos_proto import json_codec, scheduler_pb2

from .conftest import Bench, Scheduler

PROTOBUF = "application/x-protobuf"


def request(scheduler: Scheduler, call: dict[str, Any], kind: str = "application/json", **headers: str) -> bytes:
    body = json.dumps({"framework_id": scheduler.id, **call}).encode()
    if kind == PROTOBUF:
        body = json_codec.loads(scheduler_pb2.Call, body).SerializeToString()
    fields = {
        "Host": "x",
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Mesos-Stream-Id": scheduler.stream_id,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"POST /api/v1/scheduler HTTP/1.1\r\n{head}\r\n".encode() + body


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def answers(self, count: int) -> list[tuple[int, str]]:
        found = []
        for _ in range(count):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await self.reader.readexactly(int(fields["content-length"]))
            found.append((int(head.split()[1]), body.decode()))
        return found


@pytest.fixture
async def line(bench: Bench) -> Line:
    await bench.start()
    return Line(*await asyncio.open_connection("127.0.0.1", bench.master.port))


async def close(line: Line) -> None:
    line.writer.close()
    await line.writer.wait_closed()


@pytest.mark.parametrize("kind", ["application/json", PROTOBUF])
async def test_pipelined_calls_are_done_and_answered_in_their_order(bench: Bench, line: Line, kind: str) -> None:
    scheduler = await bench.subscribe()
    agent = {"value": bench.agent_id()}
    calls = [
        {"type": "MESSAGE", "message": {"agent_id": agent, "executor_id": {"value": f"e{number}"}, "data": "eA=="}}
        for number in range(300)
    ]
    sent = [request(scheduler, call, kind) for call in calls]
    sent[7] = request(scheduler, calls[7], kind, Mesos_Stream_Id="other")
    sent[8] = request(scheduler, {**calls[8], "framework_id": {"value": "nobody"}}, kind)
    line.writer.write(b"".join(sent))
    answers = await line.answers(300)
    assert [status for status, _ in answers[:10]] == [202] * 7 + [400, 400] + [202]
    assert answers[7][1].startswith("The stream ID 'other' included in this request didn't match")
    assert answers[8][1] == "Framework cannot be found"
    told = [message.executor_id for message in bench.messages(m.FrameworkMessage)]
    assert told == [f"e{number}" for number in range(300) if number not in (7, 8)]
    await close(line)


async def test_a_call_that_comes_in_pieces_is_one(bench: Bench, line: Line) -> None:
    scheduler = await bench.subscribe()
    whole = request(scheduler, {"type": "REVIVE"}) * 2
    for index in range(len(whole)):
        line.writer.write(whole[index : index + 1])
        await bench.sleep(0.001)
    assert await line.answers(2) == [(202, "")] * 2
    await close(line)


@pytest.mark.parametrize(
    ("odd", "status", "text"),
    [
        (b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 200, ""),
        (b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 400, "Expecting 'Content-Type'"),
        (b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 404, "404 Not Found."),
    ],
)
async def test_another_request_among_them_waits_for_its_turn(
    bench: Bench, line: Line, odd: bytes, status: int, text: str
) -> None:
    scheduler = await bench.subscribe()
    revive = request(scheduler, {"type": "REVIVE"})
    refused = request(scheduler, {"type": "DANCE"})
    line.writer.write(revive + odd + revive + refused + revive)
    answers = await line.answers(5)
    assert [answer[0] for answer in answers] == [202, status, 202, 400, 202]
    assert answers[1][1].startswith(text)
    assert answers[3][1] == "Failed to validate scheduler::Call: Expecting 'type' to be present"
    await close(line)


async def test_what_is_no_http_is_refused_as_ever(bench: Bench, line: Line) -> None:
    line.writer.write(b"POST /api/v1/scheduler HTTP/1.1\r\nContent-Length: -5\r\n\r\nxxxxx")
    head = await line.reader.readuntil(b"\r\n")
    assert b" 400 " in head
    await close(line)
