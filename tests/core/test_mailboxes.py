from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    ActorSystem,
    BoundedMailbox,
    ControlAwareMailbox,
    ControlMessage,
    MailboxFull,
    PoisonPill,
    PriorityMailbox,
    Props,
    Terminated,
)
from actors.core.mailboxes import _Priority
from tests.core.actors_for_tests import Parent, Recorder, Worker, calm


def recorder(seen: list[Any], mailbox: Any) -> Props[Any]:
    return Props(Recorder, seen).with_mailbox(mailbox)


@pytest.mark.parametrize(
    ("overflow", "seen_in_the_end"),
    [("drop_newest", [0, 1, 2]), ("drop_oldest", [3, 4, 5]), ("wait", [0, 1, 2])],
)
async def test_a_full_mailbox_drops_as_it_was_told_to(
    system: ActorSystem, overflow: Any, seen_in_the_end: list[int]
) -> None:
    seen: list[Any] = []
    ref = system.spawn(recorder(seen, BoundedMailbox(3, overflow)))
    for number in range(6):
        ref.tell(number)
    await calm(system)
    assert seen == seen_in_the_end
    assert system.dead_letters.count == 3


async def test_a_full_mailbox_that_fails_raises_at_the_sender(system: ActorSystem) -> None:
    ref = system.spawn(recorder([], BoundedMailbox(1, "fail")), "full")
    ref.tell("fits")
    with pytest.raises(MailboxFull, match="actors://test/user/full holds 1 messages"):
        ref.tell("does not")


async def test_send_waits_for_room_and_keeps_the_order(system: ActorSystem) -> None:
    ref = system.spawn(Props(Worker).with_mailbox(BoundedMailbox(2, "wait")))
    begun: list[int] = []
    sent: list[int] = []
    order: list[int] = []

    async def work(actor: Any, number: int) -> None:
        await actor.context.system.clock.sleep(1)
        order.append(number)

    async def send(number: int) -> None:
        begun.append(number)
        await ref.send(lambda actor: work(actor, number))
        sent.append(number)

    await calm(system)
    tasks = [asyncio.create_task(send(number)) for number in range(6)]
    await calm(system)
    assert len(sent) == 3, "one is being handled, two are in the mailbox"
    await system.clock.sleep(1.5)
    assert len(sent) < 6
    await asyncio.gather(*tasks)
    await system.clock.sleep(10)
    assert order == begun


async def send_to(mailbox: Any, message: str) -> None:
    await mailbox.room()
    mailbox.append((message, None))


async def test_a_place_that_got_free_is_for_who_waits_and_not_for_who_comes_by(system: ActorSystem) -> None:
    mailbox: Any = BoundedMailbox(1, "wait")(system.spawn(Worker))
    mailbox.append(("first", None))
    waits = asyncio.create_task(send_to(mailbox, "waited"))
    await calm(system)
    assert mailbox.popleft() == ("first", None)
    mailbox.append(("comes by", None))
    assert (len(mailbox), system.dead_letters.count) == (0, 1)
    later = asyncio.create_task(send_to(mailbox, "later"))
    await waits
    await calm(system)
    assert not later.done()
    assert mailbox.popleft() == ("waited", None)
    await later
    assert mailbox.popleft() == ("later", None)


async def test_a_place_for_who_has_left_is_for_the_next(system: ActorSystem) -> None:
    mailbox: Any = BoundedMailbox(1, "wait")(system.spawn(Worker))
    mailbox.append(("first", None))
    senders = []
    for word in ("leaves", "leaves early", "follows"):
        senders.append(asyncio.create_task(send_to(mailbox, word)))
        await calm(system)
    leaves, leaves_early, follows = senders
    leaves_early.cancel()
    mailbox.popleft()
    leaves.cancel()  # its place is there, but it has not gone on yet
    await asyncio.gather(leaves, leaves_early, return_exceptions=True)
    await follows
    assert (len(mailbox), system.dead_letters.count) == (1, 0)
    mailbox.popleft()
    await send_to(mailbox, "the place is free again")
    assert len(mailbox) == 1


async def test_senders_that_wait_are_let_go_when_the_actor_stops(system: ActorSystem) -> None:
    ref = system.spawn(Props(Worker).with_mailbox(BoundedMailbox(1, "wait")))
    ref.tell(("sleep", 1))
    await calm(system)
    tasks = [asyncio.create_task(ref.send(number)) for number in range(4)]
    await calm(system)
    system.stop(ref)
    await asyncio.gather(*tasks)
    await calm(system)
    assert system.dead_letters.count >= 4


async def test_the_runtimes_own_messages_are_never_dropped(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher = system.spawn(Props(Parent, None, heard).with_mailbox(BoundedMailbox(1, "drop_newest")))
    target = system.spawn(Worker)
    await watcher.ask(("watch", target))
    system.stop(target)
    watcher.tell("fills it")
    await calm(system)
    assert Terminated(target) in heard


async def test_priorities_decide_and_equals_stay_in_order(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(recorder(seen, PriorityMailbox(lambda message: message[0] if isinstance(message, tuple) else 9)))
    for message in [(2, "a"), (1, "b"), (2, "c"), (1, "d")]:
        ref.tell(message)
    ref.tell(PoisonPill())
    await calm(system)
    assert seen == [(1, "b"), (1, "d"), (2, "a"), (2, "c")]


async def test_control_messages_overtake(system: ActorSystem) -> None:
    class Control(ControlMessage):
        pass

    seen: list[Any] = []
    ref = system.spawn(recorder(seen, ControlAwareMailbox()))
    control = Control()
    for message in ("a", "b", control, "c"):
        ref.tell(message)
    await calm(system)
    assert seen == [control, "a", "b", "c"]


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_a_priority_mailbox_is_a_stable_sort(told: list[int], unstashed: list[int]) -> None:
    mailbox = _Priority(lambda message: message[0])
    later = [((key, "told", number), None) for number, key in enumerate(told)]
    first = [((key, "unstashed", number), None) for number, key in enumerate(unstashed)]
    for envelope in later:
        mailbox.append(envelope)
    mailbox.extendleft(reversed(first))
    expected = sorted(first + later, key=lambda envelope: envelope[0][0])
    assert list(mailbox) == expected
    assert [mailbox.popleft() for _ in expected] == expected


@pytest.mark.parametrize("make", [lambda: BoundedMailbox(0), lambda: BoundedMailbox(1, "nonsense")])  # type: ignore[arg-type]
def test_a_recipe_without_sense_is_refused(make: Any) -> None:
    with pytest.raises(ValueError):
        make()


async def test_a_bounded_mailbox_keeps_its_high_water_mark(system: ActorSystem) -> None:
    made: list[Any] = []
    recipe = BoundedMailbox(10)

    def keep(ref: Any) -> Any:
        made.append(recipe(ref))
        return made[-1]

    ref = system.spawn(recorder([], keep))
    for number in range(7):
        ref.tell(number)
    await calm(system)
    assert (made[0].high_water, len(made[0])) == (7, 0)
