"""Running cells: the coroutine that takes their mail, and what every kind of dispatcher has in common.

    sender, timer, future        dispatcher                       drive()                        cell
    ---------------------        ----------                       -------                        ----
    ready.append(cell)
    arm(), unless armed ───────► a turn comes
                                 next cell out of ready ────────► its signals, each before
                                                                  the next message ────────────► receive(message)
                                                                  await what that returned
                                 something else than PARK ◄────── the handler waits for it
                                                                  … up to `throughput` messages
                                 PARK ◄────────────────────────── nothing left, or enough:
    ready.append(cell) ◄───────────────────────────────────────── when there is more

Order in a cell: signals (start, stop, a child's failure, …) before each message, messages as its mailbox gives them.
A cell is in `ready` only while its `idle` is False; being there twice does no harm (see `_cell`).

Inside a batch the clock is read after 1, 4, 16 … messages: the batch ends when three times as many would not fit into
what is left of the turn. So a turn is bounded by time as well as by count, and cheap messages pay nothing.
"""

from __future__ import annotations

import asyncio
import types
from collections import deque
from collections.abc import Callable, Generator
from contextvars import copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any, Protocol

from ._asyncio import elapsed_clock
from ._auto_received import AUTO_RECEIVED, auto_receive
from ._failure import handler_failed

if TYPE_CHECKING:
    from ._cell import Cell
    from .settings import Settings

__all__ = ["PARK", "Dispatcher", "Driver", "Ready"]

#: What a driver yields between batches.
PARK = object()

#: Signals that one batch takes at most: a parent of many hears of all their ends at once.
SIGNALS_PER_BATCH = 256

Driver = Generator[Any, Any, None]


class Ready(Protocol):
    """What holds the ready cells."""

    def append(self, cell: Cell, /) -> None: ...
    def popleft(self) -> Cell: ...
    def __len__(self) -> int: ...


class Dispatcher:
    """Where cells are scheduled, and the driver that takes their messages.

    Whoever makes a cell ready does what `schedule` does: append it, and arm the dispatcher if it is not. (`tell` has
    these two lines of its own, to save the call.)
    """

    __slots__ = (
        "armed", "began", "clock", "context", "deadline", "loop", "on_slow", "ready", "settings", "thread",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, settings: Settings, on_slow: Callable[[list[Cell], float], None]
    ) -> None:
        self.loop = loop
        self.settings = settings
        self.on_slow = on_slow
        self.thread = get_ident()
        self.clock = elapsed_clock(loop)
        self.context = copy_context()  # the system's: what runs cells must not be inside a cell's own
        self.ready: Ready = deque()
        self.armed = False  # a turn will come, or is under way
        self.began = 0.0  # when the current batch began, or one not long before it
        self.deadline = 0.0  # when the current turn is over

    def schedule(self, cell: Cell) -> None:
        """Run `cell` soon: it has mail, a signal, or what its handler waited for is there. From any thread."""
        self.ready.append(cell)
        if not self.armed:
            self.arm()

    def on_loop(self, function: Callable[[], object]) -> None:
        """Call `function` on the loop's thread: now, when this is it; else soon, in the order of such calls."""
        if get_ident() == self.thread:
            function()
        else:
            self.loop.call_soon_threadsafe(function)

    def serve(self, work: Callable[[], object]) -> None:
        """Call `work`, which brings messages from outside, and run the cells that it makes ready.

        A callback of the loop calls it, where a dispatcher can spare it the wait for a turn of its own: a look at the
        selector for each hop.
        """
        work()

    def arm(self) -> None:
        """Make a turn come. From any thread."""
        raise TypeError(f"{type(self).__name__} must say how a turn comes")

    def cancel(self, cell: Cell) -> None:
        """Cancel the handler that `cell` waits in."""
        cell.cancel()

    def retire(self, cell: Cell) -> None:
        """`cell` has stopped for good."""

    def close(self) -> None:
        """The system has terminated."""

    def new_driver(self) -> Driver:
        """One that waits for its first cell."""
        driver = self._drive()
        driver.send(None)
        return driver

    @types.coroutine
    def _drive(self) -> Driver:
        """Run one batch of each cell that is sent. Suspends with PARK between batches.

        A generator, because yielding costs it nothing more, while a coroutine needs an object to await for it.
        """
        throughput = self.settings.throughput
        auto_received = AUTO_RECEIVED  # these two as locals: they are needed for each message
        coroutine: Any = types.CoroutineType  # Any: to mypy no generator can wait for a coroutine; this kind can
        result: Any = None
        while True:
            cell: Any = yield PARK
            mailbox: Any = cell.mailbox
            bare = cell.takes_bare
            count = 0
            checkpoint = 1
            signals_left = SIGNALS_PER_BATCH
            while True:
                try:
                    if cell.signals is not None:
                        if not signals_left:
                            break
                        signals_left -= 1
                        result = cell.next_signal()
                    elif mailbox and not cell.blocked:
                        if count == checkpoint:
                            if count >= throughput:
                                break
                            checkpoint = min(4 * count, throughput)
                            now = self.clock()
                            if 3 * (now - self.began) > self.deadline - now:
                                break
                        count += 1
                        message: Any = mailbox.popleft()
                        if bare and type(message) is not tuple:
                            cell.envelope = (message, None)
                        else:
                            cell.envelope = message
                            message = message[0]
                        if type(message) in auto_received:
                            message = auto_receive(cell, message)
                            if message is None:
                                continue
                        receive = cell.receive  # first: `cell.receive(…)` looks for a method, the slow way, each time
                        result = receive(message)
                    else:
                        break
                    if result is not None:
                        if type(result) is coroutine:
                            yield from result
                        else:
                            yield from result.__await__()
                        result = None
                        if cell.cancel_requests:
                            cell.forget_cancellation()
                except BaseException as error:  # noqa: BLE001 - whatever it is, it goes to the parent
                    handler_failed(cell, error, result)
                    result = None
            cell.envelope = None
            cell.idle = True  # before the last look: see _cell
            if cell.signals is not None or (mailbox and not cell.blocked):
                cell.idle = False
                self.schedule(cell)
            # Many drivers may be idle after a rush; what they served last must not stay in memory for it.
            cell = mailbox = message = receive = None
