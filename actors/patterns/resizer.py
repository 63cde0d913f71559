"""`Resizer`: how large a pool should be, by how busy its routees are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from actors.core import ActorView

from ._durations import at_least

__all__ = ["Resizer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resizer:
    """Looked at when the pool starts and after each `messages_per_resize` messages (Akka's defaults and rules).

    :ivar lower: the least routees, at least 1.
    :ivar upper: the most routees.
    :ivar pressure: when a routee is busy: 0 when it handles a message, 1 when others wait besides, n when n wait.
    :ivar ramp_up: the share, rounded up, by which the pool grows when all are busy.
    :ivar backoff_threshold: the pool shrinks when a smaller share than this is busy; 0 for never.
    :ivar backoff: the share, rounded up, by which it shrinks.
    :raises ValueError: for a value that its rule forbids.
    """

    lower: int = 1
    upper: int = 10
    pressure: int = 1
    ramp_up: float = 0.2
    backoff_threshold: float = 0.3
    backoff: float = 0.1
    messages_per_resize: int = 10

    def __post_init__(self) -> None:
        at_least("lower", self.lower, 1)
        at_least("upper", self.upper, self.lower)
        at_least("pressure", self.pressure, 0)
        at_least("messages_per_resize", self.messages_per_resize, 1)
        for name in ("ramp_up", "backoff_threshold", "backoff"):
            value = getattr(self, name)
            if not value >= 0:
                raise ValueError(f"{name} must not be negative, but is {value!r}")

    def change(self, routees: Iterable[ActorView | None]) -> int:
        """How many routees more (or, below 0, less) the pool should have than these; None stands for one elsewhere."""
        routees = list(routees)
        size = len(routees)
        busy = sum(routee is not None and self._is_busy(routee) for routee in routees)
        change = 0
        if busy >= size:
            change += math.ceil(self.ramp_up * size)
        if size and busy / size < self.backoff_threshold:
            change -= math.ceil(self.backoff * size)
        return self.bounded(size, change)

    def bounded(self, size: int, change: int) -> int:
        """`change`, as far as a pool of `size` stays between `lower` and `upper` with it."""
        return max(self.lower, min(self.upper, size + change)) - size

    def _is_busy(self, routee: ActorView) -> bool:
        if self.pressure == 0:
            return routee.is_busy
        if self.pressure == 1:
            return routee.is_busy and routee.depth > 0
        return routee.depth >= self.pressure
