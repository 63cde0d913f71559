"""`simulate`: a framework of your own in a simulated world, searched by seeds.

async def story(world):
    mesos = SimulatedMesos(world, agents_wanted=2)
    host = world.host("framework")
    host.run(main)                                    what is tested, as it is deployed
    await mesos.ready()
    trouble = Trouble(world, mesos, [host])           draws which faults strike, and when
    await world.run(60)                               they strike
    trouble.calm()                                    they are over
    await world.soon("one task runs", check, 200)

found = simulate(story, seeds=range(100))
print(found)
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from actors.simulation.faults import FAULTS, Befallen
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.world import Host, Line, Violation, World
from actors.testkit import NothingCanHappen, VirtualLoop

__all__ = ["Searched", "Trouble", "simulate"]

KINDS = ("kill service", "pause service", "kill master", "pause master", "kill agent", "reboot agent", "reset", "cut",
         "cut one way", "slow network", "fail task", "drift")  # fmt: skip
EVENTS = {"launch": 4, "runs": 4, "acknowledged": 6, "start": 2}


@dataclass(slots=True)
class Searched:
    """``runs`` seeds were played; ``violation`` is of the last one, ``seed``, and None when all held."""

    runs: int = 0
    seed: int | None = None
    violation: Violation | None = None
    trace: list[Line] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return self.violation is None

    def __str__(self) -> str:
        if self.violation is None:
            return f"{self.runs} seeds held"
        told = [f"seed {self.seed} ({self.runs - 1} held before it): {self.violation}", *map(str, self.trace)]
        return "\n".join(told)


class Trouble(Befallen):
    """Faults for a framework on ``hosts`` and its Mesos, drawn from the world's seed, in the next ``seconds``.

    ``kinds``: names of `actors.simulation.faults.FAULTS`, where the framework is the "service". Half of them hang on an
    event, such as a launch; the others come at any time.
    """

    def __init__(
        self,
        world: World,
        mesos: SimulatedMesos,
        hosts: Sequence[Host],
        *,
        kinds: Sequence[str] = KINDS,
        most: int = 5,
        seconds: float = 60.0,
    ) -> None:
        super().__init__(world, list(hosts), mesos=mesos, zookeeper=mesos.zookeeper)
        chance = world.chance
        self._until = world.loop._now + seconds
        for _ in range(chance.randint(1, most)):
            kind = chance.choice(list(kinds))
            strike = partial(self._strike, kind, FAULTS[kind].draw(chance))
            if chance.random() < 0.5:
                event = chance.choice(list(EVENTS))
                delay = chance.choice([0.0, chance.uniform(0, 0.05)])
                world.when(event, chance.randint(1, EVENTS[event]), partial(world.later, delay, strike))
            else:
                world.later(chance.uniform(0, seconds), strike)

    def _strike(self, kind: str, arguments: tuple[object, ...]) -> None:
        if self.world.loop._now < self._until:
            FAULTS[kind].strike(self, *arguments)


def simulate(
    story: Callable[[World], Awaitable[None]], seeds: Iterable[int] = range(100), *, max_turns: int = 1_000_000
) -> Searched:
    """Play ``story`` under each seed, until one finds a `Violation`."""
    searched = Searched()
    for seed in seeds:
        searched.runs += 1
        loop = VirtualLoop(seed, order="actors", max_turns=max_turns)
        told: list[list[Line]] = []

        async def main(seed: int = seed, told: list[list[Line]] = told) -> None:
            world = World(seed)
            told.append(world.trace)
            try:
                await story(world)
            finally:
                world.end()

        disabled = logging.root.manager.disable
        logging.disable(logging.CRITICAL)  # faults are what they would tell of
        try:
            loop.run_until_complete(main())
        except Violation as violation:
            # Without its frames, which would keep the world: what died in it must be collected as the loop is closed.
            searched.violation = violation.with_traceback(None)
        except NothingCanHappen as stuck:
            searched.violation = Violation("nothing goes on without end", loop._now, str(stuck))
        finally:
            loop.close()
            logging.disable(disabled)
        if searched.violation is not None:
            searched.seed, searched.trace = seed, told[0]
            break
    return searched
