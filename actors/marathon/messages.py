"""What Marathon's actors say to each other and to the API: every message, answer, error and domain event.

To the *supervisor* (`Marathon.supervisor`)::

    UpdateRoot(change, force, kill) ->  DeploymentStarted          | raises AppLocked, TooManyDeployments,
                                                                   | whatever `change` raises
    GetRoot()                       ->  RootGroup
    GetRootVersions(group_id)       ->  tuple[str, ...]              newest first
    GetRootAt(version)              ->  RootGroup                   | raises VersionNotKept
    GetAppVersions(app_id)          ->  tuple[str, ...]              newest first
    GetAppVersion(app_id, version)  ->  App                         | raises VersionNotKept
    ListDeployments()               ->  tuple[DeploymentStatus, ...] oldest first
    CancelDeployment(id, force)     ->  DeploymentStarted (revert)   | DeploymentCancelled (force)
                                                                     | raises DeploymentNotFound
    CancelPart(id, app_id)          ->  DeploymentCancelled          | raises DeploymentNotFound, PartNotFound

To the *instances* (`Marathon.instances`)::

    GetInstances(app_ids)           ->  tuple[Instance, ...]
    KillInstances(ids, wipe)        ->  tuple[Instance, ...]         the ones that will be killed, as they were
    GetTaskCounts(app_ids)          ->  Mapping[str, TaskCounts]     apps without any may be missing
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
from typing import TYPE_CHECKING

from actors.marathon.deployment_status import (
    Action,
    ActionKind,
    DeploymentNode,
    DeploymentStatus,
    ReadinessResponse,
    ReadinessResult,
)
from actors.marathon.events import (
    AppTerminated,
    DeploymentFailed,
    DeploymentInfo,
    DeploymentNodeChanged,
    DeploymentStepFailure,
    DeploymentStepSuccess,
    DeploymentSuccess,
    DomainEvent,
    FailedHealthCheck,
    FrameworkMessageReceived,
    GroupChangeFailed,
    GroupChangeSuccess,
    HealthCheckAdded,
    HealthCheckRemoved,
    HealthStatusChanged,
    InstanceChanged,
    InstanceHealthChanged,
    SchedulerDisconnected,
    SchedulerEnded,
    SchedulerRegistered,
    SchedulerReregistered,
    TaskStatusChanged,
    UnhealthyInstanceKilled,
    UnknownInstanceTerminated,
)
from actors.marathon.instance import Condition, Goal, HealthResult, Instance, TaskFailure
from actors.marathon.task_counts import TaskCounts

if TYPE_CHECKING:
    from actors.marathon.model import App, RootGroup
    from mesos_proto import Offer

__all__ = [
    "Action",
    "ActionKind",
    "AppLocked",
    "AppTerminated",
    "CancelDeployment",
    "CancelPart",
    "Condition",
    "DeploymentCancelled",
    "DeploymentFailed",
    "DeploymentInfo",
    "DeploymentNode",
    "DeploymentNodeChanged",
    "DeploymentNotFound",
    "DeploymentStarted",
    "DeploymentStatus",
    "DeploymentStepFailure",
    "DeploymentStepSuccess",
    "DeploymentSuccess",
    "DomainEvent",
    "FailedHealthCheck",
    "FrameworkMessageReceived",
    "FrameworkStatus",
    "GetAppVersion",
    "GetAppVersions",
    "GetFramework",
    "GetInstances",
    "GetQueue",
    "GetRoot",
    "GetRootAt",
    "GetRootVersions",
    "GetTaskCounts",
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
    "PartNotFound",
    "QueueItem",
    "ReadinessResponse",
    "ReadinessResult",
    "ResetDelay",
    "SchedulerDisconnected",
    "SchedulerEnded",
    "SchedulerRegistered",
    "SchedulerReregistered",
    "TaskCounts",
    "TaskFailure",
    "TaskStatusChanged",
    "TooManyDeployments",
    "UnhealthyInstanceKilled",
    "UnknownInstanceTerminated",
    "UnusedOffer",
    "UpdateRoot",
    "VersionNotKept",
]

MAX_DEPLOYMENTS = 100
"""Running deployments beyond which a change is refused (Marathon's ``--max_running_deployments``)."""


# -- to the instances -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GetInstances:
    """Instances of the named apps, or of all apps (None), terminal ones excluded."""

    app_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class KillInstances:
    """Kill these instances; those that their app still wants are replaced once they are gone.

    With `wipe` an instance whose agent cannot be reached is forgotten at once. Unknown ids are left out of the answer.
    """

    ids: frozenset[str]
    wipe: bool = False


@dataclass(frozen=True, slots=True)
class GetTaskCounts:
    """How many tasks each of the named apps has, or each of all (None); costs nothing per instance."""

    app_ids: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class GetTaskFailures:
    """The last failure of each of the named apps, or of all (None)."""

    app_ids: frozenset[str] | None = None


# -- to the supervisor ------------------------------------------------------------------------------------------


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
    """The versions of the root group that are kept and in which `group_id` is, newest first."""

    group_id: str = "/"


@dataclass(frozen=True, slots=True)
class GetRootAt:
    """The root group as it was at `version`."""

    version: str


@dataclass(frozen=True, slots=True)
class GetAppVersions:
    """The versions of an app that are kept, newest first; empty for an app that never was."""

    app_id: str


@dataclass(frozen=True, slots=True)
class GetAppVersion:
    """An app as it was at `version`."""

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


@dataclass(frozen=True, slots=True)
class CancelPart:
    """End the part of one app in a deployment, as it stands; the deployment goes on without it.

    The app is kept as the root has it and unlocked; whoever waits for it in this deployment waits no longer.
    """

    id: str
    app_id: str


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


class PartNotFound(Exception):
    """The deployment does nothing to this app, or not any more (404 on the wire)."""

    def __init__(self, deployment_id: str, app_id: str) -> None:
        super().__init__(f"Deployment {deployment_id} has nothing left to do for app {app_id}")
        self.app_id = app_id


class VersionNotKept(Exception):
    """The root group or app has no such version, or not any more."""

    def __init__(self, what: str, version: str) -> None:
        super().__init__(f"{what} has no version {version}; only the last versions are kept")
        self.version = version


class TooManyDeployments(Exception):
    """The limit of running deployments is reached (403 on the wire)."""

    def __init__(self, limit: int = MAX_DEPLOYMENTS) -> None:
        super().__init__(
            f"Max number ({limit}) of running deployments is achieved. Wait for existing deployments to complete "
            "or cancel one using force=true parameter. You can increase max deployment number by using "
            "--max-running-deployments parameter"
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
class UnusedOffer:
    """An offer that could not be used for an app, for `reason` (one of `actors.marathon.matching`)."""

    offer: Offer
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An app with instances that wait for an offer.

    `delay` is in seconds until the next launch is tried (0: now); `rejected` counts, per reason of
    `actors.marathon.matching`, the offers that could not be used since `since`; `last_unused_offers` has the last one
    of each agent, if that could not be used.
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
    last_unused_offers: tuple[UnusedOffer, ...] = ()


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
