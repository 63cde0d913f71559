"""`Disk`: what a simulated process writes to, and what of it survives.

    journal                        disk
    append(writes)           →     in the order of the calls, each durable after a drawn while
    returns                  ←     a drawn while later: a crash in between leaves it stored and nobody told
    (a crash)                      what was not durable yet is gone, whole calls at a time
    disk.stall(s), .fill(), .free()

It is `MemoryJournal` with time in it, and passes the same contract.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from actors.persistence import Append, MemoryJournal, MemoryStore

__all__ = ["Disk", "DiskJournal"]


class Disk:
    """Outlives every process. ``on_durable`` is called with the streams of each call, and its epoch, the moment it is
    durable; ``on_writing`` with the streams right before, ``on_heard`` when its writer hears of it, ``on_lost`` when a
    journal is opened and the writer before had died with something not written yet."""

    def __init__(self, chance: random.Random, now: Callable[[], float]) -> None:
        self.store = MemoryStore()
        self.now = now
        self.on_durable: Callable[[Sequence[str], int], None] = lambda streams, epoch: None
        self.on_writing: Callable[[Sequence[str]], None] = lambda streams: None
        self.on_heard: Callable[[Sequence[str]], None] = lambda streams: None
        self.on_lost: Callable[[], None] = lambda: None
        self.under_way = 0
        self._chance = chance
        self._last = 0.0
        self._stalled_until = 0.0

    def due(self) -> float:
        """When a write that is asked for now is durable."""
        moment = max(self.now(), self._stalled_until) + self._chance.uniform(0.0002, 0.008)
        self._last = max(self._last + 1e-6, moment)
        return self._last

    def pause(self) -> float:
        """Seconds from a write's being durable to its writer's hearing of it."""
        return self._chance.uniform(0.0, 0.004)

    def stall(self, seconds: float) -> None:
        """Nothing becomes durable for so long."""
        self._stalled_until = max(self._stalled_until, self.now() + seconds)

    def fill(self, spare: int = 0) -> None:
        """No room is left, but for ``spare`` bytes."""
        self.store.capacity = self.store.used + spare

    def free(self) -> None:
        """There is room again."""
        self.store.capacity = None


class DiskJournal(MemoryJournal):
    """A `Journal` on a `Disk`."""

    def __init__(self, disk: Disk, *, epoch: int | None = None) -> None:
        super().__init__(disk.store, epoch=epoch)
        self._disk = disk
        if disk.under_way:
            disk.under_way = 0
            disk.on_lost()

    async def append(self, writes: Sequence[Append]) -> None:
        await super().append(writes)
        streams = [write.stream for write in writes]
        self._disk.on_durable(streams, self._epoch)
        await asyncio.sleep(self._disk.pause())
        self._disk.on_heard(streams)

    async def delete(self, stream: str) -> None:
        await super().delete(stream)
        self._disk.on_durable([stream], self._epoch)
        await asyncio.sleep(self._disk.pause())

    async def _turn_of_a_write(self, *streams: str) -> None:
        await super()._turn_of_a_write(*streams)
        self._disk.under_way += 1
        await asyncio.sleep(max(0.0, self._disk.due() - self._disk.now()))
        self._disk.under_way = max(0, self._disk.under_way - 1)
        self._disk.on_writing(streams)
        self._refuse_the_overtaken()
