"""The tasks of frameworks: launched, killed and shut down by the master's word; failed when who runs them does.

::

    agent                                   tasks                                who runs it
    launch(framework, tasks)         ──►    stored, then                  ──►    a PlainTask, a CommandExecutor, or
                                                                                 the executor that they share
    reconcile(framework, names)      ──►    TASK_DROPPED of each that is not here
    kill / shut_down_executor        ──►    behind what is being stored   ──►    Kill / Shutdown
    shut_down_framework              ──►    forgotten by the checkpoint   ──►    Shutdown; it ends without a word
    executor_failed                  ──►    TASK_FAILED, unless the task has ended

What they say comes back to the agent as ``Update``, which its ``Delivery`` sees to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from actors.core import ActorContext, Props
from actors.local_mesos.agent._admission import Refusal, why_not
from actors.local_mesos.agent._command_executor import CommandExecutor
from actors.local_mesos.agent._command_task import PlainTask
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._delivery import Delivery
from actors.local_mesos.agent._executor_protocol import Kill, Shutdown
from actors.local_mesos.agent._executors import Executors, numbered
from actors.local_mesos.agent._messages import ExecutorStopped
from actors.local_mesos.agent._records import FrameworkRecord, TaskRecord, TaskRemoved
from actors.local_mesos.agent._run import AgentIdentity
from actors.local_mesos.agent._status import random_uuid
from actors.local_mesos.agent._write_ahead import WriteAhead
from actors.local_mesos.task_runner import TaskRunner
from mesos_proto import TaskState, mesos_pb2

__all__ = ["Tasks"]

TaskStatus = mesos_pb2.TaskStatus


class Tasks:
    """Belongs to the agent of ``context``. ``identity`` says who that is, once it has an id; ``hear`` is called with
    what a ``PlainTask`` says, within the agent's turn.
    """

    def __init__(
        self,
        context: ActorContext,
        identity: Callable[[], AgentIdentity],
        runner: TaskRunner,
        ahead: WriteAhead,
        containers: Containers,
        delivery: Delivery,
        executors: Executors,
        hear: Callable[[Any], object],
    ) -> None:
        self._context = context
        self._identity = identity
        self._runner = runner
        self._ahead = ahead
        self._containers = containers
        self._delivery = delivery
        self._executors = executors
        self._hear = hear

    def launch(
        self,
        framework: mesos_pb2.FrameworkInfo,
        tasks: list[mesos_pb2.TaskInfo],
        *,
        as_group: bool = False,
        stopping: bool = False,
    ) -> None:
        """One task, or a group of them: all or none. A group of nothing is no fault, and runs nothing.

        An agent that is ``stopping`` drops them.
        """
        if not tasks:
            return
        framework_id = framework.id.value
        for task in tasks:
            if self._containers.of_task(framework_id, task.task_id.value) is not None:
                self._context.log.warning("ignored a second launch of task %s of %s", task.task_id.value, framework_id)
                return
        self.learn_framework(framework)
        name = str(random_uuid(self._context.system))
        if not tasks[0].HasField("executor"):
            (container,) = self._containers.accept(self._identity(), framework, tasks, [name])
            self._begin(container, why_not(container.run, stopping=stopping))
            return
        executor = self._executors.for_tasks(self._identity(), framework, tasks[0].executor, name)
        ids = numbered(executor, random_uuid(self._context.system).hex, len(tasks), as_group)
        containers = self._containers.accept(self._identity(), framework, tasks, ids)
        self._executors.run(executor, containers, as_group, stopping)

    def reconcile(self, framework: mesos_pb2.FrameworkInfo, task_ids: Iterable[str]) -> None:
        """Of those that never came here, their framework hears that they were dropped."""
        for task_id in task_ids:
            if self._containers.of_task(framework.id.value, task_id) is not None:
                continue
            self.learn_framework(framework)
            identity = self._identity()
            task = mesos_pb2.TaskInfo(task_id=mesos_pb2.TaskID(value=task_id))
            task.agent_id.value = identity.agent_id
            name = str(random_uuid(self._context.system))
            (container,) = self._containers.accept(identity, framework, [task], [name])
            text, reason = "Reconciliation: task unknown to the agent", TaskStatus.REASON_RECONCILIATION
            self._begin(container, (container.run.dropped, text, reason))

    def _begin(self, container: Container, refusal: Refusal | None) -> None:
        """Stored, then started; or, with a ``refusal``, ended by its first status."""
        run = container.run
        record = TaskRecord(run.framework.id.value, container.id, run.task)
        if refusal is None:
            self._delivery.store(container, record, partial(self.spawn, container))
        else:
            self._delivery.store(container, record)
            self._delivery.updated_by_agent(run, *refusal)

    def learn_framework(self, framework: mesos_pb2.FrameworkInfo) -> None:
        if self._containers.frameworks.get(framework.id.value) != framework:
            self._containers.frameworks[framework.id.value] = framework
            if framework.checkpoint:
                self._ahead.then((FrameworkRecord(framework),))

    def spawn(self, container: Container, reached: TaskState | None = None, killed: bool = False) -> None:
        """Whoever runs a command task; of one that is recovered, with the state that it had ``reached``."""
        run = container.run
        if not container.wanted:
            return
        if PlainTask.suits(run):
            system = self._context.system
            task = PlainTask(run, self._runner, reached, killed, system, self._hear, self._plain_task_failed)
            container.executor = task
            task.begin()
        else:
            container.executor = executor = self._context.spawn(
                Props(CommandExecutor, run, self._runner, reached, killed)
            )
            self._context.watch(executor, ExecutorStopped(container.id))

    def kill(self, framework_id: str, task_id: str, policy: mesos_pb2.KillPolicy | None) -> None:
        container = self._containers.of_task(framework_id, task_id)
        if container is None:
            self._context.log.warning("ignored a kill of task %s of %s, which is not here", task_id, framework_id)
        else:
            # A launch that is still being stored has no executor yet; effects keep their order.
            self._ahead.then((), partial(container.tell, Kill(policy), self._context.self_ref))

    def _plain_task_failed(self, container_id: str, error: Exception) -> None:
        self._context.log.error("container %s: %s: %s", container_id, type(error).__name__, error, exc_info=error)
        self.executor_failed(container_id)

    def executor_failed(self, container_id: str) -> None:
        """By a fault of its own; the task is not left without one who answers for it."""
        container = self._containers.get(container_id)
        if not self._executors.stopped(container_id) and container is not None and container.executor is not None:
            self._runner.kill(container_id, 0)
            text, reason = "Executor terminated", TaskStatus.REASON_EXECUTOR_TERMINATED
            self._delivery.updated_by_agent(container.run, TaskState.TASK_FAILED, text, reason)

    def shut_down_executor(self, framework_id: str, executor_id: str) -> None:
        command = self._containers.of_task(framework_id, executor_id)  # a command executor has its task's id
        if (executor := self._executors.of(framework_id, executor_id)) is not None:
            self._executors.shut_down(executor)
        elif command is not None and not command.run.shares_executor:
            self._ahead.then((), partial(command.tell, Shutdown(), self._context.self_ref))
        else:
            self._context.log.warning("ignored the shutdown of executor %s, which is not here", executor_id)

    def shut_down_framework(self, framework_id: str) -> None:
        self._containers.frameworks.pop(framework_id, None)
        self._executors.shut_down_framework(framework_id)
        for container in self._containers.of_framework(framework_id):
            self._delivery.store(container, TaskRemoved(container.id))
            container.wanted = False
            if container.executor is None:
                self._containers.remove(container)
            elif not container.run.shares_executor:
                container.tell(Shutdown(), self._context.self_ref)
