"""What the API knows of the service behind it: the actors it asks, and the facts that ``/v2/info`` tells.

    handler ── await service.root() ──▶ supervisor.ask(GetRoot())

Nothing here keeps state: every answer is the actors' present one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from actors import ActorRef, ActorSystem
from actors.marathon.messages import (
    CancelDeployment,
    CancelPart,
    DeploymentCancelled,
    DeploymentStarted,
    DeploymentStatus,
    FrameworkStatus,
    GetAppVersion,
    GetAppVersions,
    GetFramework,
    GetInstances,
    GetQueue,
    GetRoot,
    GetRootAt,
    GetRootVersions,
    GetTaskCounts,
    GetTaskFailures,
    Instance,
    KillInstances,
    ListDeployments,
    QueueItem,
    ResetDelay,
    TaskCounts,
    TaskFailure,
    UpdateRoot,
    VersionNotKept,
)
from actors.marathon.model import App, RootGroup
from actors.marathon.roles import DEFAULT_ROLE

from .sandboxes import NoSandboxes, Sandboxes

__all__ = ["Change", "MarathonActors", "Service", "ServiceInfo"]


class Change(Protocol):
    """A pure function from `actors.marathon.changes`."""

    def __call__(self, root: RootGroup, version: str, /) -> RootGroup: ...


class MarathonActors(Protocol):
    """The refs of a running `actors.marathon.Marathon`."""

    @property
    def supervisor(self) -> ActorRef[Any]: ...
    @property
    def instances(self) -> ActorRef[Any]: ...
    @property
    def queue(self) -> ActorRef[Any]: ...
    @property
    def scheduler(self) -> ActorRef[Any]: ...


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """Facts for ``/v2/info`` that do not change while the service runs. `config` is Marathon's ``marathon_config``.

    `url`: at which others reach this service; None: at `hostname`, on the port that a request came to. `zookeeper`:
    ``zookeeper_config``, empty when state is not kept there. `ha`: whether others stand by to lead after this one.
    """

    version: str
    master: str
    framework_name: str = "marathon"
    hostname: str = "127.0.0.1"
    mesos_role: str = DEFAULT_ROLE
    config: Mapping[str, Any] = field(default_factory=dict)
    url: str | None = None
    zookeeper: Mapping[str, Any] = field(default_factory=dict)
    ha: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """The questions that handlers ask. `timeout` in seconds: an actor that does not answer in time means 503.

    `abdicate` makes this service give up the leadership, which ends its process; None: it has nobody to leave it to.
    """

    system: ActorSystem
    actors: MarathonActors
    info: ServiceInfo
    sandboxes: Sandboxes = field(default_factory=NoSandboxes)
    timeout: float = 30.0
    abdicate: Callable[[], None] | None = None

    async def root(self) -> RootGroup:
        return cast(RootGroup, await self.actors.supervisor.ask(GetRoot(), self.timeout))

    async def group_versions(self, group_id: str) -> tuple[str, ...]:
        return cast(tuple[str, ...], await self.actors.supervisor.ask(GetRootVersions(group_id), self.timeout))

    async def root_at(self, version: str) -> RootGroup | None:
        try:
            return cast(RootGroup, await self.actors.supervisor.ask(GetRootAt(version), self.timeout))
        except VersionNotKept:
            return None

    async def app_versions(self, app_id: str) -> tuple[str, ...]:
        return cast(tuple[str, ...], await self.actors.supervisor.ask(GetAppVersions(app_id), self.timeout))

    async def app_at(self, app_id: str, version: str) -> App | None:
        try:
            return cast(App, await self.actors.supervisor.ask(GetAppVersion(app_id, version), self.timeout))
        except VersionNotKept:
            return None

    async def update(
        self, change: Change, *, force: bool = False, kill: frozenset[str] = frozenset()
    ) -> DeploymentStarted:
        """Store a change of the root and start its deployment; raises what `change` raises, or `AppLocked`."""
        update = UpdateRoot(change=change, force=force, kill=kill)
        return cast(DeploymentStarted, await self.actors.supervisor.ask(update, self.timeout))

    async def deployments(self) -> tuple[DeploymentStatus, ...]:
        return cast(tuple[DeploymentStatus, ...], await self.actors.supervisor.ask(ListDeployments(), self.timeout))

    async def cancel_deployment(self, deployment_id: str, *, force: bool) -> DeploymentStarted | DeploymentCancelled:
        cancel = CancelDeployment(deployment_id, force)
        return cast(DeploymentStarted | DeploymentCancelled, await self.actors.supervisor.ask(cancel, self.timeout))

    async def cancel_part(self, deployment_id: str, app_id: str) -> DeploymentCancelled:
        """End one app's part of a deployment; raises `DeploymentNotFound` or `PartNotFound`."""
        cancel = CancelPart(deployment_id, app_id)
        return cast(DeploymentCancelled, await self.actors.supervisor.ask(cancel, self.timeout))

    async def instances(self, app_ids: frozenset[str] | None = None) -> tuple[Instance, ...]:
        return cast(tuple[Instance, ...], await self.actors.instances.ask(GetInstances(app_ids), self.timeout))

    async def kill(self, ids: frozenset[str], *, wipe: bool) -> tuple[Instance, ...]:
        return cast(tuple[Instance, ...], await self.actors.instances.ask(KillInstances(ids, wipe), self.timeout))

    async def task_counts(self, app_ids: frozenset[str] | None = None) -> Mapping[str, TaskCounts]:
        return cast(Mapping[str, TaskCounts], await self.actors.instances.ask(GetTaskCounts(app_ids), self.timeout))

    async def task_failures(self, app_ids: frozenset[str] | None = None) -> Mapping[str, TaskFailure]:
        return cast(Mapping[str, TaskFailure], await self.actors.instances.ask(GetTaskFailures(app_ids), self.timeout))

    async def queue(self) -> tuple[QueueItem, ...]:
        return cast(tuple[QueueItem, ...], await self.actors.queue.ask(GetQueue(), self.timeout))

    async def reset_delay(self, app_id: str) -> bool:
        return cast(bool, await self.actors.queue.ask(ResetDelay(app_id), self.timeout))

    async def framework(self) -> FrameworkStatus:
        return cast(FrameworkStatus, await self.actors.scheduler.ask(GetFramework(), self.timeout))
