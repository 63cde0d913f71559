"""Which dispatcher runs an actor: ``Props(Reader).with_dispatcher(…)``.

| dispatcher | the handler runs | for |
|---|---|---|
| ``"default"`` | in the run queue of the system, which all its actors share | nearly all |
| ``"task"`` | in an asyncio task of the actor's own | libraries that insist on a real task |
| `ThreadPoolDispatcher` | in a thread of a pool; hooks on the loop | handlers that block: files, drivers of databases |
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

from ._actor_task import ActorTask

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
    """Runs `def receive` in one of `size` threads; one message of an actor at a time, as always.

    In the thread, `self.reply`, `tell`, `spawn`, `stop`, `watch`, `become` and the stash may be used; timers may not.
    A handler that is cut short by a stop goes on in its thread until it returns. Actors with the same instance share
    its threads; each system has its own, which end with it.

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
        pool = cell.system.resource(self, self._pool)
        variables = cell.variables.copy()  # the loop may still be inside the cell's own when the thread begins

        async def in_thread(message: Any) -> None:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(pool, variables.run, handler, message)
            if result is not None:
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError(f"the handler of {cell.ref.path} runs in a thread: it must be def, and return None")

        def start(message: Any) -> Awaitable[None]:
            return in_thread(message)

        return start

    def _pool(self, system: ActorSystem) -> ThreadPoolExecutor:
        pool = ThreadPoolExecutor(self.size, thread_name_prefix=f"{system.name}-{self.name}")
        system.on_end(lambda: pool.shutdown(wait=False, cancel_futures=True))
        return pool

    def __repr__(self) -> str:
        return f"ThreadPoolDispatcher(size={self.size}, name={self.name!r})"


_NAMED: dict[str, DispatcherSpec] = {"default": _RunQueueSpec(), "task": _TaskSpec()}


def dispatcher_spec(wanted: str | DispatcherSpec) -> DispatcherSpec:
    """The dispatcher of that name, or `wanted` itself.

    :raises ValueError: when there is none of that name.
    """
    if not isinstance(wanted, str):
        return wanted
    if wanted not in _NAMED:
        raise ValueError(f"there is no dispatcher {wanted!r}; there are {', '.join(map(repr, _NAMED))}")
    return _NAMED[wanted]
