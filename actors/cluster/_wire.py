"""What nodes of a cluster say to each other.

An older program drops what it does not know, so each of these may be added to, and none may change its fields without a
new version (`actors.remote.codec`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, DeadLetterSuppression
from actors.remote import Codec

__all__ = [
    "All",
    "BeginHandOff",
    "Change",
    "Deliver",
    "DeliverToPath",
    "Figures",
    "GetHome",
    "HandOff",
    "HandOffBegun",
    "Home",
    "Leaving",
    "RegionLeaving",
    "Register",
    "Registered",
    "ShardStopped",
    "ToEntity",
    "Version",
    "Wanted",
    "WatchMetrics",
    "register",
]


# Between daemons


@dataclass(frozen=True, slots=True)
class Leaving:
    """Node `id` hands over, and is going to be removed. Answered."""

    id: str


# Between replicas (`_replica`). A node that has none does not miss them.


@dataclass(frozen=True, slots=True)
class Change(DeadLetterSuppression):
    """Since its version a key of node `id` has that value, or has it no more."""

    id: str
    version: int
    key: str
    value: Any
    has_it: bool


@dataclass(frozen=True, slots=True)
class All(DeadLetterSuppression):
    """One of the parts, from 1, of all that node `id` has at a version. The values of a key may be in several."""

    id: str
    version: int
    part: int
    parts: int
    entries: dict[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Version(DeadLetterSuppression):
    """What node `id` has is at this version."""

    id: str
    version: int


@dataclass(frozen=True, slots=True)
class Wanted(DeadLetterSuppression):
    """Send all that you have to node `id`."""

    id: str


# Between the metrics' daemons (`metrics`)


@dataclass(frozen=True, slots=True)
class WatchMetrics(DeadLetterSuppression):
    """Tell node `id` your figures, for 30 s from now."""

    id: str


@dataclass(frozen=True, slots=True)
class Figures(DeadLetterSuppression):
    """Of node `id`, at that time (seconds since the epoch, by its clock)."""

    id: str
    timestamp: float
    figures: dict[str, float]


# Between mediators (`pubsub`)


@dataclass(frozen=True, slots=True)
class Deliver:
    """To all of your subscribers of these groups, or to one of each."""

    topic: str
    groups: tuple[str, ...]
    to_all: bool
    message: Any


@dataclass(frozen=True, slots=True)
class DeliverToPath:
    """To the actor that was put there, on your node."""

    path: str
    message: Any


# Between regions and the coordinator of a kind of entities (`sharding`)


@dataclass(frozen=True, slots=True)
class Register(DeadLetterSuppression):
    """To the coordinator: the region of node `node` has these shards."""

    node: str
    region: ActorRef[Any]
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registered(DeadLetterSuppression):
    """From the coordinator, which is the sender."""


@dataclass(frozen=True, slots=True)
class GetHome(DeadLetterSuppression):
    """Where does that shard live?"""

    shard: str


@dataclass(frozen=True, slots=True)
class Home(DeadLetterSuppression):
    """It lives with that region, which starts it when it hears this."""

    shard: str
    region: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class BeginHandOff(DeadLetterSuppression):
    """To all regions: forget where that shard lives. Answered with `HandOffBegun`."""

    shard: str


@dataclass(frozen=True, slots=True)
class HandOffBegun(DeadLetterSuppression):
    """The region of that node sends nothing more to the shard until it asks for its home again."""

    shard: str
    node: str


@dataclass(frozen=True, slots=True)
class HandOff(DeadLetterSuppression):
    """To the region that has it: stop its entities. Answered with `ShardStopped`."""

    shard: str


@dataclass(frozen=True, slots=True)
class ShardStopped(DeadLetterSuppression):
    """Nothing of that shard lives on that node any more."""

    shard: str
    node: str


@dataclass(frozen=True, slots=True)
class RegionLeaving(DeadLetterSuppression):
    """The region of that node gives away its shards, and takes no more."""

    node: str


@dataclass(frozen=True, slots=True)
class ToEntity:
    """A message for an entity, from one region to the one that has it."""

    entity: str
    message: Any


_MESSAGES: tuple[type, ...] = (
    Leaving, Change, All, Version, Wanted, WatchMetrics, Figures, Deliver, DeliverToPath, Register, Registered,
    GetHome, Home, BeginHandOff, HandOffBegun, HandOff, ShardStopped, RegionLeaving, ToEntity,
)  # fmt: skip


def register(codec: Codec) -> None:
    """Let them cross."""
    for cls in _MESSAGES:
        if cls not in codec.by_class:
            codec.message(f"actors.cluster.{cls.__name__}")(cls)
