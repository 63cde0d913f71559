"""An actor that runs commands on Mesos for whoever asks: what `examples.batch` and `examples.cron` have in common.

asker                        Commands                         Mesos
-----                        --------                         -----
Run("extract", "…")     →    waits for an offer with room
                             launches it                  →
Began("extract")        ←                                 ←   TASK_RUNNING
Ended("extract", True)  ←    (lost: launched once more)   ←   TASK_FINISHED, or another end
"""

from __future__ import annotations

import getpass
from collections import deque
from dataclasses import dataclass
from typing import Any

from actors import Actor, ActorRef
from actors.mesos import CallError, FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
from mesos_proto import CommandInfo, Offer, Resources, TaskInfo, TaskState, TaskStatus

NEEDED = Resources.parse("cpus:0.1;mem:32")


@dataclass(frozen=True, slots=True)
class Run:
    """The sender is told how it fares. ``name`` is for it to know it by."""

    name: str
    command: str


@dataclass(frozen=True, slots=True)
class Began:
    name: str


@dataclass(frozen=True, slots=True)
class Ended:
    name: str
    well: bool
    message: str


class Commands(Actor[Any]):
    def __init__(self, framework: str, master: str) -> None:
        self.info = FrameworkInfo(name=framework, user=getpass.getuser(), checkpoint=True)
        self.master = master
        self.waiting: deque[tuple[Run, ActorRef[Any]]] = deque()
        self.launched: dict[str, tuple[Run, ActorRef[Any]]] = {}  # by task id
        self.began: set[str] = set()  # task ids: that one runs is told again by reconciliation
        self.count = 0

    async def pre_start(self) -> None:
        self.framework = await Mesos(self.context.system).register_framework(self.master, self.info)
        self.framework.pipe_to(self.ref)

    async def post_stop(self) -> None:
        await self.framework.shutdown()

    async def receive(self, message: Any) -> None:
        match message:
            case Run() if self.sender is not None:
                if not self.waiting:
                    await self.try_to(self.framework.driver.revive_offers())
                self.waiting.append((message, self.sender))
            case ResourceOffers(offers):
                for offer in offers:
                    await self.use(offer)
            case StatusUpdate(status):
                self.tell(status)
                await self.try_to(self.framework.driver.acknowledge(status))

    async def use(self, offer: Offer) -> None:
        tasks, room = [], offer.resources
        while self.waiting and room.contains(NEEDED):
            room -= NEEDED
            self.count += 1
            run, asker = self.waiting.popleft()
            task_id = f"{run.name}.{self.count}"
            self.launched[task_id] = run, asker
            command = CommandInfo(value=run.command)
            tasks.append(
                TaskInfo(name=run.name, task_id=task_id, agent_id=offer.agent_id, resources=NEEDED, command=command)
            )
        if not await self.try_to(self.framework.driver.launch_tasks(tasks, [offer.id])):  # no tasks: it is declined
            self.waiting.extendleft(self.launched.pop(task.task_id) for task in reversed(tasks))

    def tell(self, status: TaskStatus) -> None:
        run, asker = self.launched.get(status.task_id, (None, None))
        if run is None or asker is None:
            return
        if status.state is TaskState.TASK_RUNNING:
            if status.task_id not in self.began:
                self.began.add(status.task_id)
                asker.tell(Began(run.name), self.ref)
        elif status.state is TaskState.TASK_LOST:  # not its own fault
            self.waiting.append(self.launched.pop(status.task_id))
        elif status.state.is_terminal:
            del self.launched[status.task_id]
            self.began.discard(status.task_id)
            asker.tell(Ended(run.name, status.state is TaskState.TASK_FINISHED, status.message), self.ref)

    async def try_to(self, call: Any) -> bool:
        try:
            await call
        except CallError as error:  # Mesos is away: it offers and tells anew when it is back
            self.log.warning("%s", error)
            return False
        return True
