"""The file format of `SqliteJournal`, its versions, and the checksum of each row.

A journal ``journal.db`` is a folder's neighbours: ``journal.db`` and ``journal.db-wal`` (SQLite's), ``journal.db-lock``
(who has it open) and ``journal.db-ack`` (the last commit that was acknowledged, see `_sqlite_witness`).

``PRAGMA application_id`` says that a file is a journal, ``PRAGMA user_version`` which format it has. ``MIGRATIONS[n]``
turns format n into n + 1; format 0 is an empty file. A format once released is never edited: add a migration.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from zlib import crc32

from actors.persistence.journal import JournalBroken, NewerVersion

APPLICATION_ID = 0x4A524E4C  # "JRNL"

MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', 0), ('commits', 0);
    CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE events (
        position INTEGER PRIMARY KEY, stream INTEGER NOT NULL, seq INTEGER NOT NULL,
        kind TEXT NOT NULL, version INTEGER NOT NULL, payload BLOB NOT NULL, checksum INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX events_of_stream ON events (stream, seq);
    CREATE TABLE snapshots (
        stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL,
        version INTEGER NOT NULL, payload BLOB NOT NULL, checksum INTEGER NOT NULL
    );
    """,
)
FORMAT = len(MIGRATIONS)


def check_format(connection: sqlite3.Connection, path: Path) -> int:
    """The format of the file, which stays as it is; raises `NewerVersion`, or `JournalBroken` when it is no journal."""
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application_id != APPLICATION_ID and tables:
        raise JournalBroken(f"{path} is an SQLite database, but not a journal; choose another path")
    if found < 0 or (found == 0 and tables):
        raise JournalBroken(f"the journal {path} is damaged: its format cannot be {found}. Restore it from a backup.")
    if found > FORMAT:
        raise NewerVersion(
            f"the journal {path} has format {found}, written by a newer version of this software; this one knows "
            f"formats up to {FORMAT}. Upgrade it, or use another work dir. Nothing was changed."
        )
    return int(found)


def migrate(connection: sqlite3.Connection, found: int) -> None:
    """Bring the tables from format ``found`` to the current one, each step in a transaction of its own."""
    for version in range(found, FORMAT):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[version]} PRAGMA application_id = {APPLICATION_ID};"
            f" PRAGMA user_version = {version + 1}; COMMIT;"
        )


def name_checksum(stream: str) -> int:
    """What the checksums of a stream's rows begin with: a row that strays into another stream is found out."""
    return crc32(stream.encode())


def row_checksum(name: int, seq: int, kind: str, version: int, payload: bytes) -> int:
    """The checksum of an event (of a snapshot: ``kind`` is empty)."""
    return crc32(payload, crc32(f"{seq} {kind} {version} ".encode(), name))
