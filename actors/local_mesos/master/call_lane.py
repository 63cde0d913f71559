"""The calls of subscribed frameworks, taken straight off their connection.

A framework that pipelines its calls, as Mesos's own library does, sends thousands a second: each through a web
framework, and each asked of the master alone, costs more than all that is done about them. So whatever comes at once is
read at once, asked at once and answered in one write. Only the plainest requests are taken; the first other one, and
all that come after it on that connection, are aiohttp's.

::

    connection                     CallLane                                        master
    POST … POST … POST …     ──►   understood: one SchedulerCalls            ──►   does each, in their order
          ◄── 202 202 400 …  ◄──                                             ◄──   [Answer, …]
    anything else            ──►   (when what came before is answered)  ──►  aiohttp, from now on
"""

from __future__ import annotations

import asyncio
import http
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from actors.core import ActorRef, AskTimeout
from actors.core.clock import Clock
from actors.http import InFront
from mesos_proto import json_codec, scheduler_pb2

from ._http import JSON, PROTOBUF, texts_are_utf8
from .protocol import Answer, SchedulerCall, SchedulerCalls
from .validation import call_error

__all__ = ["CallLane"]

Call = scheduler_pb2.Call

_REQUEST: Final = b"POST /api/v1/scheduler HTTP/1.1\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_LONGEST_HEAD: Final = 8 * 1024
_LONGEST_BODY: Final = 1024 * 1024  # what is longer takes its time, and is aiohttp's to wait for
_MOST_WAITING: Final = 2 * 1024 * 1024
_MOST_CALLS: Final = 128  # of one batch
_ANSWER_TIMEOUT: Final = 30.0  # seconds
_OTHERS: Final = frozenset({Call.SUBSCRIBE, Call.RECONCILE_OPERATIONS, Call.UPDATE_FRAMEWORK})
_PLAIN: Final = frozenset(
    {"host", "content-type", "content-length", "mesos-stream-id", "accept", "accept-encoding", "user-agent"}
)


class _Head(NamedTuple):
    length: int
    is_json: bool
    stream_id: str | None


class CallLane(InFront):
    """Stands before ``inner``, aiohttp's protocol of the same connection. ``master`` says who leads, None: nobody."""

    def __init__(self, inner: asyncio.Protocol, master: Callable[[], ActorRef[Any] | None], clock: Clock) -> None:
        super().__init__(inner)
        self._master = master
        self._clock = clock
        self._waiting = bytearray()
        self._answering: asyncio.Task[None] | None = None
        self._passing = False  # all is aiohttp's from now on
        self._paused = False

    # -- the connection

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._passing:
            self.inner.data_received(data)
            return
        self._waiting += data
        if self._answering is None:
            self._take()
        elif len(self._waiting) > _MOST_WAITING and self.transport is not None:
            self._paused = True
            self.transport.pause_reading()

    # -- calls

    def _take(self) -> None:
        """Ask the master about all that has come as a whole."""
        master = self._master()
        calls, foreign = self._read() if master is not None else ([], True)
        if calls and master is not None:
            answer = self._answer(master, calls)
            self._answering = asyncio.get_running_loop().create_task(answer, name="answer calls")
        elif foreign:
            self._passing = True
            waiting = bytes(self._waiting)
            self._waiting.clear()
            self.inner.data_received(waiting)

    def _read(self) -> tuple[list[SchedulerCall], bool]:
        """What is there as a whole, and whether something else than a plain call follows it."""
        calls: list[SchedulerCall] = []
        waiting, at = self._waiting, 0
        foreign = False
        while len(calls) < _MOST_CALLS and at < len(waiting):
            end = waiting.find(_HEAD_END, at, at + _LONGEST_HEAD)
            if end < 0:
                begun = waiting[at : at + len(_REQUEST)]
                foreign = not _REQUEST.startswith(begun) or len(waiting) - at >= _LONGEST_HEAD
                break
            head = _understood(bytes(waiting[at:end]))
            if head is None:
                foreign = True
                break
            body = end + len(_HEAD_END)
            if len(waiting) < body + head.length:
                break
            call = _call(bytes(waiting[body : body + head.length]), head.is_json)
            if call is None:
                foreign = True
                break
            calls.append(SchedulerCall(call, head.stream_id))
            at = body + head.length
        del waiting[:at]
        return calls, foreign

    async def _answer(self, master: ActorRef[Any], calls: list[SchedulerCall]) -> None:
        transport = self.transport
        assert transport is not None
        try:
            answers = await master.ask(SchedulerCalls(tuple(calls)), timeout=_ANSWER_TIMEOUT)
        except AskTimeout:
            transport.close()  # it has ended: whoever calls finds out who leads now
            return
        finally:
            self._answering = None
        if transport.is_closing():
            return
        date = formatdate(self._clock.wall(), usegmt=True)
        transport.write(b"".join(_response(answer, date) for answer in answers))
        if self._paused:
            self._paused = False
            transport.resume_reading()
        if self._waiting:
            self._take()


@lru_cache(maxsize=1024)
def _understood(head: bytes) -> _Head | None:
    """None for whatever is not as plain as can be."""
    lines = head.decode("latin-1").split("\r\n")
    if lines[0].encode() + b"\r\n" != _REQUEST:
        return None
    fields: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or name not in _PLAIN or name in fields:
            return None
        fields[name] = value.strip(" \t")
    length, kind = fields.get("content-length", ""), fields.get("content-type")
    if not (length.isascii() and length.isdigit()) or int(length) > _LONGEST_BODY or kind not in (JSON, PROTOBUF):
        return None
    return _Head(int(length), kind == JSON, fields.get("mesos-stream-id"))


def _call(body: bytes, is_json: bool) -> scheduler_pb2.Call | None:
    """None for what is refused, or not the master's alone to answer: aiohttp's side says so."""
    try:
        call = json_codec.loads(Call, body) if is_json else Call.FromString(body)
    except (json_codec.JsonError, DecodeError):
        return None
    if not is_json and not (call.IsInitialized() and (body.isascii() or texts_are_utf8(call))):
        return None
    return None if call.type in _OTHERS or call_error(call, None) else call


@lru_cache(maxsize=64)
def _response(answer: Answer, date: str) -> bytes:
    body = answer.text.encode()
    kind = "Content-Type: text/plain; charset=utf-8\r\n" if body else ""
    status = f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}\r\n"
    return f"{status}{kind}Content-Length: {len(body)}\r\nDate: {date}\r\n\r\n".encode() + body
