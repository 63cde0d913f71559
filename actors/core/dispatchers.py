"""Which dispatcher runs an actor: ``Settings(dispatcher=…)`` for all, ``Props(…).with_dispatcher(…)`` for one actor.

| dispatcher | the handler runs | for |
|---|---|---|
| ``"run_queue"`` | in the run queue of the system, which all its actors share: the default | nearly all |
| ``"task"`` | in an asyncio task of the actor's own | libraries that insist on a real task |
| ``"threads"``, `ThreadPoolDispatcher` | in a thread of a pool | handlers that block: files, drivers of databases |

``"default"`` is the one of the settings. The guardians are always run by the run queue. With threads, hooks and
``async def receive`` run on the loop.
"""

from __future__ import annotations

import asyncio
import inspect
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any, Protocol

from ._actor_task import ActorTask
from ._failure import returned_a_value

if TYPE_CHECKING:
    from ._cell import Cell
    from ._dispatcher import Dispatcher
    from .instrument import Handler
    from .system import ActorSystem

__all__ = ["DispatcherSpec", "ThreadPoolDispatcher", "dispatcher_spec"]


class DispatcherSpec(Protocol):
    """How some actors are run."""

    def dispatcher(self, system: ActorSystem) -> Dispatcher:
        """What one actor is scheduled on."""
        ...

    def adapt(self, cell: Cell, handler: Handler) -> Handler:
        """What is to be called in place of `handler`."""
        ...


class _RunQueueSpec:
    def dispatcher(self, system: ActorSystem) -> Dispatcher:
        return system.dispatcher

    def adapt(self, cell: Cell, handler: Handler) -> Handler:
        return handler


class _TaskSpec:
    def dispatcher(self, system: ActorSystem) -> Dispatcher:
        return ActorTask(system)

    def adapt(self, cell: Cell, handler: Handler) -> Handler:
        return handler


class ThreadPoolDispatcher:
    """Runs ``def receive`` in one of `size` threads; one message of an actor at a time, as always.

    What such a handler returns to be awaited, and an ``async def receive``, go on on the loop: there nothing may block.
    In the thread all of `self.context` may be used, and `tell`; what belongs to the loop (its futures, its tasks) may
    not. A handler that is cut short by a stop goes on in its thread until it returns. Actors with the same instance
    share its threads; each system has its own, which end with it.

    :param size: threads at most.
    """

    def __init__(self, size: int = 4, name: str = "actors") -> None:
        if size < 1:
            raise ValueError(f"a thread pool needs at least 1 thread, not {size}")
        self.size = size
        self.name = name

    def dispatcher(self, system: ActorSystem) -> Dispatcher:
        return system.dispatcher

    def adapt(self, cell: Cell, handler: Handler) -> Handler:
        if inspect.iscoroutinefunction(handler):
            return handler
        pool = cell.system.resource(self, self._pool)

        async def in_thread(message: Any) -> None:
            context = copy_context()  # the loop may still be inside the cell's own when the thread begins
            work = _Work(cell, handler, message)
            try:
                result, error = await asyncio.get_running_loop().run_in_executor(pool, context.run, work)
            except asyncio.CancelledError:
                work.is_abandoned = True
                raise
            _bring_back(context)
            if error is not None:
                raise error
            if result is not None:
                if not inspect.isawaitable(result):
                    raise returned_a_value(cell, result)
                await result

        return in_thread

    def _pool(self, system: ActorSystem) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(self.size, thread_name_prefix=f"{system.name}-{self.name}")
        system.on_end(lambda: pool.shutdown(wait=False, cancel_futures=True))
        return pool

    def __repr__(self) -> str:
        return f"ThreadPoolDispatcher(size={self.size}, name={self.name!r})"


class _Work:
    """One message, handled in a thread."""

    __slots__ = ("_cell", "_handler", "_message", "is_abandoned")

    def __init__(self, cell: Cell, handler: Handler, message: Any) -> None:
        self._cell = cell
        self._handler = handler
        self._message = message
        self.is_abandoned = False  # its actor was stopped or restarted, and waits for it no longer

    def __call__(self) -> tuple[Any, BaseException | None]:
        try:
            return self._handler(self._message), None
        except BaseException as error:  # noqa: BLE001 - handed over as a value: no future takes a StopIteration
            if self.is_abandoned:
                self._cell.logger().error("a thread failed that was cut short: %r", error, exc_info=error)
            return None, error


def _bring_back(context: Context) -> None:
    """Let the actor keep the context variables that its handler set in the thread."""
    for variable, value in context.items():
        if variable.get(_ABSENT) is not value:
            variable.set(value)


_ABSENT = object()

#: Threads of the pool that is called by its name; they are made as they are needed.
THREADS = 32

#: The default of the defaults.
RUN_QUEUE: DispatcherSpec = _RunQueueSpec()

_NAMED: dict[str, DispatcherSpec | None] = {
    "default": None,
    "run_queue": RUN_QUEUE,
    "task": _TaskSpec(),
    "threads": ThreadPoolDispatcher(THREADS, "threads"),
}


def dispatcher_spec(wanted: str | DispatcherSpec) -> DispatcherSpec | None:
    """The dispatcher of that name, or `wanted` itself; None stands for the default one of the system.

    :raises ValueError: when there is none of that name.
    :raises TypeError: when `wanted` cannot dispatch.
    """
    if isinstance(wanted, str):
        if wanted not in _NAMED:
            raise ValueError(f"there is no dispatcher {wanted!r}; there are {', '.join(map(repr, _NAMED))}")
        return _NAMED[wanted]
    if not (callable(getattr(wanted, "dispatcher", None)) and callable(getattr(wanted, "adapt", None))):
        known = ", ".join(map(repr, _NAMED))
        raise TypeError(f"a dispatcher is one of {known}, or such as ThreadPoolDispatcher(4), not {wanted!r}")
    return wanted
