"""What must hold in a `Stage`, at every moment or once the faults are over.

It is judged by what truly is: the disk, the tasks that run, the calls that reach the master. None of it asks the
service what it believes.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.marathon.instance_ids import app_of_task, instance_of_task
from actors.simulation.mesos import LiveTask
from actors.simulation.users import Definition
from mesos_proto import mesos_pb2, scheduler_pb2

if TYPE_CHECKING:
    from actors.simulation.service_stage import ServiceStage

__all__ = ["Invariants"]

TERMINAL = {"FINISHED", "FAILED", "KILLED", "ERROR", "LOST", "DROPPED", "GONE", "GONE_BY_OPERATOR"}
BEFORE_RUNNING = {"Provisioned", "Staging", "Starting", "Scheduled"}
QUIET = 30.0
"""Seconds without trouble of their own after which the number of an app's healthy tasks is only up to us."""


@dataclass(slots=True)
class Waiting:
    """An app's new definition, which must not start before those that it depends on, changed with it, were ready."""

    command: str
    first: dict[str, Definition]


class Invariants:
    """Attached to the seams of a stage when it is made."""

    def __init__(self, stage: ServiceStage) -> None:
        self.stage, self.world = stage, stage.world
        mesos, service = stage.mesos, stage.service
        mesos.on_acknowledged = self._acknowledged
        mesos.on_launch = self._launched
        mesos.on_start = self._started
        mesos.on_end = self._over
        mesos.on_call = self._called
        service.disk.on_durable = self._durable
        service.disk.on_writing = self._writing
        service.disk.on_heard = self._heard
        service.disk.on_lost = partial(self.world.sometimes, "what was being written died with its process")
        stage.users.on_put = self._put
        stage.users.on_promised = self._promised
        stage.users.on_refused = self._refused
        self._answered: set[str] = set()
        self._frameworks: set[str] = set()
        self._epoch = 0
        self._kept: set[str] = set()
        self._unheard: set[str] = set()
        self._was: dict[str, tuple[str, int]] = {}  # of each instance: its condition as stored last, in which epoch
        self._waiting: dict[str, Waiting] = {}
        self._ran: Counter[str] = Counter()  # by command: tasks that ever ran
        self._left_over: set[str] = set()
        self._before_put: tuple[dict[str, Waiting], set[str]] = ({}, set())
        self._settles: set[str] = set()  # what the change that was put last makes right, once it is promised
        self._launches: set[str] = set()
        self._told_to_die: set[str] = set()
        self._doomed_at: dict[str, float] = {}  # of each instance: when it was decided that it is to end
        self._before: dict[str, Definition | None] = {}
        self._destroyed_at: dict[str, float] = {}

    # the disk

    def _writing(self, streams: Sequence[str]) -> None:
        if any(stream.startswith("deployment/") for stream in streams) and len(streams) > 1:
            self.world.happened("change written", "disk", f"begins to write: {', '.join(streams)[:100]}")

    def _durable(self, streams: Any, epoch: int) -> None:
        self.world.happened("durable", "disk", f"stored: {', '.join(streams)[:100]}")
        if epoch < self._epoch:
            self.world.violated(
                "nothing is journaled under an older epoch", f"{streams} in {epoch}, after {self._epoch}"
            )
        self._epoch = max(self._epoch, epoch)
        if self.stage.service.led_by not in (None, writer := self.stage.service.writer()):
            self.world.violated("who was superseded journals nothing", f"{writer} stored {streams}")
        if epoch < self.stage.service.newest_epoch:
            self.world.sometimes("a leader wrote after its lease was over, before the next one did")
        for stream in streams:
            if stream.startswith("instance/") and stream not in self._kept:
                self._kept.add(stream)
                self._unheard.add(stream)
                self.world.happened("provisioned", "disk", f"has {stream.removeprefix('instance/')}")
            if stream.startswith("instance/"):
                self._became(stream, epoch)
        deployments = sum(stream.startswith("deployment/") for stream in streams)
        if deployments:
            self._one_deployment_each()
        if deployments > 1:
            self.world.sometimes("a deployment is cancelled for another")

    def _became(self, stream: str, epoch: int) -> None:
        stored = self._stored(stream.removeprefix("instance/"))
        if stored is None:
            return
        if stored.get("goal") is not None:
            self._doomed_at.setdefault(stream.removeprefix("instance/"), self.world.loop._now)
        condition = str(stored.get("condition"))
        before, since = self._was.get(stream, ("", epoch))
        self._was[stream] = (condition, epoch)
        if condition == "Running" and before.startswith("Unreachable"):
            self.world.sometimes("an unreachable instance came back")
        if condition == "Running" and before in BEFORE_RUNNING and since < epoch:
            self.world.sometimes("a launch is confirmed to another process than ordered it")

    def _heard(self, streams: Sequence[str]) -> None:
        if not self._unheard.isdisjoint(streams):  # now they are launched
            self._unheard.difference_update(streams)
            self.world.moment("provision heard")

    def _one_deployment_each(self) -> None:
        holds: dict[str, str] = {}
        for name, stream in self.stage.service.disk.store.streams.items():
            if not name.startswith("deployment/") or any(kind == "deployment-ended" for kind, _, _ in stream.events):
                continue
            record = json.loads(stream.events[0][2])
            for app_id in dict.fromkeys(app["id"] for app in (*record["original"], *record["target"])):
                if app_id in holds:
                    self.world.violated(
                        "an app belongs to one deployment at most", f"{app_id} is in {holds[app_id]} and {name}"
                    )
                holds[app_id] = name

    def _stored(self, instance_id: str) -> dict[str, Any] | None:
        stream = self.stage.service.disk.store.streams.get(f"instance/{instance_id}")
        if stream is None:
            return None
        if stream.events:
            return json.loads(stream.events[-1][2])  # type: ignore[no-any-return]
        return json.loads(stream.snapshot[2]) if stream.snapshot else None

    # what agents hear

    def _acknowledged(self, task_id: str, state: mesos_pb2.TaskState.ValueType) -> None:
        name = mesos_pb2.TaskState.Name(state)[5:]
        stored = self._stored(instance_of_task(task_id))
        condition = stored and stored.get("condition")
        if (name in TERMINAL and stored is not None) or (name == "RUNNING" and condition in BEFORE_RUNNING):
            self.world.violated(
                "no update is acknowledged before it is stored",
                f"{name} of {task_id} was acknowledged while the journal has {condition}",
            )

    def _launched(self, task: LiveTask) -> None:
        world = self.world
        # It may have been given up and forgotten since, while its agent stood still with the order in its hands.
        if f"instance/{instance_of_task(task.id)}" not in self._kept and task.id not in self._launches:
            world.violated(
                "an instance is stored before it is launched", f"{task.id} is launched and never was in the journal"
            )
        self._launches.add(task.id)
        app_id = app_of_task(task.id)
        waiting = self._waiting.get(app_id)
        if waiting is not None and waiting.command == task.command:
            del self._waiting[app_id]
            for name, each in waiting.first.items():
                if self._ran[each.command] < each.instances:
                    world.violated(
                        "a dependency is ready before its dependent starts",
                        f"{app_id} starts when {self._ran[each.command]} of {each.instances} of {name} ran",
                    )

    def _over(self, task: LiveTask) -> None:
        if task.id not in self._told_to_die:
            self.stage.disturbed()

    def _started(self, task: LiveTask) -> None:
        self._ran[task.command] += 1  # of one that ended a moment ago the service may not have heard yet

    # what the master hears

    def _called(self, call: scheduler_pb2.Call) -> None:
        world = self.world
        kind = scheduler_pb2.Call.Type.Name(call.type)
        if kind == "SUBSCRIBE":
            self.stage.disturbed()  # until now all was out of our sight, and what comes first is long past
            world.happened(
                "subscribe", "master", f"subscription of {call.framework_id.value[-9:] or 'a new framework'}"
            )
            if call.framework_id.value:
                world.happened("subscribe again", "master", "which was there before")
        if kind == "ACCEPT":
            self._answers(call.accept.offer_ids, "accepted")
            world.happened("accept", "master", f"accepted: {[one.value[-6:] for one in call.accept.offer_ids]}")
            self._frameworks.add(call.framework_id.value)
            if len(self._frameworks) > 1:
                world.violated("the framework keeps its id", f"tasks are launched as {sorted(self._frameworks)}")
        elif kind == "DECLINE":
            self._answers(call.decline.offer_ids, "declined")
        elif kind == "KILL":
            world.happened("kill", "master", f"told to kill {call.kill.task_id.value}")
            self._killed(call.kill.task_id.value)
        elif kind == "RECONCILE":
            world.happened("reconcile", "master", f"reconciles {len(call.reconcile.tasks)} tasks")

    def _answers(self, offers: Any, how: str) -> None:
        """What is declined once more, since the first answer may have been lost, changes nothing."""
        shaken = any(kind.startswith("fault: ") for kind in self.world.counts)
        for offer in offers:
            if offer.value in self._answered and not (how == "declined" and shaken):
                self.world.violated("no offer is answered twice", f"{offer.value} is {how}, and was answered before")
            self._answered.add(offer.value)

    def _killed(self, task_id: str) -> None:
        mine = next((task for task in self.stage.mesos.live if task.id == task_id), None)
        if mine is None or task_id in self._told_to_die:
            return
        self._told_to_die.add(task_id)
        app_id = app_of_task(task_id)
        promise = self.stage.users.promises.get(app_id)
        # What was decided in trouble may be sent long after it: nobody takes it back.
        decided = self._doomed_at.get(instance_of_task(task_id), self.world.loop._now)
        quiet = decided - self.stage.disturbed_at > QUIET
        destroyed = (mine.started_at or 0.0) < self._destroyed_at.get(app_id, 0.0)  # whatever it is now
        if promise is None or promise.known is None or promise.maybe or destroyed or not quiet:
            return
        by_hand = any(instance_of_task(one) == instance_of_task(task_id) for one in self.stage.users.by_hand)
        if by_hand:
            return
        left = sum(
            app_of_task(task.id) == app_id and task.id not in self._told_to_die for task in self.stage.mesos.live
        )
        before = self._before.get(app_id)
        least = min(each.instances * each.minimum for each in (promise.known, before or promise.known) if each)
        if left < math.ceil(least - 1e-9):
            self.world.violated(
                "minimum health capacity is never undercut by us",
                f"{task_id} is killed, {left} running ones of {app_id} are left of at least {math.ceil(least)}",
            )

    # what users want

    def _put(self, wanted: dict[str, Definition | None], force: bool) -> None:
        """Users send a change."""
        self._before_put = (dict(self._waiting), set(self._left_over))
        for app_id in wanted:
            promise = self.stage.users.promises.get(app_id)
            self._before[app_id] = promise.known if promise else None
            if wanted[app_id] is None:
                self._destroyed_at[app_id] = self.world.loop._now
        if force:
            # Deployments that it cancels leave their other apps to standing orders, which know no order between apps.
            self._waiting.clear()
            self._left_over |= set(self.stage.users.promises) - set(wanted)
        self._settles = {app_id for app_id, each in wanted.items() if not self._may_be(app_id, each)}
        for app_id in list(self._waiting):
            if app_id in wanted or any(name in wanted for name in self._waiting[app_id].first):
                del self._waiting[app_id]
        for app_id, definition in wanted.items():
            if definition is None:
                continue
            # What is put as it is already belongs to no deployment of this change, and is not waited for.
            first = {
                name: each
                for name in definition.dependencies
                if (each := wanted.get(name)) is not None and not self._may_be(name, each)
            }
            if first and not self._may_run(app_id, definition.command):
                self._waiting[app_id] = Waiting(definition.command, first)

    def _promised(self) -> None:
        """What was put last is made; a change that nobody answered may not have been."""
        self._left_over -= self._settles

    def _refused(self) -> None:
        """What was put last is as if it had not been."""
        self._waiting, self._left_over = self._before_put

    def _may_be(self, app_id: str, definition: Definition | None) -> bool:
        """Whether the app may be so already, so that this changes nothing."""
        promise = self.stage.users.promises.get(app_id)
        return promise is not None and definition in (promise.known, *promise.maybe)

    def _may_run(self, app_id: str, command: str) -> bool:
        """Whether launches of it may be under way already, from an earlier change."""
        promise = self.stage.users.promises.get(app_id)
        return promise is not None and any(each and each.command == command for each in (promise.known, *promise.maybe))

    # once the faults are over

    async def all_is_right(self) -> str | None:
        """What is still wrong, if anything."""
        stage, users = self.stage, self.stage.users
        if users.waiting:
            return f"{users.waiting} users wait for an answer"
        try:
            apps, deployments = await users.state()
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody answers
            return f"no service answers: {error!r}"
        seen = {app_id: (app["cmd"], app["instances"]) for app_id, app in apps.items()}
        users.compare(seen)
        for app_id, promise in users.promises.items():
            if seen.get(app_id) != (promise.known and (promise.known.command, promise.known.instances)):
                self.world.sometimes("an unpromised change was made")
        if deployments:
            return f"deployments have not ended: {deployments}"
        wanted = Counter({app_id: app["instances"] for app_id, app in apps.items() if app["instances"]})
        running = Counter(app_of_task(task.id) for task in stage.mesos.live)
        for task in stage.mesos.live:
            app_id = app_of_task(task.id)
            # Who forces a change cancels deployments of other apps, whose old instances then stay, as in Marathon.
            if app_id in apps and app_id not in self._left_over and task.command != apps[app_id]["cmd"]:
                return f"{task.id} runs {task.command!r}, while {apps[app_id]['cmd']!r} is wanted"
        for agent in stage.mesos.agents:
            agent.forget_the_unheard()
        everything = sum(len(agent.tasks) for agent in stage.mesos.agents)
        if running != wanted or everything != sum(wanted.values()):
            return f"{dict(running)} run (of {everything} launched), {dict(wanted)} are wanted"
        kept = {
            name.removeprefix("instance/") for name in stage.service.disk.store.streams if name.startswith("instance/")
        }
        if kept != (live := {instance_of_task(task.id) for task in stage.mesos.live}):
            return f"the journal has {sorted(kept - live)} too many, {sorted(live - kept)} too few"
        needless = [
            name
            for name in stage.service.disk.store.streams
            if name.startswith("deployment/")
            or (name.startswith("failure/") and name.removeprefix("failure/") not in apps)
        ]
        if needless:
            return f"the journal keeps {needless}"
        waiting = [task_id for agent in stage.mesos.agents for task_id in agent.unacknowledged]
        if waiting:
            return f"updates of {waiting} were never acknowledged"
        return None
