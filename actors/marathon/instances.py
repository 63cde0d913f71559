"""The instances actor: the one book of all instances, and the only one who writes in it.

    who                                instances                              journal, scheduler, event stream
    ---                                ---------                              --------------------------------
    step, standing order (KeepApp) ──▶ too few: scheduled, LaunchInstances ─▶ launcher
    launcher: Provision            ──▶ instance-set …                      ─▶ journal
             ◀── Provisioned                                              ◀── stored
    scheduler: StatusUpdate        ──▶ instance-set, or the stream's end   ─▶ journal
                                       Acknowledge, InstanceChanged        ◀── stored
    KillInstances                  ──▶ goal Decommissioned                 ─▶ journal
                                       KillTask (again every 30 s)         ◀── stored

What holds: a status is acknowledged only after it is stored, and a repeated one changes nothing. An instance is stored
before it is launched. A live task that is not in the book is killed. Scheduled instances are only in memory: orders say
how many shall exist, not how many more, so that after a restart they are simply scheduled again.

An error of the journal other than "full" fails the actor, and with it the whole service's tree, which begins again
from what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from actors.core import Actor, ActorRef, Failure
from actors.marathon.followers import SnapshotDue, TellFollowers
from actors.marathon.group_commit import Committed
from actors.marathon.instance_book import InstanceBook
from actors.marathon.instance_health import checks_of_task, seen_by_agent, with_health
from actors.marathon.instance_ids import app_of_task, instance_of_task
from actors.marathon.instance_kills import InstanceKills, KillOn, Sweep, SweepOn
from actors.marathon.instance_orders import InstanceOrders, OrderOn
from actors.marathon.messages import (
    Condition,
    DomainEvent,
    GetInstances,
    GetTaskCounts,
    GetTaskFailures,
    Goal,
    HealthResult,
    HealthStatusChanged,
    Instance,
    InstanceChanged,
    InstanceHealthChanged,
    KillInstances,
    TaskStatusChanged,
    UnknownInstanceTerminated,
)
from actors.marathon.pod_instance import condition_of_all, seen
from actors.marathon.protocol import (
    EnsureInstances,
    FollowApp,
    ForgetApps,
    HealthReport,
    InstancesRecovered,
    KeepApp,
    LaunchFailed,
    OnlyApps,
    Provision,
    Provisioned,
    ReleaseApps,
    UnfollowApp,
    Unlaunched,
)
from actors.marathon.task_states import alive, condition_of, speaks_of_another_attempt
from actors.marathon.unreachable import Expunge, GiveUp, UnreachableTimers
from actors.mesos import Acknowledge, CallFailed, KillTask, StatusUpdate
from actors.persistence import Journal
from mesos_proto import AgentID, TaskID, TaskStatus, mesos_pb2

__all__ = ["Instances"]


class Instances(Actor[Any]):
    """See the head of this module."""

    def __init__(self, journal: Journal, scheduler: ActorRef[Any], launcher: ActorRef[Any]) -> None:
        system = self.context.system
        self._clock = system.clock
        self._publish = system.event_stream.publish
        self._scheduler = scheduler
        self._launcher = launcher
        self._book = InstanceBook(self, journal)
        self._unreachable = UnreachableTimers(self.context.timers, self._clock)
        self._kills = InstanceKills(self, self._book, launcher, self._over)
        self._orders = InstanceOrders(self, self._book, launcher, self._kills, self._unreachable)

    async def pre_start(self) -> None:
        await self._book.recover()
        recovered = InstancesRecovered(tuple(self._book.instances), self._launcher)
        self._launcher.tell(recovered, self.ref)
        self._scheduler.tell(recovered, self.ref)
        self._kills.begin()

    def receive(self, message: Any) -> None:
        match message:
            case StatusUpdate(status):
                self._status(status)
            case Committed():
                self._book.finished(message)
            case HealthReport(instance_id, check, result):
                self._health(instance_id, check, result)
            case Provision():
                self._provision(message)
            case EnsureInstances():
                self._orders.ensure(message)
            case OrderOn():
                self._orders.go_on(message)
            case GetInstances(app_ids):
                self.reply(self._listed(app_ids))
            case KillInstances(ids, wipe):
                self.reply(self._kills.kill(ids, wipe=wipe))
            case KillOn():
                self._kills.kill_on()
            case KeepApp(app):
                self._orders.keep(app)
            case ReleaseApps(app_ids):
                self._orders.release(app_ids)
            case FollowApp(app_id):
                assert self.sender is not None
                self._book.followers.add(app_id, self.sender)
            case UnfollowApp(app_id):
                assert self.sender is not None
                self._book.followers.remove(app_id, self.sender)
            case TellFollowers():
                self._book.followers.tell()
            case SnapshotDue():
                self._book.followers.due(message)
            case Unlaunched(ids):
                self._unlaunched(ids)
            case GiveUp(instance_id):
                self._give_up(instance_id)
            case Expunge(instance_id):
                self._expunge(instance_id)
            case GetTaskCounts(app_ids):
                self.reply(self._book.counts_of(app_ids))
            case GetTaskFailures(app_ids):
                self.reply(self._book.failures_of(app_ids))
            case OnlyApps(app_ids):
                self._kills.kill(self._book.ids_of_others(app_ids))
            case ForgetApps(app_ids):
                for app_id in app_ids:
                    self._orders.forget(app_id)
                    self._book.forget(app_id)
            case Sweep():
                self._kills.sweep()
            case SweepOn():
                self._kills.sweep_on()
            case CallFailed():
                pass  # a kill is sent again by the sweep, an acknowledgement when the update comes again
            case Failure(error):
                raise error
            case _:
                self.unhandled(message)
        self._book.followers.flush()

    # -- launching

    def _provision(self, message: Provision) -> None:
        now = self._clock.now()
        launcher = self.sender
        provisioned = []
        for launch in message.launches:
            scheduled = self._book.get(launch.instance_id)
            if scheduled is None or scheduled.condition is not Condition.SCHEDULED:
                continue
            instance = replace(
                scheduled,
                app_version=launch.app.version or "",
                condition=Condition.PROVISIONED,
                task_id=launch.task_id,
                agent_id=launch.agent_id,
                host=launch.host,
                ports=launch.ports,
                attributes=launch.attributes,
                region=launch.region,
                zone=launch.zone,
                containers=launch.containers,
                since=now,
                staged_at=now,
                health=(HealthResult(),) * len(launch.app.health_checks),
            )
            provisioned.append(instance)

        def stored() -> None:
            if launcher is not None:
                launcher.tell(Provisioned(message.batch, frozenset(one.id for one in provisioned)), self.ref)

        self._book.change_all(provisioned, then=stored)

    def _unlaunched(self, ids: Iterable[str]) -> None:
        for instance_id in ids:
            instance = self._book.get(instance_id)
            if instance is not None and instance.condition is Condition.PROVISIONED:
                self._over(instance, Condition.UNKNOWN)

    # -- what Mesos says

    def _status(self, status: TaskStatus) -> None:
        proto = status.proto
        task_id = proto.task_id.value
        instance = self._book.get(instance_of_task(task_id))
        if instance is None or not instance.has_task(task_id):
            self._unknown_task(status)
            return
        condition = condition_of(proto)
        acknowledge = partial(self._acknowledge, status)
        told = TaskStatusChanged(instance, mesos_pb2.TaskState.Name(proto.state), proto.message, task_id)
        if speaks_of_another_attempt(proto) and instance.condition is not Condition.PROVISIONED:
            self._book.after_writes(acknowledge)
            return
        after = instance
        if instance.containers:
            after = seen(instance, task_id, condition, proto.message, self._clock.now())
            condition = condition_of_all(after.containers)
        if condition.is_terminal:
            self._over(after, condition, told, then=acknowledge)
        elif condition is Condition.UNREACHABLE:
            self._lost(instance, after, told, acknowledge)
        else:
            self._alive(instance, after, condition, proto, told, acknowledge)

    def _alive(
        self,
        instance: Instance,
        after: Instance,
        condition: Condition,
        status: mesos_pb2.TaskStatus,
        told: TaskStatusChanged,
        acknowledge: Any,
    ) -> None:
        changed = alive(after, condition, status, self._clock.now())
        if instance.condition.is_lost:
            self._unreachable.cancel(instance.id)
            if instance.goal is not Goal.RUNNING:
                self._kills.kill_task(instance)
        if changed == instance:
            self._book.after_writes(acknowledge)  # repeated: acknowledged after the one that it repeats
        else:
            self._book.change(changed, InstanceChanged(changed), replace(told, instance=changed), then=acknowledge)
        app = self._orders.definition(instance.app_id)
        if status.HasField("healthy") and app is not None:
            for check in checks_of_task(app, changed, status.task_id.value):
                self._health(instance.id, check, seen_by_agent(changed, check, status.healthy, self._clock.now()))
        if instance.condition is Condition.UNREACHABLE_INACTIVE:
            self._orders.keep_on(instance.app_id)  # its replacement is one too many now

    def _unknown_task(self, status: TaskStatus) -> None:
        proto = status.proto
        task_id = proto.task_id.value
        condition = condition_of(proto)
        if condition.is_terminal:
            if condition is not Condition.UNKNOWN:
                self._publish(UnknownInstanceTerminated(instance_of_task(task_id), app_of_task(task_id), condition))
        elif not condition.is_lost:
            self.log.warning("killing task %s on agent %s: it is not ours any more", task_id, proto.agent_id.value)
            agent_id = AgentID(proto.agent_id.value) if proto.HasField("agent_id") else None
            self._scheduler.tell(KillTask(TaskID(task_id), agent_id), self.ref)
        # Its end may be on its way to the journal: nothing is acknowledged before that is stored.
        self._book.after_writes(partial(self._acknowledge, status))

    def _lost(self, instance: Instance, after: Instance, told: TaskStatusChanged, acknowledge: Any) -> None:
        app = self._orders.definition(instance.app_id)
        if instance.goal is not Goal.RUNNING:
            self._over(after, Condition.UNREACHABLE, told, then=acknowledge)
            return
        if instance.condition.is_lost:
            if after == instance:
                self._book.after_writes(acknowledge)
            else:  # another container of the same pod
                self._book.change(after, replace(told, instance=after), then=acknowledge)
            return
        lost = replace(after, condition=Condition.UNREACHABLE, since=self._clock.now())
        self._book.change(lost, InstanceChanged(lost), replace(told, instance=lost), then=acknowledge)
        if app is not None:
            self._unreachable.start(lost, app)

    def _give_up(self, instance_id: str) -> None:
        instance = self._book.get(instance_id)
        if instance is not None and instance.condition is Condition.UNREACHABLE:
            inactive = replace(instance, condition=Condition.UNREACHABLE_INACTIVE)
            self._book.change(inactive, InstanceChanged(inactive))
            self._orders.replenish(instance.app_id)

    def _expunge(self, instance_id: str) -> None:
        instance = self._book.get(instance_id)
        if instance is not None and instance.condition.is_lost:
            self._over(instance, Condition.UNREACHABLE)

    def _acknowledge(self, status: TaskStatus) -> None:
        if status.uuid:
            self._scheduler.tell(Acknowledge(status), self.ref)

    # -- health

    def _health(self, instance_id: str, check: int, result: HealthResult) -> None:
        instance = self._book.get(instance_id)
        if instance is None or check >= len(instance.health):
            return
        changed = with_health(instance, check, result)
        if instance.health[check].alive == result.alive:
            self._book.note(changed)  # when a check last succeeded is not worth a write; that it does is
            return
        events: list[DomainEvent] = []
        if result.alive is not None:
            events.append(HealthStatusChanged(instance.app_id, instance.id, instance.app_version, result.alive))
        if changed.healthy != instance.healthy:
            events.append(InstanceHealthChanged(changed, changed.healthy))
        self._book.change(changed, *events)

    # -- the end of an instance, and who asks

    def _over(
        self, instance: Instance, condition: Condition, told: TaskStatusChanged | None = None, *, then: Any = None
    ) -> None:
        """The instance is gone, or is treated so; the standing order replaces it."""
        self._unreachable.cancel(instance.id)
        self._kills.gone(instance.id)
        if condition.is_failure and instance.goal is Goal.RUNNING:
            self._launcher.tell(LaunchFailed(instance.app_id, instance.app_version), self.ref)
        self._book.end(instance, condition, told, then=then)
        self._orders.replenish(instance.app_id)

    def _listed(self, app_ids: frozenset[str] | None) -> tuple[Instance, ...]:
        if app_ids is None:
            return tuple(self._book.instances)
        return tuple(instance for app_id in app_ids for instance in self._book.of(app_id).values())
