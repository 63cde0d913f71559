"""`Backoff`: how long to wait before the next attempt, growing from one to the next.

The delay before attempt n + 1 (n = 0, 1, …) is ``min(max_backoff, min_backoff * 2**n) * (1 + U * random_factor)``, U
uniform from 0 to 1. The jitter comes after the cap, as in Akka, so a delay may exceed `max_backoff`: many clients that
have all reached the cap would otherwise come back at the same moment.

With 3 s, 30 s and no jitter: 3, 6, 12, 24, 30, 30, … seconds.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ._durations import fraction, seconds_above_zero

__all__ = ["Backoff"]

_MOST_DOUBLINGS = 60  # from a nanosecond to beyond a thousand years; more would overflow a float some day


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds, for `BackoffSupervisor` and `retry`.

    :ivar min_backoff: the first delay, above 0.
    :ivar max_backoff: where the doubling ends, at least `min_backoff`.
    :ivar random_factor: the share, from 0 to 1, that chance may add.
    :raises ValueError: for a value that its rule forbids.
    """

    min_backoff: float
    max_backoff: float
    random_factor: float = 0.2

    def __post_init__(self) -> None:
        shortest = seconds_above_zero("min_backoff", self.min_backoff)
        longest = seconds_above_zero("max_backoff", self.max_backoff)
        fraction("random_factor", self.random_factor)
        if longest < shortest:
            raise ValueError(f"max_backoff ({longest:g} s) must be at least min_backoff ({shortest:g} s)")

    def delay(self, attempts: int, chance: random.Random) -> float:
        """Seconds to wait after `attempts` delays before this one; `chance` is ``system.random``."""
        doubled = self.min_backoff * float(2 ** min(attempts, _MOST_DOUBLINGS))
        return min(self.max_backoff, doubled) * (1 + chance.random() * self.random_factor)
