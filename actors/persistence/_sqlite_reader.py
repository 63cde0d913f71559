"""The reading side of `SqliteJournal`: a connection of its own, so that a long sweep never holds up a write.

Each row's checksum is compared before it is believed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from actors.persistence._sqlite_schema import name_checksum, row_checksum
from actors.persistence.journal import Event, JournalBroken, Progress, Recovered, Snapshot, Stored

CACHE_KIB = 64 * 1024
MAPPED_BYTES = 1024 * 1024 * 1024
EVENTS_PER_CHUNK = 2000

_decode = json.JSONDecoder().raw_decode  # what `json.loads` does besides costs more than the decoding itself
Chunk = tuple[list[tuple[str, Recovered]], Progress]
_Row = tuple[int, str, int, bytes, int]  # seq, kind, version, payload, checksum


class SqliteReader:
    """Reads what is committed. Used by one thread at a time. Besides `JournalBroken` it raises sqlite3's own errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = _connect(path)

    def replay(self, stream: str, after: int) -> Recovered:
        """See `Journal.replay`."""
        self._connection.execute("BEGIN")  # snapshot and events of one moment
        try:
            found = self._connection.execute("SELECT id FROM streams WHERE name = ?", (stream,)).fetchone()
            if found is None:
                return Recovered()
            snapshot = self._connection.execute(
                "SELECT seq, version, payload, checksum FROM snapshots WHERE stream = ? AND seq > ?", (*found, after)
            ).fetchone()
            rows = self._connection.execute(
                "SELECT seq, kind, version, payload, checksum FROM events WHERE stream = ? AND seq > ? ORDER BY seq",
                (*found, after),
            ).fetchall()
            return _recovered(stream, snapshot, rows, self.path)
        finally:
            self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class Sweep:
    """One pass over all streams below a prefix, as they are when it begins; `next_chunk` until it returns None."""

    def __init__(self, path: Path, prefix: str) -> None:
        self.path = path
        self._connection = _connect(path)
        self._connection.execute("BEGIN")
        bounds = (prefix, prefix + "\U0010ffff")
        (self._total,) = self._connection.execute(
            "SELECT count(*) FROM events WHERE stream IN (SELECT id FROM streams WHERE name >= ? AND name < ?)", bounds
        ).fetchone()
        # Two walks in the order of names, merged here: joined, a snapshot would be repeated for each of its events.
        self._snapshots = self._connection.execute(
            "SELECT name, s.seq, s.version, s.payload, s.checksum FROM streams LEFT JOIN snapshots s ON s.stream = id"
            " WHERE name >= ? AND name < ? ORDER BY name",
            bounds,
        )
        events = self._connection.execute(
            "SELECT name, e.seq, e.kind, e.version, e.payload, e.checksum FROM streams CROSS JOIN events e"
            " ON e.stream = id WHERE name >= ? AND name < ? ORDER BY name, e.seq",
            bounds,
        )
        self._groups = groupby(_in_blocks(events), itemgetter(0))
        self._next_group = next(self._groups, None)
        self._done = self._streams = 0

    def next_chunk(self) -> Chunk | None:
        """The next streams, about 2000 events' worth, and how far the sweep is; None at the end."""
        found: list[tuple[str, Recovered]] = []
        events = 0
        while events < EVENTS_PER_CHUNK and len(found) < EVENTS_PER_CHUNK:
            row = self._snapshots.fetchone()
            if row is None:
                break
            name = row[0]
            rows: list[_Row] = []
            if self._next_group is not None and self._next_group[0] == name:
                rows = [row[1:] for row in self._next_group[1]]
                self._next_group = next(self._groups, None)
            recovered = _recovered(name, row[1:] if row[1] is not None else None, rows, self.path)
            events += len(recovered.events)
            found.append((name, recovered))
        self._done += events
        self._streams += len(found)
        return (found, Progress(self._done, self._total, self._streams)) if found else None

    def close(self) -> None:
        self._connection.close()


def _in_blocks(cursor: sqlite3.Cursor) -> Iterator[Any]:
    while block := cursor.fetchmany(1000):
        yield from block


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute("PRAGMA query_only = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
    return connection


def _recovered(stream: str, snapshot: Any, rows: Iterable[_Row], path: Path) -> Recovered:
    name = name_checksum(stream)
    found: Snapshot | None = None
    last = 0
    if snapshot is not None:
        seq, version, payload, checksum = snapshot
        if row_checksum(name, seq, "", version, payload) != checksum:
            raise damaged(path, f"the snapshot of stream {stream!r} at {seq} does not match its checksum")
        found, last = Snapshot(seq, _decode(payload.decode())[0], version), seq
    events: list[Stored] = []
    for seq, kind, version, payload, checksum in rows:
        if row_checksum(name, seq, kind, version, payload) != checksum:
            raise damaged(path, f"event {seq} of stream {stream!r} does not match its checksum")
        if last and seq != last + 1:
            raise damaged(path, f"stream {stream!r} has a gap: event {seq} follows {last}")
        last = seq
        events.append(Stored(seq, Event(kind, version, _decode(payload.decode())[0])))
    return Recovered(found, events)


def damaged(path: Path, what: str) -> JournalBroken:
    """The error of contents that were acknowledged once and cannot be read any more."""
    return JournalBroken(
        f"the journal {path} is damaged: {what}. It was acknowledged once, so it is not given up silently: restore the "
        "journal and its -wal file from a backup, or delete that stream if you can do without it."
    )
