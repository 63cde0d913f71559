"""`Step`: one thing that is done to a simulated world, and when; what plans and recorded failures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.simulation.faults import FAULTS

__all__ = ["Step"]


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """``at`` seconds from the beginning, or ``at`` seconds after the ``count``-th event of the kind ``after``."""

    kind: str
    at: float
    arguments: tuple[Any, ...] = ()
    after: str | None = None
    count: int = 0

    @property
    def is_fault(self) -> bool:
        return self.kind in FAULTS

    def __repr__(self) -> str:
        event = "" if self.after is None else f", {self.after!r}, {self.count}"
        return f"Step({self.kind!r}, {self.at!r}, {self.arguments!r}{event})"

    def __str__(self) -> str:
        when = f"{self.at:.3f} s" if self.after is None else f"{self.at:.3f} s after {self.after} no. {self.count}"
        return f"{when}: {self.kind} {', '.join(map(str, self.arguments))}".rstrip()
