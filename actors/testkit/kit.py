"""`TestKit`: probes, filters and time for one actor system under test."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from actors.core import ActorSystem, Settings
from actors.testkit.event_filter import EventFilter
from actors.testkit.probe import TestProbe

__all__ = ["TestKit", "seeded_settings"]

SETTLING_TURNS = 100


def seeded_settings(seed: int, **settings: Any) -> Settings:
    """Settings under which ``seed`` decides what is drawn and, unless it is 0, which ready actor runs next.

    The same seed gives the same interleaving, another seed another one. The order of the messages between two actors
    stays, as actors are promised it. Seed 0 is first come, first served.
    """
    chooser: Callable[[int], int] | None = random.Random(f"order {seed}").randrange if seed else None
    return Settings(**{"seed": seed, "chooser": chooser} | settings)


class TestKit:
    """What a test of ``system`` needs. ``time_factor`` stretches named times, for slow machines on the real loop."""

    __test__ = False  # pytest: not a class of tests

    def __init__(self, system: ActorSystem, *, time_factor: float = 1.0) -> None:
        self.system = system
        self.time_factor = time_factor

    def probe(self, name: str | None = None) -> TestProbe:
        """A new probe."""
        return TestProbe(self.system, name, time_factor=self.time_factor)

    async def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass (at once, in virtual time), and what is due then happen."""
        await self.system.clock.sleep(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Let all that can happen without time passing happen, as far as a hundred turns of the loop go."""
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)

    def event_filter(self, **conditions: Any) -> EventFilter:
        """See `EventFilter`."""
        return EventFilter(timeout=3.0 * self.time_factor, **conditions)
