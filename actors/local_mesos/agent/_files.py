"""Sandboxes seen from outside: Mesos's ``/files/browse``, ``/files/read`` and ``/files/download``.

Only what lies in a sandbox can be reached, by its real path: a name with ``..``, or a link that leads out, is as if
it were not there. Everything here blocks; call it from a thread.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PAGE", "Files", "NotThere"]

PAGE = 16 * os.sysconf("SC_PAGE_SIZE")  # bytes that one read gives at most, as in Mesos's files.cpp


class NotThere(Exception):
    """There is no such file or folder that may be seen."""


@dataclass(frozen=True, slots=True)
class Files:
    """Below ``root``, the folder of all sandboxes."""

    root: Path

    def resolve(self, path: str) -> Path:
        """Raises ``NotThere``."""
        root = os.path.realpath(self.root)
        if "\0" in path:
            raise NotThere(path)
        real = os.path.realpath(os.path.join(root, path))
        if not real.startswith(root + os.sep) or not os.path.exists(real):
            raise NotThere(path)
        return Path(real)

    def browse(self, path: str) -> list[dict[str, Any]]:
        """What is in a folder, sorted by name, as Mesos's ``FileInfo`` in JSON."""
        folder = self.resolve(path)
        if not folder.is_dir():
            raise NotThere(path)
        return [_info(os.path.join(path, name), folder / name) for name in sorted(os.listdir(folder))]

    def part(self, path: str, offset: int, length: int | None) -> tuple[bytes, int]:
        """The bytes there, and how many the file has."""
        file = self.resolve(path)
        if not file.is_file():
            raise NotThere(path)
        with file.open("rb") as source:
            source.seek(offset)
            return source.read(PAGE if length is None else min(length, PAGE)), file.stat().st_size

    def read(self, path: str, offset: int, length: int) -> dict[str, Any]:
        """``offset`` -1 asks for the size alone. Bytes that are no UTF-8 are shown as replacement characters."""
        file = self.resolve(path)
        if not file.is_file():
            raise NotThere(path)
        if offset == -1:
            return {"data": "", "offset": file.stat().st_size}
        with file.open("rb") as source:
            source.seek(offset)
            data = source.read(PAGE if length < 0 else min(length, PAGE))
        return {"data": data.decode(errors="replace"), "offset": offset}


def _info(path: str, file: Path) -> dict[str, Any]:
    status = file.lstat()
    return {
        "gid": _name_of_group(status.st_gid),
        "mode": stat.filemode(status.st_mode),
        "mtime": status.st_mtime,
        "nlink": status.st_nlink,
        "path": path,
        "size": status.st_size,
        "uid": _name_of_user(status.st_uid),
    }


def _name_of_user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _name_of_group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
