"""`Stage`: a service, its Mesos and its users in one world, and a plan that is carried out on it.

setting up ─▶ the plan's steps, `plan.seconds` long ─▶ calm: cuts heal, the dead return ─▶ everything must come right
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from actors.local_mesos.simulated_runner import Fate
from actors.local_mesos.task_runner import TaskCommand
from actors.simulation.faults import FAULTS, Befallen
from actors.simulation.invariants import Invariants
from actors.simulation.leftovers import end_all, idle
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.plan import Plan, Step
from actors.simulation.service import SimulatedService
from actors.simulation.users import Users
from actors.simulation.world import Violation, World
from actors.simulation.zookeeper import SimulatedZooKeeper

__all__ = ["Stage"]

COMES_RIGHT_WITHIN = 250.0
"""Virtual seconds after the faults' end in which all that is wanted must run and all that was asked have ended."""


class Stage(Befallen):
    """``hosts``: how many there are of the service; with several, ZooKeeper elects one, and one of two masters."""

    def __init__(self, world: World, plan: Plan, *, hosts: int = 1) -> None:
        self.plan = plan
        # So much that all fits even while two versions of everything run, on every agent but one.
        cpus = 24 // max(1, plan.agents - 1)
        resources = f"cpus:{cpus};mem:8192;disk:10000;ports:[31000-31099]"
        zookeeper = SimulatedZooKeeper(world) if hosts > 1 else None
        mesos = SimulatedMesos(world, plan.agents, zookeeper=zookeeper, resources=resources, script=self._script)
        self.service = SimulatedService(world, mesos, hosts=hosts, zookeeper=zookeeper)
        super().__init__(world, mesos, self.service.hosts)
        self.service.healthy = lambda host, port: port % 4 != self.sick
        self.users = Users(world, self.service.urls)
        self.invariants = Invariants(self)

    def _script(self, command: TaskCommand, chance: random.Random) -> Fate:
        if self.world.loop._now < self.bad_starts_until:
            self.disturbed()
            if chance.random() < 0.3:
                return Fate(starts_after=chance.uniform(0, 1), runs=chance.uniform(0, 2), status=1 << 8)
            return Fate(starts_after=chance.uniform(0.5, 6))
        return Fate(starts_after=chance.uniform(0, 0.3), terminates=chance.uniform(0, 0.5))

    async def play(self) -> None:
        """Carry the plan out; raises the first `Violation`."""
        await self.mesos.ready()
        for step in self.plan.steps:
            if step.after is None:
                self.world.later(step.at, partial(self._do, step))
            else:
                self.world.when(step.after, step.count, partial(self._follow, step))
        await self.world.run(self.plan.seconds)
        self.calm()
        await self.world.soon("everything comes right", self.invariants.all_is_right, COMES_RIGHT_WITHIN)
        await self.world.soon("nothing is left under way", self._idle, 30.0)
        if left := await end_all(self.world):
            raise Violation("nothing is left over when programs end", self.world.loop._now, left)

    def _idle(self) -> str | None:
        return idle(self.service.systems[self.service.led_by or ""])

    def _follow(self, step: Step) -> None:
        if self.world.loop._now < self.plan.seconds:
            # Not within the line that told of it: a process dies between two of its turns.
            self.world.later(step.at, partial(self._do, step))

    def _do(self, step: Step) -> None:
        users = self.users
        actions: dict[str, Any] = {
            "put": lambda apps, force: users.do(partial(users.put, dict(apps), force=force)),
            "destroy": lambda app_id: users.do(partial(users.destroy, app_id)),
            "kill one": lambda app_id, draw: users.do(partial(users.kill_one, app_id, draw)),
            "look": lambda: users.do(users.look),
        }
        if step.kind in actions:
            actions[step.kind](*step.arguments)
        elif self.world.loop._now < self.plan.seconds:
            FAULTS[step.kind].strike(self, *step.arguments)

    def calm(self) -> None:
        self.service.disk.free()
        super().calm()
