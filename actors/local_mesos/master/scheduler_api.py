"""``/api/v1/scheduler``: what a framework says to the master, over HTTP.

::

    request ──► 503 no master yet ─ 401 ─ 405 ─ 400/415 Content-Type ─ 400 body ─ 400 validation ─ 406 Accept
            ──► SUBSCRIBE:  400 with a stream id; else 200 and an endless body of events
            ──► the rest:   the master decides: 400 / 403 / 501 / 202 (UPDATE_FRAMEWORK: 200)
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from aiohttp import web
from google.protobuf.message import Message

from actors.core import ActorRef, ActorSystem, Props
from mesos_proto import scheduler_pb2

from ._http import Refusal, accepted_format, authenticate, encoder, last_header, read_call, require_method, text
from .protocol import Answer, SchedulerCall, Subscribe
from .settings import MasterSettings
from .stream import EventStream, Outlet, write_chunks
from .validation import call_error

__all__ = ["EventStreams", "SchedulerApi"]

Call = scheduler_pb2.Call

_HEARTBEAT = scheduler_pb2.Event(type=scheduler_pb2.Event.HEARTBEAT)


class EventStreams:
    """The endless responses of one server."""

    def __init__(self, system: ActorSystem, settings: MasterSettings) -> None:
        self._system = system
        self._settings = settings
        self._open: set[Outlet] = set()

    def close(self) -> None:
        """Ends all of them, so that the server can be closed."""
        for outlet in list(self._open):
            outlet.close()

    async def respond(
        self,
        request: web.Request,
        media_type: str,
        encode: Callable[[Message], bytes],
        headers: dict[str, str],
        heartbeat: Message,
        begin: Callable[[ActorRef[Any]], None],
    ) -> web.StreamResponse:
        """``begin`` gets the stream to whom events are told; returns when the stream is over."""
        outlet = Outlet(self._settings.stream_buffer_bytes)
        outlet.cut = lambda: request.transport.abort() if request.transport is not None else None
        self._open.add(outlet)
        response = web.StreamResponse(headers={**headers, "Content-Type": media_type})
        response.enable_chunked_encoding()
        client = f"{request.remote} ({request.path})"
        stream = self._system.spawn(Props(EventStream, outlet, encode, heartbeat, client))
        try:
            await response.prepare(request)
            begin(stream)
            async for records in outlet.batches():
                await write_chunks(request, response, records)
            await response.write_eof()
        except ConnectionError:
            # The client went away while something was on its way to it; the master learns it from the stream's end.
            return response
        finally:
            self._open.discard(outlet)
            self._system.stop(stream)
        return response


class SchedulerApi:
    """``master`` is None until there is one."""

    def __init__(self, system: ActorSystem, settings: MasterSettings, streams: EventStreams) -> None:
        self.master: ActorRef[Any] | None = None
        self._system = system
        self._settings = settings
        self._streams = streams

    async def handle(self, request: web.Request) -> web.StreamResponse:
        master = self.master
        if master is None:
            raise Refusal(503, "No leader elected")
        principal = authenticate(request, self._settings.credentials)
        require_method(request, "POST")
        call = await read_call(request, Call)
        error = call_error(call, principal)
        if error:
            raise Refusal(400, f"Failed to validate scheduler::Call: {error}")
        if call.type == Call.SUBSCRIBE:
            return await self._subscribe(request, master, call)
        if call.type == Call.RECONCILE_OPERATIONS:
            accepted_format(request)
        stream_id = last_header(request, "Mesos-Stream-Id")
        answer: Answer = await master.ask(SchedulerCall(call, stream_id, principal), timeout=30.0)
        return text(answer.status, answer.text)

    async def _subscribe(
        self, request: web.Request, master: ActorRef[Any], call: scheduler_pb2.Call
    ) -> web.StreamResponse:
        media_type = accepted_format(request)
        if "Mesos-Stream-Id" in request.headers:
            raise Refusal(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
        stream_id = str(uuid.UUID(int=self._system.random.getrandbits(128), version=4))
        return await self._streams.respond(
            request,
            media_type,
            encoder(media_type),
            {"Mesos-Stream-Id": stream_id},
            _HEARTBEAT,
            lambda stream: master.tell(Subscribe(call, stream, stream_id)),
        )
