"""What Marathon's actors say to each other and to the API: every message, answer, error and domain event.

To the *supervisor* (`Marathon.supervisor`)::

    UpdateRoot(change, force, kill) ->  DeploymentStarted          | raises AppLocked, TooManyDeployments,
                                                                   | whatever `change` raises
    GetRoot()                       ->  RootGroup
    GetRootVersions()               ->  tuple[str, ...]              newest first
    GetRootAt(version)              ->  RootGroup | None
    GetAppVersions(app_id)          ->  tuple[str, ...]              newest first
    GetAppVersion(app_id, version)  ->  App | None
    ListDeployments()               ->  tuple[DeploymentStatus, ...] oldest first
    CancelDeployment(id, force)     ->  DeploymentStarted (revert)   | DeploymentCancelled (force)
                                                                     | raises DeploymentNotFound

To the *instances* (`Marathon.instances`)::

    GetInstances(app_ids)           ->  tuple[Instance, ...]
    KillInstances(ids, wipe)        ->  tuple[Instance, ...]         the ones that will be killed, as they were
    GetTaskFailures(app_ids)        ->  Mapping[str, TaskFailure]    the last failure of each app

To the *launch queue* (`Marathon.queue`)::

    GetQueue()                      ->  tuple[QueueItem, ...]
    ResetDelay(app_id)              ->  bool                         False: the app is not queued

To the *scheduler* (`Marathon.scheduler`)::

    GetFramework()                  ->  FrameworkStatus

Domain events are published on the system's event stream, each after what it tells is stored. Times are aware
UTC datetimes of the system's clock; versions are Marathon's timestamp strings (``2021-03-04T05:06:07.089Z``),
which sort as they follow each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.marathon.model import App, HealthCheck, RootGroup

__all__ = [
    "Action",
    "ActionKind",
    "AppLocked",
    "AppTerminated",
    "CancelDeployment",
    "Condition",
    "DeploymentCancelled",
    "DeploymentFailed",
    "DeploymentInfo",
    "DeploymentNotFound",
    "DeploymentStarted",
    "DeploymentStatus",
    "DeploymentStepFailure",
    "DeploymentStepSuccess",
    "DeploymentSuccess",
    "DomainEvent",
    "FailedHealthCheck",
    "FrameworkStatus",
    "GetAppVersion",
    "GetAppVersions",
    "GetFramework",
    "GetInstances",
    "GetQueue",
    "GetRoot",
    "GetRootAt",
    "GetRootVersions",
    "GetTaskFailures",
    "Goal",
    "GroupChangeFailed",
    "GroupChangeSuccess",
    "HealthCheckAdded",
    "HealthCheckRemoved",
    "HealthResult",
    "HealthStatusChanged",
    "Instance",
    "InstanceChanged",
    "InstanceHealthChanged",
    "KillInstances",
    "ListDeployments",
    "QueueItem",
    "ResetDelay",
    "SchedulerDisconnected",
    "SchedulerRegistered",
    "SchedulerReregistered",
    "TaskFailure",
    "TaskStatusChanged",
    "TooManyDeployments",
    "UnhealthyInstanceKilled",
    "UnknownInstanceTerminated",
    "UpdateRoot",
]

MAX_DEPLOYMENTS = 100
"""Running deployments beyond which a change is refused (Marathon's ``--max_running_deployments``)."""


# -- instances ------------------------------------------------------------------------------------------------


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
class Instance:
    """One instance of an app: what is stored of it, and what its health checks said.

    `ports` are the host ports in the order of the app's port definitions; `healthy` is True when every check of the
    app is, None while one of them has not answered yet or there are no checks; `health` has one result per check.
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


@dataclass(frozen=True, slots=True)
class GetInstances:
    """Instances of the named apps, or of all apps (None), terminal ones excluded."""

    app_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KillInstances:
    """Kill these instances for good; they do not count for their app any more from the moment of the answer.

    With `wipe` an instance whose agent cannot be reached is forgotten at once. Unknown ids are left out of the answer.
    """

    ids: frozenset[str]
    wipe: bool = False


@dataclass(frozen=True, slots=True)
class GetTaskFailures:
    """The last failure of each of the named apps, or of all (None)."""

    app_ids: frozenset[str] | None = None


# -- the root group and its deployments ------------------------------------------------------------------------


class ActionKind(Enum):
    """What a deployment does to one app, as Marathon's clients read it."""

    START = "StartApplication"
    SCALE = "ScaleApplication"
    RESTART = "RestartApplication"
    STOP = "StopApplication"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a step: what is done to which app."""

    kind: ActionKind
    app_id: str


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """A running deployment as `GET /v2/deployments` shows it.

    `steps` are the levels of the dependency graph; the actors run it as a graph, and `current_step` (from 1) is the
    lowest level that is not finished. `finished` has the apps whose part is done.
    """

    id: str
    version: str
    steps: tuple[tuple[Action, ...], ...]
    current_step: int
    current_actions: tuple[Action, ...]
    affected_apps: tuple[str, ...]
    finished: frozenset[str] = frozenset()
    original: Mapping[str, App] = field(default_factory=dict)
    target: Mapping[str, App] = field(default_factory=dict)

    @property
    def total_steps(self) -> int:
        return len(self.steps)


@dataclass(frozen=True, slots=True)
class UpdateRoot:
    """Change the root group and deploy the difference.

    `change` gets the current root and the version (a timestamp string) that the new one will have, and returns the
    new root; it is pure, and an error it raises comes back to the asker with nothing changed. `force` cancels the
    deployments that lock the affected apps. `kill` are instances to kill first when the change scales an app down.
    """

    change: Callable[[RootGroup, str], RootGroup]
    force: bool = False
    kill: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeploymentStarted:
    """The new root is stored, and its deployment has begun. `status` is the deployment as it begins."""

    deployment_id: str
    version: str
    root: RootGroup
    status: DeploymentStatus


@dataclass(frozen=True, slots=True)
class DeploymentCancelled:
    """The deployment was ended as it was, half done (``DELETE /v2/deployments/{id}?force=true``)."""

    deployment_id: str


@dataclass(frozen=True, slots=True)
class GetRoot:
    """The current root group."""


@dataclass(frozen=True, slots=True)
class GetRootVersions:
    """The versions of the root group that are kept, newest first."""


@dataclass(frozen=True, slots=True)
class GetRootAt:
    """The root group as it was at `version`; None when that version is not kept."""

    version: str


@dataclass(frozen=True, slots=True)
class GetAppVersions:
    """The versions of an app that are kept, newest first; empty for an app that never was."""

    app_id: str


@dataclass(frozen=True, slots=True)
class GetAppVersion:
    """An app as it was at `version`; None when that version is not kept."""

    app_id: str
    version: str


@dataclass(frozen=True, slots=True)
class ListDeployments:
    """The running deployments, oldest first."""


@dataclass(frozen=True, slots=True)
class CancelDeployment:
    """End a deployment: undo its difference on the current root with a new deployment, or (force) leave it as it is."""

    id: str
    force: bool = False


class AppLocked(Exception):
    """An affected app belongs to a running deployment (409 on the wire); `force` overrides."""

    def __init__(self, deployment_ids: tuple[str, ...]) -> None:
        super().__init__(
            "App is locked by one or more deployments. Override with the option '?force=true'. "
            "View details at '/v2/deployments/<DEPLOYMENT_ID>'."
        )
        self.deployment_ids = deployment_ids


class DeploymentNotFound(Exception):
    """No running deployment has this id (404 on the wire)."""

    def __init__(self, deployment_id: str) -> None:
        super().__init__(f"DeploymentPlan {deployment_id} does not exist")
        self.deployment_id = deployment_id


class TooManyDeployments(Exception):
    """The limit of running deployments is reached (403 on the wire)."""

    def __init__(self, limit: int = MAX_DEPLOYMENTS) -> None:
        super().__init__(
            f"Max number ({limit}) of running deployments is achieved. Wait for existing deployments to complete "
            "or cancel one using force=true parameter. You can increase max deployment number by using "
            "--max_running_deployments parameter"
        )
        self.limit = limit


# -- the launch queue -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetQueue:
    """What waits to be launched."""


@dataclass(frozen=True, slots=True)
class ResetDelay:
    """Forget the back-off delay of an app."""

    app_id: str


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An app with instances that wait for an offer.

    `delay` is in seconds until the next launch is tried (0: now); `rejected` counts, per reason of
    `actors.marathon.matching`, the offers that could not be used since `since`.
    """

    app: App
    count: int
    delay: float
    since: datetime
    processed_offers: int = 0
    unused_offers: int = 0
    last_used_offer_at: datetime | None = None
    last_unused_offer_at: datetime | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    last_rejected: Mapping[str, int] = field(default_factory=dict)


# -- the scheduler ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetFramework:
    """How the service stands with Mesos."""


@dataclass(frozen=True, slots=True)
class FrameworkStatus:
    """The framework id (None before the first subscription), the leading master's URL, whether we are subscribed, and
    `problem`: why not, with the remedy, when Mesos refused us for good."""

    framework_id: str | None
    master: str | None
    connected: bool
    problem: str | None = None


# -- domain events ----------------------------------------------------------------------------------------------


class DomainEvent:
    """Base of what is published on the event stream; subscribe to it to get all of them."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InstanceChanged(DomainEvent):
    """An instance has a new condition, goal or address. A terminal condition is the last that is heard of it."""

    instance: Instance


@dataclass(frozen=True, slots=True)
class TaskStatusChanged(DomainEvent):
    """Mesos told a new state of an instance's task (``status_update_event``); `state` is Mesos's name of it."""

    instance: Instance
    state: str
    message: str


@dataclass(frozen=True, slots=True)
class UnknownInstanceTerminated(DomainEvent):
    """A task that we do not know has ended."""

    instance_id: str
    app_id: str
    condition: Condition


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
