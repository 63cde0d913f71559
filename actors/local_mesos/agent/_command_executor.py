"""The command executor: one actor for each command task, from its start to its last status.

It does what Mesos's ``src/launcher/executor.cpp`` does in a process of its own, and sends what that sends.

::

    agent                                   command executor                     task runner
    (spawned)                        ──►    launch(command)                 ──►
          ◄──  Update(TASK_STARTING)
    Started (from the runner)        ──►    Update(TASK_RUNNING)
    KillTask, Shutdown               ──►    kill(container, grace)          ──►
          ◄──  Update(TASK_KILLING)         if the framework has the capability
    Exited, Refused, Lost            ──►    Update(a terminal state); nothing follows
    NotHeld                          ──►    launch(command) again: the runner never heard of it

An agent that recovers spawns it with the state it had ``reached``, and tells it what the runner holds: the same
messages then complete the task's history, with nothing said twice.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

from actors.core import Actor
from actors.local_mesos.agent._run import Run
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.task_runner import Exited, Lost, Refused, Started, TaskRunner
from mesos_proto import TaskState, mesos_pb2

__all__ = ["CommandExecutor", "Kill", "KillDecided", "NotHeld", "Shutdown", "Update"]

KILL_GRACE = 3.0  # seconds, without a kill policy
SHUTDOWN_GRACE = 3.0  # seconds: what the real executor makes of its agent's 5 s
COMMAND_NOT_FOUND = 127  # of a shell

TaskStatus = mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class Kill:
    """From the agent; without a policy the task's own counts."""

    policy: mesos_pb2.KillPolicy | None = None


@dataclass(frozen=True, slots=True)
class Shutdown:
    """From the agent: end the task because its framework or its agent ends."""


@dataclass(frozen=True, slots=True)
class NotHeld:
    """From the agent: the task runner knows nothing of the container."""


@dataclass(frozen=True, slots=True)
class KillDecided:
    """To the agent: however the task ends now, it was killed."""

    container_id: str


@dataclass(frozen=True, slots=True)
class Update:
    """To the agent: the task's next status."""

    container_id: str
    status: mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """To itself: ``max_completion_time`` has passed."""


Message = Started | Refused | Exited | Lost | Kill | Shutdown | NotHeld | OutOfTime


class CommandExecutor(Actor[Message]):
    """``reached`` is None for a new task; ``killed`` if a kill was decided before the agent was restarted."""

    def __init__(self, run: Run, runner: TaskRunner, reached: TaskState | None = None, killed: bool = False) -> None:
        self._run = run
        self._runner = runner
        self._reached = reached
        self._killed = killed
        self._out_of_time = False

    def pre_start(self) -> None:
        if self._reached is None:
            self._update(TaskState.TASK_STARTING)
            self._runner.launch(self._run.command())

    def receive(self, message: Message) -> None:
        if self._reached is not None and self._reached.is_terminal:
            return  # a kill that crossed the task's end
        match message:
            case Started(at=at):
                self._started(at)
            case Exited(status=status):
                self._started_unseen()
                self._exited(status)
            case Refused(error=error):
                self._fail(error, TaskStatus.REASON_COMMAND_EXECUTOR_FAILED)
            case Lost():
                self._fail("Executor terminated: its task runner was killed", TaskStatus.REASON_EXECUTOR_TERMINATED)
            case Kill(policy):
                self._kill(self._grace(policy))
            case Shutdown():
                self._kill(SHUTDOWN_GRACE)
            case NotHeld():
                self._not_held()
            case OutOfTime():
                self._out_of_time = True
                self._runner.kill(self._run.container_id, 0)

    # -- its life --------------------------------------------------------------------------------------------------

    def _started(self, at: float) -> None:
        if self._reached is TaskState.TASK_STARTING:
            self._update(TaskState.TASK_RUNNING)
        if self._killed:
            self._runner.kill(self._run.container_id, self._grace(None))
        elif self._run.task.HasField("max_completion_time"):
            limit = self._run.task.max_completion_time.nanoseconds / 1e9
            left = limit - (self.context.system.clock.wall() - at)
            self.context.timers.start_single("max_completion_time", OutOfTime(), max(0.0, left))

    def _started_unseen(self) -> None:
        """It started and ended while no agent listened; the framework hears of both."""
        if self._reached is TaskState.TASK_STARTING:
            self._update(TaskState.TASK_RUNNING)

    def _not_held(self) -> None:
        if self._reached is TaskState.TASK_STARTING:
            self._runner.launch(self._run.command())
            if self._killed:
                self._runner.kill(self._run.container_id, 0)
        else:
            self._fail("Executor terminated: no trace is left of it", TaskStatus.REASON_EXECUTOR_TERMINATED)

    def _kill(self, grace: float) -> None:
        self.context.timers.cancel("max_completion_time")
        if not self._killed:
            self._killed = True
            self._tell_agent(KillDecided(self._run.container_id))
            if self._run.framework_hears_of_killing:
                self._update(TaskState.TASK_KILLING)
        self._runner.kill(self._run.container_id, grace)

    def _grace(self, policy: mesos_pb2.KillPolicy | None) -> float:
        """Seconds: the kill's own policy, else the task's, else 3."""
        for candidate in (policy, self._run.task.kill_policy):
            if candidate is not None and candidate.HasField("grace_period"):
                return candidate.grace_period.nanoseconds / 1e9
        return KILL_GRACE

    def _exited(self, status: int) -> None:
        message = f"Command {_describe(status)}"
        if self._out_of_time:
            reason = TaskStatus.REASON_MAX_COMPLETION_TIME_REACHED
            self._update(TaskState.TASK_FAILED, message, reason)
        elif self._killed:
            self._update(TaskState.TASK_KILLED, message)
        elif status == 0:
            self._update(TaskState.TASK_FINISHED, message)
        else:
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) == COMMAND_NOT_FOUND and self._run.task.command.shell:
                message += " (the shell did not find a command; its stderr in the sandbox names it)"
            self._fail(message, TaskStatus.REASON_COMMAND_EXECUTOR_FAILED)

    def _fail(self, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType) -> None:
        self._update(TaskState.TASK_FAILED, message, reason)

    # -- what it says ----------------------------------------------------------------------------------------------

    def _update(
        self, state: TaskState, message: str | None = None, reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None
    ) -> None:
        self._reached = state
        status = new_status(self.context.system, self._run, state, TaskStatus.SOURCE_EXECUTOR, message, reason)
        self._tell_agent(Update(self._run.container_id, status))

    def _tell_agent(self, message: Update | KillDecided) -> None:
        self.context.parent.tell(message, self.ref)


def _describe(status: int) -> str:
    """A wait status in Mesos's words."""
    if os.WIFEXITED(status):
        return f"exited with status {os.WEXITSTATUS(status)}"
    dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
    return f"terminated with signal {signal.strsignal(os.WTERMSIG(status))}{dumped}"
