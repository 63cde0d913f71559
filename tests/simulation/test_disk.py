"""The simulated disk: a journal like any other, of which a crash leaves what was durable."""

from __future__ import annotations

import asyncio
import random

import pytest

from actors.persistence import Append, Event, Journal
from actors.simulation.disk import Disk, DiskJournal
from actors.testkit import Machine, VirtualLoop
from actors.testkit.scenarios import JournalScenarios


class Drive:
    """A `JournalDisk` of the journal's scenarios."""

    def __init__(self) -> None:
        self.disk = Disk(random.Random(1), asyncio.get_running_loop().time)

    def open(self, *, epoch: int | None = None) -> Journal:
        return DiskJournal(self.disk, epoch=epoch)

    def fill(self, journal: Journal, spare: int = 0) -> None:
        self.disk.fill(spare)

    def make_room(self, journal: Journal) -> None:
        self.disk.free()


@pytest.fixture
async def disk() -> Drive:
    return Drive()


class TestDiskJournal(JournalScenarios): ...


def test_a_crash_leaves_a_prefix_of_the_calls_with_all_that_was_acknowledged() -> None:
    seen = set()
    for seed in range(40):
        loop = VirtualLoop(seed)
        disk = Disk(random.Random(seed), loop.time)
        acknowledged: list[int] = []

        async def write(disk: Disk = disk, acknowledged: list[int] = acknowledged) -> None:
            journal = DiskJournal(disk)

            async def one(number: int) -> None:
                event = Event(str(number))
                await journal.append([Append("a", (event,)), Append("b", (event,))])
                acknowledged.append(number)

            await asyncio.gather(*map(one, range(10)))

        async def test(loop: VirtualLoop = loop, seed: int = seed) -> None:
            machine = Machine(loop, "10.0.0.1")
            machine.start(write)
            await asyncio.sleep(0.001 * seed)
            machine.kill()
            await asyncio.sleep(1)

        loop.run_until_complete(test())
        loop.close()
        stored = {name: [event[0] for event in stream.events] for name, stream in disk.store.streams.items()}
        kept = stored.get("a", [])
        assert stored.get("b", []) == kept == [str(number) for number in range(len(kept))]
        assert set(map(str, acknowledged)) <= set(kept)
        seen.add((len(kept), len(acknowledged)))
    assert any(kept > told for kept, told in seen)  # stored, and nobody was told
