"""A picture of a system's actors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._cell import Cell
    from .ref import ActorRef
    from .system import ActorSystem

__all__ = ["ActorNode", "cells_of", "node_of", "state_of"]

#: Cells looked at in one turn of the loop: about a millisecond.
PER_TURN = 2000


@dataclass(frozen=True, slots=True)
class ActorNode:
    """One actor as it is now.

    :ivar state: starting, running, restarting, stopping; waiting while a handler awaits, failed before the verdict.
    :ivar depth: messages in its mailbox.
    :ivar handling: the type of the message it is handling.
    """

    ref: ActorRef[Any]
    cls: str
    state: str
    depth: int
    stashed: int
    restarts: int
    handling: str | None
    children: tuple[ActorNode, ...]

    @property
    def path(self) -> str:
        return self.ref.path

    def walk(self) -> Iterator[ActorNode]:
        """It and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, indent: int) -> Iterator[str]:
        facts = [self.cls, self.state]
        facts += [f"{self.depth} queued"] if self.depth else []
        facts += [f"{self.stashed} stashed"] if self.stashed else []
        facts += [f"{self.restarts} restarts"] if self.restarts else []
        facts += [f"handling {self.handling}"] if self.handling else []
        yield f"{'  ' * indent}{self.ref.name or '/'}  {', '.join(facts)}"
        for child in self.children:
            yield from child._lines(indent + 1)


def node_of(cell: Cell) -> ActorNode:
    """The picture of `cell` and all below it."""
    return ActorNode(
        ref=cell.ref,
        cls=cell.props.cls.__name__,
        state=state_of(cell),
        depth=len(cell.mailbox),
        stashed=len(cell.stash or ()),
        restarts=cell.restarts,
        handling=None if cell.envelope is None else type(cell.envelope[0]).__name__,
        children=tuple(node_of(child) for child in list((cell.children or {}).values())),  # threads may spawn
    )


def state_of(cell: Cell) -> str:
    """`ActorNode.state`."""
    if cell.failure is not None and cell.state == "running":
        return "failed"
    if cell.is_waiting and cell.state == "running":
        return "waiting"
    return cell.state


async def cells_of(system: ActorSystem) -> AsyncIterator[Cell]:
    """All cells, a turn of the loop after each few thousand: a million actors are looked at without holding it."""
    left = [system.root]
    seen = 0
    while left:
        cell = left.pop()
        yield cell
        left.extend((cell.children or {}).values())
        seen += 1
        if seen % PER_TURN == 0:
            await asyncio.sleep(0)
