"""What an agent says of itself when it is asked."""

from __future__ import annotations

from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._executors import Executors, SharedExecutor
from actors.local_mesos.agent._run import outer
from actors.local_mesos.agent._status import task_of
from actors.local_mesos.agent._views import AgentDescription, ExecutorDescription, RunDescription
from actors.local_mesos.task_runner import TaskRunner
from mesos_proto import mesos_pb2

__all__ = ["describe"]


def describe(
    info: mesos_pb2.AgentInfo, ip: str, runner: TaskRunner, containers: Containers, executors: Executors
) -> AgentDescription:
    def task(container: Container) -> RunDescription:
        run = container.run
        return RunDescription(run, task_of(run, container.updates), runner.sandbox_path(run.sandbox))

    def executor(one: SharedExecutor) -> ExecutorDescription:
        past = [each for each in containers.completed if each.run.shares_executor and outer(each.id) == one.id]
        return ExecutorDescription(
            one.run,
            runner.sandbox_path(one.run.sandbox),
            tuple(map(task, executors.tasks(one.id))),
            tuple(map(task, past)),
        )

    return AgentDescription(
        info,
        ip,
        tuple(map(task, containers)),
        tuple(map(task, containers.completed)),
        tuple(map(executor, executors)),
        tuple(map(executor, executors.completed)),
    )
