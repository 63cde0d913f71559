"""The executor side, in virtual time, against an agent that does as it is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from actors import Actor, ActorRef, ActorSystem, Props
from actors.mesos.executor import (
    Disconnected,
    ExecutorActor,
    ExecutorEnvironment,
    FrameworkMessage,
    KillTask,
    LaunchTask,
    LaunchTaskGroup,
    NotAnExecutor,
    NotSent,
    SendMessage,
    ShutdownExecutor,
    Subscribed,
    UpdateTask,
)
from actors.mesos.executor.environment import parse_duration
from mesos_proto import CommandInfo, ExecutorInfo, FrameworkInfo, TaskID, TaskInfo, TaskState, executor_pb2, mesos_pb2
from tests.mesos.scripted_master import ScriptedMaster, Stream
from tests.mesos.test_scheduler_actor import ended

Event = executor_pb2.Event
TASK = TaskInfo(name="t", task_id="t", agent_id="A1", resources="cpus:1", command=CommandInfo("true"))


class ScriptedAgent(ScriptedMaster):
    path = "/api/v1/executor"
    call_type = executor_pb2.Call


class Handler(Actor):
    """Hands everything to the test; stops itself when told to shut down."""

    def __init__(self, seen: "asyncio.Queue[Any]", obedient: bool) -> None:
        self.seen, self.obedient = seen, obedient

    def receive(self, message: Any) -> None:
        self.seen.put_nowait(message)
        if isinstance(message, ShutdownExecutor) and self.obedient:
            self.context.stop(self.ref)


class Scene:
    def __init__(self, system: ActorSystem, agent: ScriptedAgent) -> None:
        self.system, self.agent = system, agent
        self.seen: asyncio.Queue[Any] = asyncio.Queue()

    def start(self, *, obedient: bool = True, **environment: Any) -> ActorRef[Any]:
        given: dict[str, Any] = {"checkpoint": True, **environment}
        url = self.agent.url
        where = ExecutorEnvironment(url=url, framework_id="F1", executor_id="E1", sandbox=Path("."), **given)  # type: ignore[arg-type]
        return self.system.spawn(Props(ExecutorActor, Props(Handler, self.seen, obedient), where), "executor")

    async def subscription(self) -> Stream:
        stream = await self.agent.subscription()
        event = Event(type=Event.SUBSCRIBED)
        event.subscribed.executor_info.CopyFrom(ExecutorInfo(executor_id="E1", command=CommandInfo("x")).proto)
        event.subscribed.framework_info.CopyFrom(FrameworkInfo(name="f", user="u").proto)
        event.subscribed.agent_info.hostname = "host"
        await stream.send(event)  # type: ignore[arg-type]
        await self.next(Subscribed)
        return stream

    async def next(self, kind: type[Any]) -> Any:
        message = await self.seen.get()
        assert isinstance(message, kind), message
        return message


async def send(stream: Stream, event: executor_pb2.Event) -> None:
    await stream.send(event)  # type: ignore[arg-type]


async def launch(scene: Scene, stream: Stream) -> None:
    event = Event(type=Event.LAUNCH)
    event.launch.task.CopyFrom(TASK.proto)
    await send(stream, event)
    assert (await scene.next(LaunchTask)).task == TASK


async def acknowledge(stream: Stream, uuid: bytes) -> None:
    event = Event(type=Event.ACKNOWLEDGED)
    event.acknowledged.task_id.value, event.acknowledged.uuid = "t", uuid
    await send(stream, event)


@pytest.fixture
async def agent() -> AsyncIterator[ScriptedAgent]:
    async with ScriptedAgent.start() as agent:
        yield agent


@pytest.fixture
def scene(system: ActorSystem, agent: ScriptedAgent) -> Scene:
    return Scene(system, agent)


async def test_events_reach_the_handler_and_updates_the_agent(scene: Scene) -> None:
    executor = scene.start()
    stream = await scene.subscription()
    assert stream.call.framework_id.value == "F1"
    await launch(scene, stream)
    kill = Event(type=Event.KILL)
    kill.kill.task_id.value = "t"
    kill.kill.kill_policy.grace_period.nanoseconds = 1_500_000_000
    message = Event(type=Event.MESSAGE)
    message.message.data = b"hello"
    group = Event(type=Event.LAUNCH_GROUP)
    group.launch_group.task_group.tasks.add().CopyFrom(TASK.proto)
    for event in (kill, message, group, Event(type=Event.HEARTBEAT)):
        await send(stream, event)
    killed = await scene.next(KillTask)
    assert (killed.task_id, killed.kill_policy.total_seconds()) == ("t", 1.5)
    assert (await scene.next(FrameworkMessage)).data == b"hello"
    assert (await scene.next(LaunchTaskGroup)).tasks == (TASK,)
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_RUNNING, message="off we go"))
    executor.tell(SendMessage(b"back"))
    status = (await scene.agent.call("UPDATE")).update.status
    assert (status.state, status.message, status.executor_id.value) == (mesos_pb2.TASK_RUNNING, "off we go", "E1")
    assert status.source == mesos_pb2.TaskStatus.SOURCE_EXECUTOR
    assert len(status.uuid) == 16
    assert (await scene.agent.call("MESSAGE")).message.data == b"back"


async def test_what_is_unacknowledged_is_said_at_the_next_subscription_until_it_is(scene: Scene) -> None:
    executor = scene.start()
    stream = await scene.subscription()
    await launch(scene, stream)
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_STARTING))
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_RUNNING))
    first, second = [(await scene.agent.call("UPDATE")).update.status for _ in range(2)]
    await stream.end()
    await scene.next(Disconnected)
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_FINISHED))
    stream = await scene.subscription()
    said: Any = stream.call
    assert [task.task_id.value for task in said.subscribe.unacknowledged_tasks] == ["t"]
    updates = [update.status for update in said.subscribe.unacknowledged_updates]
    assert updates[:2] == [first, second]
    assert updates[2].state == mesos_pb2.TASK_FINISHED
    for status in updates[:2]:
        await acknowledge(stream, status.uuid)
    await asyncio.sleep(1)
    await stream.end()
    await scene.next(Disconnected)
    said = (await scene.subscription()).call
    assert not said.subscribe.unacknowledged_tasks
    assert [update.status for update in said.subscribe.unacknowledged_updates] == updates[2:]


async def test_an_agent_that_comes_back_in_time_finds_the_executor_and_one_that_does_not_ends_it(scene: Scene) -> None:
    executor = scene.start(recovery_timeout=900)
    stream = await scene.subscription()
    scene.agent.refuse = lambda call: web.Response(status=503, text="Agent has not finished recovery")
    await stream.end()
    await scene.next(Disconnected)
    await asyncio.sleep(800)
    scene.agent.refuse = lambda call: None
    stream = await scene.subscription()
    await scene.agent.close()
    await scene.next(Disconnected)
    begun = scene.system.clock.time()
    over = await scene.next(ShutdownExecutor)
    assert 900 <= scene.system.clock.time() - begun <= 901
    assert "no agent within 900 s" in over.reason
    await ended(executor)


async def test_an_agent_that_listens_before_it_knows_its_paths_is_asked_again(scene: Scene) -> None:
    scene.start()
    stream = await scene.subscription()
    scene.agent.refuse = lambda call: web.Response(status=404)
    await stream.end()
    await scene.next(Disconnected)
    await asyncio.sleep(5)
    scene.agent.refuse = lambda call: None
    begun = scene.system.clock.time()
    await scene.subscription()
    assert scene.system.clock.time() - begun <= 1, "an agent waits for 2 s"


async def test_without_checkpoints_the_loss_of_the_agent_is_the_end(scene: Scene) -> None:
    executor = scene.start(checkpoint=False)
    stream = await scene.subscription()
    await stream.end()
    await scene.next(Disconnected)
    assert "does not checkpoint" in (await scene.next(ShutdownExecutor)).reason
    await ended(executor)


async def test_an_agent_that_does_not_know_the_executor_ends_it(scene: Scene) -> None:
    scene.agent.refuse = lambda call: web.Response(status=400, text="Executor cannot be found")
    executor = scene.start()
    assert "Executor cannot be found" in (await scene.next(ShutdownExecutor)).reason
    await ended(executor)


async def test_at_shutdown_the_last_updates_are_still_acknowledged(scene: Scene) -> None:
    executor = scene.start()
    stream = await scene.subscription()
    await launch(scene, stream)
    await send(stream, Event(type=Event.SHUTDOWN))
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_KILLED))
    await scene.next(ShutdownExecutor)
    update = await scene.agent.call("UPDATE")
    await asyncio.sleep(1)
    assert not executor.is_terminated
    await acknowledge(stream, update.update.status.uuid)
    await ended(executor)


async def test_a_handler_that_stops_ends_the_executor_even_if_nobody_acknowledges(scene: Scene) -> None:
    executor = scene.start()
    stream = await scene.subscription()
    await send(stream, Event(type=Event.SHUTDOWN))
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_KILLED))
    begun = scene.system.clock.time()
    await ended(executor)
    assert scene.system.clock.time() - begun <= 6


async def test_what_an_agent_would_refuse_comes_back(scene: Scene) -> None:
    executor = scene.start()
    await scene.subscription()
    wrong = UpdateTask(TaskID("t"), TaskState.TASK_STAGING)
    answer = await executor.ask(wrong)
    assert isinstance(answer, NotSent)
    assert "TASK_STAGING" in str(answer.error)
    assert not scene.agent.calls


async def test_an_update_that_is_refused_is_not_said_for_ever(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    executor = scene.start()
    stream = await scene.subscription()
    scene.agent.answer = lambda call, stream_id: (400, "Failed to validate Executor::Call: no")
    executor.tell(UpdateTask(TaskID("t"), TaskState.TASK_RUNNING))
    await asyncio.sleep(1)
    assert "is given up" in caplog.text
    await stream.end()
    await scene.next(Disconnected)
    said: Any = (await scene.subscription()).call
    assert not said.subscribe.unacknowledged_updates


def test_the_environment_of_a_real_agent_is_read() -> None:
    read = ExecutorEnvironment.read(
        {
            "MESOS_AGENT_ENDPOINT": "127.0.0.1:15250",
            "MESOS_CHECKPOINT": "1",
            "MESOS_DIRECTORY": "/sandbox",
            "MESOS_EXECUTOR_ID": "ex2",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
            "MESOS_FRAMEWORK_ID": "F-0008",
            "MESOS_RECOVERY_TIMEOUT": "15mins",
            "MESOS_SUBSCRIPTION_BACKOFF_MAX": "2secs",
        }
    )
    assert read == ExecutorEnvironment(
        url="http://127.0.0.1:15250",
        framework_id="F-0008",
        executor_id="ex2",
        sandbox=Path("/sandbox"),
        checkpoint=True,  # type: ignore[arg-type]
    )


def test_a_process_that_no_agent_started_is_told_so() -> None:
    with pytest.raises(NotAnExecutor, match="MESOS_AGENT_ENDPOINT is not set"):
        ExecutorEnvironment.read({})
    with pytest.raises(NotAnExecutor, match="MESOS_RECOVERY_TIMEOUT: 'soon' is not a duration"):
        ExecutorEnvironment.read(
            {
                "MESOS_AGENT_ENDPOINT": "a:1",
                "MESOS_FRAMEWORK_ID": "f",
                "MESOS_EXECUTOR_ID": "e",
                "MESOS_RECOVERY_TIMEOUT": "soon",
            }
        )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15mins", 900), ("2secs", 2), ("500ms", 0.5), ("1.5hrs", 5400), ("1weeks", 604800), ("0ns", 0)],
)
def test_durations_are_read_as_mesos_writes_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)
