"""What the tasks use, from one look at ``/proc``: a task is a session, so its processes say whose they are."""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def usage(sessions: dict[int, str], exact: Collection[str]) -> dict[str, dict[str, Any]]:
    """By task id, for these sessions (leader's pid → task id).

    ``user`` and ``system`` are seconds of CPU of the processes that live; ``memory`` is in bytes: the sum of the
    resident sets, in which shared pages count once for each process. For tasks in ``exact`` they are shared out
    instead, which costs the kernel a walk through the whole address space.
    """
    found: dict[str, dict[str, Any]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                # after the command's name, in parentheses, which may contain anything
                fields = file.read().rpartition(b")")[2].split()
            task_id = sessions.get(int(fields[3]))
            if task_id is None:
                continue
            memory = _shared_out(name) if task_id in exact else int(fields[21]) * _PAGE
        except OSError:
            continue  # ended meanwhile
        used = found.setdefault(task_id, {"user": 0.0, "system": 0.0, "memory": 0, "processes": 0, "threads": 0})
        used["user"] += int(fields[11]) / _TICK
        used["system"] += int(fields[12]) / _TICK
        used["memory"] += memory
        used["processes"] += 1
        used["threads"] += int(fields[17])
    return found


def _shared_out(pid: str) -> int:
    """The proportional set size, in bytes."""
    with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
        for line in file:
            if line.startswith(b"Pss:"):
                return int(line.split()[1]) * 1024
    return 0
