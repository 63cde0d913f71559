"""Selections: actors by path, with wildcards, looked up anew for each message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ._state import STARTING
from .errors import ActorNotFound
from .messages import ActorIdentity, DeadLetter, Identify

if TYPE_CHECKING:
    from ._cell import Cell
    from .ref import ActorRef
    from .system import ActorSystem

__all__ = ["ActorSelection"]


class ActorSelection:
    """The actors at a path such as ``/user/workers/*``; ``*`` and ``?`` match inside a name, ``..`` is the parent.

    It cannot be watched: resolve it to a ref first. A message that finds nobody is a dead letter.
    """

    __slots__ = ("_anchor", "_parts", "_system", "path")

    def __init__(self, system: ActorSystem, path: str, anchor: Cell) -> None:
        prefix = f"actors://{system.name}/"
        if path.startswith(prefix):
            path = path[len(prefix) - 1 :]
        if not path or "://" in path:
            raise ValueError(f"{path!r} is no path in the system {system.name!r}: write /user/… or a relative path")
        self.path = path
        self._system = system
        self._anchor = system.root if path.startswith("/") else anchor
        self._parts = [part for part in path.split("/") if part and part != "."]

    def refs(self) -> tuple[ActorRef[Any], ...]:
        """Those who are there now."""
        return tuple(cell.ref for cell in self._walk(self._anchor, 0))

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """Send `message` to each."""
        refs = self.refs()
        for ref in refs:
            ref.tell(message, sender)
        if not refs:
            if type(message) is Identify and sender is not None:
                sender.tell(ActorIdentity(message.correlation, None))
            else:
                self._system.publish_dead_letter(DeadLetter(message, sender, self._system.dead_letters))

    async def resolve_one(self, timeout: float | timedelta | None = None) -> ActorRef[Any]:
        """The ref of the first that answers.

        :raises ActorNotFound: when nobody is there, or nobody answers within `timeout` seconds.
        """
        for ref in self.refs():
            try:
                identity = await ref.ask(Identify(self.path), timeout)
            except TimeoutError as error:
                raise ActorNotFound(f"{ref.path}, selected by {self.path!r}, did not answer") from error
            if identity.ref is not None:
                found: ActorRef[Any] = identity.ref
                return found
        raise ActorNotFound(f"nobody is at {self.path!r} in the system {self._system.name!r}{self._where_it_ends()}")

    def _where_it_ends(self) -> str:
        """Words about how far the path leads; none when it has wildcards."""
        cell = self._anchor
        for part in self._parts:
            following = cell.parent if part == ".." else (cell.children or {}).get(part)
            if following is None:
                if "*" in part or "?" in part:
                    break
                starting = ", which has not started yet" if cell.state == STARTING else ""
                return f": {cell.ref.path}{starting} has no child {part!r}"
            cell = following
        return ""

    def _walk(self, cell: Cell, depth: int) -> Iterator[Cell]:
        if depth == len(self._parts):
            if not cell.is_stopped:
                yield cell
            return
        part = self._parts[depth]
        children = cell.children or {}
        if part == "..":
            yield from self._walk(cell.parent or cell, depth + 1)
        elif "*" in part or "?" in part:
            for name, each in list(children.items()):
                if fnmatchcase(name, part):
                    yield from self._walk(each, depth + 1)
        elif (child := children.get(part)) is not None:
            yield from self._walk(child, depth + 1)

    def __repr__(self) -> str:
        return f"<ActorSelection {self.path}>"
