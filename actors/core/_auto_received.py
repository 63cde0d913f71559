"""Messages that the runtime handles itself when they come out of a mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _lifecycle as lifecycle
from ._death_watch import DeathNotice
from .errors import ActorKilledError
from .messages import ActorIdentity, Identify, Kill, PoisonPill
from .timers import IdleTick, Tick

if TYPE_CHECKING:
    from ._cell import Cell

__all__ = ["AUTO_RECEIVED", "INTERNAL", "auto_receive"]


#: What only the runtime sends. It is never bounded, and never a dead letter.
INTERNAL = frozenset({Tick, IdleTick, DeathNotice})

AUTO_RECEIVED = INTERNAL | {PoisonPill, Kill, Identify}


def auto_receive(cell: Cell, message: Any) -> Any | None:
    """The message that the actor is to handle in place of `message`; None when there is none."""
    kind = type(message)
    if kind is Tick:
        message = message.timer.timers.taken(message)
    elif kind is IdleTick:
        message = message.timer.taken()
    elif kind is DeathNotice:
        notice = message.terminated
        if cell.watching is None or notice.ref not in cell.watching:
            return None
        wanted = cell.watching.pop(notice.ref)
        message = notice if wanted is None else wanted
    elif kind is PoisonPill:
        lifecycle.request_stop(cell)
        return None
    elif kind is Kill:
        raise ActorKilledError(f"{cell.ref.path} was killed by {_who(cell.envelope)}")
    elif kind is Identify:
        sender = cell.envelope[1] if cell.envelope is not None else None
        if sender is not None:
            sender.tell(ActorIdentity(message.correlation, cell.ref), cell.ref)
        return None
    if message is not None and cell.envelope is not None:
        cell.envelope = (message, cell.envelope[1])
    return message


def _who(envelope: tuple[Any, Any] | None) -> str:
    return "an unnamed sender" if envelope is None or envelope[1] is None else str(envelope[1].path)
