"""A real task per actor: the way out for libraries that the cell's own playing of a task does not satisfy.

cell                         ActorTask                              the task
----                         ---------                              --------
ready.append, arm ─────────► made at the first message ───────────► a batch of the driver; what its handler waits
                             or woken                               for, the task waits for
                                                                    sleep(0), so that others have their turn
                             nothing ready ◄─────────────────────── waits to be woken
stopped: retire ───────────► woken ───────────────────────────────► ends
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ._dispatcher import PARK, Dispatcher, Driver

if TYPE_CHECKING:
    from ._cell import Cell
    from .system import ActorSystem

__all__ = ["ActorTask"]


class ActorTask(Dispatcher):
    """Runs one cell."""

    __slots__ = ("_retired", "_task", "_woken")

    def __init__(self, system: ActorSystem) -> None:
        shared = system.dispatcher
        super().__init__(shared.loop, shared.settings, shared.on_slow)
        self.thread = shared.thread  # it may be made by a handler in a thread
        self._task: asyncio.Task[None] | None = None
        self._woken: asyncio.Event | None = None
        self._retired = False

    def arm(self) -> None:
        if get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.arm)
        elif not self.armed and self.ready:
            self.armed = True
            if self._woken is not None:
                self._woken.set()
            else:
                cell = self.ready.popleft()
                self.ready.append(cell)  # there is only this one
                self._woken = asyncio.Event()
                self._task = self.loop.create_task(self._run(self._woken), name=cell.ref.path, context=cell.variables)

    async def _run(self, woken: asyncio.Event) -> None:
        driver = self.new_driver()
        try:
            while not self._retired:
                while self.ready:
                    cell = self.ready.popleft()
                    self.began = self.clock()
                    self.deadline = self.began + self.settings.turn
                    await _Batch(self, cell, driver)
                    self._forget_cancellation()
                    await asyncio.sleep(0)
                woken.clear()
                self.armed = False  # before the last look: another thread may append between the two
                if not self.ready and not self._retired:
                    await woken.wait()
        finally:  # cancelled while idle: the next message makes another task
            self._woken = None
            self.armed = False

    def _forget_cancellation(self) -> None:
        # A cancellation concerns the message that was handled, not the actor.
        while self._task is not None and self._task.cancelling():
            self._task.uncancel()

    def cancel(self, cell: Cell) -> None:
        if self._task is not None:
            self._task.cancel()

    def retire(self, cell: Cell) -> None:
        self._retired = True
        if self._woken is not None:
            self._woken.set()


class _Batch:
    """Awaits one batch of a driver."""

    __slots__ = ("_cell", "_dispatcher", "_driver")

    def __init__(self, dispatcher: ActorTask, cell: Cell, driver: Driver) -> None:
        self._dispatcher = dispatcher
        self._cell = cell
        self._driver = driver

    def __await__(self) -> Generator[Any, Any, None]:
        dispatcher, cell, driver = self._dispatcher, self._cell, self._driver
        waiter = driver.send(cell)
        while True:
            held = dispatcher.clock() - dispatcher.began
            if held > dispatcher.settings.slow_handler:
                dispatcher.on_slow([cell], held)
            if waiter is PARK:
                cell.driver = None
                return
            cell.driver = driver  # says that a handler waits
            if cell.stop_requested:
                cell.hurry()
            try:
                yield waiter
            except BaseException as error:  # noqa: BLE001 - it is the handler's
                dispatcher.began = dispatcher.clock()
                waiter = driver.throw(error)
            else:
                dispatcher.began = dispatcher.clock()
                waiter = driver.send(None)
