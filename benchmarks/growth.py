"""What an actor costs among few and among a million: its spawn, a message to it, its stop.

A million of anything costs more apiece than a thousand: it does not fit into the processor's caches, and its memory is
had from the kernel page by page. How much of the growth that is, a control shows: the same phases of the floor, which
is an object with a deque and one callback for each thing it does, with the garbage collector off.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

from benchmarks.cost import Cost
from benchmarks.plain import Countdown, DequeActor
from benchmarks.probes import cpu_seconds


class Phases(NamedTuple):
    """CPU seconds per actor."""

    spawn: float
    tell: float
    stop: float


Round = Callable[[int], Awaitable[Phases]]
"""Makes so many actors and waits for their start, tells each of them once, stops them all."""


async def _phases(play: Round, size: int) -> Phases:
    """Those of a round; of few actors several times, for the median."""
    rounds = [await play(size) for _ in range(max(1, 20_000 // size))]
    return Phases(*(median(times) for times in zip(*rounds, strict=True)))


async def _floor(size: int) -> Phases:
    started, told, stopped = Countdown(size), Countdown(size), Countdown(size)
    family: dict[int, Plain] = {}

    class Plain(DequeActor):
        def __init__(self, name: int) -> None:
            super().__init__()
            self.name = name
            family[name] = self
            self.loop.call_soon(started.hit)

        def receive(self, message: Any) -> None:
            if message is None:
                del family[self.name]
                stopped.hit()
            else:
                told.hit()

    gc.disable()
    times = [cpu_seconds()]
    for name in range(size):
        Plain(name)
    await started.done
    times.append(cpu_seconds())
    for each in family.values():
        each.tell(1)
    await told.done
    times.append(cpu_seconds())
    for each in family.values():
        each.tell(None)
    await stopped.done
    times.append(cpu_seconds())
    return Phases(*((after - before) / size for before, after in pairwise(times)))


async def _actors(size: int) -> Phases:
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
    """The cost of one phase among 1,000,000 actors, beside that among 1,000; and the same of the floor."""
    cost = Cost(
        name,
        what,
        size=1_000,
        baseline="of 1,000",
        unit="µs",
        is_rate=False,
        scale=1e6,
        goal=1.25,
        at_most=1,
        control=("floor, of 1,000,000", "floor, of 1,000"),
    )

    def measure(play: Round) -> Callable[[int], Awaitable[float]]:
        async def measured(size: int) -> float:
            return float(getattr(await _phases(play, size), phase))

        return measured

    cost.contender("of 1,000")(measure(_actors))
    cost.contender("of 1,000,000", size=1_000_000, ours=True)(measure(_actors))
    cost.contender("floor, of 1,000")(measure(_floor))
    cost.contender("floor, of 1,000,000", size=1_000_000)(measure(_floor))
    return cost
