"""What an agent looks after now and then: tasks over their memory, and folders nobody needs any more.

::

    agent                            housekeeper
          ◄──  WhatRuns              every few seconds
    Running(limits)            ──►   measures
          ◄──  OverMemory            one for each task that is over; the agent's executor ends it

Memory is measured, as Mesos's ``posix/mem`` isolator does, and held to, as its cgroups isolator does. A task's limit
is its ``limits["mem"]`` (none if infinite), else its ``mem``, in MB.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from actors.core import Actor, Failure
from actors.local_mesos.agent._messages import AgentSettings
from actors.local_mesos.agent._run import outer
from actors.local_mesos.task_runner import RunnerUnusable, TaskRunner
from mesos_proto import mesos_pb2

__all__ = ["Housekeeper", "OverMemory", "Running", "WhatRuns", "memory_limit", "over_memory_text"]


@dataclass(frozen=True, slots=True)
class WhatRuns:
    """To the agent."""


@dataclass(frozen=True, slots=True)
class Running:
    """From the agent: the containers it answers for, and how much memory each may use, in bytes."""

    limits: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class OverMemory:
    """To the agent: a container uses more than it was given; both in bytes."""

    container_id: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Look:
    """To itself."""

    at_sandboxes: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """To itself: it is done with what was running."""

    over: tuple[OverMemory, ...]
    removed: int


class Housekeeper(Actor[Running | Look | Looked | Failure]):
    def __init__(self, settings: AgentSettings, runner: TaskRunner) -> None:
        self._settings = settings
        self._runner = runner
        self._sandboxes_due = True

    def pre_start(self) -> None:
        settings, timers = self._settings, self.context.timers
        timers.start_fixed_delay("sandboxes", Look(at_sandboxes=True), settings.sandboxes_looked_at)
        timers.start_single("memory", Look(at_sandboxes=False), settings.memory_looked_at)

    def receive(self, message: Running | Look | Looked | Failure) -> None:
        match message:
            case Look(at_sandboxes=True):
                self._sandboxes_due = True
            case Look() if self._sandboxes_due or self._runner.has_usage:
                self.context.parent.tell(WhatRuns(), self.ref)
            case Look():
                self._again()
            case Running(limits):
                self.context.pipe_to(self._look(limits))
            case Looked(over, removed):
                for one in over:
                    self.context.parent.tell(one, self.ref)
                if removed:
                    self.log.info("removed %d sandboxes, untouched for %g s", removed, self._settings.sandboxes_kept)
                self._again()
            case Failure(error):
                self.log.warning("%s: %s", type(error).__name__, error)
                self._again()

    def _again(self) -> None:
        self.context.timers.start_single("memory", Look(at_sandboxes=False), self._settings.memory_looked_at)

    async def _look(self, limits: Mapping[str, float]) -> Looked:
        removed = 0
        if self._sandboxes_due:
            self._sandboxes_due = False
            removed = await self._runner.remove_sandboxes(self._settings.sandboxes_kept, set(map(outer, limits)))
        try:
            return Looked(await self._over(dict(limits)), removed)
        except RunnerUnusable as error:
            self.log.warning("could not measure: %s", error)
            return Looked((), removed)

    async def _over(self, limits: dict[str, float]) -> tuple[OverMemory, ...]:
        """Two looks: a cheap one at all, then an exact one at those that seem to be over."""
        for exact in (False, True):
            if not limits:
                return ()
            used = await self._runner.usage(exact=limits if exact else ())
            limits = {name: limit for name, limit in limits.items() if name in used and used[name].memory > limit}
        return tuple(OverMemory(name, used[name].memory, int(limit)) for name, limit in limits.items())


def memory_limit(*infos: mesos_pb2.TaskInfo | mesos_pb2.ExecutorInfo) -> float:
    """In bytes, of all together; infinite if nothing limits them."""
    return (sum(map(_given, infos)) or math.inf) * (1 << 20)


def _given(info: mesos_pb2.TaskInfo | mesos_pb2.ExecutorInfo) -> float:
    """In MB."""
    if isinstance(info, mesos_pb2.TaskInfo) and "mem" in info.limits:
        return info.limits["mem"].value
    return sum(resource.scalar.value for resource in info.resources if resource.name == "mem")


def over_memory_text(used: int, limit: int) -> str:
    """Both in bytes; Mesos's words."""
    return f"Memory limit exceeded: Requested: {_megabytes(limit)} Maximum Used: {_megabytes(used)}"


def _megabytes(size: int) -> str:
    return f"{size / (1 << 20):.0f}MB"
