"""A task's health check, as the command executor does it (Mesos's ``src/checks/health_checker.cpp``).

::

    command executor                health checker
    (spawned at TASK_RUNNING) ──►   waits delay_seconds, then looks every interval_seconds
          ◄──  Health(True)         at the first success, and at the first after failures
          ◄──  Health(False, …)     at each failure; ``kill`` with the consecutive_failures-th

Failures within grace_period_seconds of the start count only once the task has been healthy. HTTP asks 127.0.0.1 and
takes 200 to 399; TCP connects there; both by the port where a container's is published. COMMAND runs in the task's
environment and sandbox, or container (its outputs are in ``.checks`` of the sandbox), and takes status 0.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import aiohttp

from actors.core import Actor, Failure
from actors.local_mesos.agent._run import Run
from actors.local_mesos.container_engine import published_port
from actors.local_mesos.task_runner import Exited, Lost, Refused, RunnerEvent, TaskCommand, TaskRunner
from mesos_proto import mesos_pb2

__all__ = ["Health", "HealthChecker"]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Health:
    """To the executor."""

    healthy: bool
    kill: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """To itself: it is time for the next check."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    check: str  # the container of the command


@dataclass(frozen=True, slots=True)
class Found:
    """To itself: what a check said; ``problem`` is None if all is well."""

    problem: str | None


@dataclass(frozen=True, slots=True)
class Inside:
    """To itself: the command that runs a check in the task's container."""

    command: TaskCommand


class HealthChecker(Actor[Look | Found | TimedOut | Inside | Failure | RunnerEvent]):
    """Stopped by its executor when the task is killed or has ended."""

    def __init__(self, run: Run, runner: TaskRunner) -> None:
        self._run = run
        self._runner = runner
        self._check = run.task.health_check
        self._failures = 0
        self._healthy: bool | None = None
        self._commands = 0

    def pre_start(self) -> None:
        self._grace_ends = self.context.system.clock.time() + self._check.grace_period_seconds
        self._again(self._check.delay_seconds)

    def receive(self, message: Look | Found | TimedOut | Inside | Failure | RunnerEvent) -> None:
        match message:
            case Look():
                self._look()
            case Inside(command):
                self._runner.launch(command)
            case Found(problem):
                self._found(problem)
            case Failure(error):
                self._found(f"{type(error).__name__}: {error}")
            case Exited(container_id=name, status=status):
                self._command_ended(name, None if status == 0 else f"the command ended with wait status {status}")
            case Refused(container_id=name, error=error):
                self._command_ended(name, error)
            case Lost(container_id=name):
                self._command_ended(name, "the task runner was killed")
            case TimedOut(name):
                self._runner.kill(name, 0)

    def _again(self, delay: float) -> None:
        self.context.timers.start_single("look", Look(), delay)

    # -- a look ----------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        kinds = mesos_pb2.HealthCheck
        kind = self._check.type
        if kind == kinds.COMMAND:
            self._start_command()
        elif kind == kinds.TCP:
            self.context.pipe_to(self._connect(published_port(self._run.task, self._check.tcp.port)))
        else:
            self.context.pipe_to(self._request(self._check.http))

    async def _connect(self, port: int) -> Found:
        try:
            async with asyncio.timeout(self._check.timeout_seconds):
                _, writer = await asyncio.open_connection(LOOPBACK, port)
        except TimeoutError:
            return Found(f"no connection to port {port} within {self._check.timeout_seconds:g} s")
        except OSError as error:
            return Found(f"port {port}: {error}")
        writer.close()
        return Found(None)

    async def _request(self, http: mesos_pb2.HealthCheck.HTTPCheckInfo) -> Found:
        url = f"{http.scheme or 'http'}://{LOOPBACK}:{published_port(self._run.task, http.port)}{http.path or '/'}"
        patience = aiohttp.ClientTimeout(total=self._check.timeout_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.get(url, ssl=False, allow_redirects=False) as response,
            ):
                good = response.status in http.statuses if http.statuses else 200 <= response.status < 400
                return Found(None if good else f"{url} answered {response.status}")
        except TimeoutError:
            return Found(f"{url} did not answer within {self._check.timeout_seconds:g} s")
        except aiohttp.ClientError as error:
            return Found(f"{url}: {error}")

    def _start_command(self) -> None:
        self._commands += 1
        name = f"{self._run.container_id}.check-{self._commands}"
        task, check = self._run.command(), self._check.command
        shell = check.value if check.shell else None
        argv = () if check.shell else (check.value, *check.arguments)
        check_command = replace(task, container_id=name, shell=shell, argv=argv, outputs=".checks")
        if self._run.has_image:
            self.context.pipe_to(self._put_inside(task, check_command))
        else:
            self._runner.launch(check_command)
        self.context.timers.start_single("time-out", TimedOut(name), self._check.timeout_seconds)

    async def _put_inside(self, task: TaskCommand, check: TaskCommand) -> Inside:
        engine = await self._runner.container_engine()
        return Inside(engine.inside(task, check))

    def _command_ended(self, name: str, problem: str | None) -> None:
        self.context.timers.cancel("time-out")
        self._runner.forget([name])
        self._found(problem)

    # -- what it means ---------------------------------------------------------------------------------------------

    def _found(self, problem: str | None) -> None:
        self._again(self._check.interval_seconds)
        if problem is None:
            self._failures = 0
            if self._healthy is not True:
                self._healthy = True
                self._tell(Health(True))
            return
        if self._healthy is None and self.context.system.clock.time() < self._grace_ends:
            return
        self._failures += 1
        self._healthy = False
        self._tell(Health(False, self._failures >= self._check.consecutive_failures, problem))

    def _tell(self, health: Health) -> None:
        self.context.parent.tell(health, self.ref)
