"""What a master must still know after a restart: agents, weights, quotas, maintenance.

Not the frameworks and their tasks: those come back by themselves, from subscriptions and agents.

A registry keeps bytes under (kind, key). Its twins are ``MemoryRegistry`` and ``SqliteRegistry``, which keeps them in
``registry.sqlite`` below the work dir and has written and synced a change when ``store`` returns.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, NamedTuple, Protocol

__all__ = ["Entry", "MemoryRegistry", "Registry", "RegistryError", "SqliteRegistry"]

_VERSION: Final = 1


class RegistryError(RuntimeError):
    """The registry cannot be opened, read or written; says which file and what to do."""


class Entry(NamedTuple):
    """``value`` None: no longer."""

    kind: str
    key: str
    value: bytes | None


class Registry(Protocol):
    async def recover(self) -> list[Entry]:
        """Everything that is in there."""

    async def store(self, changes: Sequence[Entry]) -> None:
        """All of the changes or, if it raises ``RegistryError``, none of them."""

    async def close(self) -> None: ...


class MemoryRegistry:
    """Forgets with the process."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], bytes] = {}

    async def recover(self) -> list[Entry]:
        return [Entry(kind, key, value) for (kind, key), value in self._entries.items()]

    async def store(self, changes: Sequence[Entry]) -> None:
        for kind, key, value in changes:
            if value is None:
                self._entries.pop((kind, key), None)
            else:
                self._entries[kind, key] = value

    async def close(self) -> None:
        return None


class SqliteRegistry:
    """In a file. Written in a thread of its own, so that a slow disk does not hold the loop.

    Raises:
        RegistryError: the file is somebody else's, is broken, or was written by a newer version.
    """

    def __init__(self, work_dir: Path) -> None:
        self._path = work_dir / "registry.sqlite"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registry")
        self._database: sqlite3.Connection | None = None

    async def recover(self) -> list[Entry]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._recover)

    async def store(self, changes: Sequence[Entry]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store, list(changes))

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._path, timeout=0)
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            version = database.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                database.close()
                raise RegistryError(
                    f"{self._path} was written by a newer version (format {version}, this one knows {_VERSION}): "
                    "start that version, or choose another --work-dir"
                )
            with database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS entries (kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key))"
                )
                database.execute(f"PRAGMA user_version={_VERSION}")
            self._database = database
        return self._database

    def _recover(self) -> list[Entry]:
        try:
            rows = self._open().execute("SELECT kind, key, value FROM entries ORDER BY rowid").fetchall()
        except sqlite3.OperationalError as error:
            raise RegistryError(
                f"{self._path} cannot be opened ({error}): most likely another master uses this work dir; "
                "end it, or choose another --work-dir"
            ) from error
        except sqlite3.DatabaseError as error:
            raise RegistryError(
                f"{self._path} is not a registry ({error}): move it away to start with an empty one"
            ) from error
        return [Entry(*row) for row in rows]

    def _store(self, changes: list[Entry]) -> None:
        try:
            database = self._open()
            with database:
                for kind, key, value in changes:
                    if value is None:
                        database.execute("DELETE FROM entries WHERE kind = ? AND key = ?", (kind, key))
                    else:
                        database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", (kind, key, value))
        except sqlite3.DatabaseError as error:
            raise RegistryError(f"{self._path} cannot be written: {error}") from error

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
