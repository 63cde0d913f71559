"""The executors that tasks share: a framework's own, and the default one for task groups.

::

    agent                                   executors                            executor (actor)
    run(framework, info, tasks, group) ──►  tasks and a new executor stored ──►  spawned, or Launch(members)
    call / subscribe                   ──►  whose is it? 400 if nobody's    ──►  ExecutorCall, Subscribe
    ended(ExecutorEnded)               ──►  its tasks have failed
          ◄── ExecutorExited to the master: FAILURE for the framework
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.core import ActorContext, ActorRef, Props
from actors.local_mesos.agent._admission import why_not
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._custom_executor import CustomExecutor
from actors.local_mesos.agent._default_executor import DefaultExecutor
from actors.local_mesos.agent._delivery import Delivery
from actors.local_mesos.agent._executor_protocol import ExecutorEnded, Launch, Member, Send, Shutdown, Subscribe
from actors.local_mesos.agent._housekeeping import memory_limit
from actors.local_mesos.agent._master_link import MasterLink
from actors.local_mesos.agent._messages import (
    AgentSettings,
    ExecutorCall,
    ExecutorSaid,
    ExecutorStopped,
    ExecutorSubscribe,
)
from actors.local_mesos.agent._records import ExecutorRecord, ExecutorRemoved, Record, TaskRecord
from actors.local_mesos.agent._run import AgentIdentity, ExecutorRun, group_of, outer
from actors.local_mesos.agent._write_ahead import WriteAhead
from actors.local_mesos.master.protocol import Answer
from actors.local_mesos.master.stream import EndStream
from actors.local_mesos.messages import ExecutorExited, ExecutorMessage
from actors.local_mesos.task_runner import TaskRunner
from mesos_proto import TaskState, executor_pb2, mesos_pb2

__all__ = ["Executors", "SharedExecutor", "numbered"]

COMPLETED = 150  # that are remembered for those who look (Mesos's max_completed_executors_per_framework)

TaskStatus = mesos_pb2.TaskStatus


@dataclass(slots=True, eq=False)
class SharedExecutor:
    """``ref`` is None until it is stored; ``wanted`` is False once its framework is gone."""

    run: ExecutorRun
    ref: ActorRef[Any] | None = None
    wanted: bool = True

    @property
    def id(self) -> str:
        return self.run.container_id

    @property
    def recorded(self) -> bool:
        """Whether the checkpoint is told of it."""
        return self.wanted and self.run.framework.checkpoint


class Executors:
    """Belongs to the agent of ``context``."""

    def __init__(
        self,
        context: ActorContext,
        settings: AgentSettings,
        runner: TaskRunner,
        link: MasterLink,
        ahead: WriteAhead,
        containers: Containers,
        delivery: Delivery,
    ) -> None:
        self.completed: deque[SharedExecutor] = deque(maxlen=COMPLETED)
        self._context = context
        self._settings = settings
        self._runner = runner
        self._link = link
        self._ahead = ahead
        self._containers = containers
        self._delivery = delivery
        self._by_id: dict[str, SharedExecutor] = {}
        self._ending: set[str] = set()  # their ids: they take no more tasks

    def __iter__(self) -> Iterator[SharedExecutor]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def of(self, framework_id: str, executor_id: str) -> SharedExecutor | None:
        for executor in self._by_id.values():
            if (executor.run.framework.id.value, executor.run.executor_id) == (framework_id, executor_id):
                return executor
        return None

    def tell(self, container_id: str, message: Any) -> None:
        """To the executor in that container, if it is there."""
        executor = self._by_id.get(container_id)
        if executor is not None and executor.ref is not None:
            executor.ref.tell(message, self._context.self_ref)

    def has(self, container_id: str) -> bool:
        return container_id in self._by_id

    def tasks(self, container_id: str) -> list[Container]:
        """That the agent answers for, ended or not."""
        return [c for c in self._containers if c.run.shares_executor and outer(c.id) == container_id]

    # -- tasks for them --------------------------------------------------------------------------------------------

    def for_tasks(
        self, agent: AgentIdentity, framework: mesos_pb2.FrameworkInfo, info: mesos_pb2.ExecutorInfo, new_id: str
    ) -> SharedExecutor:
        """The one that these tasks share, which is made if it is not there; ``run`` starts it."""
        executor = self.of(framework.id.value, info.executor_id.value)
        if executor is None:
            executor = SharedExecutor(ExecutorRun(agent, framework, info, new_id))
            self._by_id[new_id] = executor
        return executor

    def run(self, executor: SharedExecutor, containers: list[Container], group: bool, stopping: bool) -> None:
        """Containers of tasks that were accepted. All fail if one of them cannot run here."""
        run = executor.run
        framework_id = run.framework.id.value
        records: list[Record] = [TaskRecord(framework_id, c.id, c.run.task) for c in containers]
        if executor.ref is None:
            records.insert(0, ExecutorRecord(framework_id, executor.id, run.info))
        refusals = [why_not(container.run, stopping, executor.id in self._ending) for container in containers]
        refusal = next((refusal for refusal in refusals if refusal is not None), None)
        if refusal is not None:
            if executor.ref is None and not self.tasks(executor.id):
                del self._by_id[executor.id]
            self._ahead.then(tuple(records[-len(containers) :]) if executor.recorded else ())
            for container in containers:
                self._delivery.updated_by_agent(container.run, *refusal)
            return
        launch = Launch(tuple(Member(container.run) for container in containers), group)
        effect = partial(self._launch, executor, containers, launch)
        self._ahead.then(tuple(records) if executor.recorded else (), effect)

    def _launch(self, executor: SharedExecutor, containers: list[Container], launch: Launch) -> None:
        if executor.wanted and executor.id not in self._by_id:  # it ended while this was being stored
            for container in containers:
                failed, reason = TaskState.TASK_FAILED, TaskStatus.REASON_EXECUTOR_TERMINATED
                self._delivery.updated_by_agent(container.run, failed, "Executor terminated", reason)
            return
        if not executor.wanted:
            for container in containers:
                self._containers.remove(container)
            if executor.ref is None:
                self._by_id.pop(executor.id, None)
            return
        if executor.ref is None:
            self._spawn(executor, launch, recovered=False)
        else:
            executor.ref.tell(launch, self._context.self_ref)
        for container in containers:
            container.executor = executor.ref

    def _spawn(self, executor: SharedExecutor, launch: Launch, recovered: bool) -> None:
        if executor.run.is_default:
            props: Props[Any] = Props(DefaultExecutor, executor.run, self._runner, launch.members)
        else:
            props = Props(CustomExecutor, executor.run, self._runner, self._settings, launch, recovered)
        executor.ref = self._context.spawn(props)
        self._context.watch(executor.ref, ExecutorStopped(executor.id))

    def restore(self, agent: AgentIdentity, record: ExecutorRecord, killed: Callable[[str], bool]) -> None:
        """Go on with an executor and its tasks, which are restored already."""
        framework = self._containers.frameworks[record.framework_id]
        executor = SharedExecutor(ExecutorRun(agent, framework, record.info, record.container_id))
        self._by_id[executor.id] = executor
        members = []
        live = [container for container in self.tasks(executor.id) if not container.updates.ended]
        for container in live:
            latest, updates = container.updates.latest_state, container.updates
            reached = None if latest is None else TaskState(latest)
            stored = frozenset(status.uuid for status in (updates.acknowledged, *updates.pending) if status is not None)
            members.append(Member(container.run, reached, killed(container.id), stored))
        self._spawn(executor, Launch(tuple(members)), recovered=True)
        for container in live:
            container.executor = executor.ref

    def limits(self) -> Mapping[str, float]:
        """How much memory what the task runner runs of them may use, in bytes by container."""
        limits: dict[str, float] = {}
        together: dict[str, list[mesos_pb2.TaskInfo]] = {e.id: [] for e in self if not e.run.is_default}
        for container in self._containers:
            if container.run.shares_executor and container.executor is not None:
                executor_id = outer(container.id)
                if executor_id in together:
                    together[executor_id].append(container.run.task)
                elif not container.run.has_image:
                    limits[container.id] = memory_limit(container.run.task)
        for executor_id, tasks in together.items():
            limits[executor_id] = memory_limit(self._by_id[executor_id].run.info, *tasks)
        return limits

    # -- what they and their frameworks say ------------------------------------------------------------------------

    def call(self, message: ExecutorCall, asker: ActorRef[Any]) -> None:
        """Passed on to the executor, which answers."""
        executor, refusal = self._whose(message.call)
        if executor is None or executor.ref is None:
            asker.tell(refusal, self._context.self_ref)
        else:
            executor.ref.tell(message, asker)

    def subscribe(self, message: ExecutorSubscribe) -> None:
        executor, _ = self._whose(message.call)
        if executor is None or executor.ref is None:
            message.stream.tell(EndStream())  # it ended between its call and the answer
            return
        framework = self._containers.frameworks.get(executor.run.framework.id.value, executor.run.framework)
        subscribe = Subscribe(message.call, message.stream, framework, self._link.info)
        executor.ref.tell(subscribe, self._context.self_ref)

    def _whose(self, call: executor_pb2.Call) -> tuple[SharedExecutor | None, Answer]:
        framework_id = call.framework_id.value
        if not any(one.run.framework.id.value == framework_id for one in (*self._containers, *self)):
            return None, Answer(400, "Framework cannot be found")
        executor = self.of(framework_id, call.executor_id.value)
        if executor is None or executor.run.is_default:
            return None, Answer(400, "Executor cannot be found")
        return executor, Answer(403, "Executor is not subscribed")

    def said(self, message: ExecutorSaid) -> None:
        executor = self._by_id.get(message.container_id)
        if executor is not None:
            run = executor.run
            framework_id, agent_id = run.framework.id.value, self._link.agent_id
            self._link.send(ExecutorMessage(framework_id, agent_id, run.executor_id, message.data))

    def send(self, framework_id: str, executor_id: str, data: bytes) -> bool:
        """False if there is no such executor, or it takes no messages."""
        executor = self.of(framework_id, executor_id)
        if executor is None or executor.run.is_default:
            return False
        self.tell(executor.id, Send(data))
        return True

    # -- their end -------------------------------------------------------------------------------------------------

    def shut_down(self, executor: SharedExecutor) -> None:
        self._ending.add(executor.id)
        self._ahead.then((), partial(self.tell, executor.id, Shutdown()))

    def shut_down_framework(self, framework_id: str) -> None:
        for executor in self:
            if executor.run.framework.id.value == framework_id:
                if executor.recorded:
                    self._ahead.then((ExecutorRemoved(executor.id),))
                executor.wanted = False
                self.shut_down(executor)

    def stopped(self, container_id: str) -> bool:
        """Its actor failed; the tasks are not left without one who answers for them. False if it is not one of ours."""
        if container_id not in self._by_id:
            return False
        for container in self.tasks(container_id):
            self._runner.kill(container.id, 0)
        self._runner.kill(container_id, 0)
        reason = TaskStatus.REASON_EXECUTOR_TERMINATED
        self.ended(ExecutorEnded(container_id, -1, "Executor terminated", reason))
        return True

    def ended(self, message: ExecutorEnded) -> None:
        executor = self._by_id.pop(message.container_id, None)
        if executor is None:
            return
        self._ending.discard(executor.id)
        self.completed.append(executor)
        if executor.ref is not None:
            self._context.unwatch(executor.ref)
            self._context.stop(executor.ref)
        for container in self.tasks(executor.id):
            if not container.updates.ended and container.executor is not None:
                failed = TaskState.TASK_FAILED
                self._delivery.updated_by_agent(container.run, failed, message.message, message.reason)
        records = (ExecutorRemoved(executor.id),) if executor.recorded else ()
        self._ahead.then(records, partial(self._gone, executor, message.status))

    def _gone(self, executor: SharedExecutor, status: int) -> None:
        self._runner.forget([executor.id])
        run = executor.run
        self._link.send(ExecutorExited(run.framework.id.value, self._link.agent_id, run.executor_id, status))


def numbered(executor: SharedExecutor, name: str, count: int, group: bool) -> list[str]:
    """Ids for the containers of ``count`` tasks; ``name`` is a uuid in hexadecimal."""
    ids = [f"{executor.id}.{name}-{index}" for index in range(count)] if group else [f"{executor.id}.{name}"]
    assert group == (group_of(ids[0]) is not None)
    return ids
