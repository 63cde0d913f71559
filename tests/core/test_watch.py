from __future__ import annotations

from typing import Any

import pytest

from actors import Actor, ActorSystem, Props, Terminated
from tests.core.actors_for_tests import Parent, Worker, calm, do, spawn_in


async def test_a_watcher_hears_exactly_once(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await watcher.ask(("watch", target))
    await watcher.ask(("watch", target))
    await system.graceful_stop(target)
    await calm(system)
    assert heard == [Terminated(target)]


async def test_the_notice_comes_behind_earlier_messages(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await watcher.ask(("watch", target))

    def speak_and_stop(actor: Any) -> None:
        watcher.tell("last words")
        actor.context.stop(actor.ref)

    target.tell(speak_and_stop)
    await calm(system)
    assert heard == ["last words", Terminated(target)]


async def test_watching_the_dead_gives_a_notice_at_once(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await system.graceful_stop(target)
    await watcher.ask(("watch", target))
    await calm(system)
    assert heard == [Terminated(target, existence_confirmed=False)]


async def test_unwatch_takes_back_a_notice_that_is_queued_already(system: ActorSystem) -> None:
    heard: list[Any] = []

    class Wary(Parent):
        async def receive(self, message: Any) -> None:  # type: ignore[override]
            if message == "wait and unwatch":
                await self.context.system.clock.sleep(1)
                self.context.unwatch(target)
            else:
                super().receive(message)

    watcher, target = system.spawn(Props(Wary, None, heard)), system.spawn(Worker)
    await watcher.ask(("watch", target))
    watcher.tell("wait and unwatch")
    await calm(system)
    await system.graceful_stop(target)
    await system.clock.sleep(2)
    assert heard == []


async def test_a_message_of_ones_own_can_stand_for_the_notice(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await do(watcher, lambda actor: actor.context.watch(target, "it is gone"))
    await system.graceful_stop(target)
    await calm(system)
    assert heard == ["it is gone"]


async def test_a_message_of_ones_own_that_is_not_handled_is_no_failure(system: ActorSystem) -> None:
    class Deaf(Actor):
        def receive(self, message: Any) -> None:
            self.unhandled(message)

        def pre_start(self) -> None:
            self.context.watch(target, "it is gone")

    target = system.spawn(Worker)
    watcher = system.spawn(Deaf)
    await calm(system)
    await system.graceful_stop(target)
    await calm(system)
    assert not watcher.is_terminated


async def test_watching_with_another_message_is_refused(system: ActorSystem) -> None:
    target = system.spawn(Worker)

    def twice(actor: Any) -> str:
        actor.context.watch(target)
        with pytest.raises(ValueError, match="unwatch it first"):
            actor.context.watch(target, "other")
        return "refused"

    assert await do(system.spawn(Parent), twice) == "refused"


async def test_a_restart_of_the_target_is_no_death(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await watcher.ask(("watch", target))
    target.tell(ValueError("boom"))
    await target.ask("count")
    assert heard == []
    await system.graceful_stop(target)
    await calm(system)
    assert heard == [Terminated(target)]


async def test_watches_survive_a_restart_of_the_watcher(system: ActorSystem) -> None:
    heard: list[Any] = []
    watcher, target = system.spawn(Props(Parent, None, heard)), system.spawn(Worker)
    await watcher.ask(("watch", target))
    watcher.tell(ValueError("boom"))
    await calm(system)
    await system.graceful_stop(target)
    await calm(system)
    assert heard == [Terminated(target)]


async def test_a_terminated_that_is_not_handled_stops_the_watcher(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    class Careless(Actor):
        def receive(self, message: Any) -> None:
            if message == "watch":
                self.context.watch(target)
                self.reply("watching")
            else:
                self.unhandled(message)

    target, watcher = system.spawn(Worker), system.spawn(Careless)
    await watcher.ask("watch")
    await system.graceful_stop(target)
    await calm(system)
    assert watcher.is_terminated
    assert "DeathPactError" in caplog.text


async def test_a_parent_may_use_the_name_again_when_it_sees_terminated(system: ActorSystem) -> None:
    class Respawner(Actor):
        def __init__(self) -> None:
            self.spawned = 0
            self.respawn()

        def respawn(self) -> None:
            self.spawned += 1
            self.child = self.context.watch(self.context.spawn(Worker, "child"))

        def receive(self, message: Any) -> None:
            match message:
                case Terminated():
                    self.respawn()
                case "stop":
                    self.context.stop(self.child)
                case "?":
                    self.reply(self.spawned)

    ref = system.spawn(Respawner)
    for _ in range(3):
        ref.tell("stop")
        await calm(system)
    assert await ref.ask("?") == 4


async def test_an_actor_that_watches_itself_hears_nothing(system: ActorSystem) -> None:
    ref = system.spawn(Parent)
    await do(ref, lambda actor: actor.context.watch(actor.ref))
    await system.graceful_stop(ref)
    assert system.dead_letters.count == 0


async def test_a_dead_watchers_watch_is_forgotten(system: ActorSystem) -> None:
    watcher, target = system.spawn(Parent), system.spawn(Worker)
    await watcher.ask(("watch", target))
    await system.graceful_stop(watcher)
    await system.graceful_stop(target)
    await calm(system)
    assert system.dead_letters.count == 0


async def test_stopping_children_of_a_restarting_parent_are_not_reported_to_it(system: ActorSystem) -> None:
    heard: list[Any] = []
    parent = system.spawn(Props(Parent, None, heard))
    child = await spawn_in(parent, Worker)
    await parent.ask(("watch", child))
    parent.tell(ValueError("boom"))
    await calm(system)
    assert child.is_terminated
    assert heard == []
