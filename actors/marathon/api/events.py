"""``GET /v2/events``: what happens, as server-sent events.

    event stream ──DomainEvent──▶ hub ──Encoded──▶ client actor ──▶ bounded queue ──▶ handler ──▶ socket
                    (one for all; encodes once)     (one per connection; filters)

A client that leaves more than `MAX_QUEUED` events unread is dropped, as Marathon does: it must not hold what happens in
memory for ever. Where its handler waits to write, the connection is cut, or it would wait for ever. Idle connections
get an empty line every `HEARTBEAT` seconds, so that both ends notice a broken one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from actors import Actor, ActorRef, Props
from actors.marathon.messages import (
    DeploymentFailed,
    DeploymentInfo,
    DeploymentStepFailure,
    DeploymentStepSuccess,
    DeploymentSuccess,
    DomainEvent,
)
from actors.marathon.model import App, version_of

from ._http import json_text, request_origin, service_of
from .event_json import ApiPosted, EventStreamAttached, EventStreamDetached, event_fields, event_type

__all__ = ["EVENT_HUB", "EventHub", "announce_post", "routes"]

MAX_QUEUED = 1024
HEARTBEAT = 15.0

EVENT_HUB = web.AppKey("event_hub", ActorRef[Any])

_WITH_PLAN = (DeploymentInfo, DeploymentStepSuccess, DeploymentStepFailure, DeploymentSuccess, DeploymentFailed)


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as the bytes of the stream; `light` is for clients that want plans without groups."""

    type: str
    full: bytes
    light: bytes


@dataclass(frozen=True, slots=True)
class Attach:
    """From now on `client` gets every `Encoded`, until it stops."""

    client: ActorRef[Encoded]
    remote_address: str


@dataclass(frozen=True, slots=True)
class Detached:
    """A client's actor has stopped."""

    client: ActorRef[Encoded]


@dataclass(frozen=True, slots=True)
class Close:
    """End every stream: the server is closing. Answered with itself."""


class EventHub(Actor):
    """Turns each domain event into bytes once, whoever listens; does nothing while nobody does."""

    def __init__(self) -> None:
        self._clients: dict[ActorRef[Encoded], str] = {}

    def pre_start(self) -> None:
        self.context.system.event_stream.subscribe(self.ref, DomainEvent)

    def post_stop(self) -> None:
        self.context.system.event_stream.unsubscribe(self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case DomainEvent():
                self._pass_on(message)
            case Attach(client, address):
                self._clients[client] = address
                self.context.watch(client, Detached(client))
                self.context.system.event_stream.publish(EventStreamAttached(address))
                self.reply(message)
            case Close():
                for client in self._clients:
                    self.context.system.stop(client)
                self.reply(message)
            case Detached(client):
                address = self._clients.pop(client)
                self.context.system.event_stream.publish(EventStreamDetached(address))
            case _:
                self.unhandled(message)

    def _pass_on(self, event: DomainEvent) -> None:
        name = event_type(event)
        if name is None or not self._clients:
            return
        full = self._encode(name, event, light=False)
        light = self._encode(name, event, light=True) if isinstance(event, _WITH_PLAN) else full
        encoded = Encoded(name, full, light)
        for client in self._clients:
            client.tell(encoded)

    def _encode(self, name: str, event: DomainEvent, *, light: bool) -> bytes:
        timestamp = version_of(self.context.system.clock.now())
        data = json_text({**event_fields(event, light=light), "eventType": name, "timestamp": timestamp})
        return f"event: {name}\r\ndata: {data}\r\n\r\n".encode()


class EventClient(Actor[Encoded]):
    """One connection's filter. It stops itself when the connection does not keep up; the handler notices the end."""

    def __init__(
        self, queue: asyncio.Queue[bytes | None], types: frozenset[str], light: bool, cut: Callable[[], None]
    ) -> None:
        self._queue, self._types, self._light, self._cut = queue, types, light, cut

    def receive(self, message: Encoded) -> None:
        if self._types and message.type not in self._types:
            return
        try:
            self._queue.put_nowait(message.light if self._light else message.full)
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
    client = system.spawn(Props(EventClient, queue, types, light, partial(_cut, transport)))
    try:
        answer = web.StreamResponse(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        answer.content_type = "text/event-stream"
        answer.charset = "UTF-8"
        await hub.ask(Attach(client, request.remote or ""), service_of(request).timeout)
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
