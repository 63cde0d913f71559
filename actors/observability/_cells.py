"""What instruments read of cells: the only place of this package that looks inside the runtime."""

from __future__ import annotations

from typing import Any

from actors.core import ActorRef
from actors.core.ref import LocalRef

__all__ = ["class_name", "current_envelope"]


def class_name(ref: ActorRef[Any]) -> str:
    """The name of the actor's class: what figures are kept by, since paths may be as many as actors."""
    return ref._cell.props.cls.__qualname__ if isinstance(ref, LocalRef) else type(ref).__name__


def current_envelope(ref: ActorRef[Any]) -> Any:
    """What the actor is handling, as its mailbox gave it."""
    return ref._cell.envelope if isinstance(ref, LocalRef) else None
