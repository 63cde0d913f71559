"""The system's clock: the loop's time for durations, one function for wall-clock times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVarTuple

from ._asyncio import elapsed_clock, keeps_real_time

__all__ = ["Clock"]

Ts = TypeVarTuple("Ts")

#: Where wall-clock time starts in a virtual world: 2026-01-01T00:00:00Z.
VIRTUAL_EPOCH = 1_767_225_600.0


class Clock:
    """Time as the actors of one system see it. In a test's virtual time all of it is virtual.

    :param wall: gives seconds since the epoch. By default the machine's clock on a real loop; on a virtual one
        2026-01-01T00:00:00Z plus the loop's time.
    """

    __slots__ = ("_loop", "_wall", "elapsed", "time")

    #: Seconds on the loop's monotonic clock: for durations and deadlines.
    time: Callable[[], float]

    #: Seconds for measuring how long a piece of code takes: `time` stands still during a turn of some loops.
    elapsed: Callable[[], float]

    def __init__(self, loop: asyncio.AbstractEventLoop, wall: Callable[[], float] | None = None) -> None:
        self._loop = loop
        self.time = loop.time
        self.elapsed = elapsed_clock(loop)
        if wall is None:
            wall = time.time if keeps_real_time(loop) else lambda: VIRTUAL_EPOCH + loop.time()
        self._wall = wall

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._wall()

    def now(self) -> datetime:
        """The date and time, in UTC."""
        return datetime.fromtimestamp(self._wall(), UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; at once, but after a turn of the loop, when they are not positive."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[*Ts], object], *args: *Ts) -> asyncio.TimerHandle:
        """Call `callback(*args)` after `seconds`, on the loop; the handle's `cancel()` revokes it."""
        return self._loop.call_later(max(0.0, seconds), callback, *args)
