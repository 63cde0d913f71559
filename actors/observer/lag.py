"""How late the loop is: what is due now, and comes only when others have let go of the loop."""

from __future__ import annotations

import asyncio

from actors.core import Clock

__all__ = ["LoopLag"]

EVERY = 0.05  # seconds between two looks


class LoopLag:
    """Measures while it runs. `take()` tells of the time since the last `take()`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._longest = 0.0
        self._sum = 0.0
        self._count = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            due = self._clock.time() + EVERY
            await asyncio.sleep(EVERY)
            late = max(0.0, self._clock.time() - due)
            self._longest = max(self._longest, late)
            self._sum += late
            self._count += 1

    def take(self) -> tuple[float, float]:
        """The longest and the mean delay, in seconds."""
        figures = self._longest, self._sum / self._count if self._count else 0.0
        self._longest = self._sum = 0.0
        self._count = 0
        return figures
