"""The scheduler actor: events become messages, messages become calls."""

import asyncio
from typing import Any

import pytest

from actors import Actor, ActorRef, ActorSystem, Props, Terminated
from actors.mesos import (
    Acknowledge,
    CallFailed,
    CallRefused,
    DeclineOffers,
    Disconnected,
    Error,
    FrameworkFailedOver,
    FrameworkOver,
    InvalidCall,
    KillTask,
    NotSubscribed,
    Registered,
    Reregistered,
    ResourceOffers,
    SchedulerActor,
    Shutdown,
    StatusUpdate,
    SubscriptionRefused,
)
from mesos_proto import TaskID
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import INFO, offer, status

UUID = b"0123456789abcdef"


class Handler(Actor):
    """Hands everything to the test; fails on tasks called "poison"; takes a while over tasks called "slow"."""

    def __init__(self, seen: "asyncio.Queue[Any]") -> None:
        self.seen = seen

    async def receive(self, message: Any) -> None:
        match message:
            case StatusUpdate(status) if status.task_id == "poison":
                self.seen.put_nowait("failed")
                raise ValueError("poison")
            case StatusUpdate(status) if status.task_id == "slow":
                await self.context.system.clock.sleep(100)
        self.seen.put_nowait(message)


class Scene:
    """A scheduler actor between a scripted master and a handler whose messages the test sees."""

    def __init__(self, system: ActorSystem, master: ScriptedMaster) -> None:
        self.system = system
        self.master = master
        self.seen: asyncio.Queue[Any] = asyncio.Queue()

    def start(self, *, as_child: bool = False, **options: Any) -> ActorRef[Any]:
        handler: Any = Props(Handler, self.seen)
        if not as_child:
            handler = self.system.spawn(handler, "handler")
        options.setdefault("reconciliation", None)
        props = Props(SchedulerActor, self.master.url, INFO, handler, **options)
        return self.system.spawn(props, "scheduler")

    async def next(self, kind: type[Any]) -> Any:
        message = await self.seen.get()
        assert isinstance(message, kind), message
        return message


@pytest.fixture
def scene(system: ActorSystem, master: ScriptedMaster) -> Scene:
    return Scene(system, master)


class Undertaker(Actor):
    def __init__(self, watched: ActorRef[Any], buried: "asyncio.Future[None]") -> None:
        self.context.watch(watched)
        self.buried = buried

    def receive(self, message: Terminated) -> None:
        self.buried.set_result(None)


async def ended(ref: ActorRef[Any]) -> None:
    buried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ref.system.spawn(Props(Undertaker, ref, buried))
    await buried


async def test_events_are_messages_in_order_and_messages_are_calls_in_order(scene: Scene) -> None:
    scheduler = scene.start()
    stream = await scene.master.subscription("F1")
    await stream.offers(offer("O1"))
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await scene.next(Registered)
    assert (await scene.next(ResourceOffers)).offers[0].id == "O1"
    update = await scene.next(StatusUpdate)
    scheduler.tell(DeclineOffers(["O1"]))
    scheduler.tell(Acknowledge(update.status))
    scheduler.tell(KillTask(TaskID("t")))
    assert [(await scene.master.call()).type for _ in range(3)] == [call.type for call in scene.master.calls]
    assert scene.master.kinds() == ["DECLINE", "ACKNOWLEDGE", "KILL"]
    await stream.end()
    await scene.next(Disconnected)
    await scene.master.subscription("F1")
    await scene.next(Reregistered)


async def test_a_call_that_fails_comes_back_to_its_sender_with_the_reason(scene: Scene) -> None:
    scheduler = scene.start()
    early, wrong, refused = KillTask(TaskID("t")), DeclineOffers([]), KillTask(TaskID("u"))
    scheduler.tell(early)
    failed = await scene.next(CallFailed)
    assert failed.call is early
    assert isinstance(failed.error, NotSubscribed)
    await scene.master.subscription("F1")
    await scene.next(Registered)
    scheduler.tell(wrong)
    assert isinstance((await scene.next(CallFailed)).error, InvalidCall)
    scene.master.answer = lambda call, stream_id: (400, "no")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(scene.seen.get(), 1)
    answer = await scheduler.ask(refused)
    assert isinstance(answer, CallFailed)
    assert isinstance(answer.error, CallRefused)
    assert answer.call is refused


async def test_by_default_nothing_is_acknowledged(scene: Scene) -> None:
    scene.start(as_child=True)
    stream = await scene.master.subscription("F1")
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await scene.next(Registered)
    await scene.next(StatusUpdate)
    await asyncio.sleep(60)
    assert not scene.master.calls


async def test_auto_acknowledge_waits_until_the_handler_is_past_it_without_an_error(scene: Scene) -> None:
    scene.start(as_child=True, auto_acknowledge=True)
    stream = await scene.master.subscription("F1")
    await scene.next(Registered)
    await stream.update(status("poison", "TASK_RUNNING", b"a" * 16))
    await stream.update(status("slow", "TASK_RUNNING", b"b" * 16))
    assert await scene.seen.get() == "failed"
    await asyncio.sleep(50)
    assert not scene.master.calls
    await stream.heartbeat()
    await scene.next(StatusUpdate)
    call = await scene.master.call()
    assert call.acknowledge.task_id.value == "slow"
    assert len(scene.master.calls) == 1
    await stream.update(status("poison", "TASK_RUNNING", b"a" * 16))  # the agent repeats what nobody has stored
    assert await scene.seen.get() == "failed"


def test_auto_acknowledge_wants_a_handler_that_it_can_see_fail(system: ActorSystem) -> None:
    with pytest.raises(ValueError, match="give Props of the handler"):
        SchedulerActor("http://a", INFO, system.dead_letters, auto_acknowledge=True)


async def test_a_slow_handler_leaves_the_events_on_the_socket(scene: Scene) -> None:
    scene.start()
    stream = await scene.master.subscription("F1")
    await scene.next(Registered)
    await stream.update(status("slow", "TASK_RUNNING", UUID))

    async def flood() -> None:
        for number in range(20_000):
            await stream.update(status(f"t{number}", "TASK_RUNNING", b"%016d" % number, data=bytes(200)))

    flooding = asyncio.ensure_future(flood())
    await asyncio.sleep(90)
    assert not flooding.done()
    for _ in range(20_001):
        await scene.next(StatusUpdate)
    await flooding


async def test_the_end_of_the_framework_is_told_and_the_actor_stops(scene: Scene) -> None:
    scheduler = scene.start()
    stream = await scene.master.subscription("F1")
    await scene.next(Registered)
    await stream.error("Framework failed over")
    await scene.next(Error)
    assert isinstance((await scene.next(FrameworkOver)).error, FrameworkFailedOver)
    await ended(scheduler)


async def test_a_refusal_is_told_and_the_actor_stops(scene: Scene) -> None:
    scheduler = scene.start()
    stream = await scene.master.subscription()
    await stream.error("no")
    await stream.end()
    assert isinstance((await scene.next(FrameworkOver)).error, SubscriptionRefused)
    await ended(scheduler)


async def test_shutdown_tears_the_framework_down(scene: Scene) -> None:
    scheduler = scene.start()
    await scene.master.subscription("F1")
    await scene.next(Registered)
    scheduler.tell(Shutdown())
    await scene.master.call("TEARDOWN")
    await ended(scheduler)
    assert scene.seen.empty()


async def test_stopping_leaves_the_master_without_a_word(scene: Scene) -> None:
    scheduler = scene.start()
    stream = await scene.master.subscription("F1")
    await scene.next(Registered)
    scene.system.stop(scheduler)
    await ended(scheduler)
    await asyncio.sleep(1)
    assert stream.gone
    assert not scene.master.calls


async def test_when_the_handler_stops_so_does_the_scheduler(scene: Scene) -> None:
    scheduler = scene.start()
    stream = await scene.master.subscription("F1")
    await scene.next(Registered)
    scene.system.stop(await scene.system.actor_selection("/user/handler").resolve_one())
    await ended(scheduler)
    await asyncio.sleep(1)
    assert stream.gone


async def test_the_end_of_the_system_leaves_mesos_and_keeps_the_tasks(master: ScriptedMaster) -> None:
    async with ActorSystem("short") as system:
        scene = Scene(system, master)
        scene.start()
        stream = await master.subscription("F1")
        await scene.next(Registered)
    await asyncio.sleep(1)
    assert stream.gone
    assert not master.calls
