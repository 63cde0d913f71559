from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from actors import (
    Actor,
    ActorRef,
    ActorSystem,
    AskTimeout,
    BoundedMailbox,
    DeadLetter,
    Failure,
    MailboxFull,
    Props,
    Settings,
)
from tests.core.actors_for_tests import Recorder, Worker, calm, do


class Echo(Actor):
    def receive(self, message: Any) -> None:
        self.reply(message)


class Silent(Actor):
    def receive(self, message: Any) -> None:
        pass


class Answers(Actor):
    """Answers the same ask as often as it is told, at once."""

    def receive(self, message: tuple[Any, ...]) -> None:
        for answer in message:
            self.reply(answer)


async def test_the_first_answer_is_returned_and_later_ones_are_dead_letters(system: ActorSystem) -> None:
    letters: list[DeadLetter] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, letters)), DeadLetter)
    assert await system.spawn(Answers).ask(("first", "second")) == "first"
    await calm(system)
    assert [letter.message for letter in letters] == ["second"]


@pytest.mark.parametrize("answer", [ValueError("no"), Failure(ValueError("no"))])
async def test_an_answer_that_is_an_error_is_raised(system: ActorSystem, answer: Any) -> None:
    with pytest.raises(ValueError, match="no"):
        await system.spawn(Echo).ask(answer)


async def test_asks_between_actors_are_answered_without_time_passing(system: ActorSystem) -> None:
    echo = system.spawn(Echo)

    async def ask_often(actor: Actor) -> int:
        return sum([await echo.ask(number) for number in range(100)])

    began = system.clock.time()
    assert await do(system.spawn(Worker), ask_often) == 4950
    assert system.clock.time() == began


async def test_an_ask_between_actors_makes_no_future(system: ActorSystem, world: Any) -> None:
    echo = system.spawn(Echo)
    made: list[str] = []
    create_future = system.loop.create_future

    def counting() -> Any:
        made.append("a future")
        return create_future()

    async def ask_often(actor: Any) -> None:
        system.loop.create_future = counting  # type: ignore[method-assign]
        try:
            for number in range(100):
                assert await echo.ask(number) == number
        finally:
            system.loop.create_future = create_future  # type: ignore[method-assign]

    await do(system.spawn(Worker), ask_often)
    assert len(made) == (0 if world.dispatcher == "run_queue" else 100), "one per hop to a thread, none per ask"


async def test_an_ask_from_outside_that_is_answered_at_once_makes_no_future(world: Any) -> None:
    if world.dispatcher != "run_queue":
        pytest.skip("what is asked runs in the asker's own step over the run queue alone")
    async with ActorSystem("outside") as system:
        echo = system.spawn(Echo)
        assert await echo.ask("ready") == "ready"
        made: list[str] = []
        create_future = system.loop.create_future
        system.loop.create_future = lambda: made.append("a future") or create_future()  # type: ignore[method-assign,func-returns-value]
        try:
            for number in range(100):
                assert await echo.ask(number) == number
        finally:
            system.loop.create_future = create_future  # type: ignore[method-assign]
        assert not made


async def test_an_asker_lets_others_run_between_two_asks(system: ActorSystem) -> None:
    echo = system.spawn(Echo)
    passes = 0

    async def count() -> None:
        nonlocal passes
        while True:
            passes += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    for number in range(50):
        assert await echo.ask(number) == number
    counting.cancel()
    assert passes >= 50


async def test_what_an_asker_runs_sees_its_own_task_and_context_and_the_asker_keeps_its_own(
    system: ActorSystem,
) -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")
    ref = system.spawn(Worker)
    await do(ref, lambda actor: actor.ref)
    variable.set("the asker's")
    asker = asyncio.current_task()

    def look(actor: Actor) -> Any:
        seen = variable.get(), asyncio.current_task() is asker
        variable.set("the actor's")
        return seen

    assert await do(ref, look) == ("nothing", False)
    assert (variable.get(), asyncio.current_task()) == ("the asker's", asker)


async def test_a_message_that_is_refused_where_it_is_asked_leaves_the_actors_running(system: ActorSystem) -> None:
    full = system.spawn(Props(Silent).with_mailbox(BoundedMailbox(1, overflow="fail")))
    full.tell("fills it")
    with pytest.raises(MailboxFull):
        await full.ask("too much")
    with pytest.raises(TypeError, match="None was told"):
        await full.ask(None)
    assert await system.spawn(Echo).ask("still here") == "still here"


async def test_asks_of_one_handler_can_run_at_the_same_time(system: ActorSystem) -> None:
    workers = [system.spawn(Worker) for _ in range(5)]

    async def gather(actor: Actor) -> Any:
        return await asyncio.gather(*(ref.ask(("sleep", 1)) for ref in workers))

    began = system.clock.time()
    assert await do(system.spawn(Worker), gather) == ["slept"] * 5
    assert system.clock.time() - began == pytest.approx(1, abs=0.01)


async def test_an_ask_can_be_a_task(system: ActorSystem) -> None:
    task = asyncio.create_task(system.spawn(Echo).ask("x"))
    assert await task == "x"


async def test_the_time_is_never_up_early_and_hardly_late(system: ActorSystem) -> None:
    silent = system.spawn(Silent)
    for timeout in (0.5, timedelta(seconds=0.5), 2):
        began = system.clock.time()
        with pytest.raises(AskTimeout):
            await silent.ask("x", timeout)
        seconds = 2.0 if timeout == 2 else 0.5
        assert seconds <= system.clock.time() - began < seconds + 0.01


async def test_the_default_time_out_is_the_settings(settings: Callable[..., Settings]) -> None:
    async with ActorSystem("hasty", settings(ask_timeout=0.25)) as system:
        began = system.clock.time()
        with pytest.raises(AskTimeout, match=r"within 0.25 s"):
            await system.spawn(Silent).ask("x")
        assert system.clock.time() - began == pytest.approx(0.25, abs=0.01)


async def test_a_time_out_says_that_the_target_did_not_answer(system: ActorSystem) -> None:
    with pytest.raises(AskTimeout) as caught:
        await system.spawn(Silent, "silent").ask("x", 0.1)
    text = str(caught.value)
    assert "the ask of str to actors://test/user/silent (asked from actors://test/temp/" in text
    assert "alive and took it, but did not answer" in text


async def test_a_time_out_says_that_the_message_is_still_queued(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    ref.tell(("sleep", 2))
    with pytest.raises(AskTimeout, match="still queued, as one of 1; the target is handling a tuple"):
        await ref.ask("count", 0.1)


async def test_a_time_out_says_that_the_target_is_at_it(system: ActorSystem) -> None:
    with pytest.raises(AskTimeout, match="still handling it"):
        await system.spawn(Worker).ask(("sleep", 2), 0.1)


async def test_an_ask_of_a_stopped_actor_fails_at_once(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    await system.graceful_stop(ref)
    began = system.clock.time()
    with pytest.raises(AskTimeout, match="the target has stopped, the message is a dead letter"):
        await ref.ask("count", 1000)
    assert system.clock.time() == began
    assert system.dead_letters.count == 1


async def test_an_ask_that_is_queued_when_the_target_stops_fails_at_once(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    ref.tell(lambda actor: actor.context.stop(actor.ref))
    began = system.clock.time()
    with pytest.raises(AskTimeout, match="has stopped"):
        await ref.ask("count", 1000)
    assert system.clock.time() == began


async def test_a_cancelled_ask_leaves_a_late_answer_to_the_dead_letters(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    task = asyncio.create_task(ref.ask(("sleep", 1)))
    await calm(system)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await system.clock.sleep(2)
    assert system.dead_letters.count == 1


async def test_an_ask_in_a_handler_can_be_cut_short_by_asyncio_timeout(system: ActorSystem) -> None:
    sleeper = system.spawn(Worker)

    async def give_up(actor: Actor) -> str:
        try:
            async with asyncio.timeout(0.5):
                await sleeper.ask(("sleep", 2))
        except TimeoutError as error:
            return type(error).__name__
        return "nothing"

    assert await do(system.spawn(Worker), give_up) == "TimeoutError"
    await system.clock.sleep(3)
    assert system.dead_letters.count == 1


async def test_a_time_out_not_above_zero_is_refused(system: ActorSystem) -> None:
    ref = system.spawn(Silent)
    for timeout in (0, -1, timedelta(0)):
        with pytest.raises(ValueError, match="above 0 seconds"):
            await ref.ask("x", timeout)
    assert system.dead_letters.count == 0


async def test_a_forwarded_ask_is_answered_by_whom_it_reached(system: ActorSystem) -> None:
    class Forwarder(Actor):
        def __init__(self, to: ActorRef) -> None:
            self.to = to

        def receive(self, message: Any) -> None:
            self.to.forward(message, self.context)

    assert await system.spawn(Props(Forwarder, system.spawn(Echo))).ask("x") == "x"


async def test_many_settled_asks_do_not_pile_up_behind_one_that_is_open(system: ActorSystem) -> None:
    echo, silent = system.spawn(Echo), system.spawn(Silent)
    waiting = asyncio.ensure_future(silent.ask("x", 100))
    for number in range(1000):
        await echo.ask(number, 100)
    (queue,) = (queue for queue in system.asks._queues.values() if queue.timeout == 100)
    assert len(queue.replies) < 200
    with pytest.raises(AskTimeout):
        await waiting


async def test_open_asks_fail_when_the_system_ends(settings: Callable[..., Settings]) -> None:
    system = ActorSystem("ending", settings())
    waiting = asyncio.ensure_future(system.spawn(Silent).ask("x", 1000))
    await calm(system)
    await system.terminate()
    with pytest.raises(AskTimeout, match="the actor system has terminated"):
        await waiting


async def test_a_reply_outside_of_an_ask_goes_to_the_sender(system: ActorSystem) -> None:
    seen: list[Any] = []
    system.spawn(Echo).tell("x", system.spawn(Props(Recorder, seen)))
    system.spawn(Echo).tell("to nobody")
    await calm(system)
    assert seen == ["x"]
    assert system.dead_letters.count == 1
