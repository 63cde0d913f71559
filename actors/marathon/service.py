"""Marathon as one tree of actors.

    marathon (guardian; all for one)
    ├── scheduler      Mesos's events and calls
    ├── launcher       launch queue, offers
    ├── instances      the book of instances
    ├── health         one checker per app and configuration
    └── supervisor     the root group
        └── one deployment per running deployment
            └── one step per affected app, gates between them

Each of the five reads what it needs from the journal when it starts. They share what is stored and nothing else: when
one of them fails, all five begin again from the journal, and Mesos reconciles; tasks never notice.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.core import Actor, ActorRef, ActorSystem, AllForOneStrategy, Directive, Failure, Props, Terminated
from actors.marathon.health import Health, Probe
from actors.marathon.instances import Instances
from actors.marathon.launcher import Launcher
from actors.marathon.messages import MAX_DEPLOYMENTS, GetInstances, GetRoot
from actors.marathon.plan import DeploymentMode
from actors.marathon.roles import DEFAULT_ROLE
from actors.marathon.scheduler import FAILOVER_TIMEOUT, Connect, Scheduler, mesos_scheduler
from actors.marathon.state.format import bring_up_to_date
from actors.marathon.supervisor import Supervisor
from actors.persistence import Journal, JournalBroken, JournalClosed, StaleEpoch
from mesos_proto import FrameworkInfo

__all__ = ["Marathon", "MarathonStopped"]

START_TIMEOUT = 300.0
"""Seconds in which the state must have been read from the journal."""


class MarathonStopped(Exception):
    """The service's actors failed too often, or could not start; the cause is the last failure."""


@dataclass(frozen=True, slots=True)
class _Settings:
    journal: Journal
    connect: Connect
    name: str
    user: str
    hostname: str
    webui_url: str | None
    principal: str | None
    accept_new_framework: bool
    max_deployments: int
    deployment_mode: DeploymentMode
    env_prefix: str
    launch_rate: float | None
    mesos_role: str
    probe: Probe | None

    def describe(self, framework_id: str | None, roles: Sequence[str]) -> FrameworkInfo:
        return FrameworkInfo(
            name=self.name,
            user=self.user,
            id=framework_id,
            failover_timeout=FAILOVER_TIMEOUT,
            checkpoint=True,
            principal=self.principal,
            roles=tuple(roles),
            capabilities=("MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "REGION_AWARE"),
            hostname=self.hostname,
            webui_url=self.webui_url,
        )


@dataclass(frozen=True, slots=True)
class _Refs:
    supervisor: ActorRef[Any]
    instances: ActorRef[Any]
    queue: ActorRef[Any]
    scheduler: ActorRef[Any]
    health: ActorRef[Any]


class _GetRefs:
    """Answered with `_Refs` once all of them have read their state."""


class _WhenStopped:
    """Answered with `MarathonStopped` when the service has failed for good."""


@dataclass(frozen=True, slots=True)
class _Started:
    asker: ActorRef[Any]


class _Guardian(Actor[Any]):
    # A journal that is another's, broken or closed is so for good: to begin again from it would only be tried in vain.
    supervisor_strategy = AllForOneStrategy(
        decider=dict.fromkeys((StaleEpoch, JournalBroken, JournalClosed), Directive.STOP)
    )

    def __init__(self, settings: _Settings) -> None:
        spawn, journal = self.context.spawn, settings.journal
        scheduler = spawn(
            Props(
                Scheduler,
                journal,
                settings.connect,
                settings.describe,
                accept_new_framework=settings.accept_new_framework,
            ),
            "scheduler",
        )
        queue = spawn(Props(Launcher, scheduler, settings.env_prefix, settings.launch_rate), "launcher")
        instances = spawn(Props(Instances, journal, scheduler, queue), "instances")
        health = spawn(Props(Health, instances, settings.probe), "health")
        supervisor = spawn(
            Props(
                Supervisor,
                journal,
                scheduler=scheduler,
                instances=instances,
                queue=queue,
                health=health,
                max_deployments=settings.max_deployments,
                mode=settings.deployment_mode,
                mesos_role=settings.mesos_role,
            ),
            "supervisor",
        )
        self._refs = _Refs(supervisor, instances, queue, scheduler, health)
        self._waiting: list[ActorRef[Any]] = []
        self._failed: MarathonStopped | None = None

    def pre_start(self) -> None:
        for child in self.context.children:
            self.context.watch(child)

    def receive(self, message: Any) -> None:
        match message:
            case _GetRefs():
                assert self.sender is not None
                self._wait(self.sender)
                self.context.pipe_to(self._when_started(self.sender))
            case _WhenStopped():
                assert self.sender is not None
                self._wait(self.sender)
            case _Started(asker):
                self._waiting.remove(asker)
                asker.tell(self._refs, self.ref)
            case Terminated(ref, _, reason):
                self._end(ref, reason)
            case Failure(error):
                self._end(self.ref, error)
            case _:
                self.unhandled(message)

    def _wait(self, asker: ActorRef[Any]) -> None:
        if self._failed is not None:
            asker.tell(Failure(self._failed), self.ref)
        else:
            self._waiting.append(asker)

    async def _when_started(self, asker: ActorRef[Any]) -> _Started:
        await self._refs.instances.ask(GetInstances(frozenset()), START_TIMEOUT)
        await self._refs.supervisor.ask(GetRoot(), START_TIMEOUT)
        return _Started(asker)

    def _end(self, ref: ActorRef[Any], reason: BaseException | None) -> None:
        """Without one of the five the others would only pretend to work."""
        if self._failed is not None:
            return
        self._failed = MarathonStopped(f"{ref.path} has stopped: {reason or 'it was told to'}")
        self._failed.__cause__ = reason
        self.log.critical("Marathon stops; tasks run on: %s", self._failed)
        for child in self.context.children:
            self.context.stop(child)
        for asker in self._waiting:
            asker.tell(Failure(self._failed), self.ref)
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Marathon:
    """A running service without its HTTP API: the refs to ask (see `actors.marathon.messages`)."""

    system: ActorSystem
    supervisor: ActorRef[Any]
    instances: ActorRef[Any]
    queue: ActorRef[Any]
    scheduler: ActorRef[Any]
    health: ActorRef[Any]
    _guardian: ActorRef[Any] = field(repr=False)

    @classmethod
    async def start(
        cls,
        system: ActorSystem,
        *,
        master: Any = None,
        journal: Journal,
        hostname: str = "127.0.0.1",
        framework_name: str = "marathon",
        user: str | None = None,
        principal: str | None = None,
        webui_url: str | None = None,
        accept_new_framework: bool = False,
        max_deployments: int = MAX_DEPLOYMENTS,
        deployment_mode: DeploymentMode = "graph",
        env_prefix: str = "",
        launch_rate: float | None = None,
        mesos_role: str = DEFAULT_ROLE,
        probe: Probe | None = None,
        connect: Connect | None = None,
        **mesos_options: Any,
    ) -> Marathon:
        """Read the state from `journal` and go on with it; returns before Mesos has answered.

        :param master: as for `actors.mesos.Mesos.register_framework`, which also takes `mesos_options`.
        :param journal: stays the caller's, who closes it after `stop`.
        :param hostname: of this service, for Mesos's pages.
        :param user: under which tasks run; this process's when None.
        :param accept_new_framework: register anew when Mesos has removed the stored framework id.
        :param max_deployments: running at a time; more are refused with `TooManyDeployments`.
        :param deployment_mode: "graph", or "steps" for Marathon's classic barriers; deployments that are under way go
            on in this mode.
        :param env_prefix: goes before the names of the variables that tell tasks their ports and host.
        :param launch_rate: instances launched per second at most, on the average; no limit when None.
        :param mesos_role: of apps that name none; apps may also have the name of their top-level group as their role.
        :param probe: looks at instances for health checks; over the network when None.
        :param connect: in the place of Mesos (tests).
        :raises MarathonStopped: when the state cannot be read; the cause says why.
        :raises NewerVersion: when the state was written by a newer version of this software.
        """
        settings = _Settings(
            journal=journal,
            connect=connect if connect is not None else mesos_scheduler(master, journal, **mesos_options),
            name=framework_name,
            user=user if user is not None else getpass.getuser(),
            hostname=hostname,
            webui_url=webui_url,
            principal=principal,
            accept_new_framework=accept_new_framework,
            max_deployments=max_deployments,
            deployment_mode=deployment_mode,
            env_prefix=env_prefix,
            launch_rate=launch_rate,
            mesos_role=mesos_role,
            probe=probe,
        )
        await bring_up_to_date(journal)
        guardian = system.spawn(Props(_Guardian, settings), "marathon")
        try:
            refs = await guardian.ask(_GetRefs(), START_TIMEOUT)
        except BaseException:
            await system.graceful_stop(guardian, 10.0)
            raise
        return cls(system, refs.supervisor, refs.instances, refs.queue, refs.scheduler, refs.health, guardian)

    async def when_stopped(self) -> None:
        """Wait until the service has failed for good; raises `MarathonStopped`. Cancel it to stop waiting."""
        while True:
            await self._guardian.ask(_WhenStopped(), 365 * 24 * 3600.0)

    async def stop(self, timeout: float = 30.0) -> None:
        """Leave Mesos without a word (tasks run on) and stop the actors; what is stored stays."""
        await self.system.graceful_stop(self._guardian, timeout)
