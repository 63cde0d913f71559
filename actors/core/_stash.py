"""The stash: messages that an actor has put aside."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .errors import StashError, StashOverflow

if TYPE_CHECKING:
    from ._cell import Cell

__all__ = ["stash_current", "unstash_all"]


def stash_current(cell: Cell) -> None:
    envelope = cell.envelope
    if envelope is None:
        raise StashError(f"{cell.ref.path} has no message to stash: stash() is for handlers")
    if cell.stash is None:
        cell.stash = deque()
    if cell.stash and cell.stash[-1] is envelope:
        raise StashError(f"{cell.ref.path} has stashed this {type(envelope[0]).__name__} already")
    limit = cell.system.settings.stash_capacity
    if 0 <= limit <= len(cell.stash):
        raise StashOverflow(
            f"{cell.ref.path} has {limit} messages stashed, which is all that stash_capacity allows;"
            f" no room for {type(envelope[0]).__name__}"
        )
    cell.stash.append(envelope)


def unstash_all(cell: Cell) -> None:
    if cell.stash:
        cell.mailbox.extendleft(reversed(cell.stash))
        cell.stash = None
