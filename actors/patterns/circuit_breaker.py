"""A circuit breaker: stop calling what keeps failing, and look from time to time whether it is well again.

                     max_failures in a row                       reset_timeout over
    CLOSED ─────────────────────────────────────► OPEN ─────────────────────────────► HALF_OPEN
    calls go through    ▲                         calls fail at once ◄──────────────  one call goes through, the others
    a success counts    │                         with CircuitBreakerOpen             fail at once (remaining 0)
    failures from 0     └───────────────────────────────────────────────────────────  it succeeds
                                                  ◄─────────────────────────────────  it fails

- A call that takes longer than `call_timeout` is cancelled and has failed. (Akka lets it run on unseen; a coroutine
  that nobody awaits is a leak, so here it ends.)
- A call whose *caller* is cancelled counts neither way. Were it the trial of HALF_OPEN, the next call is the trial:
  the breaker is never left waiting for a call that will not come back.
- What a call says counts only in the state it was made in: one that began in CLOSED and fails in HALF_OPEN changes
  nothing.
- With `backoff_factor`, each opening lasts longer than the one before: ``timeout * factor * (1 + U * random_factor)``,
  as long as that is below `max_reset_timeout` (it is not clamped to it); closing brings `reset_timeout` back.

One breaker serves any number of tasks and actors of its system's loop. In a handler ``await breaker.call(…)`` keeps the
actor's next message waiting; ``context.pipe_to(breaker.call(…))`` does not. For a protocol of messages, where no call
returns, look at `is_open` and say `succeed()` or `fail()`.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from actors.core import ActorError, ActorRef, ActorSystem

from ._durations import Seconds, at_least, fraction, seconds_above_zero

__all__ = ["BreakerState", "CircuitBreaker", "CircuitBreakerChanged", "CircuitBreakerOpen"]

P = ParamSpec("P")
T = TypeVar("T")


class BreakerState(enum.Enum):
    """What a breaker does with calls."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreakerOpen(ActorError):
    """The call was not made.

    :ivar remaining: seconds until a trial may be made; 0 while one is under way.
    """

    def __init__(self, message: str, remaining: float) -> None:
        super().__init__(message)
        self.remaining = remaining


@dataclass(frozen=True, slots=True)
class CircuitBreakerChanged:
    """Sent to those who subscribed: the breaker of that name is now in `state`."""

    name: str
    state: BreakerState


class CircuitBreaker:
    """See the head of this module. All times are seconds.

    :param name: for errors and subscribers: what the breaker protects from.
    :param max_failures: failures in a row that open it, at least 1.
    :param call_timeout: for each call; None for no limit.
    :param reset_timeout: how long it stays open before a trial.
    :param max_reset_timeout: see `backoff_factor`.
    :param backoff_factor: at least 1: how much longer each opening lasts than the one before.
    :param random_factor: from 0 to 1.
    :param allowed: errors that are good answers ("not found"): they count as a success, and are raised.
    :raises ValueError: for a value that its rule forbids.
    """

    def __init__(
        self,
        system: ActorSystem,
        name: str = "circuit breaker",
        *,
        max_failures: int = 10,
        call_timeout: Seconds | None = 10.0,
        reset_timeout: Seconds = 15.0,
        max_reset_timeout: Seconds = math.inf,
        backoff_factor: float = 1.0,
        random_factor: float = 0.0,
        allowed: type[BaseException] | tuple[type[BaseException], ...] = (),
    ) -> None:
        if not backoff_factor >= 1:
            raise ValueError(f"backoff_factor must be at least 1, not {backoff_factor!r}")
        self.name = name
        self._system = system
        self._max_failures = at_least("max_failures", max_failures, 1)
        self._call_timeout = None if call_timeout is None else seconds_above_zero("call_timeout", call_timeout)
        self._reset_timeout = seconds_above_zero("reset_timeout", reset_timeout)
        self._max_reset_timeout = seconds_above_zero("max_reset_timeout", max_reset_timeout)
        self._backoff_factor = backoff_factor
        self._random_factor = fraction("random_factor", random_factor)
        self._allowed = allowed
        self._state = BreakerState.CLOSED
        self._epoch = 0  # of the state: what a call of an older one says does not count
        self._failures = 0
        self._last_error: BaseException | None = None
        self._trial = False
        self._open_until = 0.0
        self._next_opening = self._reset_timeout
        self._subscribers: dict[ActorRef[Any], None] = {}

    @property
    def state(self) -> BreakerState:
        """What it does with calls now."""
        return self._state

    @property
    def is_open(self) -> bool:
        """Whether a call made now would fail at once."""
        return self._state is BreakerState.OPEN or self._trial

    def subscribe(self, ref: ActorRef[Any]) -> None:
        """Send `ref` a `CircuitBreakerChanged` at each change of state, until it has stopped."""
        self._subscribers[ref] = None

    def unsubscribe(self, ref: ActorRef[Any]) -> None:
        """No longer."""
        self._subscribers.pop(ref, None)

    async def call(self, body: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Await ``body(*args, **kwargs)`` and return its result, unless the breaker is open.

        :raises CircuitBreakerOpen: when the call was not made.
        :raises TimeoutError: when it took longer than `call_timeout`.
        """
        epoch = self._admit()
        limit = asyncio.timeout(self._call_timeout)
        try:
            async with limit:
                result = await body(*args, **kwargs)
        except Exception as error:
            if isinstance(error, self._allowed):
                self._succeeded(epoch)
            elif limit.expired():
                late = TimeoutError(f"a call through {self.name} took longer than {self._call_timeout:g} s")
                self._failed(epoch, late)
                raise late from error
            else:
                self._failed(epoch, error)
            raise
        except BaseException:  # the caller was cancelled, or the program ends
            self._abandoned(epoch)
            raise
        if limit.expired():  # it swallowed its cancellation: the result is there, but it came late
            self._failed(epoch, TimeoutError(f"a call through {self.name} took longer than {self._call_timeout:g} s"))
        else:
            self._succeeded(epoch)
        return result

    def protect(self, body: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """A decorator: calls of `body` go through the breaker."""

        @wraps(body)
        async def protected(*args: P.args, **kwargs: P.kwargs) -> T:
            return await self.call(body, *args, **kwargs)

        return protected

    def succeed(self) -> None:
        """What the breaker protects from has answered well."""
        self._succeeded(self._epoch)

    def fail(self, error: BaseException | None = None) -> None:
        """What the breaker protects from has failed."""
        self._failed(self._epoch, error)

    # The states

    def _admit(self) -> int:
        if self._state is BreakerState.OPEN:
            remaining = max(0.0, self._open_until - self._system.clock.time())
            raise self._refusal(f"is open for {remaining:.3g} s more", remaining)
        if self._trial:
            raise self._refusal("is half-open and waits for the outcome of another call", 0.0)
        self._trial = self._state is BreakerState.HALF_OPEN
        return self._epoch

    def _refusal(self, why: str, remaining: float) -> CircuitBreakerOpen:
        last = "" if self._last_error is None else f"; the last of its failures was {self._last_error!r}"
        return CircuitBreakerOpen(f"{self.name} {why}: the call was not made{last}", remaining)

    def _succeeded(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        self._failures = 0
        if self._state is BreakerState.HALF_OPEN:
            self._next_opening = self._reset_timeout
            self._last_error = None
            self._become(BreakerState.CLOSED)

    def _failed(self, epoch: int, error: BaseException | None) -> None:
        if epoch != self._epoch:
            return
        self._last_error = error
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or (
            self._state is BreakerState.CLOSED and self._failures >= self._max_failures
        ):
            self._open()

    def _abandoned(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._trial = False

    def _open(self) -> None:
        seconds = self._next_opening
        self._open_until = self._system.clock.time() + seconds
        longer = seconds * self._backoff_factor * (1 + self._system.random.random() * self._random_factor)
        if longer < self._max_reset_timeout:
            self._next_opening = longer
        self._become(BreakerState.OPEN)
        self._system.clock.call_later(seconds, self._try_again, self._epoch)

    def _try_again(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._become(BreakerState.HALF_OPEN)

    def _become(self, state: BreakerState) -> None:
        self._state = state
        self._epoch += 1
        self._failures = 0
        self._trial = False
        self._system.log.log(
            logging.WARNING if state is BreakerState.OPEN else logging.INFO, "%s is %s (last failure: %r)",
            self.name, state.value, self._last_error,
        )  # fmt: skip
        for ref in list(self._subscribers):
            if ref.is_terminated:
                del self._subscribers[ref]
            else:
                ref.tell(CircuitBreakerChanged(self.name, state))
