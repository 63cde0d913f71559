"""How many instances may be launched now, where somebody asked for a limit (``--launch-rate``). No actor: only sums."""

from __future__ import annotations

__all__ = ["LaunchRate"]

_ROUNDING = 1e-6  # a timer may come a rounding error before what it waits for


class LaunchRate:
    """At most `per_second` launches a second on the average, and at most those of one second (or one) at once.

    None: as many as there are. Marathon's launch tokens are always on, with 100 per 30 seconds.
    """

    def __init__(self, per_second: float | None, now: float) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second or 0.0)
        self._left = self._burst
        self._at = now

    def allowed(self, now: float) -> float:
        """Launches that may be made now; infinite without a limit."""
        if self._per_second is None:
            return float("inf")
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        return int(self._left + _ROUNDING)

    def used(self, count: int) -> None:
        """So many of those that were allowed were made."""
        if self._per_second is not None:
            self._left -= count

    def delay(self, now: float) -> float | None:
        """Seconds until as many are allowed as ever are at once; None while some are allowed."""
        if self._per_second is None or self.allowed(now):
            return None
        return (self._burst - self._left) / self._per_second
