"""A bucket of tokens: how much may be done now of what has a rate. No actor: only sums."""

from __future__ import annotations

__all__ = ["Tokens"]

_ROUNDING = 1e-6  # a timer may come a rounding error before what it waits for


class Tokens:
    """Holds at most ``burst`` tokens, as at the beginning, and gains ``per_second``."""

    __slots__ = ("_at", "_left", "_per_second", "burst")

    def __init__(self, per_second: float, burst: float, now: float) -> None:
        self.burst = burst
        self._per_second = per_second
        self._left = burst
        self._at = now

    def left(self, now: float) -> int:
        """Those that may be taken now."""
        self._left = min(self.burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        return int(self._left + _ROUNDING)

    def take(self, count: int = 1) -> None:
        self._left -= count

    def delay(self, count: float) -> float:
        """Seconds from the last look at `left` until there are so many."""
        return (count - self._left) / self._per_second
