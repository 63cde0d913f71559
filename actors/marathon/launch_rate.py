"""How many instances may be launched now, where somebody asked for a limit (``--launch-rate``). No actor: only sums."""

from __future__ import annotations

from actors.marathon.tokens import Tokens

__all__ = ["LaunchRate"]


class LaunchRate:
    """At most `per_second` launches a second on the average, and at most those of one second (or one) at once.

    None: as many as there are. Marathon's launch tokens are always on, with 100 per 30 seconds.
    """

    def __init__(self, per_second: float | None, now: float) -> None:
        self._tokens = None if per_second is None else Tokens(per_second, max(1.0, per_second), now)

    def allowed(self, now: float) -> float:
        """Launches that may be made now; infinite without a limit."""
        return float("inf") if self._tokens is None else self._tokens.left(now)

    def used(self, count: int) -> None:
        """So many of those that were allowed were made."""
        if self._tokens is not None:
            self._tokens.take(count)

    def delay(self, now: float) -> float | None:
        """Seconds until as many are allowed as ever are at once; None while some are allowed."""
        if self._tokens is None or self._tokens.left(now):
            return None
        return self._tokens.delay(self._tokens.burst)
