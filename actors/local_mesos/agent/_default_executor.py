"""The default executor: runs task groups, each task as a process of its own, and ends a group whose member failed.

It does what Mesos's ``src/launcher/default_executor.cpp`` does in a process of its own.

::

    agent                                default executor                command executors (one for each task)
    Launch(members)                ──►   spawns                    ──►
          ◄──  Update                    passes on                 ◄──   Update
                                         a member that did not finish:
          ◄──  KillDecided, Update       Kill to the rest of it    ──►
    ForTask(…, Kill), Shutdown     ──►   passes on                 ──►
    events of the task runner      ──►   passes on                 ──►
          ◄──  ExecutorEnded             once no task is left
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Props, StoppingStrategy
from actors.local_mesos.agent._command_executor import CommandExecutor
from actors.local_mesos.agent._executor_protocol import (
    ExecutorEnded,
    ForTask,
    Kept,
    Kill,
    KillDecided,
    Launch,
    Member,
    NotHeld,
    Shutdown,
    Update,
)
from actors.local_mesos.agent._run import ExecutorRun, group_of
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.task_runner import Exited, Lost, Refused, Started, TaskRunner
from mesos_proto import TaskState, mesos_pb2

__all__ = ["DefaultExecutor"]

TaskStatus = mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class _Stopped:
    """To itself: a command executor failed by a fault of its own."""

    container_id: str


class DefaultExecutor(Actor[Any]):
    """``members`` are the tasks that it begins, or goes on, with."""

    supervisor_strategy = StoppingStrategy()  # an executor that failed must not start its task once more

    def __init__(self, run: ExecutorRun, runner: TaskRunner, members: tuple[Member, ...]) -> None:
        self._run = run
        self._runner = runner
        self._first = members
        self._members: dict[str, Member] = {}  # that have not ended, by container id
        self._executors: dict[str, ActorRef[Any]] = {}

    def pre_start(self) -> None:
        for member in self._first:
            self._begin(member)
        self._end_if_idle()

    def receive(self, message: Any) -> None:
        match message:
            case Launch(members):
                for member in members:
                    self._begin(member)
            case Update(container_id, status):
                self._updated(container_id, status)
            case KillDecided():
                self.context.parent.tell(message, self.ref)
            case ForTask(message=Kept()):
                pass
            case ForTask(container_id, order):
                self._tell(container_id, order)
            case Started() | Refused() | Exited() | Lost():
                name = message.container_id
                self._tell(name if name in self._executors else name.rpartition(".")[0], message)  # or of its check
            case NotHeld():
                pass  # it has no process: its tasks have
            case Shutdown():
                for executor in self._executors.values():
                    executor.tell(message, self.ref)
            case _Stopped(container_id) if container_id in self._members:
                self._runner.kill(container_id, 0)
                run, reason = self._members[container_id].run, TaskStatus.REASON_EXECUTOR_TERMINATED
                failed, source = TaskState.TASK_FAILED, TaskStatus.SOURCE_EXECUTOR
                status = new_status(self.context.system, run, failed, source, "Executor terminated", reason)
                self._updated(container_id, status)
            case _:
                self.unhandled(message)

    def _begin(self, member: Member) -> None:
        name = member.run.container_id
        executor = self.context.spawn(Props(CommandExecutor, member.run, self._runner, member.reached, member.killed))
        self.context.watch(executor, _Stopped(name))
        self._members[name] = member
        self._executors[name] = executor

    def _tell(self, container_id: str, message: Any) -> None:
        if container_id in self._executors:
            self._executors[container_id].tell(message, self.ref)

    def _updated(self, container_id: str, status: TaskStatus) -> None:
        state = TaskState(status.state)
        if container_id not in self._members:
            return
        others: list[str] = []
        if state.is_terminal:
            del self._members[container_id]
            executor = self._executors.pop(container_id)
            self.context.unwatch(executor)
            self.context.stop(executor)
            if state is not TaskState.TASK_FINISHED:
                others = [name for name in self._members if group_of(name) == group_of(container_id)]
        for name in others:  # before the reason for it is stored: a restart in between must not leave half a group
            self.context.parent.tell(KillDecided(name), self.ref)
        self.context.parent.tell(Update(container_id, status), self.ref)
        for name in others:
            self._tell(name, Kill())
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if not self._members:
            text, reason = "Executor terminated", TaskStatus.REASON_EXECUTOR_TERMINATED
            self.context.parent.tell(ExecutorEnded(self._run.container_id, 0, text, reason), self.ref)
