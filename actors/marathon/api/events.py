"""``GET /v2/events``: what happens, as server-sent events.

    event stream ──DomainEvent──▶ hub ──bytes──▶ client actor ──▶ bounded queue ──▶ handler ──▶ socket
                    (one for all)                 (one per connection)

The hub encodes an event once, whoever wants it, and not at all when nobody does: a client that waits for the ends of
deployments costs nothing while 100,000 tasks start. The JSON of hundreds of apps in a plan is made a few at a time, for
it takes longer than the loop may be held.

A client that leaves more than `MAX_QUEUED` events unread is dropped, as Marathon does: it must not hold what happens in
memory for ever. Where its handler waits to write, the connection is cut, or it would wait for ever. Idle connections
get an empty line every `HEARTBEAT` seconds, so that both ends notice a broken one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from actors import Actor, ActorRef, Props
from actors.marathon.messages import DeploymentStatus, DomainEvent
from actors.marathon.model import App, version_of

from ._http import request_origin, service_of
from .event_json import OURS, WITH_PLAN, ApiPosted, EventStreamAttached, EventStreamDetached, event_text, event_type

__all__ = ["EVENT_HUB", "EventHub", "announce_post", "routes"]

MAX_QUEUED = 1024
HEARTBEAT = 15.0

WRITTEN_PER_TURN = 100
"""Apps of a plan of which the JSON is made in one turn of the loop, some milliseconds."""

EVENT_HUB = web.AppKey("event_hub", ActorRef[Any])


@dataclass(frozen=True, slots=True)
class Attach:
    """From now on `client` gets the bytes of every event of these `types` (none named: of all that Marathon has), until
    it stops.

    `light`: plans without the groups before and after them.
    """

    client: ActorRef[bytes]
    remote_address: str
    types: frozenset[str] = frozenset()
    light: bool = False


@dataclass(frozen=True, slots=True)
class Detached:
    """A client's actor has stopped."""

    client: ActorRef[bytes]


@dataclass(frozen=True, slots=True)
class Close:
    """End every stream: the server is closing. Answered with itself."""


class EventHub(Actor):
    """See the head of this module."""

    def __init__(self) -> None:
        self._clients: dict[ActorRef[bytes], Attach] = {}
        self._listening: dict[str, tuple[list[ActorRef[bytes]], list[ActorRef[bytes]]]] = {}

    def pre_start(self) -> None:
        self.context.system.event_stream.subscribe(self.ref, DomainEvent)

    def post_stop(self) -> None:
        self.context.system.event_stream.unsubscribe(self.ref)

    async def receive(self, message: Any) -> None:
        match message:
            case DomainEvent():
                await self._pass_on(message)
            case Attach(client, address):
                self._clients[client] = message
                self._listening.clear()
                self.context.watch(client, Detached(client))
                self.context.system.event_stream.publish(EventStreamAttached(address))
                self.reply(message)
            case Close():
                for client in self._clients:
                    self.context.system.stop(client)
                self.reply(message)
            case Detached(client):
                address = self._clients.pop(client).remote_address
                self._listening.clear()
                self.context.system.event_stream.publish(EventStreamDetached(address))
            case _:
                self.unhandled(message)

    async def _pass_on(self, event: DomainEvent) -> None:
        name = event_type(event)
        if name is None:
            return
        full, light = self._listeners(name)
        if isinstance(event, WITH_PLAN):
            if full:
                await self._write_out(event.plan)
                self._tell(full, self._encode(name, event, light=False))
            if light:
                self._tell(light, self._encode(name, event, light=True))
        elif full or light:
            self._tell((*full, *light), self._encode(name, event, light=False))

    def _listeners(self, name: str) -> tuple[list[ActorRef[bytes]], list[ActorRef[bytes]]]:
        """Who wants events of this type: with whole plans, and with light ones."""
        known = self._listening.get(name)
        if known is None:
            unasked = name not in OURS
            wanting = [each for each in self._clients.values() if name in each.types or (unasked and not each.types)]
            known = [each.client for each in wanting if not each.light], [each.client for each in wanting if each.light]
            self._listening[name] = known
        return known

    def _tell(self, clients: Iterable[ActorRef[bytes]], chunk: bytes) -> None:
        for client in clients:
            client.tell(chunk)

    async def _write_out(self, plan: DeploymentStatus) -> None:
        """Let the apps of the plan make their JSON, which each does once."""
        for number, app in enumerate((*plan.original.values(), *plan.target.values()), 1):
            app.wire_text  # noqa: B018 - kept by the app
            if number % WRITTEN_PER_TURN == 0:
                await self.context.system.clock.sleep(0)

    def _encode(self, name: str, event: DomainEvent, *, light: bool) -> bytes:
        timestamp = version_of(self.context.system.clock.now())
        data = event_text(event, light=light, more={"eventType": name, "timestamp": timestamp})
        return f"event: {name}\r\ndata: {data}\r\n\r\n".encode()


class EventClient(Actor[bytes]):
    """One connection's end. It stops itself when the connection does not keep up; the handler notices the end."""

    def __init__(self, queue: asyncio.Queue[bytes | None], cut: Callable[[], None]) -> None:
        self._queue, self._cut = queue, cut

    def receive(self, message: bytes) -> None:
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.log.warning("an event stream client left %d events unread and is dropped", self._queue.qsize())
            self._cut()
            self.context.stop(self.ref)

    def post_stop(self) -> None:
        # The handler takes whatever is first in a full queue; what a dropped client had not read is lost to it anyway.
        while self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(None)


def announce_post(request: web.Request, app: App) -> None:
    """Publish that a client created or changed `app`."""
    address, uri = request_origin(request)
    service_of(request).system.event_stream.publish(ApiPosted(address, uri, app.wire))


def routes() -> list[web.RouteDef]:
    """The route of the event stream."""
    return [web.get("/v2/events", stream_events, allow_head=False)]


async def stream_events(request: web.Request) -> web.StreamResponse:
    """GET: an endless stream; ``event_type`` (repeated) filters, ``plan-format=light`` leaves groups out of plans."""
    if not any(kind in request.headers.get("Accept", "*/*") for kind in ("text/event-stream", "text/*", "*/*")):
        raise web.HTTPNotAcceptable(text="the event stream is text/event-stream; accept it")
    system, hub = service_of(request).system, request.app[EVENT_HUB]
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED)
    types = frozenset(_named(request))
    light = request.query.get("plan-format") == "light"
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client is gone")
    client = system.spawn(Props(EventClient, queue, partial(_cut, transport)))
    try:
        answer = web.StreamResponse(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        answer.content_type = "text/event-stream"
        answer.charset = "UTF-8"
        await hub.ask(Attach(client, request.remote or "", types, light), service_of(request).timeout)
        await answer.prepare(request)
        await answer.write(b"\r\n")
        with suppress(ConnectionResetError):
            await _copy(queue, answer)
        return answer
    finally:
        system.stop(client)


def _cut(transport: asyncio.Transport) -> None:
    """Free a handler that waits until its client reads. One that has nothing under way ends its answer properly."""
    if transport.get_write_buffer_size():
        transport.abort()


def _named(request: web.Request) -> Iterator[str]:
    for value in request.query.getall("event_type", []):
        yield from (name.strip() for name in value.split(",") if name.strip())


async def _copy(queue: asyncio.Queue[bytes | None], answer: web.StreamResponse) -> None:
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                chunk = await queue.get()
        except TimeoutError:
            await answer.write(b"\r\n")
            continue
        if chunk is None:
            return
        await answer.write(chunk)
