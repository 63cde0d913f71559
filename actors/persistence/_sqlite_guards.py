"""Two small files beside the journal: who has it open, and what was acknowledged last; and a look at its log's tail."""

from __future__ import annotations

import fcntl
import logging
import os
import struct
from pathlib import Path
from typing import Final

from actors.persistence.journal import JournalBroken, JournalLocked

log = logging.getLogger("actors.persistence")


class OpenLock:
    """Held while the journal is open: flock(2) on ``journal.db-lock``, with the holder's pid inside."""

    def __init__(self, path: Path) -> None:
        self.path = Path(f"{path}-lock")
        self._journal = path
        self._fd: int | None = None

    def take(self) -> None:
        """Raises `JournalLocked` naming the holder."""
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(fd, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(fd)
            raise locked(self._journal, holder) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)  # ends the flock; the file stays, for unlinking it would race with the next opener
            self._fd = None


def locked(journal: Path, holder: str) -> JournalLocked:
    """The error that names who has the journal open, and the remedy."""
    who = "this process itself" if holder == str(os.getpid()) else f"process {holder}"
    return JournalLocked(
        f"the journal {journal} is open in {who}. Two writers would destroy each other's work: end the other one "
        f"(`ps -p {holder}` says what it is), or choose another work dir."
    )


class Witness:
    """The number of the last acknowledged commit, outside of the database.

    Written after each commit is durable and before its callers hear of it, never synced: after a power loss it may be
    old, but it never runs ahead. So a database that stands *behind* it has lost acknowledged writes (a damaged log, a
    deleted ``-wal`` file, an old copy put back), which SQLite by itself takes for a torn tail and gives up silently.
    """

    _FORMAT: Final = struct.Struct("<8sQc")
    _MAGIC: Final = b"journal\0"

    def __init__(self, path: Path, synced: bool) -> None:
        self.path = Path(f"{path}-ack")
        self._journal = path
        self._mark = b"S" if synced else b"P"
        self._fd: int | None = None

    def check(self, commits: int) -> None:
        """Compare with the database's count; raises `JournalBroken` when acknowledged commits are missing."""
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        content = os.pread(self._fd, self._FORMAT.size, 0)
        if len(content) == self._FORMAT.size:
            magic, acknowledged, mark = self._FORMAT.unpack(content)
            if magic == self._MAGIC and acknowledged > commits:
                missing = acknowledged - commits
                if mark == b"S":
                    self.close()
                    raise JournalBroken(
                        f"the journal {self._journal} has lost its last {missing} acknowledged commit(s): its files "
                        "were damaged, or an older copy was put back. Restore journal and -wal file from a backup. "
                        f"To go on without what was lost, remove {self.path}."
                    )
                log.warning(
                    "the journal %s lost its last %d commit(s) in a power failure, as durability 'process' allows",
                    self._journal,
                    missing,
                )
        self.note(commits)

    def note(self, commits: int) -> None:
        """Remember that everything up to this commit is about to be acknowledged."""
        if self._fd is not None:
            os.pwrite(self._fd, self._FORMAT.pack(self._MAGIC, commits, self._mark), 0)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def unfinished_bytes(wal: Path, valid_frames: int) -> int:
    """How many bytes at the end of a write-ahead log belong to a commit that never finished.

    ``valid_frames``: how many frames SQLite accepted. Frames behind them count when they carry the log's current salts
    (others are left over from before the log was last reset). Format: https://www.sqlite.org/fileformat2.html, § 4.
    """
    try:
        file = wal.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        header = file.read(32)
        size = file.seek(0, os.SEEK_END)
        if len(header) < 32:
            return 0
        frame = 24 + int.from_bytes(header[8:12], "big")
        found = 0
        for offset in range(32 + max(0, valid_frames) * frame, size, frame):
            file.seek(offset + 8)
            if file.read(8) == header[16:24]:
                found += min(frame, size - offset)
    return found
