"""Exponential back-off of launches, per app. Pure: every moment is passed in (seconds of the loop's clock).

A failure of an app's task delays its next launch by ``backoffSeconds``, each further one by ``backoffFactor`` times as
much, up to ``maxLaunchDelaySeconds``. A launch begins the wait anew, so that a failing app is launched once per delay.
Without a failure for ``maxLaunchDelaySeconds`` all is forgotten; so it is when the app's configuration changes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from actors.marathon.model import App

__all__ = ["Backoff"]

FORGET_AFTER = 24 * 3600.0
"""Seconds after which failures of apps that nobody launches any more are dropped from memory."""

SHORTEST_DELAY = 0.001
"""Seconds below which a delay is over."""


@dataclass(slots=True)
class _Failures:
    count: int
    since: float
    last: float
    config: str = ""


class Backoff:
    """The failures of all apps that failed lately."""

    def __init__(self) -> None:
        self._apps: dict[str, _Failures] = {}

    @property
    def failed_apps(self) -> Collection[str]:
        """Only these may be delayed."""
        return tuple(self._apps)

    def failed(self, app_id: str, version: str, now: float) -> None:
        """A task of the app that was launched as `version` has failed."""
        known = self._apps.setdefault(app_id, _Failures(0, now, now))
        if version < known.config:
            return  # what an older configuration did says nothing about this one
        known.count += 1
        known.since = known.last = now

    def launched(self, app_id: str, now: float) -> None:
        """A task of the app is being launched, or was heard of."""
        known = self._apps.get(app_id)
        if known is not None:
            known.since = now

    def left(self, app: App, now: float) -> float:
        """Seconds until `app` may be launched; 0 when it may be now."""
        known = self._apps.get(app.id)
        if known is None:
            return 0.0
        config = app.last_config_change_at or ""
        if known.config < config:
            if known.config or now - known.last > app.max_launch_delay_seconds:
                del self._apps[app.id]
                return 0.0
            known.config = config
        if now - known.last > app.max_launch_delay_seconds:
            del self._apps[app.id]
            return 0.0
        left = known.since + _delay(app, known.count) - now
        # What is left of rounding would make a timer that is due before time has moved.
        return left if left > SHORTEST_DELAY else 0.0

    def reset(self, app_id: str) -> None:
        self._apps.pop(app_id, None)

    def sweep(self, now: float) -> None:
        """Drop what nobody has asked for in a long time."""
        for app_id, known in list(self._apps.items()):
            if now - known.last > FORGET_AFTER:
                del self._apps[app_id]


def _delay(app: App, failures: int) -> float:
    try:
        delay = app.backoff_seconds * app.backoff_factor ** (failures - 1)
    except OverflowError:
        delay = float("inf")
    return float(min(delay, app.max_launch_delay_seconds))
