"""What a router itself understands; everything else goes to its routees."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSelection

__all__ = [
    "AddRoutee", "AdjustPoolSize", "Broadcast", "ConsistentHashableEnvelope", "GetRoutees", "RemoveRoutee", "Routee",
    "Routees", "RouterManagementMessage",
]  # fmt: skip

#: Who gets messages from a router: a ref, which it watches, or a path, which is looked up for each message.
Routee = ActorRef[Any] | ActorSelection


@dataclass(frozen=True, slots=True)
class Broadcast:
    """`message` goes to every routee, whatever the router's logic. ``Broadcast(PoisonPill())`` lets them drain."""

    message: Any


@dataclass(frozen=True, slots=True)
class ConsistentHashableEnvelope:
    """`message` goes, without the envelope, to the routee that `hash_key` belongs to."""

    message: Any
    hash_key: Hashable


class RouterManagementMessage:
    """The base of those messages that the router's own actor handles."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class GetRoutees(RouterManagementMessage):
    """Answered with `Routees`."""


@dataclass(frozen=True, slots=True)
class Routees:
    """The routees, in the order of the round robin."""

    routees: tuple[Routee, ...]


@dataclass(frozen=True, slots=True)
class AddRoutee(RouterManagementMessage):
    """One more routee: a ref is watched, and removed when it stops."""

    routee: Routee


@dataclass(frozen=True, slots=True)
class RemoveRoutee(RouterManagementMessage):
    """One routee less. A child of a pool gets a `PoisonPill` 100 ms later: what was on its way to it is handled."""

    routee: Routee


@dataclass(frozen=True, slots=True)
class AdjustPoolSize(RouterManagementMessage):
    """`change` routees more, or, below 0, less; within the bounds of the pool's resizer. Groups leave it unhandled."""

    change: int
