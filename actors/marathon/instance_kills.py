"""Killing instances, until Mesos says that they are over. Belongs to the instances actor.

    kill(ids)    ─▶ only scheduled: over at once                       CancelLaunches ─▶ launcher
                    lost, or to be wiped: over, its task killed later if it is there after all
                    else: goal Decommissioned ─▶ journal ─▶ stored:    KillTask       ─▶ launcher
    sweep()      ─▶ what was killed `KILL_RETRY` ago and still runs, what was launched and never confirmed:
                                                                       KillTask again

Of many, some in each turn of the loop; the actor is told to `kill_on` and to `sweep_on`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol

from actors.core import Actor, ActorRef
from actors.marathon.instance_book import InstanceBook
from actors.marathon.messages import Condition, Goal, Instance
from actors.marathon.protocol import CancelLaunches
from actors.marathon.turn_budget import TurnBudget
from actors.mesos import KillTask
from mesos_proto import AgentID, TaskID

__all__ = ["InstanceKills", "KillOn", "Sweep", "SweepOn"]

KILL_RETRY = 30.0
"""Seconds after which a kill whose task still runs is sent again."""

LAUNCH_CONFIRM_TIMEOUT = 300.0
"""Seconds after which a launch that Mesos said nothing of is given up (``--task_launch_confirm_timeout``)."""

SWEEP_INTERVAL = 10.0

KILLED_PER_TURN = 200
"""Instances killed in one turn of the loop, some milliseconds."""

SWEPT_PER_TURN = 200


class KillOn:
    """To the actor itself: call `InstanceKills.kill_on`."""


class Sweep:
    """To the actor itself: call `InstanceKills.sweep`."""


class SweepOn:
    """To the actor itself: call `InstanceKills.sweep_on`."""


class Over(Protocol):
    """The instance is gone, or is treated so."""

    def __call__(
        self, instance: Instance, condition: Condition, /, *, then: Callable[[], None] | None = None
    ) -> None: ...


class InstanceKills:
    """See the head of this module. `over` ends an instance."""

    def __init__(self, actor: Actor[Any], book: InstanceBook, launcher: ActorRef[Any], over: Over) -> None:
        self._actor = actor
        self._clock = actor.context.system.clock
        self._book = book
        self._launcher = launcher
        self._over = over
        self._sent: dict[str, float] = {}
        self._waiting: deque[tuple[str, bool]] = deque()
        self._killing = TurnBudget(actor, KILLED_PER_TURN, KillOn())
        self._unswept: deque[str] = deque()
        self._sweeping = TurnBudget(actor, SWEPT_PER_TURN, SweepOn())

    def begin(self) -> None:
        """After a restart: whether a kill was sent nobody knows."""
        for instance in self._book.dying():
            self._kill_doomed(instance)
        self._actor.context.timers.start_fixed_delay("sweep", Sweep(), SWEEP_INTERVAL)

    def kill(self, ids: Iterable[str], *, wipe: bool = False) -> tuple[Instance, ...]:
        """Those of the instances that there are, as they were. All of them will be killed, many of them in the next
        turns."""
        found = tuple(self._found(sorted(ids)))
        self._waiting.extend((one.id, wipe) for one in found)
        self._kill_some()
        return found

    def kill_on(self) -> None:
        self._killing.renew()
        self._kill_some()

    def _kill_some(self) -> None:
        due = [self._waiting.popleft() for _ in range(self._killing.take(len(self._waiting)))]
        for wipe, some in groupby(due, key=itemgetter(1)):
            self.kill_now(self._found(instance_id for instance_id, _ in some), wipe=wipe)

    def _found(self, ids: Iterable[str]) -> Iterator[Instance]:
        return (instance for instance_id in ids if (instance := self._book.get(instance_id)) is not None)

    def kill_now(self, instances: Iterable[Instance], *, wipe: bool = False) -> None:
        """Kill all of these in this turn."""
        waiting: dict[str, set[str]] = {}
        for instance in instances:
            if instance.condition is Condition.SCHEDULED:
                waiting.setdefault(instance.app_id, set()).add(instance.id)
                self._over(instance, Condition.KILLED)
            elif instance.condition.is_lost or wipe:
                self._over(instance, Condition.KILLED, then=partial(self.kill_task, instance))
            elif instance.goal is Goal.RUNNING:
                doomed = replace(instance, goal=Goal.DECOMMISSIONED)
                self._book.change(doomed, then=partial(self._kill_doomed, doomed))
        for app_id, instance_ids in waiting.items():
            self._launcher.tell(CancelLaunches(app_id, frozenset(instance_ids)), self._actor.ref)

    def kill_task(self, instance: Instance) -> None:
        """Tell Mesos to."""
        # Behind its launch, which may not have left yet: a kill that overtook it would be answered that there is no
        # such task, and then there would be one.
        agent_id = AgentID(instance.agent_id) if instance.agent_id else None
        for task_id in instance.live_tasks:
            self._launcher.tell(KillTask(TaskID(task_id), agent_id), self._actor.ref)

    def _kill_doomed(self, instance: Instance) -> None:
        if self._book.get(instance.id) is not None:
            self._sent[instance.id] = self._clock.time()
        self.kill_task(instance)

    def gone(self, instance_id: str) -> None:
        """The instance is over: nothing of it is to be killed."""
        self._sent.pop(instance_id, None)

    def sweep(self) -> None:
        """Kill again what was killed long ago, and what was launched long ago and never confirmed."""
        if not self._unswept:
            self._unswept.extend(one.id for one in self._book.unsettled())
            self._sweep_some()

    def sweep_on(self) -> None:
        self._sweeping.renew()
        self._sweep_some()

    def _sweep_some(self) -> None:
        due = [self._unswept.popleft() for _ in range(self._sweeping.take(len(self._unswept)))]
        now, time = self._clock.now(), self._clock.time()
        for instance in self._found(due):
            if instance.goal is not Goal.RUNNING:
                if time - self._sent.get(instance.id, time) >= KILL_RETRY:  # not yet sent: its goal is being stored
                    self._kill_doomed(instance)
            elif instance.condition is Condition.PROVISIONED:
                age = (now - instance.since).total_seconds() if instance.since is not None else 0.0
                if age > LAUNCH_CONFIRM_TIMEOUT:
                    self.kill_task(instance)
