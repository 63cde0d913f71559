"""The cheapest way for a coroutine to hand an object to what drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["ANSWER", "FOR_ANSWER", "FOR_TURN", "Suspend"]


class Suspend(tuple[Any, ...]):
    """``await Suspend((x,))`` suspends once, handing `x` to the driver. The iterator is the tuple's own: no frame."""

    __slots__ = ()
    if TYPE_CHECKING:

        def __await__(self) -> Generator[Any, None, None]: ...
    else:
        __await__ = tuple.__iter__


#: What a handler that asks hands to its driver; the reply it waits for is its cell's `_fut_waiter`.
ANSWER = object()

#: ``await FOR_ANSWER`` hands it over. One for all asks: to make one costs more than the rest of the suspension.
FOR_ANSWER = Suspend((ANSWER,))

#: ``await FOR_TURN`` lets the loop's other callbacks have their turn: `asyncio.sleep(0)` without its coroutine.
FOR_TURN = Suspend((None,))
