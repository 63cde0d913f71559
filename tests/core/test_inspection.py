from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import actors
from actors import ActorRef, ActorSystem, BoundedMailbox, Directive, OneForOneStrategy, Props, look_at, look_at_all
from tests.core.actors_for_tests import Parent, Worker, calm, do, spawn_in, worker


async def test_an_actor_that_hangs_is_seen_with_what_it_does_and_what_waits(system: ActorSystem) -> None:
    ref = system.spawn(worker(), "hangs")
    view = look_at(ref)
    assert view is not None
    await calm(system)
    assert (view.state, view.is_busy, view.is_suspended, view.envelope) == ("running", False, False, None)
    ref.tell(("sleep", 1000))
    ref.tell("first")
    ref.tell("second")
    await calm(system)
    assert (view.state, view.is_busy, view.depth, view.envelope[0]) == ("waiting", True, 2, ("sleep", 1000))
    assert (view.waiting(1), view.waiting(9)) == (["first"], ["first", "second"])
    assert (view.ref, view.cls, view.stashed, view.restarts) == (ref, Worker, 0, 0)


async def test_family_and_watchers_are_seen_as_refs(system: ActorSystem) -> None:
    parent = system.spawn(Parent, "parent")
    child = await spawn_in(parent, Worker, "child")
    await parent.ask(("watch", child))
    await calm(system)
    view = look_at(parent)
    assert view is not None
    assert [each.ref for each in view.children] == [child]
    assert (view.child_count, view.children[0].parent, view.children[0].watchers) == (1, parent, [parent])
    seen = [each.ref async for each in look_at_all(system)]
    assert seen.index(parent) < seen.index(child)


async def test_a_failed_actor_is_seen_as_such_until_its_parent_decides(system: ActorSystem) -> None:
    class Boss(Worker):
        supervisor_strategy = OneForOneStrategy(decider=lambda error: Directive.STOP)

    boss = system.spawn(Boss)
    child = await do(boss, lambda actor: actor.context.spawn(Worker))
    view = look_at(child)
    assert view is not None
    boss.tell(("sleep", 1))  # it decides when its handler is done
    await calm(system)
    child.tell(ValueError("boom"))
    await calm(system)
    assert (view.state, view.is_suspended, view.is_stopped) == ("failed", True, False)
    await system.clock.sleep(2)
    assert (view.state, view.is_stopped) == ("stopped", True)


async def test_the_most_messages_that_a_bounded_mailbox_held_are_seen(system: ActorSystem) -> None:
    ref = system.spawn(worker().with_mailbox(BoundedMailbox(5)), "bounded")
    await calm(system)
    for _ in range(4):
        ref.tell("count")
    await calm(system)
    view = look_at(ref)
    assert view is not None
    assert (view.depth, view.high_water) == (0, 4)
    assert "bounded  Worker, running, at most 4" in str(system.tree())
    assert next(node.high_water for node in system.tree().walk() if node.ref is ref) == 4


async def test_a_family_of_many_generations_has_paths_a_tree_and_an_end(system: ActorSystem) -> None:
    class Generation(Worker):
        def __init__(self, left: int) -> None:
            super().__init__()
            self.left = left

        def pre_start(self) -> None:
            if self.left:
                self.context.spawn(Props(Generation, self.left - 1), "child")

    top = system.spawn(Props(Generation, 1200), "top")
    await calm(system)
    nodes = [node for node in system.tree().walk() if node.cls == "Generation"]
    assert len(nodes) == 1201
    assert nodes[-1].path == "actors://test/user/top" + "/child" * 1200
    assert str(system.tree()).count("Generation, running") == 1201
    await system.graceful_stop(top, 60)


async def test_what_is_no_actor_here_has_no_view(system: ActorSystem) -> None:
    class Elsewhere(ActorRef[Any]):
        pass

    assert look_at(Elsewhere()) is None
    assert look_at(system.dead_letters) is None


@pytest.mark.parametrize("capacity", [None, 3])
async def test_a_bounded_mailbox_without_a_capacity_has_that_of_the_settings(settings: Any, capacity: Any) -> None:
    async with ActorSystem("small", settings(mailbox_capacity=2)) as system:
        ref = system.spawn(worker().with_mailbox(BoundedMailbox(capacity)))
        for _ in range(5):
            ref.tell("count")
        assert system.dead_letters.count == 5 - (capacity or 2)


def test_no_other_room_uses_a_private_name_of_the_core() -> None:
    """What routers, instruments and inspectors need of cells is public; the harness stands in for one."""
    private = re.compile(r"actors\.core\._|\b_cell\b|from \.+core\._")
    rooms = Path(actors.__file__).parent
    users = {
        str(path.relative_to(rooms))
        for path in rooms.rglob("*.py")
        if path.relative_to(rooms).parts[0] != "core" and private.search(path.read_text())
    }
    assert users == {"testkit/_recording.py"}
