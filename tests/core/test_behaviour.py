from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors import Actor, ActorSystem, Props, Settings, StashError, UnhandledMessage
from tests.core.actors_for_tests import Recorder, Worker, calm


class Door(Actor):
    """Stashes while it is closed; opens and closes."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def receive(self, message: Any) -> None:
        match message:
            case "open":
                self.context.unstash_all()
                self.context.become(self.opened)
            case "fail":
                raise ValueError("boom")
            case _:
                self.context.stash()

    def opened(self, message: Any) -> None:
        if message == "close":
            self.context.unbecome()
        else:
            self.seen.append(message)


async def test_stashed_messages_come_first_and_in_order(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Door, seen))
    for message in (1, 2, 3, "open", 4):
        ref.tell(message)
    await calm(system)
    assert seen == [1, 2, 3, 4]


async def test_the_stash_survives_a_restart(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Door, seen))
    for message in (1, 2, "fail", "open", 3):
        ref.tell(message)
    await calm(system)
    assert seen == [1, 2, 3]


async def test_the_stash_becomes_dead_letters_at_a_stop(system: ActorSystem) -> None:
    ref = system.spawn(Props(Door, []))
    for message in (1, 2, 3):
        ref.tell(message)
    await calm(system)
    await system.graceful_stop(ref)
    assert system.dead_letters.count == 3


async def test_a_message_is_not_stashed_twice(system: ActorSystem) -> None:
    errors: list[str] = []

    class Twice(Actor):
        def receive(self, message: Any) -> None:
            self.context.stash()
            try:
                self.context.stash()
            except StashError as error:
                errors.append(str(error))

    system.spawn(Twice, "twice").tell("x")
    await calm(system)
    assert errors == ["actors://test/user/twice has stashed this str already"]


async def test_a_full_stash_is_a_failure(caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]) -> None:
    async with ActorSystem("small", settings(stash_capacity=2)) as system:
        ref = system.spawn(Props(Door, []))
        for message in (1, 2, 3):
            ref.tell(message)
        await calm(system)
        assert "StashOverflow" in caplog.text


async def test_become_can_be_nested_and_undone(system: ActorSystem) -> None:
    class Moods(Actor):
        def receive(self, message: Any) -> None:
            if message == "push":
                self.context.become(self.other, discard_old=False)
            else:
                self.reply(("base", message))

        async def other(self, message: Any) -> None:
            if message == "pop":
                self.context.unbecome()
            elif message == "replace":
                self.context.become(lambda m: self.reply(("third", m)))
            else:
                self.reply(("other", message))

    ref = system.spawn(Moods)
    assert await ref.ask(1) == ("base", 1)
    ref.tell("push")
    assert await ref.ask(2) == ("other", 2)
    ref.tell("pop")
    assert await ref.ask(3) == ("base", 3)
    ref.tell("push")
    ref.tell("replace")
    assert await ref.ask(4) == ("third", 4)


async def test_a_restart_brings_the_first_behaviour_back(system: ActorSystem) -> None:
    class Changed(Worker):
        async def receive(self, message: Any) -> None:
            if message == "change":
                self.context.become(self.fail)
            else:
                self.reply("as before")

        def fail(self, message: Any) -> None:
            raise ValueError(message)

    ref = system.spawn(Changed)
    ref.tell("change")
    ref.tell("boom")
    assert await ref.ask("?") == "as before"


async def test_an_unhandled_message_is_published(system: ActorSystem) -> None:
    seen: list[UnhandledMessage] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, seen)), UnhandledMessage)

    class Nothing(Actor):
        pass

    ref = system.spawn(Nothing)
    ref.tell("what?")
    await calm(system)
    assert seen == [UnhandledMessage("what?", None, ref)]
