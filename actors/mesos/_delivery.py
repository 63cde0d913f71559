"""Events on their way to an actor, with back-pressure over mailboxes that have no bound.

::

    events                       deliver                                 actor
    ResourceOffers, …       ──►  tell, tell, … (up to 100)          ──►  handles them in order
                                 Identify                           ──►  answered once all before it are handled
    … left in the buffer …  ◄──  waits
                                 the next hundred                   ◄──  ActorIdentity

Every actor answers `Identify`, in its turn, so that handlers need not know about this. A bounded mailbox slows the
sending down by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from actors.core import ActorRef, AskTimeout, Identify

from .events import Event

__all__ = ["deliver"]

_AHEAD = 100
_PATIENCE = 60.0


async def deliver(
    events: AsyncIterator[Event],
    ref: ActorRef[Any],
    sender: ActorRef[Any] | None = None,
    handled: Callable[[Event], None] | None = None,
) -> None:
    """Send ``events`` to ``ref`` until either ends. With ``handled``, one at a time, told when the actor is past it."""
    ahead = 0
    async for event in events:
        await ref.send(event, sender)
        ahead += 1
        if handled is not None or ahead >= _AHEAD:
            if not await _past(ref):
                return
            ahead = 0
            if handled is not None:
                handled(event)


async def _past(ref: ActorRef[Any]) -> bool:
    """Wait until the actor has handled all that was sent before; False when it has stopped instead."""
    while not ref.is_terminated:
        try:
            await ref.ask(Identify(), _PATIENCE)
        except AskTimeout:
            continue  # a handler may well take longer: that is what is waited for
        return True
    return False
