"""What an agent answers for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from actors.core import ActorRef
from actors.local_mesos.agent._command_task import PlainTask
from actors.local_mesos.agent._executor_protocol import ForTask
from actors.local_mesos.agent._run import AgentIdentity, Run
from actors.local_mesos.agent._updates import UpdateStream
from mesos_proto import mesos_pb2

__all__ = ["Container", "Containers"]

COMPLETED = 150  # that are remembered for those who look (Mesos's max_completed_executors_per_framework)


class Container:
    """A task that the agent answers for, until its last status is acknowledged."""

    __slots__ = ("executor", "retry_at", "run", "updates", "wanted")

    def __init__(self, run: Run, updates: UpdateStream) -> None:
        self.run = run
        self.updates = updates
        self.executor: ActorRef[Any] | PlainTask | None = None  # while the task has not ended
        self.retry_at: float | None = None  # loop time; of the update in flight
        self.wanted = True  # False once the framework is gone: it ends without a word

    @property
    def id(self) -> str:
        return self.run.container_id

    @property
    def recorded(self) -> bool:
        """Whether the checkpoint is told of it."""
        return self.wanted and self.run.framework.checkpoint

    def tell(self, message: Any, sender: ActorRef[Any]) -> None:
        """To whoever runs it; a shared executor is told of which task it is."""
        if self.executor is not None:
            self.executor.tell(ForTask(self.id, message) if self.run.shares_executor else message, sender)


class Containers:
    """By container id and by task; with the frameworks that they are of."""

    def __init__(self) -> None:
        self.frameworks: dict[str, mesos_pb2.FrameworkInfo] = {}
        self.completed: deque[Container] = deque(maxlen=COMPLETED)
        self._by_id: dict[str, Container] = {}
        self._by_task: dict[tuple[str, str], Container] = {}

    def __iter__(self) -> Iterator[Container]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, container_id: str) -> Container | None:
        return self._by_id.get(container_id)

    def of_task(self, framework_id: str, task_id: str) -> Container | None:
        return self._by_task.get((framework_id, task_id))

    def of_framework(self, framework_id: str) -> list[Container]:
        return [c for c in self._by_id.values() if c.run.framework.id.value == framework_id]

    def accept(
        self, agent: AgentIdentity, framework: mesos_pb2.FrameworkInfo, tasks: list[mesos_pb2.TaskInfo], ids: list[str]
    ) -> list[Container]:
        """New tasks, each in the container of that id."""
        accepted = [
            Container(Run(agent, framework, task, name), UpdateStream()) for task, name in zip(tasks, ids, strict=True)
        ]
        for container in accepted:
            self.add(container)
        return accepted

    def add(self, container: Container) -> None:
        run = container.run
        self._by_id[container.id] = container
        self._by_task[(run.framework.id.value, run.task_id)] = container

    def remove(self, container: Container) -> None:
        run = container.run
        if self._by_id.pop(container.id, None) is not None:
            self.completed.append(container)
        key = (run.framework.id.value, run.task_id)
        if self._by_task.get(key) is container:
            del self._by_task[key]
