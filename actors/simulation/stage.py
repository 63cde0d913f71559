"""`Stage`: what a scenario is played on: programs in one world, what befalls them, and what must come right at last.

setting up ─▶ the plan's steps, `plan.seconds` long ─▶ calm: cuts heal, the dead return ─▶ everything must come right

`ServiceStage` has the service, its Mesos and their users; `ClusterStage` a cluster of actors.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from actors.simulation.faults import Befallen
from actors.simulation.leftovers import end_all
from actors.simulation.plan import Plan, Step
from actors.simulation.world import Violation

__all__ = ["Stage"]

COMES_RIGHT_WITHIN = 250.0
"""Virtual seconds after the faults' end in which all that is wanted must run and all that was asked have ended."""


class Stage(Befallen):
    """Sub-classes set up ``plan``, ``world`` and what runs in it."""

    plan: Plan

    @property
    @abstractmethod
    def actions(self) -> Mapping[str, Callable[..., object]]:
        """What users do, by the kind of the plan's steps."""

    @abstractmethod
    async def ready(self) -> None:
        """Return when all of it runs, so that the plan may begin."""

    @abstractmethod
    def wrong(self) -> str | Awaitable[str | None] | None:
        """After the faults: what is still wrong, if anything."""

    @abstractmethod
    def under_way(self) -> str | None:
        """Once all is right: what should have ended, and has not."""

    async def play(self) -> None:
        """Carry the plan out; raises the first `Violation`."""
        await self.ready()
        for step in self.plan.steps:
            if step.after is None:
                self.world.later(step.at, partial(self._do, step))
            else:
                self.world.when(step.after, step.count, partial(self._follow, step))
        await self.world.run(self.plan.seconds)
        self.calm()
        await self.world.soon("everything comes right", self.wrong, COMES_RIGHT_WITHIN)
        await self.world.soon("nothing is left under way", self.under_way, 30.0)
        if left := await end_all(self.world):
            raise Violation("nothing is left over when programs end", self.world.loop._now, left)

    def _follow(self, step: Step) -> None:
        if self.world.loop._now < self.plan.seconds:
            # Not within the line that told of it: a process dies between two of its turns.
            self.world.later(step.at, partial(self._do, step))

    def _do(self, step: Step) -> None:
        action: Any = self.actions.get(step.kind)
        if action is not None:
            action(*step.arguments)
        elif self.world.loop._now < self.plan.seconds:
            self.strike(step.kind, *step.arguments)
