"""An instrument that is given to a system that runs already, and taken away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actors import Actor, ActorSystem, Settings
from tests.core.actors_for_tests import Worker, calm
from tests.core.test_instrument import Counts


class Changing(Actor):
    """Handles each message with another function than the one before."""

    def receive(self, message: Any) -> None:
        self.context.become(self.receive)


async def test_it_sees_the_actors_that_were_there_and_those_that_come(settings: Callable[..., Settings]) -> None:
    counts = Counts()
    async with ActorSystem("seen", settings()) as system:
        old = system.spawn(Worker)
        await calm(system)
        await system.attach_instrument(counts)
        new = system.spawn(Worker)
        for number, ref in enumerate((old, new)):
            ref.tell(number)
        await calm(system)
        assert counts.seen[0] == "spawned"
        assert sorted(counts.seen[1:]) == [("handled", 0), ("handled", 1)]


async def test_detached_it_sees_nothing_any_more(settings: Callable[..., Settings]) -> None:
    counts = Counts()
    async with ActorSystem("seen", settings()) as system:
        ref = system.spawn(Worker)
        await system.attach_instrument(counts)
        await system.detach_instrument(counts)
        ref.tell(1)
        system.spawn(Worker)
        await calm(system)
        assert counts.seen == []
        assert system.instrument is None
        with pytest.raises(ValueError, match="not in list"):
            await system.detach_instrument(counts)


async def test_it_stands_beside_the_one_of_the_settings_and_stays_through_become(
    settings: Callable[..., Settings],
) -> None:
    own, attached = Counts(), Counts()
    async with ActorSystem("seen", settings(instrument=own)) as system:
        ref = system.spawn(Changing)
        await calm(system)
        await system.attach_instrument(attached)
        for number in range(3):
            ref.tell(number)
        await calm(system)
        await system.detach_instrument(attached)
        ref.tell(3)
        await calm(system)
    handled = [("handled", number) for number in range(3)]
    assert [one for one in attached.seen if one in handled] == handled
    assert ("handled", 3) not in attached.seen
    assert ("handled", 3) in own.seen
