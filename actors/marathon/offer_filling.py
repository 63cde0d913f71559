"""One offer being filled with instances, over several turns of the loop when it takes many.

filling = OfferFilling(offer, random, home_region)
filling.fill(queue, placed, now, budget)  ──▶  how many instances found their place; `finished` when no more fit
filling.waits_for_others                  ──▶  it may go on when others took some: of what is spread by GROUP_BY
filling.launches, filling.tasks                what is to be stored, and what is to be sent to Mesos for each of them
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from actors.core import Clock
from actors.marathon.instance import Condition, ContainerState
from actors.marathon.instance_ids import task_of_instance
from actors.marathon.launch_queue import LaunchQueue, QueuedApp
from actors.marathon.matching import (
    NoMatch,
    OfferPool,
    Placed,
    Placement,
    build_task,
    build_task_group,
    only_spread_forbids,
)
from actors.marathon.model import App, Pod
from actors.marathon.protocol import Launched
from actors.marathon.roles import top_group
from actors.mesos import LaunchGroup
from mesos_proto import ExecutorInfo, Offer, TaskInfo

__all__ = ["MAX_LAUNCHES", "OfferFilling"]

MAX_LAUNCHES = 250
"""Instances launched with one offer: one call that launches thousands holds the loop of whoever makes, stores, sends,
checks or takes it for seconds. What is left of the offer comes back at once (Marathon's ``--max_instances_per_offer``
has 100)."""


class OfferFilling:
    """See the head of this module. `offer` counts for each queued app when the filling is `conclude`d."""

    def __init__(
        self,
        offer: Offer,
        random: Random,
        home_region: str | None = None,
        env_prefix: str = "",
        enforcing: frozenset[str] = frozenset(),
    ) -> None:
        self.offer = offer
        self.launches: list[Launched] = []
        self.tasks: list[TaskInfo | LaunchGroup] = []
        self._random = random
        self._env_prefix = env_prefix
        self._enforcing = enforcing
        self._pool = OfferPool(offer.proto, random, home_region)
        self._used: set[str] = set()
        self._unused: dict[str, NoMatch] = {}
        self._spread: set[str] = set()

    def fill(
        self, queue: LaunchQueue, placed: Callable[[QueuedApp], Placed], clock: Clock, budget: int
    ) -> tuple[int, bool]:
        """Place up to `budget` instances: (how many were placed, whether no more fit)."""
        before = len(self.launches)
        for app_id in self._spread:
            del self._unused[app_id]
        self._spread.clear()
        candidates = [queued for queued in queue.launchable(clock.time()) if queued.app.id not in self._unused]
        self._random.shuffle(candidates)
        for queued in candidates:
            standing = placed(queued)
            while queued.waiting and not queue.backoff.left(queued.app, clock.time()):
                if self.full:
                    return len(self.launches) - before, True
                if len(self.launches) - before == budget:
                    return budget, False
                placement = self._pool.match(queued.app, standing)
                if isinstance(placement, NoMatch):
                    self._unused[queued.app.id] = placement
                    constraints = queued.app.constraints
                    if placement is NoMatch.CONSTRAINT and only_spread_forbids(constraints, self._pool.agent, standing):
                        self._spread.add(queued.app.id)
                    break
                standing.add(self._pool.agent)
                instance_id = queued.take(self._pool.agent)
                queue.backoff.launched(queued.app.id, clock.time())
                self._add(instance_id, queued.app, placement)
                self._used.add(queued.app.id)
        return len(self.launches) - before, True

    def _add(self, instance_id: str, app: App, placement: Placement) -> None:
        enforce_role = top_group(app.id) in self._enforcing
        containers: tuple[ContainerState, ...] = ()
        if isinstance(app, Pod):
            task_ids = {one.name: task_of_instance(instance_id, one.name) for one in app.spec.containers}
            task_id = next(iter(task_ids.values()))
            containers = tuple(ContainerState(name, one, Condition.PROVISIONED) for name, one in task_ids.items())
            executor, tasks = build_task_group(
                app, self._pool.offer, placement, instance_id, task_ids, self._env_prefix, enforce_role=enforce_role
            )
            group = LaunchGroup(ExecutorInfo.from_proto(executor), [TaskInfo.from_proto(task) for task in tasks])
            self.tasks.append(group)
        else:
            task_id = task_of_instance(instance_id)
            task = build_task(app, self._pool.offer, placement, task_id, self._env_prefix, enforce_role=enforce_role)
            self.tasks.append(TaskInfo.from_proto(task))
        agent = self._pool.agent
        ports = tuple(port for port in placement.host_ports if port is not None)
        self.launches.append(
            Launched(
                instance_id,
                app,
                task_id,
                self.offer.agent_id,
                agent.hostname,
                ports,
                agent.attributes,
                agent.region,
                agent.zone,
                containers,
            )
        )

    @property
    def full(self) -> bool:
        """Whether more might fit, with the next offer."""
        return len(self.launches) >= MAX_LAUNCHES

    @property
    def waits_for_others(self) -> bool:
        """Whether it may take more of an app that is to be spread evenly, once other offers have taken some."""
        return bool(self._spread) and not self.full

    def conclude(self, queue: LaunchQueue, clock: Clock) -> None:
        """The offer is done with: count it for the apps that used it, and why for those that could not."""
        now = clock.now()
        for app_id in self._used | self._unused.keys():
            queued = queue.get(app_id)
            if queued is None:
                continue
            if app_id in self._used:
                queued.offer_used(self.offer, now)
            else:
                queued.offer_unused(self.offer, self._unused[app_id], now)
