"""Many small writes of one actor, stored in few commits, each followed by what may only happen once it is stored.

    actor                         group commit                     journal
    write(record, then=ack)  ──▶  waits for the commit before
    write(record, then=ack)  ──▶  joins it                    ──▶  append([…, …])        one commit for all
    write(delete, then=…)    ──▶  the next one
    Committed ◀───────────────────────────────────────────────────  stored
    commit.finished(…)       ──▶  ack, ack

One commit is under way at a time, so that what is stored is a prefix of what was decided, and perhaps a part of the
commit under way, of which nothing was said to anybody. What a commit both writes and forgets it does not write. A full
journal is tried again until there is room: whoever waits for the commit waits. Any other failure of the journal reaches
the actor as `Failure` and fails it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.core import Actor
from actors.persistence import Append, Event, Journal, JournalFull

__all__ = ["Committed", "GroupCommit", "Record"]

RETRY_WHEN_FULL = 1.0
"""Seconds between attempts to write to a journal that has no room."""

CALLED_PER_TURN = 200
"""Callbacks of one commit in one turn of the loop, some milliseconds."""

WRITTEN_AT_ONCE = 250
"""Events and forgotten streams after which no more join a commit. To make and encode them holds the loop, and what was
made for thousands of them at once would stay behind as holes in the heap."""

SPACING = 0.005
"""Seconds between the beginnings of two commits: each costs a trip to a thread and a sync, whatever is in it. A busy
actor makes few, large ones; an idle one waits for none."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event for a stream, made when its commit begins: until then it takes no memory.

    `snapshot`: its number in the stream, when its payload says all of the stream and is kept in the place of what was
    before it.
    """

    stream: str
    event: Callable[[], Event]
    snapshot: int | None = None


@dataclass(frozen=True, slots=True)
class _Write:
    records: tuple[Record, ...]
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
        self._waiting: deque[_Write] = deque()
        self._committing = False
        self._next = 0.0

    def write(
        self,
        *records: Record,
        delete: str | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Store `records`, and forget the stream `delete`.

        `then` is called when all of it is durable, and after everything that was written before.
        """
        self._waiting.append(_Write(records, delete, then))
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
        self._actor.context.pipe_to(self._commit())

    async def _commit(self) -> Committed:
        clock = self._actor.context.system.clock
        if (wait := self._next - clock.time()) > 0:
            await clock.sleep(wait)
        self._next = clock.time() + SPACING
        writes, ends = self._take()
        records = [record for write in writes for record in write.records if record.stream not in ends]
        events = [record.event() for record in records]
        snapshots = [
            (record.stream, record.snapshot, event.payload)
            for record, event in zip(records, events, strict=True)
            if record.snapshot is not None
        ]
        attempts = [partial(self._journal.delete, stream) for stream in sorted(ends)]
        if records:
            appends = [Append(record.stream, (event,)) for record, event in zip(records, events, strict=True)]
            attempts.append(partial(self._journal.append, appends))
        # They concern different streams, so that all can share one commit, and each be tried again by itself.
        await asyncio.gather(*map(self._stored, attempts))
        await asyncio.gather(*(self._stored(partial(self._journal.save_snapshot, *each)) for each in snapshots))
        return Committed(writes)

    def _take(self) -> tuple[tuple[_Write, ...], set[str]]:
        """What is committed together, and the streams that are gone with it: up to a stream's second life."""
        ends: set[str] = set()
        taken: list[_Write] = []
        size = 0
        while self._waiting and size < WRITTEN_AT_ONCE:
            write = self._waiting[0]
            if any(record.stream in ends for record in write.records):
                break
            taken.append(self._waiting.popleft())
            size += len(write.records)
            if write.delete is not None:
                size += 1
                ends.add(write.delete)
        return tuple(taken), ends

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
