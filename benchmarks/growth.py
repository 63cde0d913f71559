"""What an actor costs among few and among a million: its spawn, a message to it, its stop."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import NamedTuple

from benchmarks.cost import Cost
from benchmarks.plain import Countdown
from benchmarks.probes import cpu_seconds


class Phases(NamedTuple):
    """CPU seconds per actor."""

    spawn: float
    tell: float
    stop: float


async def phases(size: int) -> Phases:
    """Makes ``size`` actors and waits for their start, tells each of them once, stops them all; few actors several
    times, for the median."""
    rounds = [await _round(size) for _ in range(max(1, 20_000 // size))]
    return Phases(*(median(times) for times in zip(*rounds, strict=True)))


async def _round(size: int) -> Phases:
    from actors import Actor, ActorSystem, PoisonPill

    started, told, stopped = Countdown(size), Countdown(size), Countdown(size)

    class Idle(Actor[int]):
        def pre_start(self) -> None:
            started.hit()

        async def receive(self, message: int) -> None:
            told.hit()

        def post_stop(self) -> None:
            stopped.hit()

    async with ActorSystem() as system:
        times = [cpu_seconds()]
        made = [system.spawn(Idle) for _ in range(size)]
        await started.done
        times.append(cpu_seconds())
        for each in made:
            each.tell(1)
        await told.done
        times.append(cpu_seconds())
        pill = PoisonPill()
        for each in made:
            each.tell(pill)
        await stopped.done
        times.append(cpu_seconds())
    return Phases(*((after - before) / size for before, after in pairwise(times)))


def growth(name: str, what: str, phase: str) -> Cost:
    """The cost of one phase among 1,000,000 actors, beside that among 1,000."""
    cost = Cost(name, what, size=1_000, baseline="of 1,000", unit="µs", is_rate=False, scale=1e6, goal=1.25, at_most=1)

    async def measure(size: int) -> float:
        return float(getattr(await phases(size), phase))

    cost.contender("of 1,000")(measure)
    cost.contender("of 1,000,000", size=1_000_000, ours=True)(measure)
    return cost
