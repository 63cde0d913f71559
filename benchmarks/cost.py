"""A cost, and who is measured at it.

A module in `costs/` makes one and registers contenders:

    COST = Cost("tell", "sending messages to one actor", size=200_000, baseline="asyncio.Queue")

    @COST.contender("actors", ours=True)
    async def actors(size: int) -> float:
        ...             # prepares, measures, and gives back the seconds that `size` operations took

A contender imports its library inside the function: whoever lists costs must not need all peers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

Measure = Callable[[int], float | Awaitable[float]]
"""Does the work for a size; gives seconds, or the quantity itself if the cost is no rate."""


@dataclass(frozen=True)
class Contender:
    """Somebody who pays the cost.

    Attributes:
        size: how many operations, if the cost's own are too many for it.
        ours: whether it is code of this project, held to its ratio by ``--check``.
        loop: under which event loop a coroutine runs.
        python: the minor version of Python 3 that it needs: another one is named by BENCH_PYTHON3…
    """

    name: str
    measure: Measure
    size: int
    ours: bool = False
    loop: Literal["asyncio", "uvloop"] = "asyncio"
    python: int | None = None


@dataclass
class Cost:
    """Something that costs.

    Attributes:
        name: on the command line.
        what: in the table.
        size: how many operations a contender does.
        baseline: the contender to whom all others are compared.
        unit: of the figures.
        is_rate: figures are operations per second (more is better), made of the seconds that contenders give; else
            they are what contenders give, and less is better.
        scale: a figure in its unit is what was measured, times this.
        goal: the ratio that ours is to reach: at least, or at most if less is better.
        goal_over_libraries: the ratio that ours is to reach over the best library of actors.
        limit: the same for the figure itself.
        at_most: repetitions of it, if a million actors take too long for as many as of others.
        control: a contender and the one that it is compared with, whose ratio says how much of ours is the machine's.
        surcharge: by how much ours may at most be above the baseline's figure.
    """

    name: str
    what: str
    size: int
    baseline: str
    unit: str = "1000/s"
    is_rate: bool = True
    scale: float = 1e-3
    goal: float | None = None
    goal_over_libraries: float | None = None
    limit: float | None = None
    surcharge: float | None = None
    at_most: int | None = None
    control: tuple[str, str] | None = None
    contenders: dict[str, Contender] = field(default_factory=dict)

    def contender(
        self,
        name: str,
        *,
        size: int | None = None,
        ours: bool = False,
        loop: Literal["asyncio", "uvloop"] = "asyncio",
        python: int | None = None,
    ) -> Callable[[Measure], Measure]:
        """Registers a function as a contender; may be stacked."""

        def register(measure: Measure) -> Measure:
            self.contenders[name] = Contender(name, measure, size or self.size, ours, loop, python)
            return measure

        return register

    def figure(self, measured: float, size: int) -> float:
        """In the cost's unit, of what a contender gave back."""
        return (size / measured if self.is_rate else measured) * self.scale

    def fell(self, ratio: float, kept: float, slack: float) -> bool:
        """Whether a ratio is worse than the kept one by more than ``slack`` (0.25 is a quarter)."""
        return ratio < kept * (1 - slack) if self.is_rate else ratio > kept / (1 - slack)
