"""Domain events: what has happened to instances, deployments and the scheduler.

Published on the system's event stream, each after what it tells is stored; subscribe to `DomainEvent` for all of them.
The API writes them as Marathon's events; ``docs/docs/event-bus.md`` of Marathon tells what clients make of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from actors.marathon.deployment_status import Action, DeploymentStatus
from actors.marathon.instance import Condition, Instance

if TYPE_CHECKING:
    from actors.marathon.model import HealthCheck

__all__ = [
    "AppTerminated",
    "DeploymentFailed",
    "DeploymentInfo",
    "DeploymentNodeChanged",
    "DeploymentStepFailure",
    "DeploymentStepSuccess",
    "DeploymentSuccess",
    "DomainEvent",
    "FailedHealthCheck",
    "FrameworkMessageReceived",
    "GroupChangeFailed",
    "GroupChangeSuccess",
    "HealthCheckAdded",
    "HealthCheckRemoved",
    "HealthStatusChanged",
    "InstanceChanged",
    "InstanceHealthChanged",
    "SchedulerDisconnected",
    "SchedulerEnded",
    "SchedulerRegistered",
    "SchedulerReregistered",
    "TaskStatusChanged",
    "UnhealthyInstanceKilled",
    "UnknownInstanceTerminated",
]


class DomainEvent:
    """Base of what is published on the event stream; subscribe to it to get all of them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InstanceChanged(DomainEvent):
    """An instance has a new condition, goal or address. A terminal condition is the last that is heard of it."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class TaskStatusChanged(DomainEvent):
    """Mesos told a new state of an instance's task (``status_update_event``); `state` is Mesos's name of it.

    `task_id` is the task's: of a pod's instance, it may be any container's.
    """

    instance: Instance
    state: str
    message: str
    task_id: str | None


@dataclass(frozen=True, slots=True)
class UnknownInstanceTerminated(DomainEvent):
    """A task that we do not know has ended."""

    instance_id: str
    app_id: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class FrameworkMessageReceived(DomainEvent):
    """An executor of ours has sent us a message (``framework_message_event``). Who knows it reads the event stream."""

    executor_id: str
    agent_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class InstanceHealthChanged(DomainEvent):
    """All checks of an instance together have a new result."""

    instance: Instance
    healthy: bool | None


@dataclass(frozen=True, slots=True)
class HealthStatusChanged(DomainEvent):
    """One check of an instance has a new result."""

    app_id: str
    instance_id: str
    version: str
    alive: bool


@dataclass(frozen=True, slots=True)
class FailedHealthCheck(DomainEvent):
    """A check failed outside of the grace period."""

    app_id: str
    instance_id: str
    health_check: HealthCheck


@dataclass(frozen=True, slots=True)
class UnhealthyInstanceKilled(DomainEvent):
    """A check failed so often that the instance is being killed."""

    instance: Instance
    reason: str


@dataclass(frozen=True, slots=True)
class HealthCheckAdded(DomainEvent):
    """A health check of an app's version is being made from now on."""

    app_id: str
    version: str
    health_check: HealthCheck


@dataclass(frozen=True, slots=True)
class HealthCheckRemoved(DomainEvent):
    """The health checks of an app's version are not made any more."""

    app_id: str


@dataclass(frozen=True, slots=True)
class DeploymentNodeChanged(DomainEvent):
    """A node of a deployment's graph has begun, or is ready and has told `notifies` so. An event of ours, not
    Marathon's: with it one can watch apps notify each other."""

    deployment_id: str
    node: str
    state: Literal["begun", "ready"]
    notifies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentInfo(DomainEvent):
    """A step of a deployment begins."""

    plan: DeploymentStatus
    step: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class DeploymentStepSuccess(DomainEvent):
    """A step of a deployment, and all steps before it, are done. Published in the order of the steps."""

    plan: DeploymentStatus
    step: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class DeploymentStepFailure(DomainEvent):
    """A step of a deployment ended without being done."""

    plan: DeploymentStatus
    step: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class DeploymentSuccess(DomainEvent):
    """A deployment is done."""

    id: str
    plan: DeploymentStatus


@dataclass(frozen=True, slots=True)
class DeploymentFailed(DomainEvent):
    """A deployment was cancelled or failed."""

    id: str
    plan: DeploymentStatus
    reason: str


@dataclass(frozen=True, slots=True)
class GroupChangeSuccess(DomainEvent):
    """The root group has a new version."""

    group_id: str
    version: str


@dataclass(frozen=True, slots=True)
class GroupChangeFailed(DomainEvent):
    """A change of the root group was refused."""

    group_id: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class AppTerminated(DomainEvent):
    """An app was removed, and its last instance is gone."""

    app_id: str


@dataclass(frozen=True, slots=True)
class SchedulerRegistered(DomainEvent):
    """Mesos knows us as a new framework."""

    framework_id: str
    master: str


@dataclass(frozen=True, slots=True)
class SchedulerReregistered(DomainEvent):
    """We are subscribed again under the id we had."""

    framework_id: str
    master: str


@dataclass(frozen=True, slots=True)
class SchedulerDisconnected(DomainEvent):
    """The connection to Mesos is lost; it is being sought again."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class SchedulerEnded(DomainEvent):
    """Mesos has refused or removed this framework for good, for `problem`, which names the remedy. Tasks that run are
    left alone; nothing is launched or killed any more until the service is started anew. `failed_over`: another
    instance has subscribed in its place."""

    problem: str
    failed_over: bool = False
