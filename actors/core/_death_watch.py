"""Death watch: both ends of it, as long as the watched actor lives in this process.

watcher                            watched
-------                            -------
watch: remembered in `watching`
ref._watched_by ─────────────────► add_watcher: a signal, which `watched_by` follows
                                   dead already: a notice at once
enqueue_notice ◄────────────────── its end: a notice to each of `watchers`
the notice comes out of the mailbox: `Terminated`, unless it was unwatched meanwhile (see `_auto_received`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .messages import Terminated

if TYPE_CHECKING:
    from ._cell import Cell
    from .ref import ActorRef

__all__ = ["DeathNotice", "add_watcher", "enqueue_notice", "remove_watcher", "unwatch", "watch"]


class DeathNotice:
    """In the mailbox: a watched actor has stopped."""

    __slots__ = ("terminated",)

    def __init__(self, terminated: Terminated) -> None:
        self.terminated = terminated


# The watcher's end


def watch(cell: Cell, ref: ActorRef[Any], message: Any) -> None:
    if ref is cell.ref:
        return
    if cell.watching is None:
        cell.watching = {}
    if ref in cell.watching:
        if cell.watching[ref] is not message and cell.watching[ref] != message:
            raise ValueError(f"{cell.ref.path} watches {ref.path} already with another message; unwatch it first")
        return
    cell.watching[ref] = message
    ref._watched_by(cell.ref)


def unwatch(cell: Cell, ref: ActorRef[Any]) -> None:
    if cell.watching is not None and ref in cell.watching:
        del cell.watching[ref]
        ref._unwatched_by(cell.ref)


def enqueue_notice(cell: Cell, notice: Terminated) -> None:
    cell.enqueue(DeathNotice(notice), notice.ref)


# The end of the watched one


def add_watcher(cell: Cell, watcher: ActorRef[Any]) -> None:
    if cell.is_stopped:
        watcher._notice_death(Terminated(cell.ref, existence_confirmed=False, reason=cell.stop_reason))
    else:
        cell.signal(watched_by, watcher)


def remove_watcher(cell: Cell, watcher: ActorRef[Any]) -> None:
    if not cell.is_stopped:
        cell.signal(unwatched_by, watcher)


def watched_by(cell: Cell, watcher: ActorRef[Any]) -> None:
    if cell.is_stopped:
        watcher._notice_death(Terminated(cell.ref, existence_confirmed=False, reason=cell.stop_reason))
        return
    if cell.watchers is None:
        cell.watchers = {}
    cell.watchers[watcher] = None


def unwatched_by(cell: Cell, watcher: ActorRef[Any]) -> None:
    if cell.watchers is not None:
        cell.watchers.pop(watcher, None)
