"""The supervisor: the root group, its versions, and the deployments that lead from one to the next.

    API                        supervisor                              journal, deployments, instances
    ---                        ----------                              -------------------------------
    UpdateRoot(change)    ──▶  change(root, version): a new root, and its plan, in a thread
    GetRoot, ListDeployments ▶ answered meanwhile with what is; whatever else comes waits
                               locked apps? AppLocked, or (force) those deployments are ended
                               root, apps, deployment               ─▶ one append
         ◀── DeploymentStarted                                      ◀─ stored
                               ReleaseApps                          ─▶ instances
                               spawns a deployment                  ─▶ … DeploymentEnded
                               the record is deleted, KeepApp       ─▶ instances
                               begins it again, from its record     ◀─ Terminated: its code failed

What holds: whoever got `DeploymentStarted` finds root and deployment again after ``kill -9``, and in every answer from
then on. An app belongs to one running deployment at most. A change that is refused, by a rule, a lock or a full
journal, has changed nothing. Changes are made one after the other, in the order in which they were asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from actors.core import Actor, ActorRef, Failure, Props, StoppingStrategy, Terminated
from actors.marathon.deployment import Deployment, status_of
from actors.marathon.judged_change import JudgedChange, RefusedChange, Undo, judge
from actors.marathon.messages import (
    MAX_DEPLOYMENTS,
    AppLocked,
    CancelDeployment,
    CancelPart,
    DeploymentCancelled,
    DeploymentFailed,
    DeploymentNotFound,
    DeploymentStarted,
    DeploymentStatus,
    DeploymentSuccess,
    GetAppVersion,
    GetAppVersions,
    GetRoot,
    GetRootAt,
    GetRootVersions,
    GroupChangeFailed,
    GroupChangeSuccess,
    ListDeployments,
    PartNotFound,
    TooManyDeployments,
    UpdateRoot,
    VersionNotKept,
)
from actors.marathon.model import next_version
from actors.marathon.plan import DeploymentMode, DeploymentPlan, make_plan
from actors.marathon.protocol import (
    CancelStep,
    DeploymentEnded,
    DeploymentProgress,
    KeepApp,
    OnlyApps,
    ReleaseApps,
    RootChanged,
    WatchApps,
)
from actors.marathon.roles import DEFAULT_ROLE, enforcing_groups, roles_of
from actors.marathon.state import DeploymentRecord, RootHistory
from actors.marathon.state.recovery import recover_deployments, recover_root
from actors.persistence import Append, Event, Journal, JournalBroken, JournalClosed, JournalFull, StaleEpoch

__all__ = ["Supervisor"]

STOP_TIMEOUT = 10.0
"""Seconds given to a cancelled deployment to end its actors; they only have to finish the message at hand."""

ENDED_RETRY = 1.0
"""Seconds between attempts to drop the record of a deployment that is done from a journal that is full."""


BEGIN_AGAIN = 5.0
"""Seconds after which a deployment whose own code failed begins again."""


@dataclass(slots=True)
class _Running:
    """``actor`` is None from a failure of it until it begins again."""

    record: DeploymentRecord
    status: DeploymentStatus
    actor: ActorRef[Any] | None


@dataclass(frozen=True, slots=True)
class _BeginAgain:
    id: str


@dataclass(frozen=True, slots=True)
class _Tidied:
    """What became needless in the journal is gone from it."""


class Supervisor(Actor[Any]):
    """See the head of this module."""

    # What a deployment has heard since it began, such as the parts that were cancelled, is in its record alone.
    supervisor_strategy = StoppingStrategy()

    def __init__(
        self,
        journal: Journal,
        *,
        scheduler: ActorRef[Any],
        instances: ActorRef[Any],
        queue: ActorRef[Any],
        health: ActorRef[Any],
        max_deployments: int = MAX_DEPLOYMENTS,
        mode: DeploymentMode = "graph",
        mesos_role: str = DEFAULT_ROLE,
    ) -> None:
        self._journal = journal
        self._history = RootHistory()
        self._instances = instances
        self._queue = queue
        self._health = health
        self._max_deployments = max_deployments
        self._mode = mode
        self._mesos_role = mesos_role
        self._scheduler = scheduler
        self._told: RootChanged | None = None
        self._running: dict[str, _Running] = {}
        self._judging: tuple[UpdateRoot, ActorRef[Any] | None] | None = None
        self._publish = self.context.system.event_stream.publish

    async def pre_start(self) -> None:
        self._history = await recover_root(self._journal)
        stored = await recover_deployments(self._journal)
        root = self._history.current
        locked = {app_id for record in stored for app_id in record.affected_apps}
        # Changes that overtook each other, and deployments that were cancelled, left instances of any kept version.
        # Those that nobody checks would count as sick: healthy ones would be killed to make room for them.
        known = (*root.apps, *sorted(locked - root.apps.keys()))
        kept = tuple(app for app_id in known for app in self._history.kept(app_id))
        self._health.tell(WatchApps((*kept, *root.all_apps())), self.ref)
        self._instances.tell(OnlyApps(frozenset(root.apps) | locked), self.ref)
        for app in root.all_apps():
            if app.id not in locked:
                self._instances.tell(KeepApp(app), self.ref)
        self._tell_mesos()
        for record in stored:
            plan = make_plan(record.original_of(root), record.target_of(root), self._mode)
            self._start(record, plan)
        self.context.unstash_all()  # what waited for a change that was being judged when this actor failed

    def pre_restart(self, cause: BaseException, message: Any | None) -> Awaitable[None] | None:
        if self._judging is not None:  # nothing came of it yet: the next one judges it
            self.ref.tell(*self._judging)
        return super().pre_restart(cause, message)

    def _tell_mesos(self) -> None:
        """Tell of the roles in use, when they are others than before. Tasks of a role that is left end all the same."""
        root = self._history.current
        told = RootChanged(roles_of(root, self._mesos_role), enforcing_groups(root))
        if told != self._told:
            self._told = told
            self._scheduler.tell(told, self.ref)
            self._queue.tell(told, self.ref)

    async def receive(self, message: Any) -> None:
        match message:
            case GetRoot():
                self.reply(self._history.current)
            case ListDeployments():
                self.reply(tuple(running.status for running in self._running.values()))
            case UpdateRoot() | CancelDeployment() | CancelPart() if self._judging is not None:
                self.context.stash()
            case UpdateRoot():
                self._judge(message)
            case JudgedChange():
                self._judging = None
                self.context.unstash_all()
                await self._answering(self._carry_out(message))
            case RefusedChange(version, error):
                self._judging = None
                self.context.unstash_all()
                self._publish(GroupChangeFailed("/", version, str(error)))
                self.reply(error)
            case CancelDeployment(deployment_id, force=False):
                self._undo(deployment_id)
            case CancelDeployment():
                await self._answering(self._cancel(message))
            case CancelPart():
                await self._answering(self._cancel_part(message))
            case DeploymentProgress(status):
                if status.id in self._running:
                    self._running[status.id].status = status
            case DeploymentEnded():
                await self._ended(message)
            case Terminated(ref=actor):
                self._failed(actor)
            case _BeginAgain(deployment_id):
                self._begin_again(deployment_id)
            case GetRootVersions(group_id):
                self.reply(self._history.versions_with(group_id))
            case GetRootAt(version):
                self.reply(self._history.root_at(version) or VersionNotKept("the root group", version))
            case GetAppVersions(app_id):
                self.reply(self._history.app_versions(app_id))
            case GetAppVersion(app_id, version):
                self.reply(self._history.app_at(app_id, version) or VersionNotKept(f"app {app_id}", version))
            case _Tidied():
                pass
            case Failure(error):
                raise error
            case _:
                self.unhandled(message)

    # -- changes

    async def _answering(self, work: Awaitable[Any]) -> None:
        """Reply what `work` returns. What it refuses is the asker's to know and leaves everything as it was."""
        try:
            answer = await work
        except (StaleEpoch, JournalBroken, JournalClosed):
            raise  # another leads now, or nobody knows what is stored: this actor must not go on from memory
        except Exception as error:  # noqa: BLE001 - whatever `change` or the rules refuse, the asker is told
            self.reply(error)
        else:
            self.reply(answer)

    def _judge(self, update: UpdateRoot) -> None:
        """Find out what a change leads to. With a thousand apps it takes a second or two, in which everybody else is
        answered; a change that comes meanwhile waits, for it has to be judged by what this one makes."""
        self._judging = update, self.sender
        version = next_version(self.context.system.clock.now(), self._history.current.version)
        new_id = str(UUID(int=self.context.system.random.getrandbits(128), version=4))
        judged = asyncio.to_thread(judge, update, self._history, version, new_id, self._mesos_role, self._mode)
        self.context.pipe_to(judged, sender=self.sender)

    async def _carry_out(self, judged: JudgedChange) -> DeploymentStarted:
        root, plan, record = judged.root, judged.plan, judged.record
        try:
            in_the_way = self._in_the_way(plan, force=judged.force)
        except Exception as refused:
            self._publish(GroupChangeFailed("/", record.version, str(refused)))
            raise
        ended = (Append(other.record.stream, (Event("deployment-ended"),)) for other in in_the_way)
        await self._journal.append([*judged.writes, *ended])
        self._history.record(root)
        self._tell_mesos()
        for other in in_the_way:
            await self._stop(other, f"cancelled in favour of deployment {record.id}")
        self._tidy(*(other.record.stream for other in in_the_way))
        self._publish(GroupChangeSuccess("/", record.version))
        status = self._start(record, plan)
        # Apps of a cancelled deployment that the new one does not touch are kept as the root has them.
        self._keep({app_id for other in in_the_way for app_id in other.record.affected_apps} - record.affected_apps)
        return DeploymentStarted(record.id, record.version, root, status)

    def _in_the_way(self, plan: DeploymentPlan, *, force: bool) -> list[_Running]:
        affected = plan.changes.keys()
        locking = [other for other in self._running.values() if affected & other.record.affected_apps]
        if locking and not force:
            raise AppLocked(tuple(other.record.id for other in locking))
        if len(self._running) - len(locking) >= self._max_deployments:
            raise TooManyDeployments(self._max_deployments)
        return locking

    def _start(self, record: DeploymentRecord, plan: DeploymentPlan) -> DeploymentStatus:
        status = status_of(record.id, record.version, plan)
        self._instances.tell(ReleaseApps(record.affected_apps), self.ref)
        self._health.tell(WatchApps(tuple(record.target.values())), self.ref)
        self._running[record.id] = _Running(record, status, self._spawn(record, status, plan))
        return status

    def _spawn(self, record: DeploymentRecord, status: DeploymentStatus, plan: DeploymentPlan) -> ActorRef[Any]:
        props = Props(Deployment, status, plan, self._instances, self._queue, record.kill)
        return self.context.watch(self.context.spawn(props, record.id))

    def _failed(self, actor: ActorRef[Any]) -> None:
        running = next((one for one in self._running.values() if one.actor == actor), None)
        if running is None:
            return  # it was ended
        running.actor = None
        self.log.error("deployment %s failed; it begins again in %g s", running.record.id, BEGIN_AGAIN)
        self.context.timers.start_single(running.record.id, _BeginAgain(running.record.id), BEGIN_AGAIN)

    def _begin_again(self, deployment_id: str) -> None:
        running = self._running.get(deployment_id)
        if running is None or running.actor is not None:
            return
        record, root = running.record, self._history.current
        plan = make_plan(record.original_of(root), record.target_of(root), self._mode)
        running.status = status_of(record.id, record.version, plan)
        running.actor = self._spawn(record, running.status, plan)

    # -- ends

    def _undo(self, deployment_id: str) -> None:
        running = self._running.get(deployment_id)
        if running is None:
            self.reply(DeploymentNotFound(deployment_id))
        else:
            self._judge(UpdateRoot(Undo(running.record), force=True))

    async def _cancel(self, cancel: CancelDeployment) -> DeploymentCancelled:
        running = self._running.get(cancel.id)
        if running is None:
            raise DeploymentNotFound(cancel.id)
        await self._journal.append([Append(running.record.stream, (Event("deployment-ended"),))])
        await self._stop(running, "cancelled by force")
        self._keep(running.record.affected_apps)
        self._tidy(running.record.stream)
        return DeploymentCancelled(cancel.id)

    async def _cancel_part(self, cancel: CancelPart) -> DeploymentCancelled:
        running, app_id = self._running.get(cancel.id), cancel.app_id
        if running is None:
            raise DeploymentNotFound(cancel.id)
        if app_id not in running.record.affected_apps or app_id in running.status.finished:
            raise PartNotFound(cancel.id, app_id)
        await self._journal.append([Append(running.record.stream, (Event("part-cancelled", 1, {"app": app_id}),))])
        running.record = running.record.without(app_id)
        # Unlocked before its step has given its last order, two deployments would give orders for the app.
        if running.actor is not None:
            await running.actor.ask(CancelStep(app_id, self._history.current.app(app_id)), STOP_TIMEOUT)
        self._keep({app_id})
        return DeploymentCancelled(cancel.id)

    async def _stop(self, running: _Running, reason: str) -> None:
        del self._running[running.record.id]
        self.context.timers.cancel(running.record.id)
        if running.actor is not None:
            await self.context.system.graceful_stop(running.actor, STOP_TIMEOUT)
        self._publish(DeploymentFailed(running.record.id, running.status, reason))

    async def _ended(self, ended: DeploymentEnded) -> None:
        running = self._running.get(ended.id)
        if running is None:
            return  # it ended while it was being cancelled
        try:
            await self._journal.delete(running.record.stream)
        except JournalFull:
            # Unlocked before the record is gone, it would undo later changes of these apps after a restart.
            self.context.timers.start_single(ended.id, ended, ENDED_RETRY)
            return
        if ended.reason is not None:
            running.status = ended.status
            await self._stop(running, ended.reason)
        else:
            del self._running[ended.id]
            if running.actor is not None:
                self.context.stop(running.actor)
            self._publish(DeploymentSuccess(ended.id, ended.status))
        self._keep(running.record.affected_apps)

    def _keep(self, app_ids: Collection[str]) -> None:
        """From now on these apps are as the root has them; what is left of removed ones goes."""
        root = self._history.current
        for app_id in app_ids:
            app = root.app(app_id)
            if app is not None:
                self._instances.tell(KeepApp(app), self.ref)
        if not all(app_id in root.apps for app_id in app_ids):
            locked = {app_id for other in self._running.values() for app_id in other.record.affected_apps}
            self._instances.tell(OnlyApps(frozenset(root.apps) | locked), self.ref)

    def _tidy(self, *ended: str) -> None:
        """Drop from the journal what nobody will read again. What a crash leaves over is dropped at the next start."""
        due = tuple(self._history.snapshots_due())
        streams = (*ended, *self._history.forgotten())
        if due or streams:
            self.context.pipe_to(self._tidied(due, streams))

    async def _tidied(
        self, snapshots: tuple[tuple[str, int, Mapping[str, Any]], ...], streams: tuple[str, ...]
    ) -> _Tidied:
        try:
            for stream, seq, payload in snapshots:
                await self._journal.save_snapshot(stream, seq, payload)
            for stream in streams:
                await self._journal.delete(stream)
        except JournalFull as full:
            self.log.warning("the journal could not be tidied up: %s", full)
        return _Tidied()
