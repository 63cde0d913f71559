"""What an agent must still know after ``kill -9``: who it is, whose tasks it has, and which updates of theirs were
not acknowledged yet.

::

    agent                                        checkpoint
    await recover()                        ──►   Recovered: every framework and task that is not over
    await append(records)                  ──►   returns once a kill -9 of this process loses none of them

The file is written, not synced: it has to survive the process, and no task survives the machine.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from actors.local_mesos.agent._records import MAGIC, Record, Recovered, decode, encode

__all__ = ["Checkpoint", "FileCheckpoint", "MemoryCheckpoint"]

_REWRITE_AT = 1 << 20  # bytes; then it is rewritten once four fifths of it are of the past


class Checkpoint(Protocol):
    async def recover(self) -> Recovered:
        """Raises ``CheckpointBroken``."""

    async def append(self, records: Sequence[Record]) -> None:
        """All of them, in order. Raises ``OSError`` (a full disk); then none of them counts."""


class MemoryCheckpoint:
    """Survives an agent that is restarted by its supervisor, and nothing else."""

    def __init__(self) -> None:
        self._state = Recovered()

    async def recover(self) -> Recovered:
        return self._state.copy()

    async def append(self, records: Sequence[Record]) -> None:
        for record in records:
            self._state.apply(record)


class FileCheckpoint:
    """A file at ``path``; its folder is made. One agent at a time: whoever starts it holds the work dir."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = Recovered()
        self._file = -1
        self._size = self._size_rewritten = 0

    async def recover(self) -> Recovered:
        return await asyncio.to_thread(self._recover)

    async def append(self, records: Sequence[Record]) -> None:
        await asyncio.to_thread(self._append, records)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    # -- in a thread, one call at a time ---------------------------------------------------------------------------

    def _recover(self) -> Recovered:
        self.close()
        self._state = Recovered()
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        else:
            for record in decode(data, self._path):
                self._state.apply(record)
        self._rewrite()
        return self._state.copy()

    def _rewrite(self) -> None:
        data = MAGIC + encode(self._state.records())
        new = self._path.with_suffix(".new")
        new.write_bytes(data)
        os.replace(new, self._path)  # the old file or the new one, whenever we are killed
        self.close()
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._size = self._size_rewritten = len(data)

    def _append(self, records: Sequence[Record]) -> None:
        data = encode(records)
        try:
            written = os.write(self._file, data)
            if written < len(data):
                raise OSError(f"only {written} of {len(data)} bytes went to {self._path}: is the disk full?")
        except OSError:
            os.ftruncate(self._file, self._size)  # no half record may stand before the next one
            raise
        self._size += written
        for record in records:
            self._state.apply(record)
        if self._size > max(_REWRITE_AT, 5 * self._size_rewritten):
            self._rewrite()
