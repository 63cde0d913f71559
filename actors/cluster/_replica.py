"""What each node knows, known on all: one actor of a kind per node, which tells the others what is its own.

    this node                                    the others
    ---------                                    ----------
    add, remove           →   Change version     →   in order: taken; a gap: Wanted
    each second           →   Version            →   not what we have: Wanted
    MemberUp, Wanted      →   All, in parts      →   taken when the last is here
    MemberRemoved                                    what that node had is forgotten

A node writes only what is its own, so there is nothing to merge: a copy is older or newer, never in conflict. It is
eventual: what was told to one node is known on another after a moment, at the latest after the next second's look.

What changes is sent, never all that a key has: thousands may share one.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from actors.core import Actor, ActorRef, DeadLetterSuppression
from actors.remote import MessageRefused, Remote

from ._wire import All, Change, Version, Wanted
from .cluster import Cluster
from .events import MemberRemoved, MemberUp, Node

__all__ = ["Replica"]

_LOOK = 1.0  # seconds between comparisons
_PART = 500  # values in one message


@dataclass(frozen=True, slots=True)
class _Look(DeadLetterSuppression):
    pass


Entries = dict[str, dict[Any, None]]
"""Values by their key, in the order in which they came."""


@dataclass(slots=True)
class _Copy:
    """What another node has, as far as we know."""

    version: int
    parts: int = 0  # of all that it is made of, how many are here
    entries: Entries = field(default_factory=dict)


class Replica(Actor[Any]):
    """Subclasses `add` and `remove` what is their node's own, read `values`, and are told of changes by `changed`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._remote = Remote.of(cluster.system)
        self._id = cluster.own.id
        self._version = 0
        self._own: Entries = {}
        self._copies: dict[str, _Copy] = {}
        self._arriving: dict[str, _Copy] = {}  # which replace those when their last part is here
        self._nodes: dict[str, Node] = {}  # the others

    def pre_start(self) -> None:
        self.cluster.subscribe(self.ref, MemberUp, MemberRemoved)
        self.context.timers.start_fixed_delay("look", _Look(), _LOOK)

    def changed(self, key: str) -> None:
        """The values of a key are others than before, on some node."""

    def values(self, key: str) -> dict[str, Collection[Any]]:
        """By the ids of the nodes that have any; this node's first."""
        found: dict[str, Collection[Any]] = {self._id: self._own[key]} if key in self._own else {}
        return found | {id_: copy.entries[key] for id_, copy in self._copies.items() if key in copy.entries}

    def add(self, key: str, value: Any) -> None:
        """From now on this node has this value, which is hashable, for the key."""
        self._set(key, value, True)

    def remove(self, key: str, value: Any) -> None:
        """This node has this value no more."""
        self._set(key, value, False)

    def _set(self, key: str, value: Any, has_it: bool) -> None:
        if (value in self._own.get(key, ())) == has_it:
            return
        _apply(self._own, key, value, has_it)
        self._version += 1
        change = Change(self._id, self._version, key, value, has_it)
        for node in self._nodes.values():
            self.tell_node(node, change)
        self.changed(key)

    def tell_node(self, node: Node | str, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """Tell another node's actor of this kind.

        :raises MessageRefused: when it cannot cross.
        """
        found = self._nodes.get(node) if isinstance(node, str) else node
        if found is not None:
            path = self.ref.path.removeprefix(f"actors://{self.cluster.system.name}")
            self._remote.ref(f"{found.address}{path}").tell(message, sender)

    def receive(self, message: Any) -> None:
        match message:
            case Change():
                self._take(message)
            case All():
                self._take_all(message)
            case Version(id_, version):
                copy = self._copies.get(id_)
                if id_ in self._nodes and (copy is None or copy.version != version):
                    self.tell_node(id_, Wanted(self._id))
            case Wanted(id_):
                if id_ in self._nodes:
                    self._send_all(self._nodes[id_])
            case _Look():
                for node in self._nodes.values():
                    self.tell_node(node, Version(self._id, self._version))
            case MemberUp(node):
                if node.id != self._id:
                    self._nodes[node.id] = node
                    self._send_all(node)
            case MemberRemoved(node):
                self._nodes.pop(node.id, None)
                self._arriving.pop(node.id, None)
                copy = self._copies.pop(node.id, None)
                for key in () if copy is None else copy.entries:
                    self.changed(key)
            case _:
                self.unhandled(message)

    def _take(self, change: Change) -> None:
        copy = self._copies.get(change.id)
        if change.id not in self._nodes or copy is None or change.version <= copy.version:
            return  # it will tell all, or has
        if change.version != copy.version + 1:
            self.tell_node(change.id, Wanted(self._id))
            return
        copy.version = change.version
        _apply(copy.entries, change.key, change.value, change.has_it)
        self.changed(change.key)

    def _take_all(self, part: All) -> None:
        if part.id not in self._nodes:
            return
        if part.part == 1:
            self._arriving[part.id] = _Copy(part.version)
        fresh = self._arriving.get(part.id)
        if fresh is None or fresh.version != part.version or fresh.parts + 1 != part.part:
            return  # a part was lost on the way: the next look finds it
        fresh.parts = part.part
        for key, values in part.entries.items():
            fresh.entries.setdefault(key, {}).update(dict.fromkeys(values))
        if part.part < part.parts:
            return
        del self._arriving[part.id]
        stale = self._copies.get(part.id)
        self._copies[part.id] = fresh
        before = {} if stale is None else stale.entries
        for key in before | fresh.entries:
            if before.get(key) != fresh.entries.get(key):
                self.changed(key)

    def _send_all(self, node: Node) -> None:
        pairs = ((key, value) for key, values in self._own.items() for value in values)
        parts: list[dict[str, tuple[Any, ...]]] = []
        while part := _grouped(itertools.islice(pairs, _PART)):
            parts.append(part)
        parts = parts or [{}]
        for number, part in enumerate(parts, 1):
            try:
                self.tell_node(node, All(self._id, self._version, number, len(parts), part))
            except MessageRefused as error:
                self.log.error("%s cannot be told what this node has: %s", node.address, error)
                return


def _apply(entries: Entries, key: str, value: Any, has_it: bool) -> None:
    if has_it:
        entries.setdefault(key, {})[value] = None
        return
    values = entries.get(key, {})
    values.pop(value, None)
    if not values:
        entries.pop(key, None)


def _grouped(pairs: Iterable[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}
