"""The part of asyncio's Task protocol that a cell plays, so that a handler's current task is its cell.

`asyncio.timeout`, `TaskGroup`, `wait_for`, anyio and aiohttp ask the current task for these. A cancellation concerns
the message being handled, not the actor: it is forgotten when the handler is done.
"""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING, Any

from ._suspend import ANSWER

if TYPE_CHECKING:
    from ._dispatcher import Dispatcher, Driver
    from .ref import LocalRef

__all__ = ["HandlerTask"]


class HandlerTask:
    """A task whose coroutine is the driver that a waiting handler keeps."""

    __slots__ = ("_fut_waiter", "_must_cancel", "cancel_requests", "driver", "stop_requested", "woken", "woken_with")

    if TYPE_CHECKING:
        dispatcher: Dispatcher
        ref: LocalRef[Any]
        variables: Context

        def hurry(self) -> None: ...

    driver: Driver | None  # what the handler is suspended in
    woken: bool  # what it waited for is there
    woken_with: BaseException | None  # to be thrown into it
    cancel_requests: int
    stop_requested: bool
    _fut_waiter: Any
    _must_cancel: bool

    # What the runtime does with it

    @property
    def is_waiting(self) -> bool:
        """Whether a handler or hook is suspended."""
        return self.driver is not None

    def wait_for(self, waiter: Any) -> None:
        """The handler suspended with `waiter`: go on when that is done."""
        if self.stop_requested:
            self.hurry()
        if waiter is ANSWER:  # comes back by resume: no callback, no turn of the loop
            if self._must_cancel and self._fut_waiter.cancel():
                self._must_cancel = False
            return
        if waiter is None:  # asyncio.sleep(0): the loop's other callbacks are to have their turn
            self.dispatcher.loop.call_soon(self.resume, context=self.dispatcher.context)
            return
        if getattr(waiter, "_asyncio_future_blocking", None) is None:
            self.woken_with = RuntimeError(f"a handler of {self.ref.path} awaited what is not a future: {waiter!r}")
            self.dispatcher.loop.call_soon(self.resume, context=self.dispatcher.context)
            return
        waiter._asyncio_future_blocking = False
        self._fut_waiter = waiter
        waiter.add_done_callback(self._wake, context=self.dispatcher.context)
        if self._must_cancel and waiter.cancel():
            self._must_cancel = False

    def _wake(self, future: Any) -> None:
        try:
            future.result()
        except BaseException as error:  # noqa: BLE001 - thrown into the handler
            self.woken_with = error
        self.resume()

    def resume(self) -> None:
        """Back into the run queue."""
        self.woken = True
        self.dispatcher.schedule(self)  # type: ignore[arg-type]

    def continue_handler(self, driver: Driver) -> Any:
        """One step of the suspended handler; what it waits for next."""
        error, self.woken_with, self._fut_waiter = self.woken_with, None, None
        if self._must_cancel:
            self._must_cancel = False
            if not isinstance(error, asyncio.CancelledError):
                error = asyncio.CancelledError()
        return driver.send(None) if error is None else driver.throw(error)

    def forget_cancellation(self) -> None:
        self.cancel_requests = 0
        self._must_cancel = False

    # What others ask a task

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the handler at work. Left alone, the CancelledError is a failure, which the parent decides on."""
        self.cancel_requests += 1
        waiter = self._fut_waiter
        if waiter is not None and waiter.cancel(msg=msg):
            return True
        self._must_cancel = True
        return True

    def cancelling(self) -> int:
        return self.cancel_requests

    def uncancel(self) -> int:
        if self.cancel_requests > 0:
            self.cancel_requests -= 1
            if not self.cancel_requests:
                self._must_cancel = False
        return self.cancel_requests

    def done(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self.dispatcher.loop

    def get_name(self) -> str:
        return self.ref.path

    def get_coro(self) -> Any:
        return self.driver

    def get_context(self) -> Context:
        return self.variables

    def get_stack(self, *, limit: int | None = None) -> list[Any]:
        return []
