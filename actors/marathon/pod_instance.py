"""What the containers of a pod's instance do, put together into what the instance does. Pure.

    a task's status ─▶ seen(instance, …) ─▶ the same instance with that container as it is now
                       condition_of_all ─▶  over when all are over; else what the one that has got least far does

A container that finishes leaves the others running; of one that fails, Mesos's default executor kills the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from actors.marathon.instance import Condition, ContainerState, Instance
from actors.marathon.task_states import is_stale

__all__ = ["condition_of_all", "seen"]

_ALIVE = (
    Condition.UNREACHABLE,
    Condition.KILLING,
    Condition.PROVISIONED,
    Condition.STAGING,
    Condition.STARTING,
    Condition.RUNNING,
)
_OVER = (
    Condition.ERROR,
    Condition.FAILED,
    Condition.GONE,
    Condition.DROPPED,
    Condition.UNKNOWN,
    Condition.KILLED,
    Condition.FINISHED,
)


def seen(instance: Instance, task_id: str, told: Condition, message: str, now: datetime) -> Instance:
    """`instance`, of which `task_id` is a container's, after what Mesos told of that task."""
    return replace(
        instance,
        containers=tuple(
            _after(one, told, message, now) if one.task_id == task_id else one for one in instance.containers
        ),
    )


def _after(container: ContainerState, told: Condition, message: str, now: datetime) -> ContainerState:
    known = container.condition
    if known.is_terminal or known is told or is_stale(known, told):
        return container
    return replace(container, condition=told, since=now, message=message)


def condition_of_all(containers: Iterable[ContainerState]) -> Condition:
    """What an instance of these containers does."""
    conditions = {container.condition for container in containers}
    order = _OVER if all(condition.is_terminal for condition in conditions) else _ALIVE
    return next(condition for condition in order if condition in conditions)
