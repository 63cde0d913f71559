"""What health checks say of an instance, put together. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from actors.marathon.messages import HealthResult, Instance
from actors.marathon.model import App, Pod

__all__ = ["checks_of_task", "seen_by_agent", "with_health"]


def with_health(instance: Instance, check: int, result: HealthResult) -> Instance:
    """`instance` with a new result of one check; it is healthy when all are, unknown while one has said nothing."""
    health = (*instance.health[:check], result, *instance.health[check + 1 :])
    alive = [one.alive for one in health]
    return replace(instance, health=health, healthy=None if None in alive else all(alive))


def checks_of_task(app: App, instance: Instance, task_id: str) -> list[int]:
    """The places of the checks that Mesos makes of one of the instance's tasks."""
    if isinstance(app, Pod):
        name = next((one.name for one in instance.containers if one.task_id == task_id), "")
        place = app.check_of(name)
        return [] if place is None else [place]
    return [place for place, check in enumerate(app.health_checks) if check.run_by_agent]


def seen_by_agent(instance: Instance, check: int, healthy: bool, now: datetime) -> HealthResult:
    """The result of a check that Mesos makes, as a task status tells it."""
    before = instance.health[check] if check < len(instance.health) else HealthResult()
    if healthy:
        return replace(before, alive=True, first_success=before.first_success or now, last_success=now)
    return replace(before, alive=False, last_failure=now, last_failure_cause="the agent's check failed")
