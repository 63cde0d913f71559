"""`SqliteJournal`: the journal on disk, the default of every service.

    caller on the loop                    writer thread                     reader thread
    ------------------                    -------------                     -------------
    append() encodes, waits  →  while one commit runs, calls gather
                                all that gathered: one transaction, one
                                fsync                                  (see `_sqlite_writer`)
    returns                  ←  durable
    replay(), replay_all()                                            →  its own connection, which sees all
                                                                         that was acknowledged (`_sqlite_reader`)

No SQLite call runs on the loop. Both threads are executors of the loop, so in virtual time they run inline.

What it survives: ``kill -9`` at any point and, with ``durability="sync"`` (the default), a power loss. A commit that
never finished is given up and reported in the log; an acknowledged one that is missing or damaged is an error
(`JournalBroken`), never skipped. Disk use: the rows, plus at most 64 MiB of log kept between checkpoints; space freed
by snapshots and deletes is used again. ``max_bytes`` bounds the rows.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from actors.persistence._operations import GatheringJournal, Operation
from actors.persistence._sqlite_reader import SqliteReader, Sweep, damaged
from actors.persistence._sqlite_schema import FORMAT, check_format
from actors.persistence._sqlite_writer import SqliteWriter
from actors.persistence.journal import (
    JournalBroken,
    JournalError,
    Progress,
    Recovered,
    check_name,
    closed,
)

__all__ = ["SqliteJournal", "read_streams"]

T = TypeVar("T")
CALLS_PER_COMMIT = 4096  # bounds how long the loop is held when a commit's callers are woken


class SqliteJournal(GatheringJournal):
    """A `Journal` in an SQLite file.

    ``path``: the file; its folder is made when missing. ``durability``: ``"sync"`` (acknowledged writes survive a power
    loss) or ``"process"`` (they survive ``kill -9``, but not the machine). ``epoch``: of the caller's lease; a higher
    one than the stored takes the journal over, even from a process that is stopped and still holds it. ``max_bytes``:
    bound of the rows' space, beyond which writes raise `JournalFull`.

    Opened by the first call, or by `open`, which raise `JournalLocked`, `NewerVersion`, `StaleEpoch`, `JournalBroken`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        durability: Literal["sync", "process"] = "sync",
        epoch: int | None = None,
        max_bytes: int | None = None,
    ) -> None:
        if durability not in ("sync", "process"):
            raise ValueError(f"durability must be 'sync' or 'process', not {durability!r}")
        self.path = Path(path)
        self._sync = durability == "sync"
        self._epoch = epoch
        self._max_bytes = max_bytes
        self._make_threads()
        self._opening: asyncio.Task[None] | None = None
        self._writer: SqliteWriter | None = None
        self._reader: SqliteReader | None = None
        self._pending: list[tuple[Operation, asyncio.Future[None]]] = []
        self._committing = False
        self._idle: asyncio.Future[None] | None = None
        self._closed = False

    @property
    def unfinished_bytes(self) -> int:
        """Bytes of a never finished (so never acknowledged) commit that were given up when the journal was opened."""
        return self._writer.unfinished_bytes if self._writer else 0

    async def replay(self, stream: str, after: int = 0) -> Recovered:
        check_name(stream)
        reader = await self._opened()
        return await self._read(reader.replay, stream, after)

    async def replay_all(
        self, prefix: str, progress: Callable[[Progress], None] | None = None
    ) -> AsyncIterator[tuple[str, Recovered]]:
        await self._opened()
        sweep = await self._read(Sweep, self.path, prefix)
        reached = Progress(0, 0, 0)
        try:
            while (chunk := await self._read(sweep.next_chunk)) is not None:
                found, reached = chunk
                for entry in found:
                    yield entry
                if progress:
                    progress(reached)
        finally:
            if self._closed:
                sweep.close()
            else:
                await asyncio.get_running_loop().run_in_executor(self._reading, sweep.close)
        if progress and not reached.streams:
            progress(reached)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._opening:
            await asyncio.gather(self._opening, return_exceptions=True)
        loop = asyncio.get_running_loop()
        if self._committing:
            self._idle = loop.create_future()
            await self._idle
        reader, writer = self._reader, self._writer
        self._reader = self._writer = None
        if reader:
            await loop.run_in_executor(self._reading, reader.close)
        if writer:
            await loop.run_in_executor(self._writing, writer.close)
        self._end_threads()

    async def _opened(self) -> SqliteReader:
        if self._closed:
            raise closed()
        if self._reader is None:
            if self._opening is None or (self._opening.done() and self._opening.exception()):
                self._opening = asyncio.create_task(self._open_files(), name=f"open the journal {self.path}")
            await asyncio.shield(self._opening)
            if self._reader is None:
                raise closed()
        return self._reader

    async def _open_files(self) -> None:
        loop = asyncio.get_running_loop()
        writer: SqliteWriter | None = None
        try:
            writer = await loop.run_in_executor(self._writing, self._open_writer)
            self._reader = await self._read(SqliteReader, self.path)
            self._writer = writer
        except BaseException:
            # Nobody closes a journal that never opened: it must keep neither the lock nor a thread.
            if writer is not None:
                loop.run_in_executor(self._writing, writer.close)
            self._end_threads()
            self._make_threads()  # for the next attempt; they start with their first work
            raise

    def _make_threads(self) -> None:
        self._writing = ThreadPoolExecutor(1, "journal-writer")
        self._reading = ThreadPoolExecutor(1, "journal-reader")

    def _end_threads(self) -> None:
        self._reading.shutdown(wait=False)
        self._writing.shutdown(wait=False)

    def _open_writer(self) -> SqliteWriter:
        return SqliteWriter(self.path, sync=self._sync, epoch=self._epoch, max_bytes=self._max_bytes)

    async def _read(self, read: Callable[..., T], *args: Any) -> T:
        if self._closed:
            raise closed()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reading, read, *args)
        except (sqlite3.Error, ValueError, TypeError) as error:  # text that is none, numbers that are text, …
            raise damaged(self.path, f"it cannot be read ({error})") from error

    async def _do(self, operation: Operation) -> None:
        """Hand an operation to the next commit, and wait for it."""
        if self._reader is None or self._closed:
            await self._opened()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._pending.append((operation, done))
        if not self._committing:
            self._committing = True
            loop.call_soon(self._commit, loop)  # a turn later: what else is asked for in this turn comes along
        await done

    def _commit(self, loop: asyncio.AbstractEventLoop) -> None:
        batch, self._pending = self._pending[:CALLS_PER_COMMIT], self._pending[CALLS_PER_COMMIT:]
        assert self._writer is not None
        outcome = loop.run_in_executor(self._writing, self._writer.commit, [operation for operation, _ in batch])
        outcome.add_done_callback(lambda committed: self._committed(loop, batch, committed))

    def _committed(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[tuple[Operation, asyncio.Future[None]]],
        committed: asyncio.Future[Any],
    ) -> None:
        if committed.cancelled() or (failure := committed.exception()) is not None:
            cause = "cancelled" if committed.cancelled() else repr(failure)
            outcomes: list[Exception | None] = [
                JournalBroken(f"the writer of the journal {self.path} failed ({cause}); restart the service")
            ] * len(batch)
        else:
            outcomes = committed.result()
        for (_, done), outcome in zip(batch, outcomes, strict=True):
            if done.done():
                continue  # its caller was cancelled
            if outcome is None:
                done.set_result(None)
            else:
                done.set_exception(type(outcome)(*outcome.args))  # each caller's traceback is its own
        if self._pending:
            self._commit(loop)
        else:
            self._committing = False
            if self._idle and not self._idle.done():
                self._idle.set_result(None)


async def read_streams(path: str | os.PathLike[str]) -> AsyncIterator[tuple[str, Recovered]]:
    """Every stream of a journal as it is now, while another process may have it open and go on writing.

    Nothing is written, no lock is taken, and nothing is migrated. Raises `FileNotFoundError`, `NewerVersion`,
    `JournalBroken`, and `JournalError` for an older format.
    """
    file = Path(path)
    loop = asyncio.get_running_loop()
    sweep = await loop.run_in_executor(None, _sweep_of, file)
    try:
        while (chunk := await loop.run_in_executor(None, sweep.next_chunk)) is not None:
            for entry in chunk[0]:
                yield entry
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise damaged(file, f"it cannot be read ({error})") from error
    finally:
        await loop.run_in_executor(None, sweep.close)


def _sweep_of(path: Path) -> Sweep:
    if not path.exists():
        raise FileNotFoundError(f"there is no journal {path}")
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            found = check_format(connection, path)
        finally:
            connection.close()
        if found < FORMAT:
            raise JournalError(
                f"the journal {path} has format {found}, of an older version of this software; this one reads format "
                f"{FORMAT}. Start the service with it once, which brings the journal up to date."
            )
        return Sweep(path, "")
    except sqlite3.Error as error:
        raise damaged(path, f"it cannot be read ({error})") from error
