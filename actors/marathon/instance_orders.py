"""How many instances of each app shall exist, and the scheduling of those that are missing. Belongs to the instances
actor.

    EnsureInstances  ─▶ ensure()     a step wants at least so many: too few are scheduled
    KeepApp          ─▶ keep()       the standing order of an app that nobody deploys: too many are killed, too
    one is over      ─▶ replenish()  the standing order replaces it
    ReleaseApps      ─▶ release()    no standing order any more, and no order half carried out

    scheduled: in memory only, InstanceChanged ─▶ event stream, LaunchInstances ─▶ launcher

Of many, some are scheduled in each turn of the loop; the actor is told to go `OrderOn`. A later order for an app takes
the place of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef
from actors.marathon.instance_book import InstanceBook
from actors.marathon.instance_ids import InstanceIds
from actors.marathon.instance_kills import InstanceKills
from actors.marathon.messages import Condition, Goal, Instance, InstanceChanged
from actors.marathon.model import App
from actors.marathon.protocol import EnsureInstances, LaunchInstances
from actors.marathon.rolling import choose_to_kill, current_version
from actors.marathon.unreachable import UnreachableTimers

__all__ = ["InstanceOrders", "OrderOn"]

SCHEDULED_PER_TURN = 200
"""Instances scheduled in one turn of the loop, some milliseconds."""


@dataclass(frozen=True, slots=True)
class OrderOn:
    """To the actor itself: an order for the app is carried out in part."""

    app_id: str


class InstanceOrders:
    """See the head of this module."""

    def __init__(
        self,
        actor: Actor[Any],
        book: InstanceBook,
        launcher: ActorRef[Any],
        kills: InstanceKills,
        unreachable: UnreachableTimers,
    ) -> None:
        system = actor.context.system
        self._actor = actor
        self._clock = system.clock
        self._publish = system.event_stream.publish
        self._ids = InstanceIds(system.clock, system.random)
        self._book = book
        self._launcher = launcher
        self._kills = kills
        self._unreachable = unreachable
        self._kept: dict[str, App] = {}
        self._definitions: dict[str, App] = {}
        self._under_way: dict[str, EnsureInstances] = {}

    def definition(self, app_id: str) -> App | None:
        """The app as the last order for it had it."""
        return self._definitions.get(app_id)

    def ensure(self, order: EnsureInstances) -> None:
        """Schedule what is missing."""
        app = order.app
        self._learn(app)
        self._under_way.pop(app.id, None)
        missing = order.total - (self._existing_of_version(app) if order.current else self._existing(app))
        if missing > SCHEDULED_PER_TURN:
            self._under_way[app.id] = order
            self._actor.ref.tell(OrderOn(app.id))
        self._schedule(app, min(missing, SCHEDULED_PER_TURN))

    def go_on(self, message: OrderOn) -> None:
        order = self._under_way.get(message.app_id)
        if order is not None:
            self.ensure(order)

    def keep(self, app: App) -> None:
        """From now on there are ``app.instances`` of it."""
        self._kept[app.id] = app
        self.ensure(EnsureInstances(app, app.instances, current=False))
        if self._existing(app) > app.instances:
            alive = [one for one in self._book.of(app.id).values() if one.goal is Goal.RUNNING]
            self._kills.kill_now(choose_to_kill(app, alive, len(alive) - app.instances))

    def keep_on(self, app_id: str) -> None:
        """There may be too many of a kept app."""
        app = self._kept.get(app_id)
        if app is not None:
            self.keep(app)

    def replenish(self, app_id: str) -> None:
        """There may be too few of a kept app."""
        app = self._kept.get(app_id)
        if app is not None and app_id not in self._under_way:
            self._schedule(app, app.instances - self._existing(app))

    def release(self, app_ids: Iterable[str]) -> None:
        for app_id in app_ids:
            self._kept.pop(app_id, None)
            self._under_way.pop(app_id, None)

    def forget(self, app_id: str) -> None:
        """The app is gone for good."""
        self._definitions.pop(app_id, None)

    def _learn(self, app: App) -> None:
        known = self._definitions.get(app.id)
        self._definitions[app.id] = app
        if known is None:  # after a restart: what was unreachable then may be due by now
            for instance in tuple(self._book.of(app.id).values()):
                if instance.condition.is_lost:
                    self._unreachable.start(instance, app)

    def _existing(self, app: App) -> int:
        # Of a single-instance app even one that was given up may still run somewhere: it is waited for to the end.
        if app.is_single_instance:
            return len(self._book.of(app.id))
        return self._book.existing(app.id)

    def _existing_of_version(self, app: App) -> int:
        current_since = current_version(app)
        return sum(
            one.app_version >= current_since and one.condition is not Condition.UNREACHABLE_INACTIVE
            for one in self._book.of(app.id).values()
        )

    def _schedule(self, app: App, count: int) -> None:
        if count <= 0:
            return
        now = self._clock.now()
        scheduled = [
            Instance(self._ids.make(app.id), app.id, app.version or "", Condition.SCHEDULED, since=now)
            for _ in range(count)
        ]
        for instance in scheduled:
            self._book.note(instance)
            self._publish(InstanceChanged(instance))
        self._launcher.tell(LaunchInstances(app, tuple(one.id for one in scheduled)), self._actor.ref)
