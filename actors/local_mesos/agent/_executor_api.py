"""``/api/v1/executor``: what an executor says to its agent, over HTTP.

::

    request ──► 503 not recovered ─ 405 ─ 400/415 Content-Type ─ 400 body ─ 400 validation ─ 406 Accept
            ──► the agent: 400 framework or executor not found, 403 not subscribed
            ──► SUBSCRIBE:  200 and an endless body of events
            ──► UPDATE, MESSAGE:  202, as HEARTBEAT whoever says it

The refusals, their order and their words are Apache Mesos 1.11.0's (``src/slave/http.cpp``, ``validation.cpp``).
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from actors.core import ActorRef
from actors.local_mesos.agent._messages import ExecutorCall, ExecutorSubscribe
from actors.local_mesos.master._http import Refusal, accepted_format, encoder, read_call, require_method, text
from actors.local_mesos.master.protocol import Answer
from actors.local_mesos.master.scheduler_api import EventStreams
from actors.local_mesos.master.validation import is_uuid
from mesos_proto import executor_pb2, mesos_pb2

__all__ = ["ExecutorApi"]

Call = executor_pb2.Call
Event = executor_pb2.Event

ASK_TIMEOUT = 30.0  # seconds


class ExecutorApi:
    """``agent`` is set once there is one."""

    def __init__(self, streams: EventStreams) -> None:
        self.agent: ActorRef[Any] | None = None
        self._streams = streams

    async def handle(self, request: web.Request) -> web.StreamResponse:
        agent = self.agent
        if agent is None:
            raise Refusal(503, "Agent has not finished recovery")
        require_method(request, "POST")
        call = await read_call(request, Call)
        error = call_error(call)
        if error:
            raise Refusal(400, f"Failed to validate Executor::Call: {error}")
        if call.type == Call.HEARTBEAT:
            return text(202)  # whoever says it
        media_type = accepted_format(request) if call.type == Call.SUBSCRIBE else ""
        answer: Answer = await agent.ask(ExecutorCall(call), ASK_TIMEOUT)
        if call.type != Call.SUBSCRIBE or answer.status != 200:
            return text(answer.status, answer.text)
        return await self._streams.respond(
            request,
            media_type,
            encoder(media_type),
            {},
            Event(type=Event.HEARTBEAT),
            lambda stream: agent.tell(ExecutorSubscribe(call, stream)),
        )


def call_error(call: executor_pb2.Call) -> str | None:
    """What is wrong with a call, whoever made it."""
    if not call.HasField("type"):
        return "Expecting 'type' to be present"
    if call.type == Call.SUBSCRIBE and not call.HasField("subscribe"):
        return "Expecting 'subscribe' to be present"
    if call.type == Call.MESSAGE and not call.HasField("message"):
        return "Expecting 'message' to be present"
    if call.type == Call.UPDATE:
        return _status_error(call) if call.HasField("update") else "Expecting 'update' to be present"
    return None


def _status_error(call: executor_pb2.Call) -> str | None:
    status, executor_id = call.update.status, call.executor_id.value
    if not status.HasField("uuid"):
        return "Expecting 'uuid' to be present"
    if not is_uuid(status.uuid):
        return "Not a valid UUID"
    if status.HasField("executor_id") and status.executor_id.value != executor_id:
        return f"ExecutorID in Call: {executor_id} does not match ExecutorID in TaskStatus: {status.executor_id.value}"
    who = f"from executor {executor_id} of framework {call.framework_id.value}"
    if status.source != mesos_pb2.TaskStatus.SOURCE_EXECUTOR:
        return f"Received Call {who} with invalid source, expecting 'SOURCE_EXECUTOR'"
    if status.state == mesos_pb2.TASK_STAGING:
        return f"Received TASK_STAGING {who} which is not allowed"
    return None
