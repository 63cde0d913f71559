"""Ask: a question with an answer, a time-out, and words about what happened when none came.

    asker                          system.asks                          target
    -----                          -----------                          ------
    open(target, message) ───────► reply, in the queue of its time-out
    tell(message, sender=reply) ──────────────────────────────────────► handles it
    suspend on the reply                                                sender.tell(answer)
       a cell: back into the run queue  ◄────────────────────────────── reply.tell
       a task: its callback, by call_soon                               a second answer: dead letter
                                   one timer per time-out value fails the overdue ones

`Reply` is both the sender's ref and what the asker waits for. It does of the Future protocol what asyncio's tasks
need, so the same object serves a handler (no Future, no callback, no turn of the loop) and any task.
A cancelled asker, or one whose time is up, leaves a reply that turns late answers into dead letters.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from contextvars import Context
from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .errors import AskTimeout
from .messages import DeadLetter, Failure
from .ref import ActorRef

if TYPE_CHECKING:
    from ._task import HandlerTask
    from .system import ActorSystem

__all__ = ["PendingAsks", "Reply"]

_PENDING, _DONE, _CANCELLED = range(3)


class Reply(ActorRef[Any]):
    """The ref that an ask sends from, alive until its first answer, and what the asker waits for."""

    __slots__ = (
        "_callback", "_context", "_error", "_name", "_queue", "_state", "_value", "cell", "deadline", "message",
        "target",
    )  # fmt: skip

    def __init__(self, queue: _Queue, target: ActorRef[Any], message: Any, deadline: float) -> None:
        self._queue = queue
        self.target = target
        self.message = message
        self.deadline = deadline
        self._state = _PENDING
        self.cell: HandlerTask | None = None  # whose handler waits for it, if it is one
        self._callback: Callable[[Any], object] | None = None
        self._error: BaseException | None = None
        self._name: str | None = None

    # As a ref

    @property
    def path(self) -> str:
        if self._name is None:
            self._name = self._queue.asks.next_name()
        return f"actors://{self.system.name}/temp/{self._name}"

    @property
    def system(self) -> ActorSystem:
        return self._queue.asks.system

    @property
    def is_terminated(self) -> bool:
        return self._state != _PENDING

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was replied to {self.path}: an answer must be something; define a class for it")
        asks = self._queue.asks
        if get_ident() != asks.thread:
            asks.loop.call_soon_threadsafe(self._take, message, sender)
        else:
            self._take(message, sender)

    def _take(self, message: Any, sender: ActorRef[Any] | None) -> None:
        if self._state != _PENDING:
            self.system.publish_dead_letter(DeadLetter(message, sender, self))
            return
        if isinstance(message, BaseException):
            self._error = message
        elif type(message) is Failure:
            self._error = message.error
        else:
            self._value = message
        self._finish(_DONE)

    def fail(self, error: BaseException) -> None:
        """Answer with `error`, unless there is an answer already."""
        if self._state == _PENDING:
            self._error = error
            self._finish(_DONE)

    def _finish(self, state: int) -> None:
        self._state = state
        self.message = None
        self._queue.settled()
        if self.cell is not None:
            self.cell.resume()
        elif self._callback is not None:
            self._queue.asks.loop.call_soon(self._callback, self, context=self._context)
            self._callback = None

    # As what a task waits for

    @property
    def _asyncio_future_blocking(self) -> bool:
        """Marks a future to asyncio's tasks. What they set it to afterwards is for futures that wait in turn."""
        return True

    @_asyncio_future_blocking.setter
    def _asyncio_future_blocking(self, blocking: bool) -> None:
        pass

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self._queue.asks.loop

    def done(self) -> bool:
        return self._state != _PENDING

    def cancelled(self) -> bool:
        return self._state == _CANCELLED

    def cancel(self, msg: Any = None) -> bool:
        if self._state != _PENDING:
            return False
        self._finish(_CANCELLED)
        return True

    def result(self) -> Any:
        if self._state == _CANCELLED:
            raise asyncio.CancelledError
        if self._error is not None:
            raise self._error
        return self._value

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context | None = None) -> None:
        if self._state == _PENDING:
            self._callback, self._context = callback, context
        else:
            self._queue.asks.loop.call_soon(callback, self, context=context)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        found = self._callback == callback
        if found:
            self._callback = None
        return int(found)


class PendingAsks:
    """The open asks of a system, in one queue (and under one timer) per time-out value."""

    __slots__ = ("_default", "_names", "_queues", "loop", "system", "thread")

    def __init__(self, system: ActorSystem, loop: asyncio.AbstractEventLoop, default_timeout: float) -> None:
        self.system = system
        self.loop = loop
        self.thread = get_ident()
        self._default = default_timeout
        self._queues: dict[float, _Queue] = {}
        self._names = 0

    def open(self, target: ActorRef[Any], message: Any, timeout: float | timedelta | None) -> Reply:
        """A reply that is pending until it is told something, `timeout` passes, or it is cancelled."""
        if timeout is None:
            timeout = self._default
        queue = self._queues.get(timeout)  # type: ignore[arg-type]
        if queue is None:
            queue = self._queue_of(timeout)
        return queue.open(target, message)

    def _queue_of(self, timeout: float | timedelta) -> _Queue:
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        if not seconds > 0:
            raise ValueError(f"an ask needs a time-out above 0 seconds, not {timeout!r}")
        if len(self._queues) > 256:  # time-outs that are computed, such as "what is left", would pile up
            self._queues = {value: queue for value, queue in self._queues.items() if queue.is_busy}
        return self._queues.setdefault(seconds, _Queue(self, seconds))

    def next_name(self) -> str:
        self._names += 1
        return f"$ask-{self._names}"

    def close(self) -> None:
        """Fail what is still open: the system has stopped."""
        for queue in self._queues.values():
            queue.close()


class _Queue:
    """The open asks of one time-out value, in the order of their deadlines."""

    __slots__ = ("_replies", "_settled", "_timer", "asks", "timeout")

    def __init__(self, asks: PendingAsks, timeout: float) -> None:
        self.asks = asks
        self.timeout = timeout
        self._replies: deque[Reply] = deque()
        self._settled = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._replies)

    def open(self, target: ActorRef[Any], message: Any) -> Reply:
        deadline = self.asks.loop.time() + self.timeout
        reply = Reply(self, target, message, deadline)
        self._replies.append(reply)
        if self._timer is None and self.timeout != math.inf:
            self._timer = self.asks.loop.call_at(deadline, self._sweep)
        return reply

    def settled(self) -> None:
        """One of the replies is no longer pending. They are thrown out many at a time, so that each costs O(1)."""
        self._settled += 1
        if self._settled > 64 and self._settled * 2 > len(self._replies):
            self._replies = deque(reply for reply in self._replies if reply._state == _PENDING)
            self._settled = 0

    def _sweep(self) -> None:
        self._timer = None
        now = self.asks.loop.time()
        overdue: list[Reply] = []
        while self._replies and (self._replies[0]._state != _PENDING or self._replies[0].deadline <= now):
            reply = self._replies.popleft()
            if reply._state == _PENDING:
                overdue.append(reply)
            self._settled -= 1
        for reply in overdue:
            reply.fail(AskTimeout(_told(reply, self.timeout)))
        self._settled = max(0, self._settled)
        if self._replies and self._timer is None:
            self._timer = self.asks.loop.call_at(self._replies[0].deadline, self._sweep)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for reply in [*self._replies]:
            reply.fail(AskTimeout(f"{_question(reply)} was not answered: the actor system has terminated"))
        self._replies.clear()
        self._settled = 0


def _question(reply: Reply) -> str:
    return f"the ask of {type(reply.message).__name__} to {reply.target.path} (asked from {reply.path})"


def _told(reply: Reply, timeout: float) -> str:
    return f"{_question(reply)} got no answer within {timeout:g} s: {reply.target._state_for(reply.message)}"


def target_stopped(reply: Reply) -> AskTimeout:
    """The error of an ask whose target stopped before it took the message."""
    return AskTimeout(f"{_question(reply)} cannot be answered: the target has stopped, the message is a dead letter")
