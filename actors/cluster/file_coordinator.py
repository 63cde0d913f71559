"""`FileCoordinator`: the processes of one machine coordinate over a folder.

    FOLDER/leases/NAME/00000000000000000007    the claim of epoch 7: made by link(2), so that one process gets it; its
                                               holder keeps flock(2) on it and writes the time into it
    FOLDER/members/ID                          the same for a member

Joined, the two tell apart what each alone cannot: a *free* flock says that the process is dead (the kernel frees it
with the process, so the successor need not wait), a *taken* flock with an old time that it is stopped or stuck (it may
wake up, so the successor gets a higher epoch, by which the late one is refused).

The newest claim of a name is never removed, so epochs never repeat. The time is the machine's monotonic clock, which
its processes share and other machines do not: over a network file system use ZooKeeper instead.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from actors.cluster._coordination import StoreCoordinator
from actors.cluster._store import OffTheLoop
from actors.cluster.coordinator import Holder, Member

__all__ = ["FileCoordinator"]

STAMP_BYTES = 32


class FileCoordinator(StoreCoordinator):
    """A `Coordinator` over ``folder`` (made when missing). ``ttl`` and ``heartbeat`` are seconds."""

    def __init__(self, folder: str | os.PathLike[str], *, ttl: float = 5.0, heartbeat: float = 1.0) -> None:
        super().__init__(OffTheLoop(_Folder(Path(folder))), ttl=ttl, heartbeat=heartbeat)


class _Folder:
    """The store of one process: it keeps the files open (and so locked) that are its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._leases: dict[tuple[str, int], int] = {}  # (name, epoch) → descriptor
        self._members: dict[str, int] = {}
        self._known: dict[str, Member] = {}  # who was there at the last look: what a member says of itself stays
        self._mutex = threading.Lock()  # the executor has several threads

    def describe(self) -> str:
        return str(self._folder)

    def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder:
        with self._mutex:
            folder = self._folder / "leases" / quote(name, safe="")
            folder.mkdir(parents=True, exist_ok=True)
            while True:
                newest = _newest(folder)
                if newest and (holder := _holder(folder / _file(newest), newest, now, ttl)):
                    return holder
                epoch = newest + 1
                fd = _create(folder / _file(epoch), {"pid": os.getpid(), "data": dict(data)}, now)
                if fd is None:
                    continue  # another process was faster
                if _newest(folder) != epoch:
                    # This process slept between look and link; others came and went, and took their old claims along.
                    os.close(fd)
                    (folder / _file(epoch)).unlink(missing_ok=True)
                    continue
                self._leases[name, epoch] = fd
                for older in _claims(folder):
                    if older < epoch:
                        (folder / _file(older)).unlink(missing_ok=True)
                return epoch

    def renew(self, name: str, epoch: int, now: float) -> bool:
        with self._mutex:
            fd = self._leases.get((name, epoch))
            if fd is None or _newest(self._folder / "leases" / quote(name, safe="")) != epoch:
                return False
            os.pwrite(fd, _stamp(now), 0)
            return True

    def release(self, name: str, epoch: int) -> None:
        with self._mutex:
            if (fd := self._leases.pop((name, epoch), None)) is not None:
                os.close(fd)

    def holder(self, name: str, now: float, ttl: float) -> Holder | None:
        with self._mutex:
            folder = self._folder / "leases" / quote(name, safe="")
            newest = _newest(folder)
            return _holder(folder / _file(newest), newest, now, ttl) if newest else None

    def announce(self, name: str, data: Mapping[str, str], now: float) -> Member:
        with self._mutex:
            folder = self._folder / "members"
            folder.mkdir(parents=True, exist_ok=True)
            member = Member(uuid.uuid4().hex, name, os.getpid(), now, dict(data))
            content = {"name": name, "pid": member.pid, "joined_at": now, "data": dict(data)}
            fd = _create(folder / member.id, content, now)
            if fd is None:
                raise FileExistsError(f"a member of id {member.id} is there already")
            self._members[member.id] = fd
            return member

    def refresh(self, member: Member, now: float, ttl: float) -> str | None:
        with self._mutex:
            if (fd := self._members.get(member.id)) is None:
                return None  # it left meanwhile
            if not os.fstat(fd).st_nlink:
                return "it was expelled"
            silent = now - float(os.pread(fd, STAMP_BYTES, 0))
            os.pwrite(fd, _stamp(now), 0)
            return f"it was silent for {silent:.1f} s" if silent >= ttl else None

    def withdraw(self, member: Member) -> None:
        with self._mutex:
            (self._folder / "members" / member.id).unlink(missing_ok=True)
            if (fd := self._members.pop(member.id, None)) is not None:
                os.close(fd)

    def members(self, now: float, ttl: float) -> tuple[Member, ...]:
        with self._mutex:
            found = []
            folder = self._folder / "members"
            for path in folder.iterdir() if folder.exists() else ():
                if path.name.startswith("."):
                    continue
                known = self._known.get(path.name)
                content = _read(path, with_fields=known is None)
                if content is None:
                    continue
                stamp, locked, fields = content
                if not locked:
                    path.unlink(missing_ok=True)  # its process is dead
                elif now < stamp + ttl:
                    found.append(known or Member(path.name, **fields))
            self._known = {member.id: member for member in found}
            return tuple(sorted(found, key=lambda member: (member.joined_at, member.id)))


def _file(epoch: int) -> str:
    return f"{epoch:020}"


def _claims(folder: Path) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(folder) if name.isdigit())
    except FileNotFoundError:
        return []


def _newest(folder: Path) -> int:
    return max(_claims(folder), default=0)


def _stamp(now: float) -> bytes:
    return f"{now:.6f}".ljust(STAMP_BYTES - 1).encode() + b"\n"


def _create(path: Path, content: Mapping[str, Any], now: float) -> int | None:
    """A locked file that appears under ``path`` complete; its descriptor, or None when the path is taken."""
    draft = path.with_name(f".{uuid.uuid4().hex}")
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        os.write(fd, _stamp(now) + json.dumps(content).encode())
        os.link(draft, path)
    except FileExistsError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    finally:
        draft.unlink(missing_ok=True)
    return fd


def _read(path: Path, with_fields: bool = True) -> tuple[float, bool, dict[str, Any]] | None:
    """The time in a file, whether its process lives, and the content if wanted; None when it is gone."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        text = os.read(fd, 1 << 20 if with_fields else STAMP_BYTES)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            locked = True
        else:
            locked = False
    finally:
        os.close(fd)
    with contextlib.suppress(ValueError):
        return float(text[:STAMP_BYTES]), locked, json.loads(text[STAMP_BYTES:]) if with_fields else {}
    return None


def _holder(path: Path, epoch: int, now: float, ttl: float) -> Holder | None:
    content = _read(path)
    if content is None:
        return None
    stamp, locked, fields = content
    return Holder(epoch, fields["pid"], fields["data"]) if locked and now < stamp + ttl else None
