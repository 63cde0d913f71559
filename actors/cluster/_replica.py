"""What each node knows, known on all: one actor of a kind per node, which tells the others what is its own.

    this node                                    the others
    ---------                                    ----------
    own[key] changes      →   Changed version    →   in order: taken; a gap: Wanted
    each second           →   Version            →   not what we have: Wanted
    MemberUp              →   all, in parts      →   taken
    MemberRemoved                                    what that node had is forgotten

A node writes only what is its own, so there is nothing to merge: a copy is older or newer, never in conflict. It is
eventual: what was told to one node is known on another after a moment, at the latest after the next second's look.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, DeadLetterSuppression
from actors.remote import MessageRefused, Remote

from ._wire import All, Changed, Version, Wanted
from .cluster import Cluster
from .events import MemberRemoved, MemberUp, Node

__all__ = ["Replica"]

_LOOK = 1.0  # seconds between comparisons
_PART = 500  # values in one message


@dataclass(frozen=True, slots=True)
class _Look(DeadLetterSuppression):
    pass


class _Copy:
    """What another node has, as far as we know."""

    def __init__(self) -> None:
        self.version = -1  # of a copy that is not complete
        self.entries: dict[str, tuple[Any, ...]] = {}


class Replica(Actor[Any]):
    """Subclasses call `put` for what is their node's own, read `values`, and are told of changes by `changed`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._remote = Remote.of(cluster.system)
        self._id = cluster.own.id
        self._version = 0
        self._own: dict[str, tuple[Any, ...]] = {}
        self._copies: dict[str, _Copy] = {}
        self._nodes: dict[str, Node] = {}  # the others

    def pre_start(self) -> None:
        self.cluster.subscribe(self.ref, MemberUp, MemberRemoved)
        self.context.timers.start_fixed_delay("look", _Look(), _LOOK)

    def changed(self, key: str) -> None:
        """The values of a key are others than before, on some node."""

    def values(self, key: str) -> dict[str, tuple[Any, ...]]:
        """By the ids of the nodes that have any; this node's first."""
        found = {self._id: self._own[key]} if key in self._own else {}
        return found | {id_: copy.entries[key] for id_, copy in self._copies.items() if key in copy.entries}

    def put(self, key: str, values: Iterable[Any]) -> None:
        """From now on this node has these values for the key; none: it has it no more."""
        fresh = tuple(values)
        if self._own.get(key, ()) == fresh:
            return
        if fresh:
            self._own[key] = fresh
        else:
            del self._own[key]
        self._version += 1
        for node in self._nodes.values():
            self.tell_node(node, Changed(self._id, self._version, key, fresh))
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
            case Changed(id_, version, key, values):
                self._change(id_, version, key, values)
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
                copy = self._copies.pop(node.id, None)
                for key in () if copy is None else copy.entries:
                    self.changed(key)
            case _:
                self.unhandled(message)

    def _change(self, id_: str, version: int, key: str, values: tuple[Any, ...]) -> None:
        copy = self._copies.get(id_)
        if id_ not in self._nodes or copy is None or version <= copy.version:
            return  # it will tell all, or has
        if version != copy.version + 1:
            self.tell_node(id_, Wanted(self._id))
            return
        copy.version = version
        if values:
            copy.entries[key] = values
        else:
            copy.entries.pop(key, None)
        self.changed(key)

    def _take_all(self, part: All) -> None:
        if part.id not in self._nodes:
            return
        before = self._copies.get(part.id) or _Copy()
        copy = self._copies[part.id] = before if not part.is_first else _Copy()
        copy.entries |= part.entries
        if part.is_last:
            copy.version = part.version
        for key in {**part.entries, **(before.entries if part.is_first else {})}:
            if before.entries.get(key) != copy.entries.get(key) or not part.is_first:
                self.changed(key)

    def _send_all(self, node: Node) -> None:
        parts: list[dict[str, tuple[Any, ...]]] = [{}]
        size = 0
        for key, values in self._own.items():
            if size >= _PART:
                parts.append({})
                size = 0
            parts[-1][key] = values
            size += len(values)
        for number, part in enumerate(parts, 1):
            try:
                self.tell_node(node, All(self._id, self._version, number == 1, number == len(parts), part))
            except MessageRefused as error:
                self.log.error("%s cannot be told what this node has: %s", node.address, error)
                return
