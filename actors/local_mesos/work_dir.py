"""The folder of an embedded cluster, held by one process at a time.

``hold`` locks it (``flock`` on its file ``lock``, so that the lock ends with its holder, however that ends) and
writes the holder's pid there for whoever comes second.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

__all__ = ["WorkDir", "WorkDirHeld", "WorkDirUnusable"]


class WorkDirUnusable(OSError):
    """It cannot be made or written; the message says why and what to do."""


class WorkDirHeld(WorkDirUnusable):
    """Another process has it. ``pid`` is that process, or None if it did not say."""

    def __init__(self, path: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid is not None else "another process"
        stop = f"stop it (kill {pid})" if pid is not None else "stop it"
        super().__init__(f"work dir {path} is in use by {who}: {stop}, or choose another folder with --work-dir")
        self.path = path
        self.pid = pid


class WorkDir:
    """A held folder; ``release`` it, or end."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def hold(cls, path: Path) -> WorkDir:
        """Make the folder if need be, and lock it. Raises ``WorkDirHeld`` or ``WorkDirUnusable``."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise WorkDirUnusable(
                f"work dir {path} cannot be used: {error.strerror or error}; choose another with --work-dir"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            said = os.pread(lock, 32, 0).strip()
            os.close(lock)
            raise WorkDirHeld(path, int(said) if said.isdigit() else None) from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        return cls(path, lock)

    def release(self) -> None:
        os.ftruncate(self._lock, 0)
        os.close(self._lock)
