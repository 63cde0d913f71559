"""Very many actors, and the garbage collector."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from actors import ActorRef, ActorSystem, Settings, SettingsError
from actors.core._cell import Cell
from actors.core._population import PYTHONS_OWN, STEP
from tests.core.actors_for_tests import Worker, calm

FEW = 50  # above which these tests let a system freeze


@pytest.fixture(autouse=True)
def collections_are_on() -> Iterator[None]:
    """The virtual loop runs without."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def frozen() -> bool:
    return gc.get_freeze_count() > PYTHONS_OWN


def seen_by_the_collector(system: ActorSystem) -> int:
    """Living actors that a collection looks at."""
    return sum(type(each) is Cell and each.system is system and not each.is_stopped for each in gc.get_objects())


async def spawn(system: ActorSystem, count: int) -> list[ActorRef[Any]]:
    gc.enable()
    refs = [system.spawn(Worker) for _ in range(count)]
    await calm(system)
    gc.disable()
    return refs


async def test_beyond_the_limit_a_collection_does_not_look_at_the_actors_that_stay() -> None:
    async with ActorSystem("test", Settings(freeze_above=FEW)) as system:
        await spawn(system, FEW // 2)
        assert not frozen()
        await spawn(system, FEW)
        assert frozen()
        assert seen_by_the_collector(system) < FEW
        await spawn(system, 3 * STEP)
        assert seen_by_the_collector(system) <= STEP
    assert not frozen()


def test_objects_that_python_itself_has_frozen_do_not_keep_the_rest_from_being_given_back() -> None:
    script = """if True:
        import asyncio, gc
        from actors import Actor, ActorSystem, Settings

        async def main():
            async with ActorSystem("test", Settings(freeze_above=50)) as system:
                for _ in range(100):
                    system.spawn(Actor)
                await system.clock.sleep(0.01)
                print(gc.get_freeze_count() > 1000)

        asyncio.run(main())
        print(gc.get_freeze_count())
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n0\n"


async def test_actors_that_come_and_go_freeze_nothing() -> None:
    async with ActorSystem("test", Settings(freeze_above=FEW)) as system:
        await spawn(system, FEW + 5)
        before = gc.get_freeze_count()
        for _ in range(10):
            for ref in await spawn(system, STEP // 4):
                system.stop(ref)
            await calm(system)
        assert gc.get_freeze_count() <= before


async def test_what_is_frozen_is_given_back_when_few_are_left() -> None:
    async with ActorSystem("test", Settings(freeze_above=FEW)) as system:
        refs = await spawn(system, 2 * FEW)
        assert frozen()
        for ref in refs:
            system.stop(ref)
        await calm(system)
        assert not frozen()
        await spawn(system, 2 * FEW)
        assert frozen()


async def test_what_is_frozen_is_given_back_when_the_last_system_that_needs_it_ends() -> None:
    async with ActorSystem("one", Settings(freeze_above=FEW)) as one:
        async with ActorSystem("other", Settings(freeze_above=FEW)) as other:
            await spawn(one, 2 * FEW)
            await spawn(other, 2 * FEW)
        assert frozen()
    assert not frozen()


async def test_what_the_program_has_frozen_stays_frozen() -> None:
    gc.freeze()
    async with ActorSystem("test", Settings(freeze_above=FEW)) as system:
        await spawn(system, 2 * FEW)
        assert seen_by_the_collector(system) < 2 * FEW
    assert frozen()


@pytest.mark.parametrize("freeze_above", [-1, 10 * FEW])
async def test_a_smaller_system_and_one_that_may_not_freeze_nothing(freeze_above: int) -> None:
    async with ActorSystem("test", Settings(freeze_above=freeze_above)) as system:
        await spawn(system, 2 * FEW)
        assert not frozen()


async def test_nothing_is_frozen_while_collections_are_switched_off() -> None:
    async with ActorSystem("test", Settings(freeze_above=FEW)) as system:
        for _ in range(2 * FEW):
            system.spawn(Worker)
        assert not frozen()


def test_the_limit_is_a_number_of_actors_or_minus_one() -> None:
    with pytest.raises(SettingsError, match="freeze_above must be an integer of at least -1, not -2"):
        Settings(freeze_above=-2)
