"""A whole journal in one file, to be kept elsewhere and put back another day.

    dump(streams, file, about)       header  {"journal-backup": 1, "about": …}
                                     a line per stream: its snapshot and its events
                                     trailer {"streams": how many}
    about = await read_about(file)   what the file is, without reading all of it
    await restore(file, journal)     into an empty journal; every line is checked before the first is written

The file is gzip of JSON lines, readable by its owner alone, and appears under its name only when it is complete.
Streams are numbered anew from 1: only their order within a stream means anything, and that is kept.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import zlib
from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from actors.persistence.journal import Append, Event, Journal, JournalError, NewerVersion, Recovered

__all__ = ["BACKUP_FORMAT", "BackupUnusable", "dump", "read_about", "restore"]

BACKUP_FORMAT = 1
"""Raised when the file's lines change; a file of an older format must stay readable."""

STREAMS_PER_COMMIT = 1000


class BackupUnusable(JournalError):
    """The file is no backup of a journal, or is damaged or cut short. Nothing was restored."""


async def dump(streams: AsyncIterator[tuple[str, Recovered]], file: Path, about: Mapping[str, Any]) -> int:
    """Write every stream to `file` (which must not exist) and return how many there were.

    ``streams``: of ``journal.replay_all("")``, or of `read_streams` for a journal that another process has open.
    ``about``: JSON that `read_about` returns again. Raises `FileExistsError`, `OSError`.
    """
    loop = asyncio.get_running_loop()
    partial = file.with_name(f"{file.name}.partial")
    count = 0
    raw = await loop.run_in_executor(None, _create, file, partial)
    try:
        with raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6) as packed:
            packed.write(_line({"journal-backup": BACKUP_FORMAT, "about": dict(about)}))
            async for name, recovered in streams:
                await loop.run_in_executor(None, packed.write, _line(_stream_line(name, recovered)))
                count += 1
            packed.write(_line({"streams": count}))
            packed.close()
            raw.flush()
            await loop.run_in_executor(None, os.fsync, raw.fileno())
        partial.rename(file)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return count


async def read_about(file: Path) -> Mapping[str, Any]:
    """What `dump` was told about the file. Raises `BackupUnusable`, `NewerVersion`, `OSError`."""
    lines = _lines(file)
    try:
        about: Mapping[str, Any] = await asyncio.get_running_loop().run_in_executor(None, next, lines)
    finally:
        lines.close()
    return about


async def restore(file: Path, journal: Journal) -> int:
    """Put all that `file` holds into `journal`, which must be empty; returns the number of streams.

    The file is read to its end before anything is written. A restore that is interrupted leaves a part of the streams:
    restore into a journal of its own and give it its place when this returns. Raises `BackupUnusable`, `NewerVersion`,
    `OSError`, and what the journal raises.
    """
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, _check, file)
    count, writes, snapshots = 0, list[Append](), list[tuple[str, Mapping[str, Any], int, tuple[Event, ...]]]()
    lines = _lines(file)
    next(lines)
    for entry in lines:
        name, snapshot, events = _stream_of(entry)
        count += 1
        if snapshot is None:
            writes.append(Append(name, events, expected=0))
        else:
            # A snapshot stands for an event; this one's place is taken by the snapshot at once.
            writes.append(Append(name, (Event("restored"),), expected=0))
            snapshots.append((name, snapshot["payload"], snapshot["version"], events))
        if len(writes) >= STREAMS_PER_COMMIT:
            await _store(journal, writes, snapshots)
    await _store(journal, writes, snapshots)
    return count


async def _store(
    journal: Journal,
    writes: list[Append],
    snapshots: list[tuple[str, Mapping[str, Any], int, tuple[Event, ...]]],
) -> None:
    await journal.append(writes)
    await asyncio.gather(*(journal.save_snapshot(name, 1, payload, version) for name, payload, version, _ in snapshots))
    await journal.append([Append(name, events, expected=1) for name, _, _, events in snapshots if events])
    writes.clear()
    snapshots.clear()


def _create(file: Path, partial: Path) -> BinaryIO:
    if file.exists():
        raise FileExistsError(f"{file} is there already")
    return os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _stream_line(name: str, recovered: Recovered) -> Mapping[str, Any]:
    snapshot = recovered.snapshot
    return {
        "stream": name,
        "snapshot": None if snapshot is None else {"version": snapshot.version, "payload": dict(snapshot.payload)},
        "events": [[s.event.kind, s.event.version, dict(s.event.payload)] for s in recovered.events],
    }


def _stream_of(entry: Any) -> tuple[str, Mapping[str, Any] | None, tuple[Event, ...]]:
    return entry["stream"], entry["snapshot"], tuple(Event(*event) for event in entry["events"])


def _check(file: Path) -> None:
    """Read all of it: a file that cannot be trusted to the end is not begun."""
    lines = _lines(file)
    next(lines)
    for entry in lines:
        try:
            _stream_of(entry)
        except (KeyError, TypeError, ValueError):
            raise _unusable(file, "a line of it describes no stream") from None


def _lines(file: Path) -> Generator[Any, None, None]:
    """What the file is about, then its streams; raises at the end when it is not the end."""
    try:
        with gzip.open(file, "rb") as packed:
            header = _decoded(file, packed.readline())
            version = header.get("journal-backup") if isinstance(header, dict) else None
            if not isinstance(version, int) or "about" not in header:
                raise _unusable(file, "it does not begin as one")
            if version > BACKUP_FORMAT:
                raise NewerVersion(
                    f"{file} has backup format {version}, written by a newer version of this software; this one knows "
                    f"formats up to {BACKUP_FORMAT}. Upgrade it first. Nothing was changed."
                )
            yield header["about"]
            for count, line in enumerate(packed):
                entry = _decoded(file, line)
                if isinstance(entry, dict) and "streams" in entry:
                    if entry["streams"] != count:
                        raise _unusable(file, f"it holds {count} streams instead of {entry['streams']}")
                    if packed.read():  # to the very end: only there gzip compares the checksum
                        raise _unusable(file, "something follows its end")
                    return
                yield entry
            raise _unusable(file, "it is cut short")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _unusable(file, f"it is damaged or cut short ({error})") from error


def _decoded(file: Path, line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError as error:
        raise _unusable(file, f"a line of it is no JSON ({error})") from error


def _unusable(file: Path, why: str) -> BackupUnusable:
    return BackupUnusable(f"{file} is no usable backup of a journal: {why}. Nothing was changed; use another backup.")
