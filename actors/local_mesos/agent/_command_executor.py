"""The command executor: one actor for each command task, from its start to its last status.

It does what Mesos's ``src/launcher/executor.cpp`` does in a process of its own, and sends what that sends.

::

    agent                                   command executor                     task runner
    (spawned)                        ──►    fetch(URIs), contain, as needed ──►
          ◄──  Update(TASK_STARTING)        launch(command)                 ──►
    Started (from the runner)        ──►    Update(TASK_RUNNING)
    KillTask, Shutdown               ──►    kill(container, grace)          ──►
          ◄──  Update(TASK_KILLING)         if the framework has the capability
    OverMemory                       ──►    kill(container, 0)              ──►
    (its health checker: Health)            Update(TASK_RUNNING, healthy), or a kill
    Exited, Refused, Lost            ──►    clean up its container, if any  ──►
          ◄──  Update(a terminal state)     nothing follows
    NotHeld                          ──►    launch(command) again: the runner never heard of it

An agent that recovers spawns it with the state it had ``reached``, and tells it what the runner holds: the same
messages then complete the task's history, with nothing said twice.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Failure, Props
from actors.local_mesos.agent._executor_protocol import Kill, KillDecided, NotHeld, Shutdown, Update
from actors.local_mesos.agent._health import Health, HealthChecker
from actors.local_mesos.agent._housekeeping import OverMemory, memory_limit, over_memory_text
from actors.local_mesos.agent._run import Run
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.shared_volumes import shared_volumes
from actors.local_mesos.task_runner import (
    ContainerEngine,
    Exited,
    FetchFailed,
    Lost,
    NoContainerEngine,
    Refused,
    Started,
    TaskCommand,
    TaskRunner,
    Uncontainable,
)
from mesos_proto import TaskState, mesos_pb2

__all__ = ["CommandExecutor"]

KILL_GRACE = 3.0  # seconds, without a kill policy
SHUTDOWN_GRACE = 3.0  # seconds: what the real executor makes of its agent's 5 s
CLEAN_UP_TIMEOUT = 60.0  # seconds
COMMAND_NOT_FOUND = 127  # of a shell

TaskStatus = mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """To itself: ``max_completion_time`` has passed."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """To itself: what to launch, with its URIs in the sandbox; or why it cannot be."""

    command: TaskCommand | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """To itself: what to launch now that the container has ended, if anything."""

    command: TaskCommand | None


@dataclass(frozen=True, slots=True)
class NotCleanedUp:
    """To itself: that took too long."""


Message = (
    Started
    | Refused
    | Exited
    | Lost
    | Kill
    | Shutdown
    | NotHeld
    | OverMemory
    | OutOfTime
    | Prepared
    | CleanUp
    | NotCleanedUp
    | Health
    | Failure
)


class CommandExecutor(Actor[Message]):
    """``reached`` is None for a new task; ``killed`` if a kill was decided before the agent was restarted."""

    def __init__(self, run: Run, runner: TaskRunner, reached: TaskState | None = None, killed: bool = False) -> None:
        self._run = run
        self._runner = runner
        self._reached = reached
        self._killed = killed
        self._unhealthy = False
        self._ended_for: tuple[mesos_pb2.TaskStatus.Reason.ValueType, str | None] | None = None
        self._pid = 0  # known once it has started
        self._checker: ActorRef[Any] | None = None
        self._engine: ContainerEngine | None = None  # once it was asked for
        self._end: Exited | Lost | None = None  # of a container that is being cleaned up

    def pre_start(self) -> None:
        if self._reached is None:
            self._begin()

    def receive(self, message: Message) -> None:
        if self._reached is not None and self._reached.is_terminal:
            return  # a kill that crossed the task's end
        match message:
            case Exited(container_id=name) | Refused(container_id=name) | Lost(name) if name == self._cleaner:
                self._cleaned_up(out_of_memory=isinstance(message, Exited) and message.status == 0)
            case Started() | Refused() | Exited() | Lost() if message.container_id != self._run.container_id:
                if self._checker is not None:  # of one of its commands
                    self._checker.tell(message, self.ref)
            case Prepared(command, problem):
                self._prepared(command, problem)
            case Exited() | Lost() if self._run.has_image:
                self._end = message
                self.context.pipe_to(self._clean_up())
            case CleanUp(command):
                self._start_cleaning_up(command)
            case NotCleanedUp():
                self.log.error("container %s could not be removed in %g s", self._run.container_id, CLEAN_UP_TIMEOUT)
                self._runner.kill(self._cleaner, 0)
                self._cleaned_up()
            case Health():
                self._health(message)
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
            case OutOfTime():
                self._end_for(TaskStatus.REASON_MAX_COMPLETION_TIME_REACHED)
            case OverMemory(used=used, limit=limit):
                self._end_for(TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY, over_memory_text(used, limit))
            case Failure(error):
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self._fail(text, TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)

    # -- its life --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._run.task.command.uris or self._run.has_image or shared_volumes(self._run.task.container):
            self.context.pipe_to(self._prepare())
        else:
            self._prepared(self._run.command())

    async def _prepare(self) -> Prepared:
        run, runner = self._run, self._runner
        command = run.command()
        try:
            if run.task.command.uris:
                await runner.fetch(run.sandbox, run.task.command.uris)
            shared = shared_volumes(run.task.container)
            if shared and not run.has_image:
                await runner.share(run.sandbox, shared)
            if run.has_image:
                self._engine = await runner.container_engine()
                command = await self._engine.contain(command, run.task, runner.sandbox_path(run.sandbox))
        except FetchFailed as error:
            return Prepared(None, f"Failed to fetch all URIs for container '{run.container_id}': {error}")
        except (NoContainerEngine, Uncontainable) as error:
            return Prepared(None, str(error))
        return Prepared(command)

    def _prepared(self, command: TaskCommand | None, problem: str = "") -> None:
        if self._reached not in (None, TaskState.TASK_STARTING):
            return  # after a restart: it had been prepared, and already runs
        if command is None:
            self._fail(f"Failed to launch container: {problem}", TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)
            return
        if self._reached is None:
            self._update(TaskState.TASK_STARTING)
        self._runner.launch(command)
        if self._killed:
            self._runner.kill(self._run.container_id, 0)

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
            self._begin()
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
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        message = f"{'Container' if self._run.task.container.HasField('docker') else 'Command'} {_describe(status)}"
        if self._ended_for is not None:
            reason, why = self._ended_for
            self._fail(why or message, reason)
        elif self._killed:
            self._update(TaskState.TASK_KILLED, message, healthy=False if self._unhealthy else None)
        elif status == 0:
            self._update(TaskState.TASK_FINISHED, message)
        elif self._engine is not None and code is not None and (problem := self._engine.failed(code)) is not None:
            self._fail(f"Failed to launch container: {problem}", TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)
        else:
            if code == COMMAND_NOT_FOUND and self._run.task.command.shell:
                message += " (the shell did not find a command; its stderr in the sandbox names it)"
            self._fail(message, TaskStatus.REASON_COMMAND_EXECUTOR_FAILED)

    def _lost(self) -> None:
        self._fail("Executor terminated: its task runner was killed", TaskStatus.REASON_EXECUTOR_TERMINATED)

    def _fail(self, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType) -> None:
        self._update(TaskState.TASK_FAILED, message, reason)

    # -- what its container leaves behind --------------------------------------------------------------------------

    @property
    def _cleaner(self) -> str:
        return f"{self._run.container_id}.end"

    async def _clean_up(self) -> CleanUp:
        try:
            self._engine = self._engine or await self._runner.container_engine()
        except NoContainerEngine as error:
            self.log.error("container %s is not removed: %s", self._run.container_id, error)
            return CleanUp(None)
        return CleanUp(self._engine.clean_up(self._run.command()))

    def _start_cleaning_up(self, command: TaskCommand | None) -> None:
        if command is None:
            self._cleaned_up()
        else:
            self._runner.launch(command)
            self.context.timers.start_single("clean-up", NotCleanedUp(), CLEAN_UP_TIMEOUT)

    def _cleaned_up(self, out_of_memory: bool = False) -> None:
        self.context.timers.cancel("clean-up")
        self._runner.forget([self._cleaner])
        # A part of it may have been killed, and the whole have gone on.
        failed = isinstance(self._end, Exited) and self._end.status != 0
        if out_of_memory and failed and self._ended_for is None:
            limit = int(memory_limit(self._run.task))
            text = over_memory_text(limit, limit)
            self._ended_for = (TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY, text)
        if isinstance(self._end, Exited):
            self._is_running()
            self._exited(self._end.status)
        elif self._end is not None:
            self._lost()

    # -- what it says ----------------------------------------------------------------------------------------------

    def _update(
        self,
        state: TaskState,
        message: str | None = None,
        reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None,
        healthy: bool | None = None,
    ) -> None:
        before, self._reached = self._reached, state
        if state.is_terminal:
            self._stop_checking()
        source = TaskStatus.SOURCE_EXECUTOR
        if before is None and state.is_terminal:
            source = TaskStatus.SOURCE_AGENT  # on a real agent, no executor has begun
        status = new_status(self.context.system, self._run, state, source, message, reason)
        if source == TaskStatus.SOURCE_AGENT:
            status.ClearField("container_status")
        if healthy is not None:
            status.healthy = healthy
        if self._pid:
            status.container_status.executor_pid = self._pid
        self._tell_agent(Update(self._run.container_id, status))

    def _tell_agent(self, message: Update | KillDecided) -> None:
        self.context.parent.tell(message, self.ref)


def _describe(status: int) -> str:
    """A wait status in Mesos's words."""
    if os.WIFEXITED(status):
        return f"exited with status {os.WEXITSTATUS(status)}"
    dumped = " (core dumped)" if os.WCOREDUMP(status) else ""
    return f"terminated with signal {signal.strsignal(os.WTERMSIG(status))}{dumped}"
