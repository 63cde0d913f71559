"""The operator's client, in virtual time, against a master that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from actors import ActorSystem
from actors.http import Server, serve
from actors.mesos import CallRefused, CallUnconfirmed, Credential, MasterUnreachable, SubscriptionRefused
from actors.mesos.operator import (
    AgentRemoved,
    Disconnected,
    FrameworkRemoved,
    OperatorClient,
    Snapshot,
    TaskUpdated,
)
from mesos_proto import AgentID, FrameworkInfo, TaskState, master_pb2, mesos_pb2, recordio

Call, Response, Event = master_pb2.Call, master_pb2.Response, master_pb2.Event


class Master:
    """Keeps the calls; answers each with ``answer(call)``."""

    def __init__(self) -> None:
        self.calls: list[master_pb2.Call] = []
        self.headers: list[Any] = []
        self.streams: asyncio.Queue[web.StreamResponse] = asyncio.Queue()
        self.answer: Callable[[master_pb2.Call], web.Response] = lambda call: web.Response(status=200)
        self.refuse: web.Response | None = None
        self.over = asyncio.Event()
        self.server: Server

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = Call.FromString(await request.read())
        self.headers.append(request.headers)
        if call.type != Call.SUBSCRIBE:
            self.calls.append(call)
            return self.answer(call)
        if self.refuse is not None:
            return self.refuse
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.streams.put_nowait(response)
        await self.over.wait()
        return response


@pytest.fixture
async def master() -> AsyncIterator[Master]:
    master = Master()
    app = web.Application()
    app.router.add_post("/api/v1", master.handle)

    async def end(app: web.Application) -> None:
        master.over.set()

    app.on_shutdown.append(end)
    master.server = await serve(app)
    yield master
    await master.server.close()


@pytest.fixture
async def client(system: ActorSystem, master: Master) -> AsyncIterator[OperatorClient]:
    async with OperatorClient(system, master.server.url, credential=Credential("ops", "secret")) as client:
        yield client


def proto(response: master_pb2.Response) -> web.Response:
    return web.Response(body=response.SerializeToString())


async def test_questions_are_answered_with_the_message_of_the_answer(master: Master, client: OperatorClient) -> None:
    answer = Response(type=Response.GET_FLAGS)
    answer.get_flags.flags.add(name="port", value="5050")
    master.answer = lambda call: proto(answer)
    assert await client.get_flags() == {"port": "5050"}
    assert [Call.Type.Name(call.type) for call in master.calls] == ["GET_FLAGS"]
    assert master.headers[0]["Authorization"].startswith("Basic ")


async def test_changes_return_when_they_are_done_or_taken_and_raise_the_masters_words(
    master: Master, client: OperatorClient
) -> None:
    await client.deactivate_agent(AgentID("A1"))
    master.answer = lambda call: web.Response(status=202)
    await client.deactivate_agent(AgentID("A1"))
    master.answer = lambda call: web.Response(status=404, text="Agent not found")
    with pytest.raises(CallRefused, match=r"DEACTIVATE_AGENT .*404.*Agent not found"):
        await client.deactivate_agent(AgentID("A1"))
    assert {call.deactivate_agent.agent_id.value for call in master.calls} == {"A1"}


async def test_a_redirect_leads_to_the_leader(system: ActorSystem, master: Master) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"//127.0.0.1:{master.server.port}/api/v1"})

    app = web.Application()
    app.router.add_post("/api/v1", elsewhere)
    standby = await serve(app)
    async with OperatorClient(system, standby.url) as client:
        await client.deactivate_agent(AgentID("A1"))
    assert len(master.calls) == 1
    await standby.close()


async def test_nobody_there_is_told_from_nobody_answering(
    system: ActorSystem, master: Master, client: OperatorClient
) -> None:
    async with OperatorClient(system, "http://127.0.0.1:9") as nobody:
        with pytest.raises(MasterUnreachable, match="was not sent"):
            await nobody.get_health()
    network = asyncio.get_running_loop().network  # type: ignore[attr-defined]
    asking = asyncio.ensure_future(client.get_health())
    await asyncio.sleep(0)
    await client.deactivate_agent(AgentID("A1"))
    with pytest.raises(CallRefused, match="an answer was expected"):
        await asking
    asking = asyncio.ensure_future(client.get_health())
    await asyncio.sleep(0)
    network.cut(master.server.port)
    with pytest.raises(CallUnconfirmed, match="may have carried it out"):
        await asking
    network.heal()


async def test_events_begin_with_a_snapshot_and_again_after_each_loss(master: Master, client: OperatorClient) -> None:
    events = client.events()

    async def subscription() -> web.StreamResponse:
        stream = await master.streams.get()
        first = Event(type=Event.SUBSCRIBED)
        first.subscribed.heartbeat_interval_seconds = 15
        first.subscribed.get_state.SetInParent()
        await send(stream, first)
        return stream

    opened = asyncio.ensure_future(subscription())
    assert isinstance(await anext(events), Snapshot)
    stream = await opened
    updated = Event(type=Event.TASK_UPDATED)
    updated.task_updated.framework_id.value = "F1"
    updated.task_updated.status.task_id.value = "t"
    updated.task_updated.status.state = updated.task_updated.state = mesos_pb2.TASK_RUNNING
    removed = Event(type=Event.AGENT_REMOVED)
    removed.agent_removed.agent_id.value = "A1"
    gone = Event(type=Event.FRAMEWORK_REMOVED)
    gone.framework_removed.framework_info.CopyFrom(FrameworkInfo(name="f", user="u").proto)
    for event in (updated, Event(type=Event.HEARTBEAT), removed, gone):
        await send(stream, event)
    task = await anext(events)
    assert isinstance(task, TaskUpdated)
    assert (task.framework_id, task.status.task_id, task.state) == ("F1", "t", TaskState.TASK_RUNNING)
    assert await anext(events) == AgentRemoved(AgentID("A1"))
    removal = await anext(events)
    assert isinstance(removal, FrameworkRemoved)
    assert removal.framework_info.name == "f"
    lost = await anext(events)  # 75 seconds of silence
    assert isinstance(lost, Disconnected)
    assert "silent for 75 s" in lost.reason
    opened = asyncio.ensure_future(subscription())
    assert isinstance(await anext(events), Snapshot)
    await opened
    await events.aclose()  # type: ignore[attr-defined]


async def test_events_that_may_not_be_had_are_refused(master: Master, client: OperatorClient) -> None:
    master.refuse = web.Response(status=401, text="401 Unauthorized.")
    with pytest.raises(SubscriptionRefused, match="Credential"):
        await anext(client.events())


async def send(stream: web.StreamResponse, event: master_pb2.Event) -> None:
    await stream.write(recordio.encode(event.SerializeToString()))
