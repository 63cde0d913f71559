"""An agent's end with its tasks: each is ended, and only when the last one has been told does the task runner stop.

::

    agent                        ending                                         tasks, executors, task runner
    begin(asker)          ──►    counts what runs                        ──►    Shutdown
    look()                ──►    has the last one ended, and is it stored?
                                 then stops                              ──►    the task runner
    have_ended()          ──►    asker: how many tasks were ended
"""

from __future__ import annotations

from functools import partial
from typing import Any

from actors.core import ActorContext, ActorRef
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._executor_protocol import Shutdown
from actors.local_mesos.agent._executors import Executors
from actors.local_mesos.agent._messages import RunnerStopped
from actors.local_mesos.agent._write_ahead import WriteAhead
from actors.local_mesos.task_runner import TaskRunner

__all__ = ["Ending"]


class Ending:
    """Belongs to the agent of ``context``."""

    def __init__(
        self,
        context: ActorContext,
        runner: TaskRunner,
        ahead: WriteAhead,
        containers: Containers,
        executors: Executors,
    ) -> None:
        self._context = context
        self._runner = runner
        self._ahead = ahead
        self._containers = containers
        self._executors = executors
        self._asker: tuple[ActorRef[Any], int] | None = None  # whom to tell that so many tasks ended
        self._not_ended: list[Container] = []  # of those; taken off from the end

    @property
    def has_begun(self) -> bool:
        """From then on no task is taken."""
        return self._asker is not None

    def begin(self, asker: ActorRef[Any]) -> None:
        running = [container for container in self._containers if not container.updates.ended]
        self._asker = (asker, len(running))
        self._not_ended = running[:]
        for container in running:
            if not container.run.shares_executor:
                self._ahead.then((), partial(container.tell, Shutdown(), self._context.self_ref))
        for executor in self._executors:
            self._executors.shut_down(executor)
        self.look()

    def look(self) -> None:
        """Whenever something has ended or was stored."""
        if self._asker is None or not self._ahead.idle or len(self._executors):
            return
        while self._not_ended and self._has_ended(self._not_ended[-1]):  # not each end may look through all tasks
            self._not_ended.pop()
        if not self._not_ended:
            self._context.pipe_to(self._stop_runner())

    def have_ended(self) -> None:
        if self._asker is not None:
            asker, count = self._asker
            asker.tell(count, self._context.self_ref)

    def _has_ended(self, container: Container) -> bool:
        """Nothing of it is told any more when it is not held any more: its framework has been torn down."""
        return container.updates.ended or self._containers.get(container.id) is not container

    async def _stop_runner(self) -> RunnerStopped:
        await self._runner.stop(grace=0)
        return RunnerStopped()
