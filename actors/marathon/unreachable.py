"""When an instance on an agent that cannot be reached is replaced and when it is forgotten: its app's
``unreachableStrategy``, as timers of the instances actor."""

from __future__ import annotations

from dataclasses import dataclass

from actors.core import Clock, Timers
from actors.marathon.messages import Condition, Instance
from actors.marathon.model import App

__all__ = ["Expunge", "GiveUp", "UnreachableTimers"]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The instance is inactive now: it gets a replacement, and goes on if it comes back."""

    instance_id: str


@dataclass(frozen=True, slots=True)
class Expunge:
    """The instance is forgotten now; if it comes back, it is killed."""

    instance_id: str


class UnreachableTimers:
    """Times run from the moment at which the instance became unreachable, also across a restart of the service."""

    def __init__(self, timers: Timers, clock: Clock) -> None:
        self._timers = timers
        self._clock = clock

    def start(self, instance: Instance, app: App) -> None:
        strategy = app.unreachable_strategy
        if strategy.disabled:
            return
        since = instance.since or self._clock.now()
        passed = (self._clock.now() - since).total_seconds()
        if (
            instance.condition is Condition.UNREACHABLE
            and strategy.inactive_after_seconds < strategy.expunge_after_seconds
        ):
            give_up = GiveUp(instance.id)
            self._timers.start_single(give_up, give_up, max(0.0, strategy.inactive_after_seconds - passed))
        expunge = Expunge(instance.id)
        self._timers.start_single(expunge, expunge, max(0.0, strategy.expunge_after_seconds - passed))

    def cancel(self, instance_id: str) -> None:
        self._timers.cancel(GiveUp(instance_id))
        self._timers.cancel(Expunge(instance_id))
