from __future__ import annotations

import asyncio
import contextvars
import itertools
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from actors import Actor, ActorSystem, DeadLetter, PoisonPill, Props, Settings
from tests.core.actors_for_tests import Recorder, Worker, calm, do, worker

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


async def test_messages_of_one_sender_arrive_in_order(system: ActorSystem) -> None:
    seen: list[int] = []
    ref = system.spawn(Props(Recorder, seen))
    for number in range(1000):
        ref.tell(number)
    await calm(system)
    assert seen == list(range(1000))


class Pair(NamedTuple):
    first: Any
    second: Any


@pytest.mark.parametrize("has_sender", [False, True])
@pytest.mark.parametrize("is_stopped", [False, True])
async def test_a_message_of_any_shape_arrives_as_it_was_told_with_its_sender(
    system: ActorSystem, has_sender: bool, is_stopped: bool
) -> None:
    """Also one that looks like what the runtime itself keeps in a mailbox."""
    seen: list[Any] = []

    class Watchful(Actor):
        def receive(self, message: Any) -> None:
            if isinstance(message, DeadLetter):
                seen.append((message.message, message.sender))
            else:
                seen.append((message, self.sender))

    ref, letters, other = system.spawn(Watchful), system.spawn(Watchful), system.spawn(Worker)
    system.event_stream.subscribe(letters, DeadLetter)
    sender = other if has_sender else None
    messages = [1, (), (1,), ("text", None), ("text", other), Pair("text", other), (1, 2, 3), [1, 2], {}]
    if is_stopped:
        ref.tell(PoisonPill())
    for message in messages:
        ref.tell(message, sender)
    await calm(system)
    assert seen == [(message, sender) for message in messages]
    assert [type(message) for message, _ in seen] == [type(message) for message in messages]


async def test_the_next_message_waits_while_a_handler_awaits(system: ActorSystem) -> None:
    diary: list[Any] = []

    class Slow(Actor):
        async def receive(self, message: Any) -> None:
            diary.append(("begin", message))
            await self.context.system.clock.sleep(1)
            diary.append(("end", message))

    ref = system.spawn(Slow)
    for message in "abc":
        ref.tell(message)
    await system.clock.sleep(4)
    assert diary == [(what, message) for message in "abc" for what in ("begin", "end")]


async def test_none_is_refused(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    with pytest.raises(TypeError, match=r"None was told to actors://test/user/\$a"):
        ref.tell(None)


async def test_an_actor_that_waits_does_not_hold_up_others(system: ActorSystem) -> None:
    waiting, quick = system.spawn(Worker), system.spawn(Worker)
    waiting.tell(("sleep", 1000))
    assert await quick.ask("count") == 1


async def test_a_tell_to_a_stopped_actor_becomes_a_dead_letter(system: ActorSystem) -> None:
    letters: list[DeadLetter] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, letters)), DeadLetter)
    ref, sender = system.spawn(Worker), system.spawn(Worker)
    await system.graceful_stop(ref)
    ref.tell("late", sender)
    await calm(system)
    assert letters == [DeadLetter("late", sender, ref)]
    assert system.dead_letters.count == 1


async def test_what_one_handler_sets_in_a_context_variable_no_other_actor_sees(system: ActorSystem) -> None:
    def change(actor: Actor) -> str:
        variable.set("changed")
        return variable.get()

    one, other = system.spawn(Worker), system.spawn(Worker)
    assert await do(one, change) == "changed"
    assert await do(other, lambda actor: variable.get()) == "unset"
    assert await do(one, lambda actor: variable.get()) == "changed"
    assert variable.get() == "unset"


async def test_an_actor_starts_with_its_starters_context_variables(system: ActorSystem) -> None:
    token = variable.set("of the starter")
    ref = system.spawn(Worker)
    variable.reset(token)
    assert await do(ref, lambda actor: variable.get()) == "of the starter"


async def test_a_context_variable_is_kept_over_an_await(system: ActorSystem) -> None:
    async def set_and_wait(actor: Actor) -> str:
        variable.set("mine")
        await asyncio.sleep(0.1)
        return variable.get()

    refs = [system.spawn(Worker) for _ in range(3)]
    assert await asyncio.gather(*(do(ref, set_and_wait) for ref in refs)) == ["mine"] * 3


async def test_timeout_taskgroup_and_wait_for_work_inside_a_handler(system: ActorSystem) -> None:
    async def use_them(actor: Actor) -> list[Any]:
        found: list[Any] = []
        try:
            async with asyncio.timeout(0.5):
                await asyncio.sleep(10)
        except TimeoutError:
            found.append("timeout")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(0.1, number)) for number in range(3)]
        found += [task.result() for task in tasks]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(10), 0.1)
        await asyncio.sleep(0)
        found.append(await asyncio.wait_for(asyncio.sleep(0.1, "in time"), 1))
        current = asyncio.current_task()
        found.append(current is not None and current.get_name() == actor.ref.path)
        return found

    ref = system.spawn(Worker)
    assert await do(ref, use_them) == ["timeout", 0, 1, 2, "in time", True]
    assert await ref.ask("count") == 1


async def test_a_failing_task_group_raises_its_errors_inside_the_handler(system: ActorSystem) -> None:
    async def fail() -> None:
        raise ValueError("inside")

    async def use_group(actor: Actor) -> str:
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                group.create_task(asyncio.sleep(1000))
        return str(caught.value.exceptions[0])

    ref = system.spawn(Worker)
    assert await do(ref, use_group) == "inside"
    assert await ref.ask("count") == 1


async def test_awaiting_what_is_no_future_fails_with_words(system: ActorSystem) -> None:
    class Odd:
        def __await__(self) -> Any:
            yield "odd"

    async def await_it(actor: Actor) -> str:
        try:
            await Odd()
        except RuntimeError as error:
            return str(error)
        return "nothing"

    assert "'odd'" in await do(system.spawn(Worker), await_it)


async def test_a_handler_that_returns_a_value_fails_with_words(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    class Wrong(Actor):
        def receive(self, message: Any) -> Any:
            return 42

    system.spawn(Wrong).tell("x")
    await calm(system)
    assert "returned 42: it must return None or an awaitable" in caplog.text


@pytest.mark.real
async def test_tells_from_other_threads_arrive_in_order_and_wake_the_loop(settings: Callable[..., Settings]) -> None:
    async with ActorSystem("threads", settings()) as system:
        done = asyncio.get_running_loop().create_future()

        class Count(Actor):
            def __init__(self) -> None:
                self.last = dict.fromkeys(range(4), -1)

            def receive(self, message: Any) -> None:
                thread, number = message
                assert number == self.last[thread] + 1
                self.last[thread] = number
                if all(last == 999 for last in self.last.values()):
                    done.set_result(True)

        ref = system.spawn(Count)

        def send(thread: int) -> None:
            for number in range(1000):
                ref.tell((thread, number))

        threads = [threading.Thread(target=send, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        async with asyncio.timeout(90):
            assert await done
        for thread in threads:
            await asyncio.to_thread(thread.join)


@pytest.mark.real
async def test_a_tell_from_a_thread_to_a_stopped_actor_is_a_dead_letter(settings: Callable[..., Settings]) -> None:
    async with ActorSystem("threads", settings()) as system:
        ref = system.spawn(Worker)
        await system.graceful_stop(ref)
        await asyncio.to_thread(ref.tell, "late")
        await calm(system)
        assert system.dead_letters.count == 1


@pytest.mark.real
async def test_a_handler_that_holds_the_loop_is_named(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    import time

    def hold(actor: Actor) -> str:
        time.sleep(0.03)
        return "held"

    async with ActorSystem("slow", settings(slow_handler=0.02)) as system:
        blocker = system.spawn(Worker, "blocker")
        assert await do(blocker, lambda actor: "started") == "started"
        assert await do(blocker, hold) == "held"
        assert "actors://slow/user/blocker (Worker) held the event loop for" in caplog.text


async def test_of_several_that_ran_together_all_are_named_when_one_held_the_loop_and_the_next_time_that_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0

    class Holder(Actor):
        def receive(self, seconds: float) -> None:
            nonlocal now
            now += seconds

    async with ActorSystem("slow", Settings(chooser=lambda ready: 0)) as system:
        system.dispatcher.clock = lambda: now
        holders = [system.spawn(Holder, name) for name in ("first", "second", "third")]
        for seconds in (0, 0.2, 0.2):
            await calm(system)
            for ref in holders:
                ref.tell(seconds if ref is holders[1] else 0)
        await calm(system)
    together, alone = (record.getMessage() for record in caplog.records)
    assert together.startswith("one of actors://slow/user/second (Holder), actors://slow/user/third (Holder) held the")
    assert "from now on each is timed for itself" in together
    assert alone.startswith("actors://slow/user/second (Holder) held the event loop for 200 ms:")


@pytest.mark.real
async def test_a_backlog_lets_other_callbacks_run(settings: Callable[..., Settings]) -> None:
    async with ActorSystem("backlog", settings()) as system:
        seen: list[int] = []
        ref = system.spawn(Props(Recorder, seen))
        for number in range(100_000):
            ref.tell(number)
        seen_by_others = []
        while len(seen) < 100_000:
            await asyncio.sleep(0)
            seen_by_others.append(len(seen))
        steps = [after - before for before, after in itertools.pairwise(seen_by_others)]
        assert len(steps) > 2, "the whole backlog was handled in one turn"


@pytest.mark.real
async def test_heavy_messages_end_the_turn_before_the_batch_is_full(settings: Callable[..., Settings]) -> None:
    import time

    held: list[float] = []

    class Heavy(Actor):
        def receive(self, message: Any) -> None:
            time.sleep(0.001)
            held.append(time.monotonic())

    async with ActorSystem("heavy", settings()) as system:
        ref = system.spawn(Heavy)
        for _ in range(60):
            ref.tell("work")
        turns: list[int] = []
        while len(held) < 60:
            before = len(held)
            await asyncio.sleep(0)
            turns.append(len(held) - before)
        assert max(turns) < 30


async def test_a_chooser_decides_which_ready_actor_runs_next() -> None:
    order: list[str] = []

    class Named(Actor):
        def receive(self, message: str) -> None:
            order.append(message)

    async def run(settings: Settings) -> list[str]:
        order.clear()
        async with ActorSystem("order", settings) as system:
            refs = [system.spawn(Named) for _ in range(4)]
            await calm(system)
            for ref, name in zip(refs, "abcd", strict=True):
                ref.tell(name)
            await calm(system)
        return list(order)

    assert await run(Settings()) == list("abcd")
    assert await run(Settings(chooser=lambda ready: ready - 1)) == list("dcba")


@pytest.mark.parametrize("throughput", [1, 3, 5])
async def test_an_actor_handles_as_many_messages_in_a_row_as_the_throughput_says(throughput: int) -> None:
    async with ActorSystem("fair", Settings(throughput=throughput)) as system:
        seen: list[Any] = []
        refs = [system.spawn(Props(Recorder, seen)) for _ in range(2)]
        await calm(system)
        for name, ref in zip("ab", refs, strict=True):
            for _ in range(10):
                ref.tell(name)
        await calm(system)
        assert seen[: 2 * throughput] == ["a"] * throughput + ["b"] * throughput
        assert len(seen) == 20


async def test_a_loop_can_choose_which_ready_actor_runs_next() -> None:
    loop: Any = asyncio.get_running_loop()
    loop.choose_ready_cell = lambda ready: ready - 1
    try:
        async with ActorSystem("chosen") as system:
            seen: list[Any] = []
            refs = [system.spawn(Props(Recorder, seen)) for _ in range(3)]
            await calm(system)
            for name, ref in zip("abc", refs, strict=True):
                ref.tell(name)
            await calm(system)
            assert seen == ["c", "b", "a"]
    finally:
        del loop.choose_ready_cell


async def test_worker_diary_starts_with_its_constructor(system: ActorSystem) -> None:
    diary: list[Any] = []
    system.spawn(worker(diary))
    await calm(system)
    assert diary == ["init", "pre_start"]
