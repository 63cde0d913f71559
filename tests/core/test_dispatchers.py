"""The same behaviour over every dispatcher."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import Any

import pytest

from actors import (
    Actor,
    ActorSystem,
    AskTimeout,
    Kill,
    Props,
    Settings,
    SettingsError,
    Terminated,
    ThreadPoolDispatcher,
)
from tests.core.actors_for_tests import Parent, Worker, calm, do, spawn_in, worker


@pytest.fixture(params=["run_queue", "task"])
def dispatcher(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_a_life_is_the_same_over_every_dispatcher(system: ActorSystem, dispatcher: str) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary).with_dispatcher(dispatcher))
    assert await ref.ask("count") == 1
    assert await ref.ask(("sleep", 1)) == "slept"
    ref.tell(ValueError("boom"))
    assert await ref.ask("count") == 1
    await system.graceful_stop(ref)
    assert [each if isinstance(each, str) else each[0] for each in diary] == [
        "init", "pre_start", "pre_restart", "post_stop", "init", "post_restart", "pre_start", "post_stop",
    ]  # fmt: skip


async def test_one_message_at_a_time_over_every_dispatcher(system: ActorSystem, dispatcher: str) -> None:
    active = 0
    order: list[int] = []

    class Exclusive(Actor):
        async def receive(self, message: int) -> None:
            nonlocal active
            assert not active
            active += 1
            await self.context.system.clock.sleep(self.context.system.random.random())
            await asyncio.sleep(0)
            active -= 1
            order.append(message)

    ref = system.spawn(Props(Exclusive).with_dispatcher(dispatcher))
    for number in range(20):
        ref.tell(number)
    await system.clock.sleep(30)
    assert order == list(range(20))


async def test_asks_timeouts_and_groups_work_over_every_dispatcher(system: ActorSystem, dispatcher: str) -> None:
    other = system.spawn(worker().with_dispatcher(dispatcher))

    async def use(actor: Actor) -> Any:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(other.ask("count")) for _ in range(3)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.sleep(1)
        with pytest.raises(AskTimeout):
            await other.ask(("sleep", 5), 0.1)
        return sorted(task.result() for task in tasks)

    assert await do(system.spawn(worker().with_dispatcher(dispatcher)), use) == [1, 2, 3]


async def test_supervision_and_watch_work_over_every_dispatcher(system: ActorSystem, dispatcher: str) -> None:
    heard: list[Any] = []
    parent = system.spawn(Props(Parent, None, heard).with_dispatcher(dispatcher))
    child = await spawn_in(parent, worker().with_dispatcher(dispatcher))
    await parent.ask(("watch", child))
    child.tell(Kill())
    await calm(system, 50)
    assert heard == [Terminated(child)]
    parent.tell(ValueError("boom"))
    assert await parent.ask(lambda actor: "alive") == "alive"


async def test_a_waiting_handler_is_cut_short_over_every_dispatcher(system: ActorSystem, dispatcher: str) -> None:
    ref = system.spawn(worker().with_dispatcher(dispatcher))
    ref.tell(("sleep", 1000))
    await calm(system)
    system.stop(ref)
    await system.graceful_stop(ref, 10)


async def test_a_cancelled_handler_has_failed_and_the_next_message_is_handled(
    system: ActorSystem, dispatcher: str
) -> None:
    async def cancel_oneself(actor: Actor) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(1)

    ref = system.spawn(worker().with_dispatcher(dispatcher))
    ref.tell(cancel_oneself)
    assert await ref.ask(("sleep", 1)) == "slept"


async def test_a_real_task_is_the_current_one_with_the_task_dispatcher(system: ActorSystem) -> None:
    ref = system.spawn(worker().with_dispatcher("task"))
    assert await do(ref, lambda actor: isinstance(asyncio.current_task(), asyncio.Task)) is True


def test_an_unknown_dispatcher_is_refused() -> None:
    names = "'default', 'run_queue', 'task', 'threads'"
    with pytest.raises(ValueError, match=f"there is no dispatcher 'fast'; there are {names}"):
        Props(Worker).with_dispatcher("fast")
    with pytest.raises(TypeError, match="or such as ThreadPoolDispatcher"):
        Props(Worker).with_dispatcher(7)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="dispatcher: there is no dispatcher 'fast'"):
        Settings(dispatcher="fast")
    with pytest.raises(ValueError, match="at least 1 thread"):
        ThreadPoolDispatcher(0)


class Blocking(Actor):
    def __init__(self) -> None:
        self.count = 0

    def receive(self, message: Any) -> Any:
        self.count += 1
        match message:
            case "where":
                self.reply(threading.current_thread().name)
            case "child":
                self.reply(self.context.spawn(Worker))
            case "fail":
                raise ValueError("in a thread")
            case "count":
                self.reply(self.count)
            case "await":
                return self.later()
            case "wrong":
                return 42
            case "end":
                next(iter(()))
            case function if callable(function):
                self.reply(function(self) or "done")
        return None

    async def later(self) -> None:
        await asyncio.sleep(0)
        self.reply(threading.current_thread() is threading.main_thread())


@pytest.mark.real
async def test_a_blocking_actor_runs_in_a_thread_and_is_supervised_like_any() -> None:
    async with ActorSystem("pool") as system:
        ref = system.spawn(Props(Blocking).with_dispatcher(ThreadPoolDispatcher(2, "io")))
        assert (await ref.ask("where")).startswith("pool-io")
        child = await ref.ask("child")
        assert await child.ask("count") == 1
        ref.tell("fail")
        assert await ref.ask("count") == 1
        assert child.is_terminated


@pytest.mark.real
async def test_what_a_thread_returns_is_awaited_on_the_loop_and_a_value_is_a_failure_with_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with ActorSystem("pool") as system:
        ref = system.spawn(Props(Blocking).with_dispatcher(ThreadPoolDispatcher(1)))
        assert await ref.ask("await") is True
        ref.tell("wrong")
        assert await ref.ask("count") == 1
        assert "returned 42: it must return None or an awaitable" in caplog.text


@pytest.mark.real
async def test_a_stop_iteration_in_a_thread_is_a_failure_and_not_the_end() -> None:
    async with ActorSystem("pool") as system:
        ref = system.spawn(Props(Blocking).with_dispatcher("threads"))
        ref.tell("end")
        assert await ref.ask("count") == 1


@pytest.mark.real
async def test_a_thread_that_was_cut_short_goes_on_and_its_late_error_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    class Stubborn(Actor):
        def receive(self, message: Any) -> None:
            begun.set()
            go_on.wait(60)
            ended.set()
            raise ValueError("too late")

    async with ActorSystem("pool", Settings(stop_grace=0.02)) as system:
        ref = system.spawn(Props(Stubborn).with_dispatcher("threads"), "stubborn")
        ref.tell("wait")
        assert await asyncio.to_thread(begun.wait, 60)
        system.stop(ref)
        await system.graceful_stop(ref, 60)
        assert not ended.is_set()
        go_on.set()
        assert await asyncio.to_thread(ended.wait, 60)
        async with asyncio.timeout(60):
            while "too late" not in caplog.text:  # noqa: ASYNC110 - the log has no event
                await asyncio.sleep(0.01)
    assert "[actors://pool/user/stubborn] a thread failed that was cut short: ValueError('too late')" in caplog.text


@pytest.mark.real
async def test_a_thread_may_use_all_of_the_context() -> None:
    async with ActorSystem("pool", Settings(dispatcher="threads")) as system:
        heard: asyncio.Queue[Any] = asyncio.Queue()

        class Listener(Actor):
            async def receive(self, message: Any) -> None:
                heard.put_nowait(message)

        class Event:
            pass

        async def found() -> str:
            return "found"

        def use(actor: Blocking) -> None:
            timers = actor.context.timers
            timers.start_single("never", "never", 0.01)
            timers.start_single("due", "due", 0.01)
            timers.cancel("never")
            actor.context.pipe_to(found(), listener, actor.ref)
            actor.context.set_receive_timeout(0.02)
            actor.context.become(said)
            system.event_stream.subscribe(listener, Event)
            system.event_stream.publish(Event())

        def said(message: Any) -> None:
            assert threading.current_thread() is not threading.main_thread()
            listener.tell(message)

        listener = system.spawn(Listener)
        ref = system.spawn(Blocking)
        await ref.ask(use)
        names = {
            type(each).__name__ if not isinstance(each, str) else each for each in [await heard.get() for _ in "1234"]
        }
        assert names == {"Event", "found", "due", "ReceiveTimeout"}


async def test_the_setting_is_for_actors_whose_props_name_no_dispatcher() -> None:
    async with ActorSystem("tasks", Settings(dispatcher="task")) as system:

        async def is_task(props: Props[Any]) -> Any:
            return await do(system.spawn(props), lambda actor: isinstance(asyncio.current_task(), asyncio.Task))

        assert await is_task(worker()) is True
        assert await is_task(worker().with_dispatcher("default")) is True
        assert await is_task(worker().with_dispatcher("run_queue")) is False
        below_system = system.spawn_system(worker())
        assert await do(below_system, lambda actor: isinstance(asyncio.current_task(), asyncio.Task)) is False


@pytest.mark.parametrize("seed", range(200))
async def test_a_chosen_order_keeps_every_promise(seed: int) -> None:
    """FIFO per pair, one at a time, exactly one Terminated: whatever order the ready actors run in."""
    settings = Settings(chooser=random.Random(seed).randrange, throughput=1 + seed % 3, seed=seed)
    async with ActorSystem("chosen", settings) as system:
        heard: list[Any] = []
        parent = system.spawn(Props(Parent, None, heard))
        children = [await spawn_in(parent, worker([])) for _ in range(3)]
        for child in children:
            await parent.ask(("watch", child))
        answers = [asyncio.ensure_future(child.ask("count")) for child in children for _ in range(3)]
        assert [await answer for answer in answers] == [1, 2, 3] * 3
        children[0].tell(ValueError("boom"))
        assert await children[0].ask("count") == 1
        for child in children:
            system.stop(child)
        await calm(system, 50)
        assert sorted(heard, key=lambda each: each.ref.path) == [Terminated(child) for child in children]


class Noter(Actor[Any]):
    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def receive(self, message: Any) -> None:
        self.seen.append(message)


async def test_what_a_callback_brings_from_outside_is_handled_before_it_returns(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Noter, seen).with_dispatcher("run_queue"))
    await system.clock.sleep(1)
    handled = system.loop.create_future()

    def callback() -> None:
        system.dispatcher.serve(lambda: [ref.tell(number) for number in range(3)])
        handled.set_result([*seen])

    system.loop.call_soon(callback)
    assert await handled == [0, 1, 2]
    ref.tell("later")
    await system.clock.sleep(1)
    assert seen[-1] == "later", "turns come as before"


async def test_what_a_task_brings_from_outside_waits_for_its_turn(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Noter, seen).with_dispatcher("run_queue"))
    await system.clock.sleep(1)
    system.dispatcher.serve(lambda: ref.tell("in a task"))
    assert seen == []
    await system.clock.sleep(1)
    assert seen == ["in a task"]


async def test_work_from_outside_that_fails_leaves_what_it_has_told_to_be_handled(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Noter, seen).with_dispatcher("run_queue"))
    await system.clock.sleep(1)
    failed = system.loop.create_future()

    def work() -> None:
        ref.tell("told")
        raise RuntimeError("boom")

    def callback() -> None:
        try:
            system.dispatcher.serve(work)
        except RuntimeError as error:
            failed.set_result(error)

    system.loop.call_soon(callback)
    assert str(await failed) == "boom"
    await system.clock.sleep(1)
    assert seen == ["told"]
