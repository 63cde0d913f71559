"""The machine's processes: what to execute, whom to signal, who is there."""

from __future__ import annotations

import errno
import os
from typing import Any

from ._log import warn


def program(order: dict[str, Any], environment: dict[str, str]) -> tuple[str, list[str]]:
    """The file to execute and its arguments. Raises ``OSError`` that says what was looked for and where."""
    if "shell" in order:
        return "/bin/sh", ["sh", "-c", order["shell"]]
    name: str = order["argv"][0]
    arguments: list[str] = order["argv"][1:] or [name]
    if os.sep in name:
        if not os.path.exists(name):
            raise FileNotFoundError(errno.ENOENT, f"command '{name}' does not exist")
        if os.path.isdir(name) or not os.access(name, os.X_OK):
            raise PermissionError(errno.EACCES, f"command '{name}' is not an executable file")
        return name, arguments
    path = environment.get("PATH", os.defpath)
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, name)
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate, arguments
    raise FileNotFoundError(errno.ENOENT, f"command '{name}' was not found in the task's PATH ({path})")


def signal_group(pid: int, number: int) -> bool:
    """False if nobody is in the group any more."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # a member took another user's identity: it is there, and out of reach
    return True


def signal_process(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:
        warn(f"process {pid} belongs to another user and cannot be ended")


def processes() -> list[tuple[int, int, str]]:
    """(pid, parent, MESOS_SANDBOX or '') of each process whose environment may be read."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # the command's name, in parentheses, may contain anything
                state, parent = file.read().rpartition(b")")[2].split()[:2]
            with open(f"/proc/{name}/environ", "rb") as file:
                environment = file.read()
        except OSError:
            continue  # ended meanwhile, or another user's
        if state != b"Z":
            _, _, sandbox = (b"\0" + environment).partition(b"\0MESOS_SANDBOX=")
            found.append((int(name), int(parent), os.fsdecode(sandbox.split(b"\0", 1)[0])))
    return found
