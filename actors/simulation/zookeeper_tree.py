"""What a ZooKeeper keeps: nodes with versions and owners, changed one by one or several at once.

Paths, versions, sequence numbers and errors (`kazoo.exceptions`) are as of ZooKeeper's "Programmer's Guide". Nothing of
it knows of connections: who watches is told through ``changed``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from kazoo.exceptions import (
    BadVersionError,
    NoAuthError,
    NodeExistsError,
    NoNodeError,
    NotEmptyError,
    RolledBackError,
)

__all__ = ["Stored", "Tree", "Who"]


class Who(Protocol):
    """Who asks: its session's number, and as whom it has shown itself."""

    @property
    def session(self) -> int: ...

    @property
    def auth(self) -> Any: ...


@dataclass(slots=True)
class Stored:
    """A node, with the parts of ZooKeeper's stat that are in use. ``acl``: whose it is; None: everybody's."""

    data: bytes
    czxid: int
    ctime: int  # ms
    acl: Any = None
    version: int = 0
    ephemeralOwner: int = 0  # noqa: N815 - ZooKeeper's name
    sequence: int = 0


class Tree:
    """``now``: seconds; ``changed(path, "data" | "children")`` is called when that of a node did change."""

    def __init__(self, now: Callable[[], float], changed: Callable[[str, str], None]) -> None:
        self.nodes = {"/": Stored(b"", 0, 0)}
        self._now, self._changed = now, changed
        self._zxids = itertools.count(1)

    def children(self, path: str) -> list[str]:
        base = path.rstrip("/") + "/"
        return [name[len(base) :] for name in self.nodes if name.startswith(base) and "/" not in name[len(base) :]]

    def node(self, who: Who, path: str, version: int = -1) -> Stored:
        """Raises `NoNodeError`, `NoAuthError`, `BadVersionError`."""
        node = self.nodes.get(path)
        if node is None:
            raise NoNodeError(path)
        if node.acl and node.acl != who.auth:
            raise NoAuthError(path)
        if version not in (-1, node.version):
            raise BadVersionError(path)
        return node

    def create(self, who: Who, path: str, data: bytes, ephemeral: bool, sequence: bool) -> str:
        parent = path.rpartition("/")[0] or "/"
        if parent not in self.nodes:
            raise NoNodeError(parent)
        if sequence:
            path += f"{self.nodes[parent].sequence:010}"
            self.nodes[parent].sequence += 1
        if path in self.nodes:
            raise NodeExistsError(path)
        self.nodes[path] = Stored(
            data, next(self._zxids), int(self._now() * 1000), who.auth, ephemeralOwner=who.session if ephemeral else 0
        )
        self._changed(path, "data")
        self._changed(parent, "children")
        return path

    def ensure(self, who: Who, path: str) -> None:
        """Make it, and what is above it, unless they are there."""
        made = ""
        for part in path.strip("/").split("/"):
            made += f"/{part}"
            if made not in self.nodes:
                self.create(who, made, b"", False, False)

    def set_data(self, who: Who, path: str, data: bytes, version: int) -> Stored:
        node = self.node(who, path, version)
        node.data, node.version = data, node.version + 1
        self._changed(path, "data")
        return node

    def delete(self, who: Who, path: str, version: int) -> None:
        self.node(who, path, version)
        if self.children(path):
            raise NotEmptyError(path)
        self.remove(path)

    def end_session(self, session: int) -> None:
        """Its ephemeral nodes go."""
        for path in [path for path, node in self.nodes.items() if node.ephemeralOwner == session != 0]:
            self.remove(path)

    def transaction(self, who: Who, operations: Sequence[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Carry out all of ``("create" | "set_data" | "delete" | "node", arguments)``, or none; what each gave.

        Of one that failed its error, and of all others `RolledBackError`.
        """
        before: dict[str, Stored | None] = {}  # of the nodes that it touches, as they were
        results: list[Any] = []
        for name, arguments in operations:
            for path in (arguments[0], arguments[0].rpartition("/")[0] or "/"):
                if path not in before:
                    node = self.nodes.get(path)
                    before[path] = node and replace(node)
            try:
                results.append(getattr(self, name)(who, *arguments))
            except Exception as error:  # noqa: BLE001 - which it is, is the answer
                for path, node in before.items():
                    self.nodes.pop(path, None)
                    if node is not None:
                        self.nodes[path] = node
                later = len(operations) - len(results) - 1
                return [RolledBackError()] * len(results) + [error] + [RolledBackError()] * later
        return results

    def remove(self, path: str) -> None:
        del self.nodes[path]
        self._changed(path, "data")
        self._changed(path, "children")
        self._changed(path.rpartition("/")[0] or "/", "children")
