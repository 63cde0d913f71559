"""What the nodes of `examples.autoscaler` do, work on jobs one after the other, and what they say to each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from actors import Actor, ActorSystem
from actors.cluster import Receptionist, SystemCollector
from actors.remote import message

WORKERS = "workers"
"""The key under which workers are found, and the role of the nodes that have one."""


@message("examples.job")
@dataclass(frozen=True, slots=True)
class Job:
    """Takes ``seconds`` of a worker's time. ``data`` weighs on its memory until then."""

    number: int
    seconds: float
    data: bytes = b""


@message("examples.done")
@dataclass(frozen=True, slots=True)
class Done:
    number: int


class Worker(Actor[Job]):
    async def pre_start(self) -> None:
        await Receptionist(self.context.system).register(WORKERS, self.ref)

    async def receive(self, job: Job) -> None:
        await self.context.system.clock.sleep(job.seconds)  # waits for a database, or for somebody else's answer
        self.reply(Done(job.number))


class JobLoad:
    """A node's figures, with a load average of its own: of its jobs, as the kernel's is of the processes.

    (On a machine of its own, or in a container that has its own ``/proc/loadavg``, the kernel's serves as well: then
    leave this out. Nodes that share a machine would all say the same.)

    :param memory: bytes that the node may use; Mesos gives it so much.
    :param half_life: of the average, in samples.
    """

    def __init__(self, system: ActorSystem, memory: int, half_life: float = 3.0) -> None:
        self._system = system
        self._collect = SystemCollector(memory)
        self._alpha = 1 - 0.5 ** (1 / half_life)
        self._average = 0.0

    def __call__(self) -> Mapping[str, float]:
        workers = [actor for actor in self._system.tree().walk() if actor.cls == Worker.__name__]
        jobs = sum(worker.depth + (worker.handling is not None) for worker in workers)
        self._average += self._alpha * (jobs - self._average)
        own = {"system-load-average": self._average, "processors": 1, "jobs": jobs, "pid": os.getpid()}
        return {**self._collect(), **own}


# To the autoscaler


@message("examples.tear_down")
@dataclass(frozen=True, slots=True)
class TearDown:
    """End the framework, and all nodes that are tasks of it. Answered when that is done."""


@message("examples.get_status")
@dataclass(frozen=True, slots=True)
class GetStatus:
    """Answered with a `Status`."""


@message("examples.status")
@dataclass(frozen=True, slots=True)
class Status:
    framework_id: str
    nodes: tuple[str, ...]
    waiting: int  # of these, for an offer
    lives_at: str
    did_last: str
