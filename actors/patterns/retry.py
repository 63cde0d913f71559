"""`retry`: try again, after a growing delay, what fails for reasons that pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from actors.core import ActorSystem

from ._durations import at_least
from .backoff import Backoff

__all__ = ["retry"]

T = TypeVar("T")


async def retry(
    attempt: Callable[[], Awaitable[T]],
    *,
    system: ActorSystem,
    attempts: int = 5,
    backoff: Backoff | None = None,
    retry_on: type[BaseException] | tuple[type[BaseException], ...] = Exception,
) -> T:
    """Await ``attempt()``; when it raises, wait and try again, `attempts` times in all. Returns its first result.

    A cancellation ends it at once, during an attempt or a delay. In a handler, ``context.pipe_to(retry(…))`` lets the
    actor go on meanwhile.

    :param system: whose clock and chance give the delays.
    :param attempts: at least 1.
    :param backoff: the delays between attempts; ``Backoff(0.1, 10)`` when None.
    :param retry_on: the errors worth another attempt; others are raised at once.
    :raises ValueError: for a number of attempts below 1.
    :raises Exception: that of the last attempt, with a note that says how many there were.
    """
    at_least("attempts", attempts, 1)
    delays = backoff or Backoff(0.1, 10)
    for made in range(1, attempts + 1):
        try:
            return await attempt()
        except Exception as error:  # never more: a cancellation is no failure, whatever retry_on says
            if not isinstance(error, retry_on):
                raise
            if made == attempts:
                error.add_note(f"attempt {made} of {attempts}: retry gave up")
                raise
        await system.clock.sleep(delays.delay(made - 1, system.random))
    raise AssertionError("the last attempt returns or raises")
