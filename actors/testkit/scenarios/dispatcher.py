"""`DispatcherScenarios`: what every dispatcher owes an actor, as tests that a custom one can be run through.

@pytest.fixture
def dispatcher():
    return MyDispatcher()                    # as for `Props.with_dispatcher`

@pytest.mark.real                            # when it has threads: they do not know virtual time
class TestMyDispatcher(DispatcherScenarios):
    asynchronous = False                     # when its handlers must be `def`
"""

from __future__ import annotations

import threading
from typing import Any

import pytest

from actors.core import Actor, ActorRef, ActorSystem, DeadLetter, Props, Terminated
from actors.core.dispatchers import DispatcherSpec
from actors.testkit.probe import TestProbe

__all__ = ["DispatcherScenarios"]

SECONDS = 10.0  # a bound for what takes no time at all


class _Subject(Actor[Any]):
    """Does as it is told, and reports."""

    def __init__(self, report: ActorRef[Any]) -> None:
        self._report = report
        self.count = 0

    def pre_start(self) -> None:
        self._report.tell("pre_start")

    def post_stop(self) -> None:
        self._report.tell("post_stop")

    def receive(self, message: Any) -> None:
        self.count += 1
        match message:
            case "count":
                self.reply(self.count)
            case "fail":
                raise ValueError("as told to")
            case "stop":
                self.context.stop(self.ref)
            case "become":
                self.context.become(lambda inner: self._report.tell(("became", inner)))
            case "spawn":
                self.reply(self.context.spawn(Props(_Child)))
            case "whose turn":
                self.reply(self.sender)
            case number:
                self._report.tell(number)


class _Child(Actor[Any]):
    def receive(self, message: Any) -> None:
        self.reply((message, self.sender is not None))


class _Waiting(Actor[int]):
    """Awaits in each handler, and must be alone meanwhile."""

    def __init__(self, report: ActorRef[Any]) -> None:
        self._report = report
        self._inside = False

    async def receive(self, message: int) -> None:
        assert not self._inside
        self._inside = True
        await self.context.system.clock.sleep(0.001 * (5 - message))
        self._inside = False
        self._report.tell(message)


class _Busy(Actor[Any]):
    """Not two at once, whatever runs it."""

    def __init__(self, report: ActorRef[Any]) -> None:
        self._report = report
        self._alone = threading.Lock()

    def receive(self, message: Any) -> None:
        assert self._alone.acquire(blocking=False)
        self._report.tell(message)
        self._alone.release()


class DispatcherScenarios:
    """See the head of this module."""

    asynchronous = True

    async def test_messages_are_handled_in_order_and_one_at_a_time(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Busy, probe.ref).with_dispatcher(dispatcher))
        for number in range(200):
            ref.tell(number)
        assert await probe.receive_n(200, SECONDS) == list(range(200))

    async def test_while_a_handler_awaits_no_other_message_is_handled(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        if not self.asynchronous:
            pytest.skip("its handlers do not await")
        ref = system.spawn(Props(_Waiting, probe.ref).with_dispatcher(dispatcher))
        for number in range(5):
            ref.tell(number)
        assert await probe.receive_n(5, SECONDS) == [0, 1, 2, 3, 4]

    async def test_an_ask_is_answered_and_senders_are_known(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Subject, probe.ref).with_dispatcher(dispatcher))
        assert await ref.ask("count", SECONDS) == 1
        await probe.expect_msg("pre_start")
        probe.send(ref, "whose turn")
        assert await probe.receive_one(SECONDS) is probe.ref

    async def test_a_failure_restarts_it_and_the_next_message_is_handled_by_a_new_instance(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Subject, probe.ref).with_dispatcher(dispatcher))
        for message in ("first", "fail", "second"):
            ref.tell(message)
        assert await ref.ask("count", SECONDS) == 2
        assert await probe.receive_n(5, SECONDS) == ["pre_start", "first", "post_stop", "pre_start", "second"]

    async def test_a_stop_comes_after_the_current_message_and_the_rest_become_dead_letters(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        system.event_stream.subscribe(probe.ref, DeadLetter)
        ref = system.spawn(Props(_Subject, probe.ref).with_dispatcher(dispatcher))
        for message in (1, "stop", 2):
            ref.tell(message)
        heard = await probe.receive_n(4, SECONDS)
        assert heard[:3] == ["pre_start", 1, "post_stop"]
        assert heard[3].message == 2

    async def test_who_watches_it_is_told_of_its_end_once(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Child).with_dispatcher(dispatcher))
        probe.watch(ref)
        assert await ref.ask("there", SECONDS) == ("there", True)
        system.stop(ref)
        await probe.expect_msg(Terminated(ref), SECONDS)
        await probe.expect_no_message()

    async def test_it_may_become_another_and_spawn_children(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Subject, probe.ref).with_dispatcher(dispatcher))
        child = await ref.ask("spawn", SECONDS)
        assert await child.ask("hello", SECONDS) == ("hello", True)
        ref.tell("become")
        ref.tell("a message")
        assert await probe.receive_n(2, SECONDS) == ["pre_start", ("became", "a message")]

    async def test_what_another_thread_tells_wakes_it(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        ref = system.spawn(Props(_Busy, probe.ref).with_dispatcher(dispatcher))

        def tell_all() -> None:
            for number in range(50):
                ref.tell(number)

        thread = threading.Thread(target=tell_all)
        thread.start()
        thread.join()
        assert await probe.receive_n(50, SECONDS) == list(range(50))

    async def test_the_backlog_of_one_does_not_keep_another_waiting(
        self, system: ActorSystem, probe: TestProbe, dispatcher: str | DispatcherSpec
    ) -> None:
        busy = system.spawn(Props(_Subject, probe.ref).with_dispatcher(dispatcher))
        other = system.spawn(Props(_Child).with_dispatcher(dispatcher))
        probe.ignore(lambda message: isinstance(message, int))
        for number in range(5000):
            busy.tell(number)
        assert await other.ask("are you there", SECONDS) == ("are you there", True)
        assert await busy.ask("count", SECONDS * 3) == 5001
