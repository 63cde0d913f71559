"""Coordinated shutdown: phase after phase, the tasks of one at the same time, each phase with a time-out.

    before-service-unbind → service-unbind → service-requests-done → service-stop → before-cluster-shutdown →
    cluster-sharding-shutdown-region → cluster-leave → cluster-exiting → cluster-exiting-done → cluster-shutdown →
    before-actor-system-terminate → actor-system-terminate

A task that fails or takes too long is named in the log; the shutdown goes on. A task whose time is up is cancelled
and not waited for. Where `Settings.phase_recover` says false for the phase, such a task aborts the shutdown instead:
the system goes on without the tasks that were done, and whoever asks again has that phase's tasks, and what comes
after them, done once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .errors import ShutdownAborted

if TYPE_CHECKING:
    from .system import ActorSystem

__all__ = ["PHASES", "CoordinatedShutdown"]

#: The phases in their order, with their time-outs in seconds.
PHASES: dict[str, float] = {
    "before-service-unbind": 5.0,
    "service-unbind": 5.0,
    "service-requests-done": 5.0,
    "service-stop": 5.0,
    "before-cluster-shutdown": 5.0,
    "cluster-sharding-shutdown-region": 10.0,
    "cluster-leave": 5.0,
    "cluster-exiting": 10.0,
    "cluster-exiting-done": 5.0,
    "cluster-shutdown": 5.0,
    "before-actor-system-terminate": 5.0,
    "actor-system-terminate": 10.0,
}


class CoordinatedShutdown:
    """Ends a system in order, once."""

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._tasks: dict[str, list[tuple[str, Callable[[], Awaitable[object]]]]] = {phase: [] for phase in PHASES}
        self._running: asyncio.Task[None] | None = None
        self._phase: str | None = None
        #: Why the shutdown runs; None before it does.
        self.reason: str | None = None
        for setting in ("phase_timeouts", "phase_recover"):
            unknown = [phase for phase in getattr(system.settings, setting) if phase not in PHASES]
            if unknown:
                raise ValueError(f"{setting} names unknown phases {unknown}; there are {', '.join(PHASES)}")

    def add_task(self, phase: str, name: str, task: Callable[[], Awaitable[object]]) -> None:
        """Have `await task()` done in `phase`. Too late once that phase has begun, which is logged.

        :param name: says in the log what is pending or has failed.
        :raises ValueError: for an unknown phase.
        """
        if phase not in self._tasks:
            raise ValueError(f"there is no shutdown phase {phase!r}; there are {', '.join(PHASES)}")
        order = list(PHASES)
        if self._phase is not None and order.index(phase) <= order.index(self._phase):
            self._system.log.warning("shutdown is at %s: the task %s of %s is too late", self._phase, name, phase)
            return
        self._tasks[phase].append((name, task))

    async def run(self, reason: str = "asked to") -> None:
        """Run all phases; later calls wait for the first. The caller's cancellation does not stop it.

        :raises ShutdownAborted: when a task failed, or took too long, of a phase that must not; another call tries
            again from that phase on.
        """
        await asyncio.shield(self.begin(reason))

    def begin(self, reason: str) -> asyncio.Task[None]:
        """The task that runs the phases, started by the first call."""
        if self._running is None:
            self.reason = reason
            self._system.is_terminating = True
            self._running = self._system.loop.create_task(self._run(), name=f"shutdown of {self._system.name}")
            self._running.add_done_callback(self._ended)
        return self._running

    def _ended(self, running: asyncio.Task[None]) -> None:
        """An abort is in the log already; anything else is told here, since there may be nobody who waits for it."""
        error = None if running.cancelled() else running.exception()
        if error is not None and not isinstance(error, ShutdownAborted):
            self._system.log.critical("the shutdown failed: %r", error, exc_info=error)

    async def _run(self) -> None:
        self._system.log.debug("shutdown begins: %s", self.reason)
        settings = self._system.settings
        for phase in self._left:
            self._phase = phase
            seconds = settings.phase_timeouts.get(phase, PHASES[phase])
            start = self._system.loop.create_task
            tasks = {start(_called(task), name=name): name for name, task in self._tasks[phase]}
            if phase == "actor-system-terminate":
                tasks[start(self._system.stop_actors())] = "stop the actors"
            if tasks:
                failed = await self._run_phase(phase, tasks, seconds)
                if failed and not settings.phase_recover.get(phase, True):
                    raise self._aborted(phase, failed)
        self._system.finish_termination()

    @property
    def _left(self) -> list[str]:
        """The phases that are to be run: all, or from the one on that aborted an earlier run."""
        order = list(PHASES)
        return order if self._phase is None else order[order.index(self._phase) :]

    def _aborted(self, phase: str, failed: list[str]) -> ShutdownAborted:
        self._running = None
        self._system.is_terminating = False
        error = ShutdownAborted(
            f"the shutdown of {self._system.name!r} ({self.reason}) was aborted in {phase}: {', '.join(failed)} failed"
            f" or did not end, and phase_recover says that it must not go on; terminate() tries again from {phase} on"
        )
        self._system.log.error("%s", error)
        return error

    async def _run_phase(self, phase: str, tasks: dict[asyncio.Task[None], str], seconds: float) -> list[str]:
        """The names of those that failed or took too long."""
        log, failed = self._system.log, []
        going_on = ", going on" if self._system.settings.phase_recover.get(phase, True) else ""
        await asyncio.wait(tasks, timeout=seconds)
        for task, name in tasks.items():
            if task.done() and not task.cancelled() and task.exception() is None:
                continue
            failed.append(name)
            if not task.done():
                task.cancel()
                task.add_done_callback(_retrieve)
                pending = self._system.pending_actors() if phase == "actor-system-terminate" else []
                what = f"; still pending: {', '.join(pending)}" if pending else ""
                log.warning("shutdown phase %s: %s did not end within %g s%s%s", phase, name, seconds, going_on, what)
            elif task.cancelled():
                log.warning("shutdown phase %s: %s was cancelled%s", phase, name, going_on)
            else:
                error = task.exception()
                log.error("shutdown phase %s: %s failed%s: %r", phase, name, going_on, error, exc_info=error)
        return failed


async def _called(task: Callable[[], Awaitable[object]]) -> None:
    await task()


def _retrieve(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
