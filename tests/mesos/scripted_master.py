"""A master that does what a test tells it to, on the loop's network (in memory under virtual time).

::

    test                                    ScriptedMaster                       the client under test
    master = await ScriptedMaster.start()
                                            keeps the subscription          ◄──  SUBSCRIBE
    stream = await master.subscription()    200, stream id                  ──►
    await stream.subscribed("F1")           SUBSCRIBED, HEARTBEAT           ──►
    await stream.send(event)                one record                      ──►
    await stream.end() / stream.reset()     end of body / of connection     ──►
    call = await master.call("ACCEPT")                                      ◄──  any other call; answered 202
    master.answer = lambda call, stream_id: (403, "Framework is not subscribed")
    master.refuse = lambda call: web.Response(status=503)                        instead of a subscription

Nothing happens by itself: no offers, no heartbeats after the first (but see `Stream.beat`).
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from aiohttp import web

from actors.http import Server, serve
from mesos_proto import json_codec, mesos_pb2, recordio, scheduler_pb2

Event = scheduler_pb2.Event
Call = scheduler_pb2.Call
PROTOBUF = "application/x-protobuf"


class Stream:
    """One subscription, as the master holds it."""

    def __init__(self, call: Call, request: web.Request, response: web.StreamResponse, stream_id: str) -> None:
        self.call = call
        self.request = request
        self.stream_id = stream_id
        self.ended = asyncio.Event()
        self._response = response
        self._json = request.headers["Accept"] == "application/json"

    @property
    def gone(self) -> bool:
        """Whether the client has left."""
        return self.request.transport is None or self.request.transport.is_closing()

    async def subscribed(self, framework_id: str = "F1", heartbeat: float = 15.0) -> None:
        event = Event(type=Event.SUBSCRIBED)
        event.subscribed.framework_id.value = framework_id
        event.subscribed.heartbeat_interval_seconds = heartbeat
        event.subscribed.master_info.CopyFrom(mesos_pb2.MasterInfo(id="M", ip=16777343, port=5050, hostname="master"))
        await self.send(event)
        await self.heartbeat()

    async def send(self, event: Event) -> None:
        await self.raw(recordio.encode(json_codec.dumps(event) if self._json else event.SerializeToString()))

    async def raw(self, data: bytes) -> None:
        await self._response.write(data)

    async def heartbeat(self) -> None:
        await self.send(Event(type=Event.HEARTBEAT))

    async def beat(self, times: int, interval: float = 15.0) -> None:
        for _ in range(times):
            await asyncio.sleep(interval)
            await self.heartbeat()

    async def error(self, message: str) -> None:
        event = Event(type=Event.ERROR)
        event.error.message = message
        await self.send(event)

    async def offers(self, *offers: mesos_pb2.Offer) -> None:
        event = Event(type=Event.OFFERS)
        event.offers.offers.extend(offers)
        await self.send(event)

    async def rescind(self, offer_id: str) -> None:
        event = Event(type=Event.RESCIND)
        event.rescind.offer_id.value = offer_id
        await self.send(event)

    async def update(self, status: mesos_pb2.TaskStatus) -> None:
        event = Event(type=Event.UPDATE)
        event.update.status.CopyFrom(status)
        await self.send(event)

    async def end(self) -> None:
        """End the body; the connection stays open, as Mesos leaves it."""
        await self._response.write_eof()

    def reset(self) -> None:
        """Break the connection."""
        assert self.request.transport is not None
        self.request.transport.abort()


class ScriptedMaster:
    """See the module's head."""

    path = "/api/v1/scheduler"
    call_type: Any = scheduler_pb2.Call

    def __init__(self) -> None:
        self.streams: list[Stream] = []
        self.calls: list[Call] = []
        self.call_headers: list[dict[str, str]] = []
        self.connections: list[object] = []
        self.answer: Callable[[Call, str | None], tuple[int, str]] = lambda call, stream_id: (202, "")
        self.refuse: Callable[[Call], web.StreamResponse | None] = lambda call: None
        self.subscribes = 0
        self._new_streams: asyncio.Queue[Stream] = asyncio.Queue()
        self._new_calls: asyncio.Queue[Call] = asyncio.Queue()
        self._ids = itertools.count(1)
        self._server: Server | None = None

    @classmethod
    @asynccontextmanager
    async def start(cls, port: int = 0) -> AsyncIterator[Self]:
        master = cls()
        await master.open(port)
        try:
            yield master
        finally:
            await master.close()

    async def open(self, port: int = 0) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_post(self.path, self._handle)
        app.on_shutdown.append(self._end_streams)
        self._server = await serve(app, port=port)

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()

    async def _end_streams(self, app: web.Application) -> None:
        for stream in self.streams:
            stream.ended.set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return self._server.url

    @property
    def port(self) -> int:
        assert self._server is not None
        return self._server.port

    async def subscription(self, framework_id: str | None = None) -> Stream:
        """The next subscription; with ``framework_id`` it is confirmed at once."""
        stream = await self._new_streams.get()
        if framework_id is not None:
            await stream.subscribed(framework_id)
        return stream

    async def call(self, kind: str | None = None) -> Any:
        """The next call, or the next of a kind (others before it are passed over)."""
        while True:
            call = await self._new_calls.get()
            if kind is None or self.call_type.Type.Name(call.type) == kind:
                return call

    def kinds(self) -> list[str]:
        return [self.call_type.Type.Name(call.type) for call in self.calls]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        json = request.headers["Content-Type"] == "application/json"
        call = json_codec.loads(self.call_type, body) if json else self.call_type.FromString(body)
        if call.type == self.call_type.SUBSCRIBE:
            return await self._subscribe(request, call)
        self.calls.append(call)
        self.call_headers.append(dict(request.headers))
        self.connections.append(request.transport)
        self._new_calls.put_nowait(call)
        status, text = self.answer(call, request.headers.get("Mesos-Stream-Id"))
        headers = {"Location": text} if status == 307 else None
        return web.Response(status=status, text=text, headers=headers)

    async def _subscribe(self, request: web.Request, call: Call) -> web.StreamResponse:
        self.subscribes += 1
        if (refusal := self.refuse(call)) is not None:
            return refusal
        stream_id = f"stream-{next(self._ids)}"
        response = web.StreamResponse(headers={"Mesos-Stream-Id": stream_id, "Content-Type": request.headers["Accept"]})
        response.enable_chunked_encoding()
        await response.prepare(request)
        stream = Stream(call, request, response, stream_id)
        self.streams.append(stream)
        self._new_streams.put_nowait(stream)
        await stream.ended.wait()
        return response
