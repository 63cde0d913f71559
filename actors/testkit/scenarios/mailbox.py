"""`MailboxScenarios`: what every mailbox owes an actor, as tests that a custom one can be run through.

@pytest.fixture
def mailbox():
    return MyMailbox(100)                    # the recipe, as for `Props.with_mailbox`

class TestMyMailbox(MailboxScenarios):
    capacity = 100                           # at least so many fit; 50 when it does not say
    ordered = True                           # equal messages leave as they came; False for another order
"""

from __future__ import annotations

import threading
from typing import Any

from actors.core import Actor, ActorRef, ActorSystem, DeadLetter, Props, Terminated
from actors.core.mailboxes import MailboxRecipe
from actors.testkit.kit import TestKit
from actors.testkit.probe import TestProbe

__all__ = ["MailboxScenarios"]


class _Taker(Actor[Any]):
    """Reports what it takes; puts aside what comes before "open"; fails at "fail"."""

    def __init__(self, report: ActorRef[Any], *, opened: bool = True) -> None:
        self._report = report
        self._opened = opened

    def receive(self, message: Any) -> None:
        if message == "fail":
            raise ValueError("as told to")
        if message == "open":
            self._opened = True
            self.context.unstash_all()
        elif self._opened:
            self._report.tell(message)
        else:
            self.context.stash()


class _Timed(Actor[Any]):
    def __init__(self, report: ActorRef[Any], watched: ActorRef[Any]) -> None:
        self._report = report
        self._watched = watched

    def pre_start(self) -> None:
        self.context.watch(self._watched)
        self.context.timers.start_single("tick", "tick", 0.01)

    def receive(self, message: Any) -> None:
        self._report.tell(message)


class MailboxScenarios:
    """See the head of this module."""

    capacity = 50
    ordered = True

    def _same(self, found: list[Any], told: list[Any]) -> bool:
        return found == told if self.ordered else sorted(found) == sorted(told)

    def test_what_was_appended_is_counted_shown_and_taken_once(self, mailbox: MailboxRecipe) -> None:
        box = mailbox(_Nobody())
        envelopes = [(number, None) for number in range(min(10, self.capacity))]
        for envelope in envelopes:
            box.append(envelope)
        assert len(box) == len(envelopes)
        assert sorted(number for number, _ in box) == [number for number, _ in envelopes]
        assert self._same([box.popleft() for _ in envelopes], envelopes)
        assert len(box) == 0
        assert not list(box)

    def test_what_is_put_back_in_front_leaves_first(self, mailbox: MailboxRecipe) -> None:
        box = mailbox(_Nobody())
        box.append((3, None))
        box.extendleft(reversed([(1, None), (2, None)]))
        assert self._same([box.popleft()[0] for _ in range(3)], [1, 2, 3])

    async def test_everything_told_is_handled_once_in_its_order(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        ref = system.spawn(Props(_Taker, probe.ref).with_mailbox(mailbox))
        told = list(range(self.capacity))
        for number in told:
            ref.tell(number)
        assert self._same(await probe.receive_n(len(told)), told)
        await probe.expect_no_message()

    async def test_what_other_threads_tell_is_handled_once(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        ref = system.spawn(Props(_Taker, probe.ref).with_mailbox(mailbox))
        each = max(1, self.capacity // 4)

        def tell_all(first: int) -> None:
            for number in range(first, first + each):
                ref.tell(number)

        threads = [threading.Thread(target=tell_all, args=(index * each,)) for index in range(min(4, self.capacity))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = each * len(threads)
        assert sorted(await probe.receive_n(told)) == list(range(told))

    async def test_a_restart_keeps_what_is_queued(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        ref = system.spawn(Props(_Taker, probe.ref).with_mailbox(mailbox))
        told = ["fail", *(f"m{n}" for n in range(min(5, self.capacity - 1)))]
        for message in told:
            ref.tell(message)
        assert self._same(await probe.receive_n(len(told) - 1), told[1:])

    async def test_what_is_unstashed_comes_before_what_was_told_later(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        ref = system.spawn(Props(_Taker, probe.ref, opened=False).with_mailbox(mailbox))
        kit = TestKit(system)
        for message in ("a", "b"):
            ref.tell(message)
            await kit.settle()
        ref.tell("open")
        await kit.settle()
        ref.tell("c")
        assert self._same(await probe.receive_n(3), ["a", "b", "c"])

    async def test_what_is_left_when_the_actor_stops_becomes_dead_letters(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        system.event_stream.subscribe(probe.ref, DeadLetter)
        ref = system.spawn(Props(_Taker, probe.ref).with_mailbox(mailbox))
        told = list(range(min(5, self.capacity)))
        for number in told:
            ref.tell(number)
        system.stop(ref)
        letters = await probe.receive_n(len(told))
        assert sorted(letter.message for letter in letters) == told

    async def test_timers_and_death_notices_get_through_even_when_it_is_full(
        self, system: ActorSystem, probe: TestProbe, mailbox: MailboxRecipe
    ) -> None:
        watched = system.spawn(Props(_Taker, probe.ref))
        ref = system.spawn(Props(_Timed, probe.ref, watched).with_mailbox(mailbox))
        await TestKit(system).settle()
        for number in range(self.capacity):
            ref.tell(number)
        system.stop(watched)
        heard = await probe.receive_n(self.capacity + 2)
        assert Terminated(watched) in heard
        assert "tick" in heard


class _Nobody(ActorRef[Any]):
    """For a mailbox that is nobody's."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return "actors://nowhere/user/nobody"
