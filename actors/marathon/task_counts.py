"""How many tasks an app has in each of the states that its JSON counts. Pure.

share_of(instance)           what one instance adds to the counts of its app
counts - share + share       the counts after one instance has changed: what a listing of thousands of apps is made from
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from actors.marathon.instance import Condition, Instance

__all__ = ["TaskCounts", "count", "share_of", "total"]


class TaskCounts(NamedTuple):
    """Tasks that are staged or starting, that run, and of these the ones that are healthy by all of their checks and
    unhealthy by one of them."""

    staged: int = 0
    running: int = 0
    healthy: int = 0
    unhealthy: int = 0

    def replaced(self, before: TaskCounts, after: TaskCounts) -> TaskCounts:
        """The counts when a part of what they count, `before`, is `after` now."""
        return TaskCounts(*(all_ - old + new for all_, old, new in zip(self, before, after, strict=True)))


_NONE = TaskCounts()
_STAGED = TaskCounts(staged=1)
_RUNNING = TaskCounts(running=1)
_HEALTHY = TaskCounts(running=1, healthy=1)
_UNHEALTHY = TaskCounts(running=1, unhealthy=1)
_STAGING = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING})


def share_of(instance: Instance | None) -> TaskCounts:
    """What the instance adds to the counts of its app; nothing when there is none."""
    if instance is None:
        return _NONE
    if instance.condition is Condition.RUNNING:
        if instance.healthy:
            return _HEALTHY
        return _UNHEALTHY if any(result.alive is False for result in instance.health) else _RUNNING
    return _STAGED if instance.condition in _STAGING else _NONE


def count(instances: Iterable[Instance]) -> TaskCounts:
    """The counts of these instances."""
    return total(share_of(instance) for instance in instances)


def total(counts: Iterable[TaskCounts]) -> TaskCounts:
    """The sum of counts."""
    return TaskCounts(*map(sum, zip(*counts, strict=True)))
