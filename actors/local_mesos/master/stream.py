"""An endless HTTP response: events in, RecordIO records out, one record per chunk.

::

    master                    EventStream (actor)              Outlet            HTTP handler
    SendEvent(event)    ──►   encodes it                 ──►   keeps it    ──►   a chunk each, waits for the client
    StartHeartbeats     ──►   HEARTBEAT each 15 s        ──►
    EndStream           ──►   closes the outlet, stops   ──►               ──►   ends the body, leaves TCP open

A client that reads too slowly fills the outlet, not the master: at ``limit`` bytes the stream stops itself (which the
master, watching it, takes for a disconnection), says why in the log, and the connection is cut. A client that goes
away ends the handler, which stops the stream.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web
from google.protobuf.message import Message

from actors.core import Actor
from mesos_proto import recordio

__all__ = ["EndStream", "EventStream", "Outlet", "SendEvent", "StartHeartbeats", "write_chunks"]


@dataclass(frozen=True, slots=True)
class SendEvent:
    event: Message


@dataclass(frozen=True, slots=True)
class StartHeartbeats:
    """A heartbeat now (unless ``at_once`` is off), and then one each ``interval`` seconds."""

    interval: float
    at_once: bool = True


@dataclass(frozen=True, slots=True)
class EndStream:
    """End the body once what was sent is written."""


@dataclass(frozen=True, slots=True)
class _Beat:
    pass


StreamMessage: TypeAlias = SendEvent | StartHeartbeats | EndStream | _Beat


class Outlet:
    """Records on their way to one client, at most ``limit`` bytes of them.

    ``cut`` is called when the client is too slow: it must break the connection, since the handler waits for it.
    """

    __slots__ = ("_closed", "_limit", "_records", "_size", "_waiting", "cut")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._records: list[bytes] = []
        self._size = 0
        self._closed = False
        self._waiting = asyncio.Event()
        self.cut: Callable[[], object] = lambda: None

    @property
    def waiting_bytes(self) -> int:
        return self._size

    def put(self, record: bytes) -> bool:
        """Keep a record for the client; False, and the connection is cut, when it would be too much."""
        if self._closed:
            return False
        if self._size and self._size + len(record) > self._limit:
            self._records.clear()
            self.close()
            self.cut()
            return False
        self._records.append(record)
        self._size += len(record)
        self._waiting.set()
        return True

    def close(self) -> None:
        """No more records; what is there is still written."""
        self._closed = True
        self._waiting.set()

    async def batches(self) -> AsyncIterator[Sequence[bytes]]:
        """What is there, each time something is, until it is closed and empty."""
        while True:
            while self._records:
                records, self._records = self._records, []
                yield records
                self._size -= sum(map(len, records))
            if self._closed:
                return
            self._waiting.clear()
            await self._waiting.wait()


async def write_chunks(request: web.Request, response: web.StreamResponse, records: Sequence[bytes]) -> None:
    """A chunk of each record, but all of them in two writes. Returns when the client has room for more."""
    await response.write(records[0])  # behind the head, should that still wait
    if len(records) > 1 and request.transport is not None:
        framed = [part for record in records[1:] for part in (b"%x\r\n" % len(record), record, b"\r\n")]
        request.transport.write(b"".join(framed))
        await request.writer.drain()


class EventStream(Actor[StreamMessage]):
    """Turns events into records of one connection. Stops when the connection is done."""

    def __init__(self, outlet: Outlet, encode: Callable[[Message], bytes], heartbeat: Message, client: str) -> None:
        super().__init__()
        self._outlet = outlet
        self._encode = encode
        self._heartbeat = recordio.encode(encode(heartbeat))
        self._client = client

    def receive(self, message: StreamMessage) -> None:
        match message:
            case SendEvent(event):
                self._write(recordio.encode(self._encode(event)))
            case _Beat():
                self._write(self._heartbeat)
            case StartHeartbeats(interval, at_once):
                if at_once:
                    self._write(self._heartbeat)
                self.context.timers.start_fixed_rate("heartbeat", _Beat(), interval)
            case EndStream():
                self._outlet.close()
                self.context.stop(self.ref)

    def _write(self, record: bytes) -> None:
        waiting = self._outlet.waiting_bytes
        if not self._outlet.put(record):
            if waiting:
                self.log.warning(
                    "disconnecting %s: %d bytes of events wait for it and it does not read them", self._client, waiting
                )
            self.context.stop(self.ref)

    def post_stop(self) -> None:
        self._outlet.close()
