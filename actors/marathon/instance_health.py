"""What health checks say of an instance, put together. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from actors.marathon.messages import HealthResult, Instance

__all__ = ["seen_by_agent", "with_health"]


def with_health(instance: Instance, check: int, result: HealthResult) -> Instance:
    """`instance` with a new result of one check; it is healthy when all are, unknown while one has said nothing."""
    health = (*instance.health[:check], result, *instance.health[check + 1 :])
    alive = [one.alive for one in health]
    return replace(instance, health=health, healthy=None if None in alive else all(alive))


def seen_by_agent(instance: Instance, check: int, healthy: bool, now: datetime) -> HealthResult:
    """The result of a check that Mesos makes, as a task status tells it."""
    before = instance.health[check] if check < len(instance.health) else HealthResult()
    if healthy:
        return replace(before, alive=True, first_success=before.first_success or now, last_success=now)
    return replace(before, alive=False, last_failure=now, last_failure_cause="the agent's check failed")
