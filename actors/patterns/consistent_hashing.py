"""Consistent hashing: messages with equal keys go to the same routee, and few keys move when routees come and go.

Each routee stands at `virtual_nodes` places of a ring, which follow from its path; a key belongs to the next place
clockwise. The hash is BLAKE2b: the same in every process and on every machine, which the builtin `hash()` is not (it is
salted per process).

    message                     key                                       routee
    -------                     ---                                       ------
    Put("alice", 1) ──────────► mapping(message), if not None
                                else message.consistent_hash_key
                                else envelope.hash_key ─────────────────► the owner of hash(key)
                                none of them: a warning, a dead letter
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from actors.core import ActorRef, ActorSystem, DeadLetter

from ._durations import at_least
from .router_messages import ConsistentHashableEnvelope
from .routing_logic import Route, RoutingLogic

__all__ = ["ConsistentHashable", "ConsistentHashing", "HashRing", "stable_hash"]

T = TypeVar("T")


@runtime_checkable
class ConsistentHashable(Protocol):
    """A message that knows its key."""

    @property
    def consistent_hash_key(self) -> Hashable: ...


def stable_hash(key: Hashable) -> int:
    """64 bits that follow from the value of `key` alone: the same in every process.

    :param key: a str, bytes, int, float, bool, None, an enum's member, or a tuple of such.
    :raises TypeError: for other classes, whose values cannot be told to another process as they are.
    """
    return int.from_bytes(blake2b(_spelled(key), digest_size=8).digest(), "big")


def _spelled(key: Hashable) -> bytes:
    """Different keys are spelled differently: the class, the length, the value."""
    match key:
        case str():
            text = key.encode()
        case bytes():
            text = key
        case Enum():
            text = f"{type(key).__qualname__}.{key.name}".encode()
        case bool() | int() | float() | None:
            text = repr(key).encode()
        case tuple():
            text = b"".join(_spelled(each) for each in key)
        case _:
            raise TypeError(
                f"{key!r} cannot be a consistent hash key: a {type(key).__name__} may differ between processes;"
                " use a str, bytes, int, float, bool, an enum's member, or a tuple of these"
            )
    return f"{type(key).__name__}:{len(text)}:".encode() + text


class HashRing(Generic[T]):
    """Nodes on a ring. Immutable.

    :param nodes: pairs of a node and the name that its places follow from.
    """

    __slots__ = ("_owners", "_places")

    def __init__(self, nodes: tuple[tuple[T, str], ...], virtual_nodes: int = 10) -> None:
        ring = {stable_hash((name, turn)): node for node, name in nodes for turn in range(virtual_nodes)}
        self._places = sorted(ring)
        self._owners = [ring[place] for place in self._places]

    def owner(self, key: Hashable) -> T:
        """Whom `key` belongs to. The ring must not be empty."""
        index = bisect_left(self._places, stable_hash(key))
        return self._owners[index % len(self._owners)]


@dataclass(frozen=True, slots=True)
class ConsistentHashing(RoutingLogic):
    """See the head of this module.

    :ivar mapping: the key of a message; None for those it does not know.
    :ivar virtual_nodes: places of each routee; more spread the keys more evenly.
    """

    mapping: Callable[[Any], Hashable | None] | None = None
    virtual_nodes: int = 10

    def __post_init__(self) -> None:
        at_least("virtual_nodes", self.virtual_nodes, 1)

    def start(self, system: ActorSystem) -> Route:
        ring: tuple[tuple[Any, ...], HashRing[Any]] | None = None

        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            nonlocal ring
            key = self._key(message)
            if isinstance(message, ConsistentHashableEnvelope):
                message = message.message
            if key is None:
                system.log.warning(
                    "a %s has no consistent hash key: give ConsistentHashing a mapping for it, the message a"
                    " consistent_hash_key, or send it in a ConsistentHashableEnvelope",
                    type(message).__name__,
                )
                system.publish_dead_letter(DeadLetter(message, sender, system.dead_letters))
                return
            current = ring
            if current is None or current[0] is not routees:
                nodes = tuple((routee, routee.path) for routee in routees)
                current = ring = (routees, HashRing(nodes, self.virtual_nodes))
            current[1].owner(key).tell(message, sender)

        return route

    def _key(self, message: Any) -> Hashable | None:
        key = None if self.mapping is None else self.mapping(message)
        if key is None and isinstance(message, ConsistentHashable):
            key = message.consistent_hash_key
        if key is None and isinstance(message, ConsistentHashableEnvelope):
            key = message.hash_key
        return key
