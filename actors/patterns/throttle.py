"""At most so many per second: `Throttle` for coroutines, `Throttler` for messages on their way to an actor.

Both follow a token bucket: it holds at most `burst` tokens and gains `rate` tokens in `per` seconds; what passes takes
one. After a pause `burst` may pass at once, in the long run never more than the rate.

    senders                    Throttler                                target
    -------                    ---------                                ------
    m1, m2, m3 ──────────────► a token for m1 ────────────────────────► m1, from its own sender
                               none left: m2, m3 wait in order
                               a timer: the next token ───────────────► m2
    (queue full) m9 ─────────► dead letter
    SetRate(rate) ───────────► holds from the next message on
                               stops with its target ◄───────────────── Terminated
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from actors.core import Actor, ActorRef, ActorSystem, DeadLetter, Terminated

from ._durations import at_least, seconds_above_zero

__all__ = ["Rate", "SetRate", "Throttle", "Throttler"]


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` in `per` seconds, and after a pause `burst` at once.

    :raises ValueError: for a count or burst below 1, or a `per` that is not above 0.
    """

    count: int
    per: float = 1.0
    burst: int = 1

    def __post_init__(self) -> None:
        at_least("count", self.count, 1)
        seconds_above_zero("per", self.per)
        at_least("burst", self.burst, 1)


@dataclass(frozen=True, slots=True)
class SetRate:
    """Tells a `Throttler` its new rate."""

    rate: Rate


class _Bucket:
    """When the next may pass. It keeps one moment, that at which it is full again, in place of a count that drifts."""

    __slots__ = ("_full_at", "_interval", "_tolerance")

    def __init__(self, rate: Rate) -> None:
        self._interval = rate.per / rate.count
        self._tolerance = self._interval * (rate.burst - 1)
        self._full_at = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until one may pass; 0 when it may at `now`."""
        return max(0.0, self._full_at - self._tolerance - now)

    def take(self, now: float) -> None:
        """One passes."""
        self._full_at = max(now, self._full_at) + self._interval


class Throttle:
    """``async with throttle:`` (or ``await throttle.acquire()``) returns when one more may pass, first come, first
    served. A waiter that is cancelled takes nothing.

    :param system: whose clock counts.
    """

    __slots__ = ("_bucket", "_clock", "_turn")

    def __init__(self, system: ActorSystem, rate: Rate) -> None:
        self._clock = system.clock
        self._bucket = _Bucket(rate)
        self._turn = asyncio.Lock()  # fair: whoever waits first passes first

    async def acquire(self) -> None:
        """Wait for a token and take it."""
        async with self._turn:
            while (seconds := self._bucket.wait(self._clock.time())) > 0:
                await self._clock.sleep(seconds)
            self._bucket.take(self._clock.time())

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _NextToken:
    pass


class Throttler(Actor[Any]):
    """Sends on to `target` what it is told, at `rate`: in order, each message with its own sender.

    Spawn ``Props(Throttler, target, Rate(100))``. It stops when the target does. When it stops, what waits becomes
    dead letters.

    :param capacity: messages that may wait; those above it become dead letters.
    """

    def __init__(self, target: ActorRef[Any], rate: Rate, capacity: int = 10_000) -> None:
        self._target = target
        self._bucket = _Bucket(rate)
        self._capacity = at_least("capacity", capacity, 1)
        self._waiting: deque[tuple[Any, ActorRef[Any] | None]] = deque()

    def pre_start(self) -> None:
        self.context.watch(self._target)

    def receive(self, message: Any) -> None:
        match message:
            case _NextToken():
                self._send_on()
            case SetRate(rate):
                self._bucket = _Bucket(rate)
                self._send_on()
            case Terminated(ref) if ref == self._target:
                self.context.stop(self.ref)
            case _ if len(self._waiting) >= self._capacity:
                self._dead(message, self.sender)
            case _:
                self._waiting.append((message, self.sender))
                if len(self._waiting) == 1:
                    self._send_on()

    def _send_on(self) -> None:
        clock = self.context.system.clock
        while self._waiting:
            seconds = self._bucket.wait(clock.time())
            if seconds > 0:
                self.context.timers.start_single("next", _NextToken(), seconds)
                return
            self._bucket.take(clock.time())
            self._target.tell(*self._waiting.popleft())

    def post_stop(self) -> None:
        for message, sender in self._waiting:
            self._dead(message, sender)

    def _dead(self, message: Any, sender: ActorRef[Any] | None) -> None:
        self.context.system.publish_dead_letter(DeadLetter(message, sender, self.ref))
