"""`ServiceStage`: a service, its Mesos and its users in one world."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from actors.local_mesos.simulated_runner import Fate
from actors.local_mesos.task_runner import TaskCommand
from actors.simulation.invariants import Invariants
from actors.simulation.leftovers import idle
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.plan import Plan
from actors.simulation.service import SimulatedService
from actors.simulation.stage import Stage
from actors.simulation.users import Users
from actors.simulation.world import World
from actors.simulation.zookeeper import SimulatedZooKeeper

__all__ = ["ServiceStage"]


class ServiceStage(Stage):
    """``hosts``: how many there are of the service; with several, ZooKeeper elects one, and one of two masters."""

    def __init__(self, world: World, plan: Plan, *, hosts: int = 1) -> None:
        self.plan = plan
        # So much that all fits even while two versions of everything run, on every agent but one.
        cpus = 24 // max(1, plan.agents - 1)
        resources = f"cpus:{cpus};mem:8192;disk:10000;ports:[31000-31099]"
        zookeeper = SimulatedZooKeeper(world) if hosts > 1 else None
        mesos = SimulatedMesos(world, plan.agents, zookeeper=zookeeper, resources=resources, script=self._script)
        self.service = SimulatedService(world, mesos, hosts=hosts, zookeeper=zookeeper)
        super().__init__(world, self.service.hosts, mesos=mesos, disk=self.service.disk, zookeeper=zookeeper)
        self.service.healthy = lambda host, port: port % 4 != self.sick
        self.users = Users(world, self.service.urls)
        self.invariants = Invariants(self)

    def _script(self, command: TaskCommand, chance: random.Random) -> Fate:
        if (bad := self.bad_start(chance)) is not None:
            return bad
        return Fate(starts_after=chance.uniform(0, 0.3), terminates=chance.uniform(0, 0.5))

    @property
    def actions(self) -> dict[str, Any]:
        users = self.users
        return {
            "put": lambda apps, force: users.do(partial(users.put, dict(apps), force=force)),
            "destroy": lambda app_id: users.do(partial(users.destroy, app_id)),
            "kill one": lambda app_id, draw: users.do(partial(users.kill_one, app_id, draw)),
            "look": lambda: users.do(users.look),
        }

    async def ready(self) -> None:
        await self.mesos.ready()

    async def wrong(self) -> str | None:
        return await self.invariants.all_is_right()

    def under_way(self) -> str | None:
        return idle(self.service.systems[self.service.led_by or ""])
