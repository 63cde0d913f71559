"""Timers: messages that an actor sends itself, later; and its receive timeout.

A timer only puts a tick into the mailbox. The tick names the timer's generation, which is looked at when the tick is
taken out: after a cancel, a replacement or a restart, no tick of the old timer arrives, not even one that is queued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Hashable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from .messages import NotInfluenceReceiveTimeout, ReceiveTimeout

if TYPE_CHECKING:
    from ._cell import Cell
    from .instrument import Handler

__all__ = ["IdleTick", "IdleTimer", "Tick", "Timers"]

Seconds = float | timedelta


class Tick:
    """In the mailbox: the timer `timer` is due."""

    __slots__ = ("timer",)

    def __init__(self, timer: _Timer) -> None:
        self.timer = timer


class _Timer:
    __slots__ = ("due", "fixed_rate", "handle", "interval", "key", "message", "timers")

    def __init__(
        self, timers: Timers, key: Hashable, message: Any, delay: float, interval: float | None, fixed_rate: bool
    ) -> None:
        self.timers = timers
        self.key = key
        self.message = message
        self.interval = interval
        self.fixed_rate = fixed_rate
        self.due = timers.loop.time() + max(0.0, delay)
        self.handle: asyncio.TimerHandle | None = None

    def arm(self) -> None:
        self.handle = self.timers.loop.call_at(self.due, self.fire)

    def disarm(self) -> None:
        if self.handle is not None:
            self.handle.cancel()

    def fire(self) -> None:
        timers = self.timers
        if self.fixed_rate and self.interval is not None:
            # Missed beats come in a burst: fixed rate promises a number of ticks, fixed delay a distance.
            self.due += self.interval
            self.handle = timers.loop.call_at(self.due, self.fire)
        timers.cell.enqueue(Tick(self))


class Timers:
    """The timers of one actor, by key. They end with its restart or stop."""

    __slots__ = ("_active", "cell", "loop")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.loop = cell.dispatcher.loop
        self._active: dict[Hashable, _Timer] = {}

    def start_single(self, key: Hashable, message: Any, delay: Seconds) -> None:
        """Send `message` once, after `delay` seconds; at once when it is not positive. Replaces a timer of that key."""
        self._start(key, message, _seconds(delay), None, False)

    def start_fixed_delay(
        self, key: Hashable, message: Any, interval: Seconds, initial_delay: Seconds | None = None
    ) -> None:
        """Send `message` each `interval` seconds, counted from when the last one was taken out of the mailbox.

        The first comes after `initial_delay` (`interval` when None). No catching up after a pause: prefer it.
        """
        seconds = _interval(interval)
        self._start(key, message, seconds if initial_delay is None else _seconds(initial_delay), seconds, False)

    def start_fixed_rate(
        self, key: Hashable, message: Any, interval: Seconds, initial_delay: Seconds | None = None
    ) -> None:
        """Send `message` each `interval` seconds, on the average: what a pause delayed comes in a burst after it."""
        seconds = _interval(interval)
        self._start(key, message, seconds if initial_delay is None else _seconds(initial_delay), seconds, True)

    def cancel(self, key: Hashable) -> None:
        """End the timer of that key; a tick that is queued already does not arrive."""
        timer = self._active.pop(key, None)
        if timer is not None:
            self.cell.dispatcher.on_loop(timer.disarm)

    def is_active(self, key: Hashable) -> bool:
        """Whether a timer of that key will still send something. A single one is over before its message is handled."""
        return key in self._active

    def cancel_all(self) -> None:
        for timer in self._active.values():
            timer.disarm()
        self._active.clear()

    def _start(self, key: Hashable, message: Any, delay: float, interval: float | None, fixed_rate: bool) -> None:
        if message is None:
            raise TypeError(f"timer {key!r} of {self.cell.ref.path} has the message None: it must be something")
        self.cancel(key)
        self._active[key] = timer = _Timer(self, key, message, delay, interval, fixed_rate)
        self.cell.dispatcher.on_loop(timer.arm)

    def taken(self, tick: Tick) -> Any | None:
        """The message of a tick that came out of the mailbox; None when its timer is gone or replaced."""
        timer = tick.timer
        if self._active.get(timer.key) is not timer:
            return None
        if timer.interval is None:
            del self._active[timer.key]
        elif not timer.fixed_rate:
            timer.handle = self.loop.call_later(timer.interval, timer.fire)
        return timer.message


def _seconds(value: Seconds) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _interval(value: Seconds) -> float:
    seconds = _seconds(value)
    if not seconds > 0:
        raise ValueError(f"a timer's interval must be above 0 seconds, not {value!r}")
    return seconds


class IdleTick:
    """In the mailbox: the receive timeout `timer` is due."""

    __slots__ = ("timer",)

    def __init__(self, timer: IdleTimer) -> None:
        self.timer = timer


class IdleTimer:
    """A receive timeout. It notes when the actor was last active, and moves its one timer only when that is due."""

    __slots__ = ("_handle", "_last", "_loop", "cell", "seconds")

    def __init__(self, cell: Cell, seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"a receive timeout must be above 0 seconds, not {seconds!r}")
        self.cell = cell
        self.seconds = seconds
        self._loop = cell.dispatcher.loop
        self._last = self._loop.time()
        self._handle: asyncio.TimerHandle | None = None
        cell.dispatcher.on_loop(self._arm)

    def _arm(self) -> None:
        self._handle = self._loop.call_later(self.seconds, self._due)

    def observe(self, handler: Handler) -> Handler:
        """`handler`, with its messages counted as activity."""

        def observed(message: Any) -> Awaitable[None] | None:
            if isinstance(message, NotInfluenceReceiveTimeout):
                return handler(message)
            self._last = self._loop.time()
            result = handler(message)
            return None if result is None else self._until(result)

        return observed

    async def _until(self, result: Awaitable[None]) -> None:
        await result
        self._last = self._loop.time()

    def _due(self) -> None:
        now = self._loop.time()
        if self.cell.is_waiting:
            self._last = now  # a handler is at work: that is not idleness
        left = self._last + self.seconds - now
        if left > 0:
            self._handle = self._loop.call_later(left, self._due)
        else:
            self.cell.enqueue(IdleTick(self))

    def taken(self) -> ReceiveTimeout | None:
        """What the actor gets when the tick came out of the mailbox; None when the timeout was changed since."""
        if self.cell.idle_timer is not self:
            return None
        self._arm()
        return ReceiveTimeout()

    def cancel(self) -> None:
        self.cell.dispatcher.on_loop(self._disarm)

    def _disarm(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
