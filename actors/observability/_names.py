"""What figures and spans are kept by: the class of an actor, since paths may be as many as actors."""

from __future__ import annotations

from typing import Any

from actors.core import ActorRef, look_at

__all__ = ["class_name"]


def class_name(ref: ActorRef[Any]) -> str:
    """The name of the actor's class."""
    actor = look_at(ref)
    return type(ref).__name__ if actor is None else actor.cls.__qualname__
