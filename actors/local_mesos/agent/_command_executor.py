"""The actor of a command task that needs time or helpers, besides what every command task does (``_command_task``).

::

    agent                                   command executor                     task runner
    (spawned)                        ──►    fetch(URIs), contain, as needed ──►
                                            launch(command)                 ──►
    (its health checker: Health)            Update(TASK_RUNNING, healthy), or a kill
    Exited, Lost                     ──►    clean up its container, if any  ──►
          ◄──  Update(a terminal state)
    (itself: OutOfTime)                     kill(container, 0)              ──►
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, ActorSystem, Failure, Props
from actors.local_mesos.agent._command_task import CommandTask, needs_preparing
from actors.local_mesos.agent._executor_protocol import Kill, KillDecided, NotHeld, Shutdown, Update
from actors.local_mesos.agent._health import Health, HealthChecker
from actors.local_mesos.agent._housekeeping import OverMemory, memory_limit, over_memory_text
from actors.local_mesos.agent._run import Run
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

CLEAN_UP_TIMEOUT = 60.0  # seconds

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


class CommandExecutor(CommandTask, Actor[Message]):
    """As a `CommandTask`, and it begins by itself."""

    def __init__(self, run: Run, runner: TaskRunner, reached: TaskState | None = None, killed: bool = False) -> None:
        super().__init__(run, runner, reached, killed)
        self._unhealthy = False
        self._checker: ActorRef[Any] | None = None
        self._engine: ContainerEngine | None = None  # once it was asked for
        self._end: Exited | Lost | None = None  # of a container that is being cleaned up

    def pre_start(self) -> None:
        if self._reached is None:
            self._begin()

    @property
    def _system(self) -> ActorSystem:
        return self.context.system

    def _tell_agent(self, message: Update | KillDecided) -> None:
        self.context.parent.tell(message, self.ref)

    def receive(self, message: Message) -> None:
        if self._is_over:
            return
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
            case OutOfTime():
                self._end_for(TaskStatus.REASON_MAX_COMPLETION_TIME_REACHED)
            case Failure(error):
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self._fail(text, TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)
            case _:
                self._handle(message)

    # -- its life --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if needs_preparing(self._run):
            self.context.pipe_to(self._prepare())
        else:
            super()._begin()

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
        super()._started(at)
        if self._killed:
            return
        if self._run.task.HasField("max_completion_time"):
            limit = self._run.task.max_completion_time.nanoseconds / 1e9
            left = limit - (self._system.clock.wall() - at)
            self.context.timers.start_single("max_completion_time", OutOfTime(), max(0.0, left))
        if self._run.task.HasField("health_check") and self._checker is None:
            self._checker = self.context.spawn(Props(HealthChecker, self._run, self._runner))

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

    def _kill(self, grace: float) -> None:
        self.context.timers.cancel("max_completion_time")
        self._stop_checking()
        super()._kill(grace)

    def _end_for(self, reason: mesos_pb2.TaskStatus.Reason.ValueType, message: str | None = None) -> None:
        if not self._killed:
            self._stop_checking()
        super()._end_for(reason, message)

    @property
    def _health_at_its_end(self) -> bool | None:
        return False if self._unhealthy else None

    def _failed_to_launch(self, exit_code: int) -> str | None:
        return self._engine.failed(exit_code) if self._engine is not None else None

    def _exited(self, status: int) -> None:
        self._stop_checking()
        super()._exited(status)

    def _fail(self, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType) -> None:
        self._stop_checking()
        super()._fail(message, reason)

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
