"""The cheapest way for a coroutine to hand an object to what drives it."""

from __future__ import annotations

from typing import Any

__all__ = ["Suspend"]


class Suspend(tuple[Any, ...]):
    """``await Suspend((x,))`` suspends once, handing `x` to the driver. The iterator is the tuple's own: no frame."""

    __slots__ = ()
    __await__ = tuple.__iter__
