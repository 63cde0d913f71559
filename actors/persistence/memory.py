"""`MemoryJournal`: the journal's twin without a disk, for tests and for entities that need not survive the process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.persistence.journal import (
    Append,
    Event,
    JournalFull,
    Progress,
    Recovered,
    SequenceConflict,
    Snapshot,
    Stored,
    check_name,
    closed,
    conflict,
    encode_events,
    encode_payload,
    stale,
)

__all__ = ["MemoryJournal", "MemoryStore"]


@dataclass(slots=True)
class _Stream:
    snapshot: tuple[int, int, bytes] | None = None  # seq, version, payload
    first: int = 1  # the number of events[0]
    events: list[tuple[str, int, bytes]] = field(default_factory=list)

    @property
    def seq(self) -> int:
        return self.first + len(self.events) - 1


@dataclass(slots=True)
class MemoryStore:
    """What stands for the disk: journals opened over one store see each other's writes, as over one file.

    ``capacity``: bytes of payload that fit; beyond it writes raise `JournalFull`. None: no bound.
    """

    capacity: int | None = None
    streams: dict[str, _Stream] = field(default_factory=dict)
    epoch: int = 0
    used: int = 0


class MemoryJournal:
    """A `Journal` in memory. Pass the ``store`` of an earlier one to find its streams again ("after a crash")."""

    def __init__(self, store: MemoryStore | None = None, *, epoch: int | None = None) -> None:
        self.store = MemoryStore() if store is None else store
        self._epoch = self.store.epoch if epoch is None else epoch
        if self._epoch < self.store.epoch:
            raise stale(self._epoch, self.store.epoch)
        self.store.epoch = self._epoch
        self._closed = False

    async def append(self, writes: Sequence[Append]) -> None:
        encoded = [(write, encode_events(write)) for write in writes]
        await self._turn_of_a_write(*(write.stream for write in writes))
        ends: dict[str, int] = {}
        for write, rows in encoded:
            stream = self.store.streams.get(write.stream)
            end = ends.get(write.stream, stream.seq if stream else 0)
            if write.expected is not None and write.expected != end:
                raise conflict(write.stream, write.expected, end)
            ends[write.stream] = end + len(rows)
        self._take_room(sum(len(payload) for _, rows in encoded for _, _, payload in rows))
        for write, rows in encoded:
            if rows:
                self.store.streams.setdefault(write.stream, _Stream()).events.extend(rows)

    async def replay(self, stream: str, after: int = 0) -> Recovered:
        check_name(stream)
        await asyncio.sleep(0)
        if self._closed:
            raise closed()
        return _recovered(self.store.streams.get(stream, _Stream()), after)

    async def replay_all(
        self, prefix: str, progress: Callable[[Progress], None] | None = None
    ) -> AsyncIterator[tuple[str, Recovered]]:
        if self._closed:
            raise closed()
        found = [
            (name, _recovered(self.store.streams[name]))
            for name in sorted(self.store.streams)
            if name.startswith(prefix)
        ]
        total = sum(len(recovered.events) for _, recovered in found)
        done = 0
        for count, (name, recovered) in enumerate(found):
            await asyncio.sleep(0)
            if progress and count and count % 1000 == 0:
                progress(Progress(done, total, count))
            done += len(recovered.events)
            yield name, recovered
        if progress:
            progress(Progress(total, total, len(found)))

    async def save_snapshot(self, stream: str, seq: int, payload: Mapping[str, Any], version: int = 1) -> None:
        check_name(stream)
        encoded = encode_payload(payload, f"the snapshot of stream {stream!r}")
        await self._turn_of_a_write(stream)
        entry = self.store.streams.get(stream)
        end = entry.seq if entry else 0
        if entry is None or not 1 <= seq <= end:
            raise SequenceConflict(f"no snapshot of stream {stream!r} at {seq}: the stream stands at {end}")
        if entry.snapshot and entry.snapshot[0] >= seq:
            return
        covered = entry.events[: seq - entry.first + 1]
        freed = sum(len(payload) for _, _, payload in covered) + (len(entry.snapshot[2]) if entry.snapshot else 0)
        self._take_room(len(encoded))
        self.store.used -= freed
        entry.events = entry.events[len(covered) :]
        entry.first = seq + 1
        entry.snapshot = (seq, version, encoded)

    async def delete(self, stream: str) -> None:
        check_name(stream)
        await self._turn_of_a_write(stream)
        if entry := self.store.streams.pop(stream, None):
            self.store.used -= sum(len(payload) for _, _, payload in entry.events)
            self.store.used -= len(entry.snapshot[2]) if entry.snapshot else 0

    async def fence(self, epoch: int) -> None:
        await asyncio.sleep(0)
        if self._closed:
            raise closed()
        if epoch < self.store.epoch:
            raise stale(epoch, self.store.epoch)
        self._epoch = self.store.epoch = epoch

    async def close(self) -> None:
        self._closed = True

    async def _turn_of_a_write(self, *streams: str) -> None:
        """A write never returns within the turn it was asked for in, and is finished when the journal is closed then:
        on a disk it is so, and here."""
        if self._closed:
            raise closed()
        await asyncio.sleep(0)
        self._refuse_the_overtaken()

    def _refuse_the_overtaken(self) -> None:
        if self._epoch < self.store.epoch:
            raise stale(self._epoch, self.store.epoch)

    def _take_room(self, size: int) -> None:
        capacity = self.store.capacity
        if capacity is not None and self.store.used + size > capacity:
            raise JournalFull(
                f"the journal's store of {capacity} bytes is full ({self.store.used} used, {size} asked for)"
            )
        self.store.used += size


def _recovered(stream: _Stream, after: int = 0) -> Recovered:
    snapshot = None
    if stream.snapshot and stream.snapshot[0] > after:
        seq, version, payload = stream.snapshot
        snapshot = Snapshot(seq, json.loads(payload), version)
    skipped = max(0, after - stream.first + 1)
    return Recovered(
        snapshot,
        [
            Stored(seq, Event(kind, version, json.loads(payload)))
            for seq, (kind, version, payload) in enumerate(stream.events[skipped:], stream.first + skipped)
        ],
    )
