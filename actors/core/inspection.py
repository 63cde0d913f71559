"""A look at actors from outside, without a message to them: for instruments, inspectors, and routers that go by load.

    view = look_at(ref)                   an actor of this process, as it is whenever a property is read
    async for view in look_at_all(system):  all of them, a few thousand per turn of the loop

It works on an actor that hangs, and costs those that nobody looks at nothing. What it shows may be over a moment later:
it is for eyes and figures, never for decisions that must be right (ask the actor for those).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from .ref import ActorRef, LocalRef

if TYPE_CHECKING:
    from ._cell import Cell
    from .actor import Actor
    from .system import ActorSystem

__all__ = ["ActorView", "look_at", "look_at_all"]

#: How many actors are looked at per turn of the loop.
PER_TURN = 2000


class ActorView:
    """One actor, seen from outside. Each property is as of the moment it is read; from the loop's thread."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    @property
    def ref(self) -> ActorRef[Any]:
        return self._cell.ref

    @property
    def cls(self) -> type[Actor[Any]]:
        """The class of the actor."""
        return self._cell.props.cls

    @property
    def state(self) -> str:
        """starting, running, restarting, stopping, stopped; waiting while a handler awaits; failed."""
        cell = self._cell
        if cell.state == "running":
            if cell.failure is not None:
                return "failed"
            if cell.is_waiting:
                return "waiting"
        return cell.state

    @property
    def is_stopped(self) -> bool:
        return self._cell.is_stopped

    @property
    def is_busy(self) -> bool:
        """Whether it handles a message, or is about to."""
        return not self._cell.idle

    @property
    def is_suspended(self) -> bool:
        """Whether it takes no messages: not started, failed, below a failed one, restarting, stopping."""
        return bool(self._cell.blocked)

    @property
    def depth(self) -> int:
        """Messages in its mailbox."""
        return len(self._cell.mailbox)

    @property
    def high_water(self) -> int | None:
        """The most messages that its mailbox has held, where it keeps that: a bounded one does."""
        mark: int | None = getattr(self._cell.mailbox, "high_water", None)
        return mark

    @property
    def stashed(self) -> int:
        """Messages in its stash."""
        return len(self._cell.stash or ())

    @property
    def restarts(self) -> int:
        return self._cell.restarts

    @property
    def envelope(self) -> Any:
        """What it is handling, as its mailbox gave it: (message, sender); None between messages."""
        return self._cell.envelope

    @property
    def parent(self) -> ActorRef[Any] | None:
        parent = self._cell.parent
        return None if parent is None else parent.ref

    @property
    def children(self) -> list[ActorView]:
        return [ActorView(child) for child in list((self._cell.children or {}).values())]  # threads may spawn

    @property
    def child_count(self) -> int:
        return len(self._cell.children or ())

    @property
    def watchers(self) -> list[ActorRef[Any]]:
        """Who is told of its end."""
        return list(self._cell.watchers or ())

    def waiting(self, at_most: int) -> list[Any]:
        """The messages in its mailbox, from the next one on."""
        return [self._cell.enveloped(entry)[0] for entry in islice(list(self._cell.mailbox), at_most)]

    def __repr__(self) -> str:
        return f"<ActorView {self.ref.path} {self.state}>"


def look_at(ref: ActorRef[Any]) -> ActorView | None:
    """The actor of `ref`; None when it does not live in this process, or `ref` is no actor's."""
    return ActorView(ref._cell) if isinstance(ref, LocalRef) else None


async def look_at_all(system: ActorSystem) -> AsyncIterator[ActorView]:
    """All actors, parents before their children; lets the loop go on meanwhile."""
    left = [ActorView(system.root)]
    seen = 0
    while left:
        view = left.pop()
        yield view
        left.extend(view.children)
        seen += 1
        if seen % PER_TURN == 0:
            await asyncio.sleep(0)


def what_became_of(cell: Cell, message: Any) -> str:
    """Where `message` is, which `cell` was told: for the text of a time-out."""
    if cell.is_stopped:
        return "the target has stopped"
    queued = len(cell.mailbox)
    current = cell.envelope
    if current is not None and current[0] is message:
        return f"the target is still handling it, with {queued} more queued"
    for entry in tuple(cell.mailbox):
        if cell.enveloped(entry)[0] is message:
            doing = f"is {cell.state}" if current is None else f"is handling a {type(current[0]).__name__}"
            return f"it is still queued, as one of {queued}; the target {doing}"
    for envelope in tuple(cell.stash or ()):
        if envelope[0] is message:
            return f"the target has stashed it, as one of {len(cell.stash or ())}"
    return (
        "the target is alive and took it, but did not answer (does its handler, or whoever it passed it on to, call"
        f" self.reply, or did it fail? restarts so far: {cell.restarts})"
    )
