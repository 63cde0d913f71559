"""``/api/v1`` (and every path below it): what an operator says to the master, over HTTP."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from actors.core import ActorRef
from mesos_proto import master_pb2

from . import operator_json
from ._http import JSON, Refusal, accepted_format, body_response, encoder, read_call, require_method, text
from .operator_calls import call_error
from .protocol import Answer, OperatorCall, OperatorSubscribe
from .scheduler_api import EventStreams

__all__ = ["OperatorApi"]

Call = master_pb2.Call

_HEARTBEAT = master_pb2.Event(type=master_pb2.Event.HEARTBEAT)


class OperatorApi:
    """``master`` is None until there is one."""

    def __init__(self, streams: EventStreams) -> None:
        self.master: ActorRef[Any] | None = None
        self._streams = streams

    async def handle(self, request: web.Request) -> web.StreamResponse:
        master = self.master
        if master is None:
            raise Refusal(503, "No leader elected")
        require_method(request, "POST")
        call = await read_call(request, Call)
        error = call_error(call)
        if error:
            raise Refusal(400, f"Failed to validate master::Call: {error}")
        media_type = accepted_format(request)
        encode = operator_json.dumps if media_type == JSON else encoder(media_type)
        if call.type == Call.SUBSCRIBE:
            return await self._streams.respond(
                request, media_type, encode, {}, _HEARTBEAT, lambda stream: master.tell(OperatorSubscribe(stream))
            )
        answer = await master.ask(OperatorCall(call), timeout=30.0)
        if isinstance(answer, Answer):
            if answer.status == 404 and not answer.text:
                return web.Response(status=404, headers={"Content-Type": "text/plain; charset=utf-8"})
            return text(answer.status, answer.text)
        return body_response(request, encode(answer), media_type)
