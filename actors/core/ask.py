"""Ask: a question with an answer, a time-out, and words about what happened when none came.

    asker                          system.asks                          target
    -----                          -----------                          ------
    open(target, message) ───────► reply, in the queue of its time-out
    tell(message, sender=reply) ──────────────────────────────────────► handles it
    suspend on the reply                                                sender.tell(answer)
       a handler: back into the run queue  ◄─────────────────────────── reply.tell
       a task: a turn of its own, else its future                       a second answer: dead letter
                                   one timer per time-out value fails the overdue ones

`Reply` is both the sender's ref and what a handler waits for: no Future, no callback, no turn of the loop. An asker
that is a task of asyncio's (outside of actors, or started by a handler) runs the ready actors itself when no turn of
theirs is due; if that brings no answer, it waits for a future of the reply.
A cancelled asker, or one whose time is up, leaves a reply that turns late answers into dead letters.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Any

from ._asyncio import elapsed_clock
from .errors import AskTimeout
from .messages import DeadLetter, Failure
from .ref import ActorRef

if TYPE_CHECKING:
    from ._cell import Cell
    from .system import ActorSystem

__all__ = ["PendingAsks", "Reply"]


class Reply(ActorRef[Any]):
    """The ref that an ask sends from, alive until its first answer, and what the asker waits for."""

    __slots__ = (
        "_future", "_name", "_queue", "cell", "deadline", "done", "error", "message", "target", "unhandled_by", "value",
    )  # fmt: skip

    def __init__(self, queue: _Queue, target: ActorRef[Any], message: Any, deadline: float) -> None:
        self._queue = queue
        self.target = target
        self.message = message
        self.deadline = deadline
        self.done = False
        self.cell: Cell | None = None  # whose handler waits for it, if it is one
        self._future: asyncio.Future[None] | None = None
        self.error: BaseException | None = None
        self._name: str | None = None
        self.unhandled_by: str | None = None  # the path of the actor that had no case for the message

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
        return self.done

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        asks = self._queue.asks
        if message is None:
            raise TypeError(f"None was replied to {self.path}: an answer must be something; define a class for it")
        if get_ident() != asks.thread:
            asks.loop.call_soon_threadsafe(self.tell, message, sender)
        elif self.done:
            self.system.publish_dead_letter(DeadLetter(message, sender, self))
        else:
            if isinstance(message, BaseException):
                self.error = message
            elif type(message) is Failure:
                self.error = message.error
            else:
                self.value = message
            self._finish()

    def fail(self, error: BaseException) -> None:
        """Answer with `error`, unless there is an answer already."""
        if not self.done:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        self.done = True
        self.message = None
        queue = self._queue
        queue.settled += 1
        if queue.settled > 64:
            queue.clear_out()
        cell = self.cell
        if cell is not None:
            cell.woken = True
            cell.dispatcher.schedule(cell)
        elif self._future is not None and not self._future.done():
            self._future.set_result(None)

    # As what the asker waits for

    def future(self) -> asyncio.Future[None]:
        """Done when this is; for an asker that is a task of asyncio's."""
        self._future = self._queue.asks.loop.create_future()
        return self._future

    def cancel(self, msg: Any = None) -> bool:
        """The asker waits no longer: an answer that comes yet is a dead letter."""
        if self.done:
            return False
        self.error = asyncio.CancelledError()
        self._finish()
        return True


class PendingAsks:
    """The open asks of a system, in one queue (and under one timer) per time-out value."""

    __slots__ = ("_default", "_names", "_queues", "clock", "loop", "system", "thread")

    def __init__(self, system: ActorSystem, loop: asyncio.AbstractEventLoop, default_timeout: float) -> None:
        self.system = system
        self.loop = loop
        self.thread = get_ident()
        self.clock = elapsed_clock(loop)  # of the same origin as loop.time(), and cheaper
        self._default = default_timeout
        self._queues: dict[float, _Queue] = {}
        self._names = 0

    def open(self, target: ActorRef[Any], message: Any, timeout: float | timedelta | None) -> Reply:
        """A reply that is pending until it is told something, `timeout` passes, or it is cancelled."""
        if timeout is None:
            timeout = self._default
        queue = self._queues.get(timeout) or self._queue_of(timeout)  # type: ignore[arg-type]
        deadline = self.clock() + queue.timeout
        reply = Reply(queue, target, message, deadline)
        queue.replies.append(reply)
        if queue.timer is None:
            queue.arm(deadline)
        return reply

    def _queue_of(self, timeout: float | timedelta) -> _Queue:
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        if not seconds > 0:
            raise ValueError(f"an ask needs a time-out above 0 seconds, not {timeout!r}")
        if len(self._queues) > 256:  # time-outs that are computed, such as "what is left", would pile up
            self._queues = {value: queue for value, queue in self._queues.items() if queue.is_busy}
        return self._queues.setdefault(seconds, _Queue(self, seconds))

    def pending(self) -> list[Reply]:
        """The asks that wait for their answer, or their time-out."""
        return [reply for queue in self._queues.values() for reply in queue.replies if not reply.done]

    def next_name(self) -> str:
        self._names += 1
        return f"$ask-{self._names}"

    def close(self) -> None:
        """Fail what is still open: the system has stopped."""
        for queue in self._queues.values():
            queue.close()


class _Queue:
    """The open asks of one time-out value, in the order of their deadlines."""

    __slots__ = ("asks", "replies", "settled", "timeout", "timer")

    def __init__(self, asks: PendingAsks, timeout: float) -> None:
        self.asks = asks
        self.timeout = timeout
        self.replies: deque[Reply] = deque()
        self.settled = 0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self.replies)

    def arm(self, deadline: float) -> None:
        if self.timeout != math.inf:
            self.timer = self.asks.loop.call_at(deadline, self._sweep)

    def clear_out(self) -> None:
        """Throw out what is settled, many at a time, so that each costs O(1)."""
        if self.settled * 2 > len(self.replies):
            self.replies = deque(reply for reply in self.replies if not reply.done)
            self.settled = 0

    def _sweep(self) -> None:
        self.timer = None
        now = self.asks.clock()
        overdue: list[Reply] = []
        while self.replies and (self.replies[0].done or self.replies[0].deadline <= now):
            reply = self.replies.popleft()
            if not reply.done:
                overdue.append(reply)
            self.settled -= 1
        for reply in overdue:
            reply.fail(AskTimeout(_told(reply, self.timeout)))
        self.settled = max(0, self.settled)
        if self.replies and self.timer is None:
            self.timer = self.asks.loop.call_at(self.replies[0].deadline, self._sweep)

    def close(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        for reply in [*self.replies]:
            reply.fail(AskTimeout(f"{_question(reply)} was not answered: the actor system has terminated"))
        self.replies.clear()
        self.settled = 0


def _question(reply: Reply) -> str:
    return f"the ask of {type(reply.message).__name__} to {reply.target.path} (asked from {reply.path})"


def _told(reply: Reply, timeout: float) -> str:
    if reply.unhandled_by is not None:
        what = f"{reply.unhandled_by} has no case for it and left it unhandled"
    elif reply.cell is not None and reply.cell.ref is reply.target:
        what = "it asks itself, and handles nothing while it waits; tell itself, or call the method"
    else:
        what = reply.target._state_for(reply.message)
    return f"{_question(reply)} got no answer within {timeout:g} s: {what}"


def target_stopped(reply: Reply) -> AskTimeout:
    """The error of an ask whose target stopped before it took the message."""
    return AskTimeout(f"{_question(reply)} cannot be answered: the target has stopped, the message is a dead letter")
