"""Coordinated shutdown: phase after phase, the tasks of one at the same time, each phase with a time-out.

    before-service-unbind → service-unbind → service-requests-done → service-stop → before-cluster-shutdown →
    cluster-sharding-shutdown-region → cluster-leave → cluster-exiting → cluster-exiting-done → cluster-shutdown →
    before-actor-system-terminate → actor-system-terminate

A task that fails or takes too long is named in the log; the shutdown goes on. A task whose time is up is cancelled
and not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

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
        unknown = [phase for phase in system.settings.phase_timeouts if phase not in PHASES]
        if unknown:
            raise ValueError(f"phase_timeouts names unknown phases {unknown}; there are {', '.join(PHASES)}")

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
        """Run all phases; later calls wait for the first. The caller's cancellation does not stop it."""
        await asyncio.shield(self.begin(reason))

    def begin(self, reason: str) -> asyncio.Task[None]:
        """The task that runs the phases, started by the first call."""
        if self._running is None:
            self.reason = reason
            self._system.is_terminating = True
            self._running = self._system.loop.create_task(self._run(), name=f"shutdown of {self._system.name}")
        return self._running

    async def _run(self) -> None:
        self._system.log.debug("shutdown begins: %s", self.reason)
        for phase, usual in PHASES.items():
            self._phase = phase
            seconds = self._system.settings.phase_timeouts.get(phase, usual)
            start = self._system.loop.create_task
            tasks = {start(_called(task), name=name): name for name, task in self._tasks[phase]}
            if phase == "actor-system-terminate":
                tasks[start(self._system.stop_actors())] = "stop the actors"
            if tasks:
                await self._run_phase(phase, tasks, seconds)
        self._system.finish_termination()

    async def _run_phase(self, phase: str, tasks: dict[asyncio.Task[None], str], seconds: float) -> None:
        log = self._system.log
        await asyncio.wait(tasks, timeout=seconds)
        for task, name in tasks.items():
            if not task.done():
                task.cancel()
                task.add_done_callback(_retrieve)
                pending = self._system.pending_actors() if phase == "actor-system-terminate" else []
                what = f"; still pending: {', '.join(pending)}" if pending else ""
                log.warning("shutdown phase %s: %s did not end within %g s, going on%s", phase, name, seconds, what)
            elif task.cancelled():
                log.warning("shutdown phase %s: %s was cancelled, going on", phase, name)
            elif (error := task.exception()) is not None:
                log.error("shutdown phase %s: %s failed, going on: %r", phase, name, error, exc_info=error)


async def _called(task: Callable[[], Awaitable[object]]) -> None:
    await task()


def _retrieve(task: asyncio.Future[Any]) -> None:
    if not task.cancelled():
        task.exception()
