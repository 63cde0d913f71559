"""A command task, from its start to its last status: what each goes through, and all that most go through.

It does what Mesos's ``src/launcher/executor.cpp`` does in a process of its own, and sends what that sends.

::

    agent                                   command task                         task runner
    (made; begin)                    ──►
          ◄──  Update(TASK_STARTING)        launch(command)                 ──►
    Started (from the runner)        ──►    Update(TASK_RUNNING)
    Kill, Shutdown                   ──►    kill(container, grace)          ──►
          ◄──  Update(TASK_KILLING)         if the framework has the capability
    OverMemory                       ──►    kill(container, 0)              ──►
    Exited, Refused, Lost            ──►
          ◄──  Update(a terminal state)     nothing follows
    NotHeld                          ──►    launch(command) again: the runner never heard of it

An agent that recovers makes it with the state it had ``reached``, and tells it what the runner holds: the same
messages then complete the task's history, with nothing said twice.

``PlainTask`` is an object of its agent's, for a million of them are no actors; who needs time or helpers, to fetch, to
contain, to be checked, is an actor (``_command_executor.CommandExecutor``).
"""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from actors.core import ActorRef, ActorSystem
from actors.local_mesos.agent._executor_protocol import Kill, KillDecided, NotHeld, Shutdown, Update
from actors.local_mesos.agent._housekeeping import OverMemory, over_memory_text
from actors.local_mesos.agent._run import Run
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.shared_volumes import shared_volumes
from actors.local_mesos.task_runner import Exited, Lost, Refused, Started, TaskRunner
from mesos_proto import TaskState, mesos_pb2

__all__ = ["CommandTask", "PlainTask", "needs_preparing"]

KILL_GRACE = 3.0  # seconds, without a kill policy
SHUTDOWN_GRACE = 3.0  # seconds: what the real executor makes of its agent's 5 s
COMMAND_NOT_FOUND = 127  # of a shell

TaskStatus = mesos_pb2.TaskStatus


class CommandTask(ABC):
    """``reached`` is None for a new task; ``killed`` if a kill was decided before the agent was restarted."""

    __slots__ = ("_ended_for", "_killed", "_pid", "_reached", "_run", "_runner")

    def __init__(self, run: Run, runner: TaskRunner, reached: TaskState | None = None, killed: bool = False) -> None:
        self._run = run
        self._runner = runner
        self._reached = reached
        self._killed = killed
        self._ended_for: tuple[mesos_pb2.TaskStatus.Reason.ValueType, str | None] | None = None
        self._pid = 0  # known once it has started

    @property
    @abstractmethod
    def _system(self) -> ActorSystem: ...

    @abstractmethod
    def _tell_agent(self, message: Update | KillDecided) -> None: ...

    @property
    def _is_over(self) -> bool:
        """What comes now is a kill that crossed the task's end."""
        return self._reached is not None and self._reached.is_terminal

    def _handle(self, message: Any) -> None:
        match message:
            case Started(pid=pid, at=at):
                self._pid = pid
                self._started(at)
            case Exited(status=status):
                self._is_running()
                self._exited(status)
            case Refused(error=error):
                self._fail(error, TaskStatus.REASON_COMMAND_EXECUTOR_FAILED)
            case Lost():
                self._lost()
            case Kill(policy):
                self._kill(self._grace(policy))
            case Shutdown():
                self._kill(SHUTDOWN_GRACE)
            case NotHeld():
                self._not_held()
            case OverMemory(used=used, limit=limit):
                self._end_for(TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY, over_memory_text(used, limit))

    def _begin(self) -> None:
        if self._reached is None:
            self._update(TaskState.TASK_STARTING)
        self._runner.launch(self._run.command())
        if self._killed:
            self._runner.kill(self._run.container_id, 0)

    def _started(self, at: float) -> None:
        """``at`` is in seconds since the epoch."""
        self._is_running()
        if self._killed:
            self._runner.kill(self._run.container_id, self._grace(None))

    def _is_running(self) -> None:
        """Said once; also of what started, and perhaps ended, while no agent listened."""
        if self._reached is None:
            self._update(TaskState.TASK_STARTING)
        if self._reached is TaskState.TASK_STARTING:
            self._update(TaskState.TASK_RUNNING)

    def _not_held(self) -> None:
        if self._reached is TaskState.TASK_STARTING:
            self._begin()
        else:
            self._fail("Executor terminated: no trace is left of it", TaskStatus.REASON_EXECUTOR_TERMINATED)

    def _kill(self, grace: float) -> None:
        if self._reached is None:
            text, reason = "Task killed before its command was started", TaskStatus.REASON_TASK_KILLED_DURING_LAUNCH
            self._update(TaskState.TASK_KILLED, text, reason)
            return
        if not self._killed:
            self._killed = True
            self._tell_agent(KillDecided(self._run.container_id))
            if self._run.framework_hears_of_killing:
                self._update(TaskState.TASK_KILLING)
        self._runner.kill(self._run.container_id, grace)

    def _end_for(self, reason: mesos_pb2.TaskStatus.Reason.ValueType, message: str | None = None) -> None:
        """At once, and its end is a failure for that reason, with the command's own end as the message if None."""
        if not self._killed and self._ended_for is None:
            self._ended_for = (reason, message)
            self._runner.kill(self._run.container_id, 0)

    def _grace(self, policy: mesos_pb2.KillPolicy | None) -> float:
        """Seconds: the kill's own policy, else the task's, else 3."""
        for candidate in (policy, self._run.task.kill_policy):
            if candidate is not None and candidate.HasField("grace_period"):
                return candidate.grace_period.nanoseconds / 1e9
        return KILL_GRACE

    def _exited(self, status: int) -> None:
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        message = f"{'Container' if self._run.task.container.HasField('docker') else 'Command'} {_describe(status)}"
        if self._ended_for is not None:
            reason, why = self._ended_for
            self._fail(why or message, reason)
        elif self._killed:
            self._update(TaskState.TASK_KILLED, message, healthy=self._health_at_its_end)
        elif status == 0:
            self._update(TaskState.TASK_FINISHED, message)
        elif code is not None and (problem := self._failed_to_launch(code)) is not None:
            self._fail(f"Failed to launch container: {problem}", TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)
        else:
            if code == COMMAND_NOT_FOUND and self._run.task.command.shell:
                message += " (the shell did not find a command; its stderr in the sandbox names it)"
            self._fail(message, TaskStatus.REASON_COMMAND_EXECUTOR_FAILED)

    @property
    def _health_at_its_end(self) -> bool | None:
        return None

    def _failed_to_launch(self, exit_code: int) -> str | None:
        """Why, if that exit status is not the command's own."""
        return None

    def _lost(self) -> None:
        self._fail("Executor terminated: its task runner was killed", TaskStatus.REASON_EXECUTOR_TERMINATED)

    def _fail(self, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType) -> None:
        self._update(TaskState.TASK_FAILED, message, reason)

    def _update(
        self,
        state: TaskState,
        message: str | None = None,
        reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None,
        healthy: bool | None = None,
    ) -> None:
        before, self._reached = self._reached, state
        source = TaskStatus.SOURCE_EXECUTOR
        if before is None and state.is_terminal:
            source = TaskStatus.SOURCE_AGENT  # on a real agent, no executor has begun
        status = new_status(self._system, self._run, state, source, message, reason)
        if source == TaskStatus.SOURCE_AGENT:
            status.ClearField("container_status")
        if healthy is not None:
            status.healthy = healthy
        if self._pid:
            status.container_status.executor_pid = self._pid
        self._tell_agent(Update(self._run.container_id, status))


class PlainTask(CommandTask):
    """One that only runs. What it is told, it does at once, within its agent's turn.

    ``agent`` is called with what it tells the agent, ``failed`` when it failed by a fault of its own: the task is not
    left without one who answers for it.
    """

    __slots__ = ("_agent", "_failed", "_of")

    def __init__(
        self,
        run: Run,
        runner: TaskRunner,
        reached: TaskState | None,
        killed: bool,
        system: ActorSystem,
        agent: Callable[[Any], object],
        failed: Callable[[str, Exception], object],
    ) -> None:
        super().__init__(run, runner, reached, killed)
        self._of = system
        self._agent = agent
        self._failed = failed

    @staticmethod
    def suits(run: Run) -> bool:
        """Whether the task needs nobody's help and no time."""
        task = run.task
        watched = task.HasField("health_check") or task.HasField("max_completion_time")
        return not (watched or needs_preparing(run))

    def begin(self) -> None:
        if self._reached is None:
            self._do(self._begin)

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """As an actor would be told."""
        if not self._is_over:
            self._do(self._handle, message)

    def _do(self, what: Callable[..., None], *arguments: Any) -> None:
        try:
            what(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the task has failed
            self._failed(self._run.container_id, error)

    @property
    def _system(self) -> ActorSystem:
        return self._of

    def _tell_agent(self, message: Update | KillDecided) -> None:
        self._agent(message)


def needs_preparing(run: Run) -> bool:
    """Whether something has to be fetched or contained before its command can be launched."""
    task = run.task
    return bool(task.command.uris or run.has_image or (task.HasField("container") and shared_volumes(task.container)))


def _describe(status: int) -> str:
    """A wait status in Mesos's words."""
    if os.WIFEXITED(status):
        return f"exited with status {os.WEXITSTATUS(status)}"
    dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
    return f"terminated with signal {signal.strsignal(os.WTERMSIG(status))}{dumped}"
