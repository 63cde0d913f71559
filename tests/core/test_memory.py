"""What stays in memory of actors that have stopped."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Actor, ActorRef, ActorSystem, BoundedMailbox, DeadLetter, PoisonPill, Props
from tests.core.actors_for_tests import Recorder, Worker, calm


@pytest.fixture
def without_collections() -> Iterator[None]:
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    yield
    if was_on:
        gc.enable()


class Stateful(Actor):
    def __init__(self) -> None:
        self.state: dict[str, Any] = {"context": self.context, "ref": self.ref}

    async def receive(self, message: Any) -> None:
        self.state["message"] = message
        await self.context.system.clock.sleep(0)


@pytest.mark.usefixtures("without_collections")
@pytest.mark.parametrize("props", [Props(Stateful), Props(Stateful).with_mailbox(BoundedMailbox(5))], ids=str)
async def test_what_has_stopped_is_freed_without_the_garbage_collector(system: ActorSystem, props: Props[Any]) -> None:
    refs: weakref.WeakSet[ActorRef[Any]] = weakref.WeakSet()
    cells: weakref.WeakSet[Any] = weakref.WeakSet()
    actors: weakref.WeakSet[Any] = weakref.WeakSet()

    def make() -> None:
        for _ in range(20):
            ref: Any = system.spawn(props)
            refs.add(ref)
            cells.add(ref._cell)
            ref.tell("a message")

    make()
    await calm(system)
    assert (len(refs), len(cells)) == (20, 20)
    actors.update(cell.actor for cell in cells)
    for ref in list(refs):
        ref.tell(PoisonPill())
        del ref
    await calm(system)
    await system.graceful_stop(system.spawn(Worker))  # so that nobody still holds whom it ran last
    await calm(system)
    assert (len(refs), len(cells), len(actors)) == (0, 0, 0)


async def test_a_ref_stays_itself_when_its_actor_has_stopped(system: ActorSystem) -> None:
    letters: list[DeadLetter] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, letters)), DeadLetter)
    ref: Any = system.spawn(Worker, "worker")
    path, text = ref.path, repr(ref)
    await system.graceful_stop(ref)
    await calm(system)
    ref.tell("too late")
    await calm(system)
    assert [letter.recipient for letter in letters] == [ref]
    assert ref._cell.ref is ref
    assert (ref.path, repr(ref), ref.name, ref.is_terminated) == (path, text, "worker", True)


async def test_an_actor_that_has_stopped_can_tell_its_name_when_nobody_keeps_its_ref(system: ActorSystem) -> None:
    contexts: list[Any] = []

    class Keeper(Actor):
        def pre_start(self) -> None:
            contexts.append(self.context)

    await system.graceful_stop(system.spawn(Keeper, "keeper"))
    await calm(system)
    ref = contexts[0].self_ref
    assert (ref.path, ref.is_terminated) == ("actors://test/user/keeper", True)
    assert contexts[0].self_ref is ref
