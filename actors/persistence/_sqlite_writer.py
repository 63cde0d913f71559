"""The writing side of `SqliteJournal`: one connection, used by one thread at a time, that commits batches.

    SqliteJournal (loop)                       SqliteWriter (writer thread)
    --------------------                       ----------------------------
    operations of many callers, in order   →   BEGIN; is the epoch still ours?
                                               each operation: does it hold? then its rows
                                               COMMIT (one fsync for all of them); the witness notes it
    each caller hears                      ←   per operation: None, or why it was refused

A commit is as few statements as possible: sqlite3 gives the interpreter lock away in each, and a busy loop gives it
back only every 5 ms, so a thousand single inserts beside a busy loop would take seconds.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from actors.persistence._operations import FenceOperation, Operation
from actors.persistence._sqlite_batch import Batch, Stream
from actors.persistence._sqlite_guards import OpenLock, Witness, locked, unfinished_bytes
from actors.persistence._sqlite_schema import check_format, migrate
from actors.persistence.journal import (
    JournalBroken,
    JournalError,
    JournalFull,
    JournalLocked,
    stale,
)

log = logging.getLogger("actors.persistence")

BUSY_SECONDS = 5.0  # how long another process's transaction is waited for
PAGE_BYTES = 4096
WAL_BYTES = 64 * 1024 * 1024  # what is kept of the log file after a checkpoint
CACHE_KIB = 8 * 1024  # what is read again: the indexes of 100,000 short streams

READ_EPOCH = "SELECT value FROM meta WHERE key = 'epoch'"
WRITE_EPOCH = "UPDATE meta SET value = ? WHERE key = 'epoch'"
COUNT_COMMIT = f"UPDATE meta SET value = value + 1 WHERE key = 'commits' AND ({READ_EPOCH}) <= ?"


class SqliteWriter:
    """Opens the journal's files; raises what `SqliteJournal.open` raises."""

    def __init__(self, path: Path, *, sync: bool, epoch: int | None, max_bytes: int | None) -> None:
        self.path = path
        self._streams: dict[str, Stream] = {}
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
                connection.execute(WRITE_EPOCH, (self.epoch,))
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.Error | OSError):
                raise _explain(error, path) from error
            if isinstance(error, KeyError | ValueError | TypeError):  # text that is none, numbers that are text, …
                raise JournalBroken(f"the journal {path} is damaged ({error}). Restore it from a backup.") from error
            raise

    def commit(self, operations: Sequence[Operation]) -> list[JournalError | None]:
        """Store what holds of a batch in one transaction; per operation None, or why nothing of it was stored."""
        outcomes: list[JournalError | None] = []
        for is_fence, run in groupby(operations, lambda operation: isinstance(operation, FenceOperation)):
            if is_fence:
                outcomes += [self._fence(each.epoch) for each in run if isinstance(each, FenceOperation)]
            else:
                outcomes += self._write(list(run))
        return outcomes

    def _write(self, operations: Sequence[Operation]) -> list[JournalError | None]:
        if self._broken:
            return [self._broken] * len(operations)
        connection = self._connection
        assert connection is not None
        batch = Batch(connection, self._streams, self._next_stream)
        try:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute(COUNT_COMMIT, (self.epoch,)).rowcount:
                (seen,) = connection.execute(READ_EPOCH).fetchone()
                connection.execute("ROLLBACK")
                return [stale(self.epoch, seen)] * len(operations)
            batch.load(operations)
            outcomes = [batch.apply(operation) for operation in operations]
            batch.flush()
            connection.execute("COMMIT")
        except Exception as error:
            for name in batch.touched:
                self._streams.pop(name, None)
            failure = self._failed(error)
            if not isinstance(error, sqlite3.Error):
                raise
            return [failure] * len(operations)
        self._commits += 1
        self._next_stream = batch.next_stream
        self._witness.note(self._commits)
        return outcomes

    def _fence(self, epoch: int) -> JournalError | None:
        if self._broken:
            return self._broken
        connection = self._connection
        assert connection is not None
        try:
            connection.execute("BEGIN IMMEDIATE")
            (seen,) = connection.execute(READ_EPOCH).fetchone()
            connection.execute(WRITE_EPOCH, (max(seen, epoch),))
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            return self._failed(error)
        if epoch < seen:
            return stale(epoch, seen)
        self.epoch = epoch
        return None

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
        row = connection.execute(READ_EPOCH).fetchone()
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
