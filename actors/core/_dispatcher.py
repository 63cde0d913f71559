"""The run queue: who runs next, for how long, and inside what.

One dispatcher per system and loop. A cell is in `ready` at most once, and only while its `idle` is False.

    loop                 turn()                           drive()                        cell
    ----                 ------                           -------                        ----
                         ready.append(cell) ◄──────────────────────────────────────────  tell, signal
    call_soon(turn) ◄──  when not armed
    ───────────────────► next cell out of ready
                         a driver from the pool
                         enter the cell's Context,
                         the cell is the current task ──► its signals, then one message   receive(message)
                                                          … up to `throughput` messages
                                                          await what receive returned
                         PARKED ◄──────────────────────── nothing left, or enough:
                         driver back to the pool          back into ready if there is more
                         something else ◄──────────────── the handler waits for it
                         cell.wait_for(it)
                         another driver for the next cell
                         after 5 ms or 1,024 cells:
    call_soon(turn) ◄──  the rest in another turn

Order in a cell: signals (start, stop, a child's failure, …) before each message, messages as its mailbox gives them.
Between cells: first come, first served, or as `Settings.chooser` (or the loop's `choose_ready_cell`) says; asyncio's
own promises of order are not touched by it.

The clock is read once per cell, and inside a batch after 1, 2, 4, 8 … messages: a batch ends when as many messages
again would not fit into what is left of the turn.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from . import _lifecycle as lifecycle
from ._asyncio import become_task, elapsed_clock, end_task
from ._suspend import Suspend

if TYPE_CHECKING:
    from ._cell import Cell
    from .settings import Settings

__all__ = ["PARK", "ChosenOrder", "Dispatcher", "Graveyard", "RunQueue"]

PARK = object()
PARKED = Suspend((PARK,))

#: Ready cells that one turn of the loop runs at most, in a world where time stands still.
CELLS_PER_TURN = 1024


class Ready(Protocol):
    """What holds the ready cells."""

    def append(self, cell: Cell, /) -> None: ...
    def popleft(self) -> Cell: ...
    def __len__(self) -> int: ...


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


class Dispatcher:
    """Where cells are scheduled, and the coroutine that takes their messages."""

    __slots__ = (
        "began", "clock", "context", "current", "deadline", "loop", "on_slow", "settings", "thread", "throughput",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: Settings, on_slow: Callable[[Cell, float], None]
    ) -> None:
        self.loop = loop
        self.settings = settings
        self.on_slow = on_slow
        self.thread = get_ident()
        self.throughput = settings.throughput
        self.clock = elapsed_clock(loop)
        self.context = Context()  # empty: what runs cells must not be inside a cell's own
        self.current: Cell | None = None
        self.began = 0.0  # when the current batch began
        self.deadline = 0.0  # when the current turn is over

    def schedule(self, cell: Cell) -> None:
        """Run `cell` soon: it has mail, a signal, or what its handler waited for is there. On the loop's thread."""
        raise TypeError(f"{type(self).__name__} must say how cells are scheduled")

    def retire(self, cell: Cell) -> None:
        """`cell` has stopped for good."""

    def close(self) -> None:
        """The system has terminated."""

    async def drive(self) -> None:
        """Run one batch of `current` after the other. Suspends with PARK between batches."""
        throughput = self.throughput
        auto_received = lifecycle.AUTO_RECEIVED
        while True:
            cell = self.current
            assert cell is not None
            mailbox = cell.mailbox
            count = 0
            checkpoint = 1
            while True:
                result: Any = None
                try:
                    if cell.signals is not None:
                        result = cell.next_signal()
                    elif mailbox and not cell.blocked:
                        if count == checkpoint:
                            if count >= throughput:
                                break
                            checkpoint += count
                            now = self.clock()
                            if now - self.began > self.deadline - now:
                                break
                        count += 1
                        cell.envelope = envelope = mailbox.popleft()
                        message = envelope[0]
                        if type(message) in auto_received:
                            message = lifecycle.auto_receive(cell, message)
                            if message is None:
                                continue
                        result = cell.receive(message)
                    else:
                        break
                    if result is not None:
                        await result
                        if cell.cancel_requests:
                            cell.forget_cancellation()
                except BaseException as error:  # noqa: BLE001 - whatever it is, it goes to the parent
                    lifecycle.handler_failed(cell, error, result)
            cell.envelope = None
            cell.idle = True  # before the last look: see _cell
            if cell.signals is not None or (mailbox and not cell.blocked):
                cell.idle = False
                self.schedule(cell)
            await PARKED


class Graveyard(Dispatcher):
    """Where stopped cells are scheduled: their mail becomes dead letters."""

    __slots__ = ()

    def schedule(self, cell: Cell) -> None:
        if get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self.schedule, cell)
            return
        lifecycle.drain(cell)
        cell.idle = True
        if cell.mailbox:  # appended by another thread since
            self.schedule(cell)


class RunQueue(Dispatcher):
    """The default dispatcher: all cells of the system in one queue."""

    __slots__ = ("_armed", "_drivers", "_ready", "_turn")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: Settings, on_slow: Callable[[Cell, float], None]
    ) -> None:
        super().__init__(loop, settings, on_slow)
        choose = settings.chooser or getattr(loop, "choose_ready_cell", None)
        self._ready: Ready = deque() if choose is None else ChosenOrder(choose)
        self._armed = False
        self._drivers: list[Coroutine[Any, Any, None]] = []
        self._turn = self.turn

    def schedule(self, cell: Cell) -> None:
        self._ready.append(cell)
        if not self._armed:
            self._arm()

    def _arm(self) -> None:
        if get_ident() != self.thread:
            self.loop.call_soon_threadsafe(self._arm, context=self.context)
        elif not self._armed:
            self._armed = True
            self.loop.call_soon(self._turn, context=self.context)

    def turn(self) -> None:
        """Run ready cells until there are none, or the turn is over."""
        ready, drivers, clock, loop = self._ready, self._drivers, self.clock, self.loop
        slow = self.settings.slow_handler
        self.began = began = clock()
        self.deadline = deadline = began + self.settings.turn
        left = CELLS_PER_TURN
        spare = drivers.pop() if drivers else self.drive()
        send = spare.send
        try:
            while ready:
                self.current = cell = ready.popleft()
                become_task(loop, cell)
                if cell.driver is None:
                    waiter = cell.variables.run(send, None)
                    if waiter is not PARK:
                        cell.driver = spare
                        cell.wait_for(waiter)
                        spare = drivers.pop() if drivers else self.drive()
                        send = spare.send
                elif cell.woken:
                    self._continue(cell)
                now = clock()
                if now - began > slow:
                    self.on_slow(cell, now - began)
                self.began = began = now
                left -= 1
                if now > deadline or not left:
                    break
        except BaseException:
            # KeyboardInterrupt and its like end the loop; the queue must be in order when it runs again.
            spare = self.drive()
            cell.driver = None
            cell.settle()
            raise
        finally:
            drivers.append(spare)
            end_task(loop)
            self.current = None
            self._armed = False  # before the last look: another thread may append between the two
            if ready:
                self._arm()

    def _continue(self, cell: Cell) -> None:
        """What a handler waited for is there."""
        driver = cell.driver
        assert driver is not None
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
