"""The command executor: one actor for each command task, from its start to its last status.

It does what Mesos's ``src/launcher/executor.cpp`` does in a process of its own, and sends what that sends.

::

    agent                                   command executor                     task runner
    (spawned)                        ──►    fetch(URIs), if it has some     ──►
          ◄──  Update(TASK_STARTING)        launch(command)                 ──►
    Started (from the runner)        ──►    Update(TASK_RUNNING)
    KillTask, Shutdown               ──►    kill(container, grace)          ──►
          ◄──  Update(TASK_KILLING)         if the framework has the capability
    OverMemory                       ──►    kill(container, 0)              ──►
    (its health checker: Health)            Update(TASK_RUNNING, healthy), or a kill
    Exited, Refused, Lost            ──►    Update(a terminal state); nothing follows
    NotHeld                          ──►    launch(command) again: the runner never heard of it

An agent that recovers spawns it with the state it had ``reached``, and tells it what the runner holds: the same
messages then complete the task's history, with nothing said twice.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Props
from actors.local_mesos.agent._executor_protocol import Kill, KillDecided, NotHeld, Shutdown, Update
from actors.local_mesos.agent._health import Health, HealthChecker
from actors.local_mesos.agent._housekeeping import OverMemory, over_memory_text
from actors.local_mesos.agent._run import Run
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.task_runner import Exited, FetchFailed, Lost, Refused, Started, TaskRunner
from mesos_proto import TaskState, mesos_pb2

__all__ = ["CommandExecutor"]

KILL_GRACE = 3.0  # seconds, without a kill policy
SHUTDOWN_GRACE = 3.0  # seconds: what the real executor makes of its agent's 5 s
COMMAND_NOT_FOUND = 127  # of a shell

TaskStatus = mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """To itself: ``max_completion_time`` has passed."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """To itself: the URIs are in the sandbox, or ``problem`` says which is not."""

    problem: str | None


Message = Started | Refused | Exited | Lost | Kill | Shutdown | NotHeld | OverMemory | OutOfTime | Fetched | Health


class CommandExecutor(Actor[Message]):
    """``reached`` is None for a new task; ``killed`` if a kill was decided before the agent was restarted."""

    def __init__(self, run: Run, runner: TaskRunner, reached: TaskState | None = None, killed: bool = False) -> None:
        self._run = run
        self._runner = runner
        self._reached = reached
        self._killed = killed
        self._unhealthy = False
        self._ended_for: tuple[mesos_pb2.TaskStatus.Reason.ValueType, str | None] | None = None
        self._checker: ActorRef[Any] | None = None

    def pre_start(self) -> None:
        if self._reached is None:
            if self._run.task.command.uris:
                self.context.pipe_to(self._fetch())
            else:
                self._begin()

    def receive(self, message: Message) -> None:
        if self._reached is not None and self._reached.is_terminal:
            return  # a kill that crossed the task's end
        match message:
            case Started() | Refused() | Exited() | Lost() if message.container_id != self._run.container_id:
                if self._checker is not None:  # of one of its commands
                    self._checker.tell(message, self.ref)
            case Fetched(problem):
                self._fetched(problem)
            case Health():
                self._health(message)
            case Started(at=at):
                self._started(at)
            case Exited(status=status):
                self._is_running()
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
                self._end_for(TaskStatus.REASON_MAX_COMPLETION_TIME_REACHED)
            case OverMemory(used=used, limit=limit):
                self._end_for(TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY, over_memory_text(used, limit))

    # -- its life --------------------------------------------------------------------------------------------------

    async def _fetch(self) -> Fetched:
        try:
            await self._runner.fetch(self._run.sandbox, self._run.task.command.uris)
        except FetchFailed as error:
            return Fetched(str(error))
        return Fetched(None)

    def _fetched(self, problem: str | None) -> None:
        if self._reached is not None:
            return  # after a restart: it had been fetched, and the command already runs
        if problem is None:
            self._begin()
        else:
            text = f"Failed to launch container: Failed to fetch all URIs for container '{self._run.container_id}': "
            self._fail(text + problem, TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)

    def _begin(self) -> None:
        self._update(TaskState.TASK_STARTING)
        self._runner.launch(self._run.command())

    def _started(self, at: float) -> None:
        self._is_running()
        if self._killed:
            self._runner.kill(self._run.container_id, self._grace(None))
            return
        if self._run.task.HasField("max_completion_time"):
            limit = self._run.task.max_completion_time.nanoseconds / 1e9
            left = limit - (self.context.system.clock.wall() - at)
            self.context.timers.start_single("max_completion_time", OutOfTime(), max(0.0, left))
        if self._run.task.HasField("health_check") and self._checker is None:
            self._checker = self.context.spawn(Props(HealthChecker, self._run, self._runner))

    def _is_running(self) -> None:
        """Said once; also of what started, and perhaps ended, while no agent listened."""
        if self._reached is None:
            self._update(TaskState.TASK_STARTING)
        if self._reached is TaskState.TASK_STARTING:
            self._update(TaskState.TASK_RUNNING)

    def _health(self, health: Health) -> None:
        reason = TaskStatus.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
        self._update(TaskState.TASK_RUNNING, health.why or None, reason, health.healthy)
        if health.kill:
            self._unhealthy = True
            self._kill(self._grace(None))

    def _stop_checking(self) -> None:
        if self._checker is not None:
            self.context.stop(self._checker)
            self._checker = None

    def _not_held(self) -> None:
        if self._reached is TaskState.TASK_STARTING:
            self._runner.launch(self._run.command())
            if self._killed:
                self._runner.kill(self._run.container_id, 0)
        else:
            self._fail("Executor terminated: no trace is left of it", TaskStatus.REASON_EXECUTOR_TERMINATED)

    def _kill(self, grace: float) -> None:
        self.context.timers.cancel("max_completion_time")
        self._stop_checking()
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
            self._stop_checking()
            self._runner.kill(self._run.container_id, 0)

    def _grace(self, policy: mesos_pb2.KillPolicy | None) -> float:
        """Seconds: the kill's own policy, else the task's, else 3."""
        for candidate in (policy, self._run.task.kill_policy):
            if candidate is not None and candidate.HasField("grace_period"):
                return candidate.grace_period.nanoseconds / 1e9
        return KILL_GRACE

    def _exited(self, status: int) -> None:
        message = f"Command {_describe(status)}"
        if self._ended_for is not None:
            reason, why = self._ended_for
            self._fail(why or message, reason)
        elif self._killed:
            self._update(TaskState.TASK_KILLED, message, healthy=False if self._unhealthy else None)
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
        self,
        state: TaskState,
        message: str | None = None,
        reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None,
        healthy: bool | None = None,
    ) -> None:
        self._reached = state
        if state.is_terminal:
            self._stop_checking()
        status = new_status(self.context.system, self._run, state, TaskStatus.SOURCE_EXECUTOR, message, reason)
        if healthy is not None:
            status.healthy = healthy
        self._tell_agent(Update(self._run.container_id, status))

    def _tell_agent(self, message: Update | KillDecided) -> None:
        self.context.parent.tell(message, self.ref)


def _describe(status: int) -> str:
    """A wait status in Mesos's words."""
    if os.WIFEXITED(status):
        return f"exited with status {os.WEXITSTATUS(status)}"
    dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
    return f"terminated with signal {signal.strsignal(os.WTERMSIG(status))}{dumped}"
