"""An instance of an app, as it is stored, followed and shown: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

__all__ = ["Condition", "ContainerState", "Goal", "HealthResult", "Instance", "TaskFailure"]


class Condition(Enum):
    """What an instance is doing (Marathon's ``core/condition/Condition.scala``); the value is its name on the wire."""

    SCHEDULED = "Scheduled"
    PROVISIONED = "Provisioned"
    STAGING = "Staging"
    STARTING = "Starting"
    RUNNING = "Running"
    KILLING = "Killing"
    UNREACHABLE = "Unreachable"
    UNREACHABLE_INACTIVE = "UnreachableInactive"
    FINISHED = "Finished"
    KILLED = "Killed"
    FAILED = "Failed"
    ERROR = "Error"
    GONE = "Gone"
    DROPPED = "Dropped"
    UNKNOWN = "Unknown"

    @property
    def is_terminal(self) -> bool:
        """Whether the task is known to be over."""
        return self in _TERMINAL

    @property
    def is_lost(self) -> bool:
        """Whether nobody can say at present what the task does."""
        return self in (Condition.UNREACHABLE, Condition.UNREACHABLE_INACTIVE)

    @property
    def is_failure(self) -> bool:
        """Whether it counts for the launch queue's back-off: an app's own end does, a kill does not."""
        return self in _FAILURES

    @property
    def has_task(self) -> bool:
        """Whether Mesos may know a task of it."""
        return self is not Condition.SCHEDULED and self not in _TERMINAL


_TERMINAL = frozenset(
    {
        Condition.FINISHED,
        Condition.KILLED,
        Condition.FAILED,
        Condition.ERROR,
        Condition.GONE,
        Condition.DROPPED,
        Condition.UNKNOWN,
    }
)
_FAILURES = frozenset({Condition.FAILED, Condition.ERROR, Condition.DROPPED, Condition.GONE, Condition.FINISHED})


class Goal(Enum):
    """What an instance is meant to do."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    DECOMMISSIONED = "Decommissioned"


@dataclass(frozen=True, slots=True)
class HealthResult:
    """What one health check of the app last saw of one instance.

    `alive` is None until the first result. Times are aware UTC datetimes, None when there was no such result.
    """

    alive: bool | None = None
    consecutive_failures: int = 0
    first_success: datetime | None = None
    last_success: datetime | None = None
    last_failure: datetime | None = None
    last_failure_cause: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of a pod's instance: its task, what that does since when (UTC), and what Mesos said last."""

    name: str
    task_id: str
    condition: Condition
    since: datetime | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance of an app: what is stored of it, and what its health checks said.

    `ports` are the host ports in the order of the app's port definitions; `healthy` is True when every check of the
    app is, None while one of them has not answered yet or there are no checks; `health` has one result per check.
    `containers` has those of a pod, each with a task of its own; `task_id` is then that of the first.
    """

    id: str
    app_id: str
    app_version: str
    condition: Condition
    goal: Goal = Goal.RUNNING
    task_id: str | None = None
    agent_id: str | None = None
    host: str | None = None
    ports: tuple[int, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    zone: str | None = None
    since: datetime | None = None
    staged_at: datetime | None = None
    started_at: datetime | None = None
    healthy: bool | None = None
    health: tuple[HealthResult, ...] = ()
    containers: tuple[ContainerState, ...] = ()

    @property
    def live_tasks(self) -> tuple[str, ...]:
        """The tasks that Mesos may know of the instance and that are not over."""
        if self.containers:
            return tuple(one.task_id for one in self.containers if not one.condition.is_terminal)
        return () if self.task_id is None else (self.task_id,)

    def has_task(self, task_id: str) -> bool:
        """Whether the task is the instance's."""
        return task_id == self.task_id or any(one.task_id == task_id for one in self.containers)


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """The last task of an app that ended by itself or was lost (``lastTaskFailure`` on the wire)."""

    app_id: str
    task_id: str
    state: str
    message: str
    host: str
    agent_id: str | None
    version: str
    timestamp: datetime
