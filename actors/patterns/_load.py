"""How busy an actor of this process is: what `SmallestMailbox` and `Resizer` look at. The only reader of cells here."""

from __future__ import annotations

from typing import Any, NamedTuple

from actors.core.ref import LocalRef

__all__ = ["Load", "load_of"]


class Load(NamedTuple):
    """A glance at an actor: `queued` messages wait, `busy` while it handles one, `suspended` while it takes none."""

    queued: int
    busy: bool
    suspended: bool


def load_of(routee: Any) -> Load | None:
    """The load of `routee`; None when it lives elsewhere, or is a path."""
    if not isinstance(routee, LocalRef):
        return None
    cell = routee._cell
    return Load(len(cell.mailbox), not cell.idle, bool(cell.blocked))
