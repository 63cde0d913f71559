"""The writing side of `SqliteJournal`: one connection, used by one thread at a time, that commits batches.

    SqliteJournal (loop)                       SqliteWriter (writer thread)
    --------------------                       ----------------------------
    operations of many callers, in order   →   BEGIN; is the epoch still ours?
                                               each operation: does it hold? then its rows
                                               COMMIT (one fsync for all of them); the witness notes it
    each caller hears                      ←   per operation: None, or why it was refused

Rows go in with as few statements as possible: sqlite3 gives the interpreter lock away in each step, and a busy loop
gives it back only every 5 ms, so a thousand single inserts beside a busy loop would take seconds.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actors.persistence._sqlite_guards import OpenLock, Witness, locked, unfinished_bytes
from actors.persistence._sqlite_schema import check_format, migrate, name_checksum, row_checksum
from actors.persistence.journal import (
    JournalBroken,
    JournalError,
    JournalFull,
    JournalLocked,
    SequenceConflict,
    conflict,
    stale,
)

log = logging.getLogger("actors.persistence")

BUSY_SECONDS = 5.0  # how long another process's transaction is waited for
PAGE_BYTES = 4096
WAL_BYTES = 64 * 1024 * 1024  # what is kept of the log file after a checkpoint
CACHE_KIB = 64 * 1024
ROWS_PER_STATEMENT = (1024, 128, 16, 1)  # few sizes, so that each statement is prepared once
EVENT_COLUMNS = "stream, seq, kind, version, payload, checksum"

EncodedEvents = Sequence[tuple[str, int, bytes]]


@dataclass(frozen=True, slots=True)
class AppendOperation:
    """The writes of one call: ``(stream, expected, events)`` each."""

    writes: Sequence[tuple[str, int | None, EncodedEvents]]


@dataclass(frozen=True, slots=True)
class SnapshotOperation:
    stream: str
    seq: int
    version: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class DeleteOperation:
    stream: str


@dataclass(frozen=True, slots=True)
class FenceOperation:
    epoch: int


Operation = AppendOperation | SnapshotOperation | DeleteOperation | FenceOperation


@dataclass(slots=True)
class _Stream:
    id: int
    seq: int
    checksum: int


class SqliteWriter:
    """Opens the journal's files; raises what `SqliteJournal.open` raises."""

    def __init__(self, path: Path, *, sync: bool, epoch: int | None, max_bytes: int | None) -> None:
        self.path = path
        self._streams: dict[str, _Stream] = {}
        self._lock = OpenLock(path)
        self._witness = Witness(path, sync)
        self._connection: sqlite3.Connection | None = None
        self._broken: JournalBroken | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.take()
            except JournalLocked:
                if epoch is None or epoch <= _stored_epoch(path):
                    raise
                # The holder's lease is over, though it may be stopped and unable to let go: the epoch keeps it out.
            self._connection = connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
            )
            found = check_format(connection, path)
            _configure(connection, sync, max_bytes)
            self._report_unfinished(connection)
            migrate(connection, found)
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            self._commits: int = meta["commits"]
            self._next_stream = connection.execute("SELECT coalesce(max(id), 0) + 1 FROM streams").fetchone()[0]
            self._witness.check(self._commits)
            self.epoch: int = meta["epoch"] if epoch is None else epoch
            if self.epoch < meta["epoch"]:
                raise stale(self.epoch, meta["epoch"])
            if self.epoch != meta["epoch"]:
                connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (self.epoch,))
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise _explain(error, path) from error
        except JournalError:
            self.close()
            raise

    def commit(self, operations: Sequence[Operation]) -> list[JournalError | None]:
        """Store what holds of a batch in one transaction; per operation None, or why nothing of it was stored."""
        if self._broken:
            return [self._broken] * len(operations)
        connection = self._connection
        assert connection is not None
        touched: dict[str, None] = {}
        batch = _Batch(connection, self._streams, touched, self._next_stream)
        outcomes: list[JournalError | None] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            (seen,) = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
            if seen > self.epoch and not any(isinstance(o, FenceOperation) for o in operations):
                connection.execute("ROLLBACK")
                return [stale(self.epoch, seen)] * len(operations)
            batch.load(operations)
            epoch = self.epoch
            for operation in operations:
                if isinstance(operation, FenceOperation):
                    if operation.epoch < seen:
                        outcomes.append(stale(operation.epoch, seen))
                        continue
                    epoch = seen = operation.epoch
                    connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (epoch,))
                    outcomes.append(None)
                elif epoch < seen:
                    outcomes.append(stale(epoch, seen))
                else:
                    outcomes.append(batch.apply(operation))
            batch.flush()
            connection.execute("UPDATE meta SET value = ? WHERE key = 'commits'", (self._commits + 1,))
            connection.execute("COMMIT")
        except Exception as error:
            for name in touched:
                self._streams.pop(name, None)
            failure = self._failed(error)
            if not isinstance(error, sqlite3.Error):
                raise
            return [failure] * len(operations)
        self.epoch = epoch
        self._commits += 1
        self._next_stream = batch.next_stream
        self._witness.note(self._commits)
        return outcomes

    def close(self) -> None:
        """Let all files go. Closing the last connection moves the log into the database."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        finally:
            self._witness.close()
            self._lock.release()

    def _failed(self, error: Exception) -> JournalError:
        """Undo a failed transaction; when that or the disk's answer leaves doubt, trust the file no more."""
        explained = _explain(error, self.path)
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as second:
            explained = _explain(second, self.path)
        if isinstance(explained, JournalBroken):
            self._broken = explained
            log.error("%s", explained)
        return explained

    def _report_unfinished(self, connection: sqlite3.Connection) -> None:
        self.unfinished_bytes = 0
        try:
            valid_frames = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        except sqlite3.OperationalError as error:
            if isinstance(_explain(error, self.path), JournalFull):
                return  # no room for a checkpoint: the log stays as it is, and can be read all the same
            raise
        self.unfinished_bytes = unfinished_bytes(Path(f"{self.path}-wal"), valid_frames)
        if self.unfinished_bytes:
            log.warning(
                "the journal %s ended in a commit that never finished: its %d bytes are given up; nothing in them was "
                "ever acknowledged",
                self.path,
                self.unfinished_bytes,
            )


class _Batch:
    """One transaction's rows, gathered so that few statements write them."""

    def __init__(
        self, connection: sqlite3.Connection, streams: dict[str, _Stream], touched: dict[str, None], next_stream: int
    ) -> None:
        self._connection, self._streams, self._touched = connection, streams, touched
        self.next_stream = next_stream
        self._new_streams: list[int | str] = []
        self._rows: list[int | str | bytes] = []

    def load(self, operations: Sequence[Operation]) -> None:
        """Learn where the streams stand that this process has not written before, in one step."""
        names: dict[str, None] = {}
        for operation in operations:
            if isinstance(operation, AppendOperation):
                names.update(dict.fromkeys(stream for stream, _, _ in operation.writes))
            elif not isinstance(operation, FenceOperation):
                names[operation.stream] = None
        unknown = [name for name in names if name not in self._streams]
        if not unknown:
            return
        (found,) = self._connection.execute(
            "SELECT json_group_array(json_array(name, id, max(coalesce((SELECT max(seq) FROM events WHERE stream = id),"
            " 0), coalesce((SELECT seq FROM snapshots WHERE stream = id), 0)))) FROM streams"
            " WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(unknown),),
        ).fetchone()
        for name, stream_id, seq in json.loads(found):
            self._streams[name] = _Stream(stream_id, seq, name_checksum(name))

    def apply(self, operation: Operation) -> JournalError | None:
        """Add what the operation writes, or say why it does not hold (and add nothing)."""
        if isinstance(operation, AppendOperation):
            return self._append(operation)
        if isinstance(operation, SnapshotOperation):
            return self._snapshot(operation)
        assert isinstance(operation, DeleteOperation)
        self._delete(operation.stream)
        return None

    def _append(self, operation: AppendOperation) -> JournalError | None:
        ends: dict[str, int] = {}
        for name, expected, events in operation.writes:
            stream = self._streams.get(name)
            end = ends.get(name, stream.seq if stream else 0)
            if expected is not None and expected != end:
                return conflict(name, expected, end)
            ends[name] = end + len(events)
        for name, _, events in operation.writes:
            if not events:
                continue
            self._touched[name] = None
            stream = self._streams.get(name)
            if stream is None:
                stream = self._streams[name] = _Stream(self.next_stream, 0, name_checksum(name))
                self._new_streams += (stream.id, name)
                self.next_stream += 1
            for kind, version, payload in events:
                stream.seq += 1
                checksum = row_checksum(stream.checksum, stream.seq, kind, version, payload)
                self._rows += (stream.id, stream.seq, kind, version, payload, checksum)
        return None

    def _snapshot(self, operation: SnapshotOperation) -> JournalError | None:
        stream = self._streams.get(operation.stream)
        end = stream.seq if stream else 0
        if stream is None or not 1 <= operation.seq <= end:
            return SequenceConflict(
                f"no snapshot of stream {operation.stream!r} at {operation.seq}: the stream stands at {end}"
            )
        self.flush()
        checksum = row_checksum(stream.checksum, operation.seq, "", operation.version, operation.payload)
        self._connection.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq,"
            " version = excluded.version, payload = excluded.payload, checksum = excluded.checksum"
            " WHERE excluded.seq > seq",
            (stream.id, operation.seq, operation.version, operation.payload, checksum),
        )
        self._connection.execute("DELETE FROM events WHERE stream = ? AND seq <= ?", (stream.id, operation.seq))
        return None

    def _delete(self, name: str) -> None:
        stream = self._streams.get(name)
        if stream is None:
            return
        self.flush()
        self._touched[name] = None
        for statement in (
            "DELETE FROM events WHERE stream = ?",
            "DELETE FROM snapshots WHERE stream = ?",
            "DELETE FROM streams WHERE id = ?",
        ):
            self._connection.execute(statement, (stream.id,))
        del self._streams[name]

    def flush(self) -> None:
        """Write the rows gathered so far."""
        self._insert("streams (id, name)", 2, self._new_streams)
        self._insert(f"events ({EVENT_COLUMNS})", 6, self._rows)
        self._new_streams, self._rows = [], []

    def _insert(self, table: str, width: int, values: Sequence[int | str | bytes]) -> None:
        row = f"({', '.join('?' * width)})"
        start = 0
        for count in ROWS_PER_STATEMENT:
            while len(values) - start >= count * width:
                statement = f"INSERT INTO {table} VALUES {', '.join([row] * count)}"
                self._connection.execute(statement, values[start : start + count * width])
                start += count * width


def _configure(connection: sqlite3.Connection, sync: bool, max_bytes: int | None) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    if max_bytes is not None:
        connection.execute(f"PRAGMA max_page_count = {max(1, max_bytes // PAGE_BYTES)}")


def _stored_epoch(path: Path) -> int:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return int(row[0])
    finally:
        connection.close()


def _explain(error: Exception, path: Path) -> JournalError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return JournalFull(
            f"there is no room for the write to the journal {path} ({error}). Nothing of it was stored. Free space on "
            "that disk, or raise the journal's max_bytes; writes succeed again as soon as there is room."
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        lock = Path(f"{path}-lock")
        holder = lock.read_text().strip() if lock.exists() else ""
        return locked(path, holder or "unknown")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return JournalBroken(f"the journal {path} is damaged ({error}). Restore it and its -wal file from a backup.")
    return JournalBroken(
        f"the journal {path} cannot be used: {error}. Look at the disk and at the folder's permissions; after a failed "
        "write restart the service, which reads again what was stored."
    )
