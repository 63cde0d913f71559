"""`simulate`: a framework of your own in a simulated world, searched by seeds; a failing seed is shrunk and told.

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
print(found)                                          what failed, by which fault, and how to see it again
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from actors.simulation.play import Played, Story, play
from actors.simulation.shrink import milder, shrink
from actors.simulation.steps import Step
from actors.simulation.story import happenings
from actors.simulation.world import Line, Violation

__all__ = ["Searched", "simulate"]

SHRINKING = 60
"""Runs that leaving faults out may take; making what is left of them milder takes a few more."""

MOST = 30
"""Lines that are told of the beginning, and of the end."""


@dataclass(slots=True)
class Searched:
    """``runs`` seeds were played; ``violation`` is of the last one, ``seed``, and None when all held.

    ``steps`` are the faults that the violation needs, of ``drawn``; ``trace`` is of the run with these alone.
    ``counts`` and ``struck`` say what happened how often, and in how many seeds; ``never``, what
    should have and did not.
    """

    name: str = "story"
    runs: int = 0
    seed: int | None = None
    violation: Violation | None = None
    trace: list[Line] = field(default_factory=list)
    steps: tuple[Step, ...] = ()
    drawn: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    never: tuple[str, ...] = ()
    command: str | None = None

    @property
    def held(self) -> bool:
        """Nothing was violated, and everything happened that must sometimes."""
        return self.violation is None and not self.never

    @property
    def regression(self) -> str:
        """Python that plays the failure again, also when seeds draw something else one day; in pytest, a decorator."""
        if self.command:
            return f"@simulation(kept=[({self.seed}, {list(self.steps)!r})])"
        return f"simulate({self.name}, seeds=[{self.seed}], replay={list(self.steps)!r})"

    def table(self) -> str:
        """How often each kind of fault struck and each rare branch was taken, and in how many seeds."""
        rows = [
            f"{kind:50} {self.counts[kind]:8} {self.struck[kind]:8}"
            for kind in sorted(self.counts)
            if kind.startswith(("struck: ", "branch: "))
        ]
        return "\n".join([f"{'':50} {'times':>8} {'in seeds':>8}", *rows])

    def __str__(self) -> str:
        if self.violation is not None:
            return "\n".join(self._told(self.violation))
        if self.never:
            names = ", ".join(f'"{name}"' for name in self.never)
            return (
                f"{self.runs} seeds held, but never happened: {names}. "
                "A search that never was there says nothing about it: play more seeds, let faults strike for longer, "
                "or aim them at it (Trouble's kinds and events)."
            )
        return f"{self.runs} seeds held"

    def _shrunk(self) -> str:
        faults = "1 fault" if self.drawn == 1 else f"{self.drawn} faults"
        return f"{faults} shrunk to {len(self.steps)}" if self.steps else "it needs no fault"

    def _told(self, violation: Violation) -> Iterator[str]:
        yield (
            f'{self.name}: "{violation.invariant}" did not hold at {violation.at:.3f} s, seed {self.seed} '
            f"({self.runs - 1} held before it); {self._shrunk()}"
        )
        yield f"  {violation.text}"
        if self.steps:
            yield ""
            yield from (f"  {step}" for step in self.steps)
        yield ""
        yield from happenings(self.trace, violation, MOST)
        yield ""
        yield f"replay: {self.command or f'simulate({self.name}, seeds=[{self.seed}])'}"
        yield f"  keep: {self.regression}"


def simulate(
    story: Story,
    seeds: Iterable[int] = range(100),
    *,
    replay: Sequence[Step] | None = None,
    sometimes: Iterable[str] = (),
    max_turns: int = 1_000_000,
) -> Searched:
    """Play ``story`` under each seed, until one finds a `Violation`, whose faults are then shrunk.

    ``replay``     the faults, in place of those that a seed draws: what a failure needs (`Searched.steps`)
    ``sometimes``  what must happen at least once over all seeds that held: a kind of fault, a branch that
                   ``world.sometimes`` or `actors.sometimes` told of, or a kind of event
    """
    found = Searched(getattr(story, "__name__", "story"))
    expected = dict.fromkeys(sometimes)
    for seed in seeds:
        played = play(story, seed, replay=replay, max_turns=max_turns)
        found.runs += 1
        found.counts.update(played.counts)
        found.struck.update(set(played.counts))
        expected |= dict.fromkeys(played.expected)
        if played.violation is not None:
            _tell(found, story, played, max_turns)
            return found
    found.never = tuple(name for name in expected if not _happened(name, found.counts))
    return found


def _happened(name: str, counts: Counter[str]) -> bool:
    return any(counts[f"{sort}{name}"] for sort in ("", "branch: ", "struck: ", "fault: "))


@dataclass(frozen=True, slots=True)
class _Faults:
    steps: tuple[Step, ...]

    def only(self, indices: Sequence[int]) -> _Faults:
        return _Faults(tuple(self.steps[index] for index in indices))


def _tell(found: Searched, story: Story, failed: Played, max_turns: int) -> None:
    """Shrink the faults of a failed run, and keep what it is with these."""
    assert failed.violation is not None
    invariant, best = failed.violation.invariant, failed

    def fails(steps: Sequence[Step]) -> bool:
        nonlocal best
        again = play(story, failed.seed, replay=steps, max_turns=max_turns)
        if again.violation is None or again.violation.invariant != invariant:
            return False
        best = again
        return True

    faults = _Faults(failed.steps)
    kept = faults.only(shrink(faults, lambda part: fails(part.steps), runs=SHRINKING)).steps
    found.steps = milder(kept, fails)
    found.drawn, found.seed, found.violation, found.trace = len(failed.steps), failed.seed, best.violation, best.trace
