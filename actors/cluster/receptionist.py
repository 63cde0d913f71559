"""`Receptionist`: find actors by a key, wherever in the cluster they are.

    receptionist = Receptionist(system)
    await receptionist.register("workers", worker)             an actor of this system; ends when it stops
    listing = await receptionist.find("workers")               Listing("workers", refs)
    await receptionist.subscribe("workers", self.ref)          a Listing now, and after changes

Eventual: what is registered here is known on other nodes after a moment. By default a listing leaves out the actors of
nodes that this node does not reach at present.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSystem, DeadLetterSuppression, Props, Terminated

from ._replica import Replica
from .cluster import Cluster
from .events import MemberReachable, MemberUnreachable

__all__ = ["Listing", "Receptionist"]


@dataclass(frozen=True, slots=True)
class Listing:
    """Who is registered under a key, those of this node first."""

    key: str
    refs: tuple[ActorRef[Any], ...]


@dataclass(frozen=True, slots=True)
class _Register:
    key: str
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class _Deregister:
    key: str
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class _Find:
    key: str
    unreachable_too: bool


@dataclass(frozen=True, slots=True)
class _Subscribe:
    key: str
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class _Announce(DeadLetterSuppression):
    """To itself: there are others under some keys than were told last."""


class Receptionist:
    """Of a system that has joined a cluster. See the head of this module."""

    def __init__(self, system: ActorSystem) -> None:
        self._desk: ActorRef[Any] = system.resource("actors.cluster.receptionist", _desk)

    async def register(self, key: str, ref: ActorRef[Any]) -> None:
        """Let an actor of this system be found. It holds on this node when this returns."""
        if not key:
            raise ValueError("a key must not be empty")
        await self._desk.ask(_Register(key, ref))

    async def deregister(self, key: str, ref: ActorRef[Any]) -> None:
        """Let it be found no more. Not having been registered does nothing."""
        await self._desk.ask(_Deregister(key, ref))

    async def find(self, key: str, *, unreachable_too: bool = False) -> Listing:
        """Who is registered, as far as this node knows."""
        listing: Listing = await self._desk.ask(_Find(key, unreachable_too))
        return listing

    async def subscribe(self, key: str, ref: ActorRef[Any]) -> None:
        """Tell ``ref`` the `Listing` now and when others are registered, until it stops."""
        await self._desk.ask(_Subscribe(key, ref))


def _desk(system: ActorSystem) -> ActorRef[Any]:
    return system.spawn_system(Props(Desk, Cluster(system)), "receptionist")


class Desk(Replica):
    """What it has for a key are the refs of this node's actors."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._keys: dict[ActorRef[Any], dict[str, None]] = {}  # of this node's actors
        self._changed: dict[str, None] = {}  # what is to be announced
        self._subscribers: dict[str, dict[ActorRef[Any], Listing | None]] = {}  # and what each was told last

    def pre_start(self) -> None:
        super().pre_start()
        self.cluster.subscribe(self.ref, MemberReachable, MemberUnreachable, initial="nothing")

    def receive(self, message: Any) -> None:
        match message:
            case _Register(key, ref):
                self.context.watch(ref)
                self._keys.setdefault(ref, {})[key] = None
                self.add(key, ref)
                self.reply("registered")
            case _Deregister(key, ref):
                self._deregister(key, ref)
                self.reply("deregistered")
            case _Find(key, unreachable_too):
                self.reply(self._listing(key, unreachable_too))
            case _Subscribe(key, ref):
                self.context.watch(ref)
                self._subscribers.setdefault(key, {})[ref] = None
                self._announce(key)
                self.reply("subscribed")
            case Terminated(ref):
                for key in self._keys.pop(ref, ()):
                    self.remove(key, ref)
                for subscribers in self._subscribers.values():
                    subscribers.pop(ref, None)
            case _Announce():
                changed, self._changed = self._changed, {}
                for key in changed:
                    self._announce(key)
            case MemberReachable() | MemberUnreachable():
                for key in self._subscribers:
                    self.changed(key)
            case _:
                super().receive(message)

    def _deregister(self, key: str, ref: ActorRef[Any]) -> None:
        keys = self._keys.get(ref, {})
        keys.pop(key, None)
        if not keys:
            self._keys.pop(ref, None)
        self.remove(key, ref)

    def _listing(self, key: str, unreachable_too: bool = False) -> Listing:
        unreachable = set() if unreachable_too else {node.id for node in self.cluster.state().unreachable}
        refs = (ref for id_, refs in self.values(key).items() if id_ not in unreachable for ref in refs)
        return Listing(key, tuple(refs))

    def changed(self, key: str) -> None:
        if key not in self._subscribers:
            return
        if not self._changed:
            self.ref.tell(_Announce())  # behind the changes that wait already: a rush of them is one listing
        self._changed[key] = None

    def _announce(self, key: str) -> None:
        subscribers = self._subscribers[key]
        listing = self._listing(key)
        for ref, told in subscribers.items():
            if told != listing:
                subscribers[ref] = listing
                ref.tell(listing, self.ref)
