"""The run queue, which is the default dispatcher, and the graveyard.

    loop                         RunQueue.turn()
    ----                         ---------------
    call_soon(turn) ◄──────────  armed by the first cell that gets ready
    ───────────────────────────► next cell out of ready; it is the current task; a driver runs its batch
                                   inside the cell's own Context
                                 PARK: the driver serves the next cell
                                 else: the handler waits; it keeps that driver, another one serves the next cell
                                 a cell whose handler was woken goes on with the driver it kept
    call_soon(turn) ◄──────────  after 5 ms or some 1,000 cells, the rest
    callback(work) ────────────► work makes cells ready; their turn follows in the same callback

A task that asks waits anyway: when no turn is due, it runs one itself (`hold`, `turn_within`) and then lets the loop go
on, which spares a pass of the loop and a future for each ask that is answered at once.

Between cells: first come, first served, or as `Settings.chooser` (or the loop's `choose_ready_cell`) says; what
asyncio promises in order is not touched by it.

The clock is read after the first cell of a turn, then after each `SEVERAL` as long as those before took little of the
turn, else after each one. (To read it costs a tenth of what a cell with one message does.) When several held the loop
too long, all of them are named, and from then on each is timed for itself: the next time, it is one name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import _lifecycle as lifecycle
from ._asyncio import current_tasks, end_task, running_task
from ._dispatcher import PARK, Dispatcher, Driver

if TYPE_CHECKING:
    from ._cell import Cell
    from .settings import Settings

__all__ = ["ChosenOrder", "Graveyard", "RunQueue"]

#: Cells that run between two looks at the clock.
ONE, SEVERAL = range(1), range(16)

#: How often a turn looks at the clock, which ends turns in a world where time stands still.
LOOKS_PER_TURN = range(64)


class ChosenOrder:
    """Ready cells in the order that `choose(how_many) -> index` gives, for tests."""

    __slots__ = ("_cells", "_choose")

    def __init__(self, choose: Callable[[int], int]) -> None:
        self._cells: list[Cell] = []
        self._choose = choose

    def append(self, cell: Cell, /) -> None:
        self._cells.append(cell)

    def popleft(self) -> Cell:
        return self._cells.pop(self._choose(len(self._cells)))

    def __len__(self) -> int:
        return len(self._cells)


class RunQueue(Dispatcher):
    """The default dispatcher: all cells of the system in one queue."""

    __slots__ = ("_drivers", "_several", "_turn")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: Settings, on_slow: Callable[[list[Cell], float], None]
    ) -> None:
        super().__init__(loop, settings, on_slow)
        choose = settings.chooser or getattr(loop, "choose_ready_cell", None)
        if choose is not None:
            self.ready = ChosenOrder(choose)
        self._several = SEVERAL
        self._drivers: list[Driver] = []
        self._turn = self.turn

    def arm(self) -> None:
        if get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.arm, context=self.context)
        elif not self.armed:
            self.armed = True
            self.loop.call_soon(self._turn, context=self.context)

    def serve(self, work: Callable[[], object]) -> None:
        if get_ident() != self.thread or running_task(self.loop) is not None or not self.hold():
            work()
            return
        try:
            work()
        finally:
            self.turn_within(None)

    def hold(self) -> bool:
        """Let whoever makes a cell ready rely on a `turn_within` that follows; False when a turn comes anyway."""
        if self.armed:
            return False
        self.armed = True
        return True

    def turn_within(self, task: asyncio.Task[Any] | None) -> None:
        """The turn that `hold` promised, in a step of `task` (None: in a callback), which is then the current one."""
        if self.ready:
            try:
                self.context.run(self._turn)
            finally:
                if task is not None:
                    current_tasks[self.loop] = task
        else:
            self.armed = False  # before the last look, as in `turn`
            if self.ready:
                self.arm()

    def turn(self) -> None:
        """Run ready cells until there are none, or the turn is over."""
        ready, drivers, clock, loop, tasks = self.ready, self._drivers, self.clock, self.loop, current_tasks
        self.began = now = clock()
        self.deadline = deadline = now + self.settings.turn
        little, several = self.settings.turn / 16, self._several
        spare = drivers.pop() if drivers else self.new_driver()
        send = spare.send
        cells = ONE
        ran: list[Cell] = []  # since the clock was read
        try:
            for _ in LOOKS_PER_TURN:
                for _ in cells:
                    if not ready:
                        break
                    cell = ready.popleft()
                    ran.append(cell)
                    tasks[loop] = cell
                    if cell.driver is None:
                        waiter = cell.variables.run(send, cell)
                        if waiter is not PARK:
                            cell.driver = spare
                            cell.wait_for(waiter)
                            spare = drivers.pop() if drivers else self.new_driver()
                            send = spare.send
                    elif cell.woken:
                        self._continue(cell)
                now = clock()
                held = now - self.began
                if now > deadline:
                    if held > self.settings.slow_handler:
                        self._tell_who_was_slow(ran, held)
                    break
                if not ready:
                    break
                cells = several if held < little else ONE
                self.began = now
                ran.clear()
        except BaseException:
            # KeyboardInterrupt and its like end the loop; the queue must be in order when it runs again.
            spare = self.new_driver()
            cell.driver = None
            cell.settle()
            raise
        finally:
            drivers.append(spare)
            end_task(loop, None)
            self.armed = False  # before the last look: another thread may append between the two
            if ready:
                self.arm()

    def _tell_who_was_slow(self, ran: list[Cell], held: float) -> None:
        suspects = list(dict.fromkeys(ran))
        if len(suspects) > 1:
            self._several = ONE
        self.on_slow(suspects, held)

    def _continue(self, cell: Cell) -> None:
        """What a handler waited for is there."""
        driver = cell.driver
        assert driver is not None
        cell.woken = False
        if cell.woken_with is None and not cell._must_cancel:
            cell._fut_waiter = None
            waiter = cell.variables.run(driver.send, None)
        else:
            waiter = cell.variables.run(cell.continue_handler, driver)
        if waiter is PARK:
            cell.driver = None
            self._drivers.append(driver)
        else:
            cell.wait_for(waiter)

    def close(self) -> None:
        for driver in self._drivers:
            driver.close()
        self._drivers.clear()


class Graveyard(Dispatcher):
    """Where stopped cells are scheduled: their mail becomes dead letters."""

    __slots__ = ()

    def arm(self) -> None:
        if get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.arm, context=self.context)
            return
        while self.ready:
            cell = self.ready.popleft()
            cell.idle = True  # before the last look: see _cell
            cell.signals = None
            lifecycle.drain(cell)
