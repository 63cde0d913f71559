"""Many small writes of one actor, stored in few commits, each followed by what may only happen once it is stored.

    actor                         group commit                     journal
    write(append, then=ack)  ──▶  waits for the commit before
    write(append, then=ack)  ──▶  joins it                    ──▶  append([…, …])        one commit for all
    write(delete, then=…)    ──▶  the next one
    Committed ◀───────────────────────────────────────────────────  stored
    commit.finished(…)       ──▶  ack, ack

One commit is under way at a time, so that what is stored is always a prefix of what was decided. A full journal is
tried again until there is room: nothing of the batch has been said to anybody yet, and whoever waits for it waits.
Any other failure of the journal reaches the actor as `Failure` and fails it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.core import Actor
from actors.persistence import Append, Journal, JournalFull

__all__ = ["Committed", "GroupCommit"]

RETRY_WHEN_FULL = 1.0
"""Seconds between attempts to write to a journal that has no room."""

CALLED_PER_TURN = 200
"""Callbacks of one commit in one turn of the loop, some milliseconds."""


@dataclass(frozen=True, slots=True)
class _Write:
    appends: tuple[Append, ...]
    snapshot: tuple[str, int, Mapping[str, Any]] | None
    delete: str | None
    then: Callable[[], None] | None


@dataclass(frozen=True, slots=True)
class Committed:
    """To the actor itself: a commit is stored; pass it to `GroupCommit.finished`."""

    writes: tuple[_Write, ...]


class GroupCommit:
    """Belongs to one actor, in whose handlers all of its methods and all `then` callbacks run."""

    def __init__(self, actor: Actor[Any], journal: Journal) -> None:
        self._actor = actor
        self._journal = journal
        self._waiting: list[_Write] = []
        self._committing = False

    def write(
        self,
        *appends: Append,
        snapshot: tuple[str, int, Mapping[str, Any]] | None = None,
        delete: str | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Store `appends`, then keep `snapshot` (stream, event number, state) or forget the stream `delete`.

        `then` is called when all of it is durable, and after everything that was written before.
        """
        self._waiting.append(_Write(appends, snapshot, delete, then))
        self._begin()

    def finished(self, committed: Committed) -> None:
        """Call what waited for the commit; of a large one some now and the others in the next turns of the loop."""
        for write in committed.writes[:CALLED_PER_TURN]:
            if write.then is not None:
                write.then()
        rest = committed.writes[CALLED_PER_TURN:]
        if rest:
            self._actor.ref.tell(Committed(rest))
            return
        self._committing = False
        self._begin()

    def _begin(self) -> None:
        if self._committing or not self._waiting:
            return
        self._committing = True
        writes, self._waiting = tuple(self._waiting), []
        self._actor.context.pipe_to(self._commit(writes))

    async def _commit(self, writes: tuple[_Write, ...]) -> Committed:
        appends = [append for write in writes for append in write.appends]
        then = [
            *(partial(self._journal.save_snapshot, *write.snapshot) for write in writes if write.snapshot is not None),
            *(partial(self._journal.delete, write.delete) for write in writes if write.delete is not None),
        ]
        if appends:
            await self._stored(partial(self._journal.append, appends))
        if then:
            await asyncio.gather(*(self._stored(attempt) for attempt in then))
        return Committed(writes)

    async def _stored(self, attempt: Callable[[], Awaitable[None]]) -> None:
        said = False
        while True:
            try:
                return await attempt()
            except JournalFull as full:
                if not said:
                    said = True
                    self._actor.log.error(
                        "the journal is full (%s): nothing is launched and no status update is acknowledged until "
                        "there is room; trying again every %g s",
                        full,
                        RETRY_WHEN_FULL,
                    )
                await self._actor.context.system.clock.sleep(RETRY_WHEN_FULL)
