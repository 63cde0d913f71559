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


def crash_after(turns: int) -> tuple[Disk, list[str]]:
    """Ten writes to two streams at once, a crash after so many milliseconds: the disk, and what was acknowledged."""
    loop = VirtualLoop(turns)
    disk = Disk(random.Random(turns), loop.time)
    acknowledged: list[str] = []

    async def one(journal: Journal, event: Event) -> None:
        await journal.append([Append("a", (event,)), Append("b", (event,))])
        acknowledged.append(event.kind)

    async def write() -> None:
        journal = DiskJournal(disk)
        await asyncio.gather(*(one(journal, Event(str(number))) for number in range(10)))

    async def test() -> None:
        machine = Machine(loop, "10.0.0.1")
        machine.start(write)
        await asyncio.sleep(0.001 * turns)
        machine.kill()
        await asyncio.sleep(1)

    loop.run_until_complete(test())
    loop.close()
    return disk, acknowledged


def test_a_crash_leaves_a_prefix_of_the_calls_with_all_that_was_acknowledged() -> None:
    seen = set()
    for turns in range(40):
        disk, acknowledged = crash_after(turns)
        stored = {name: [event[0] for event in stream.events] for name, stream in disk.store.streams.items()}
        kept = stored.get("a", [])
        assert stored.get("b", []) == kept == [str(number) for number in range(len(kept))]
        assert set(acknowledged) <= set(kept)
        seen.add((len(kept), len(acknowledged)))
    assert any(kept > told for kept, told in seen)  # stored, and nobody was told
