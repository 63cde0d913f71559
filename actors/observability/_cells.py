"""What instruments read of cells: the only place of this package that looks inside the runtime."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from actors.core import ActorRef, ActorSystem
from actors.core.ref import LocalRef

if TYPE_CHECKING:
    from actors.core._cell import Cell

__all__ = ["cells_of", "class_name", "current_envelope"]

#: Cells looked at in one turn of the loop: about a millisecond.
_PER_TURN = 2000


def class_name(ref: ActorRef[Any]) -> str:
    """The name of the actor's class: what figures are kept by, since paths may be as many as actors."""
    return ref._cell.props.cls.__qualname__ if isinstance(ref, LocalRef) else type(ref).__name__


def current_envelope(ref: ActorRef[Any]) -> Any:
    """What the actor is handling, as its mailbox gave it."""
    return ref._cell.envelope if isinstance(ref, LocalRef) else None


async def cells_of(system: ActorSystem) -> AsyncIterator[Cell]:
    """All cells, a turn of the loop after each few thousand: a million actors are counted without holding it."""
    left = [system.root]
    seen = 0
    while left:
        cell = left.pop()
        yield cell
        left.extend((cell.children or {}).values())
        seen += 1
        if seen % _PER_TURN == 0:
            await asyncio.sleep(0)
