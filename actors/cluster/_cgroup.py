"""What the kernel's control groups let this process have. None: no limit, or no control groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["cpu_limit", "memory_limit"]

PROC, SYS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
_NO_LIMIT = 1 << 60  # version 1 says the largest number of pages when there is none


def memory_limit(proc: Path = PROC, sys: Path = SYS) -> int | None:
    """Bytes: the least limit of the process's group and of all above it."""

    def read(folder: Path) -> float | None:
        text = _text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes")
        return float(text) if text and text != "max" else None

    least = _least("memory", read, proc, sys)
    return None if least is None or least >= _NO_LIMIT else int(least)


def cpu_limit(proc: Path = PROC, sys: Path = SYS) -> float | None:
    """Cores, 0.5 for half of one."""

    def read(folder: Path) -> float | None:
        both = _text(folder / "cpu.max")
        if both:
            quota, _, period = both.partition(" ")
        else:
            quota, period = _text(folder / "cpu.cfs_quota_us"), _text(folder / "cpu.cfs_period_us")
        return float(quota) / float(period) if quota and period and quota not in ("max", "-1") else None

    return _least("cpu", read, proc, sys)


def _least(controller: str, read: Callable[[Path], float | None], proc: Path, sys: Path) -> float | None:
    limits = [limit for folder in _folders(controller, proc, sys) if (limit := read(folder)) is not None]
    return min(limits, default=None)


def _folders(controller: str, proc: Path, sys: Path) -> Iterator[Path]:
    """The process's group and those above it. In a container the path may be the host's: then only the top is there."""
    for line in _text(proc).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = sys / controllers if controllers else sys
        group = top / path.lstrip("/")
        yield group
        while group != top and top in group.parents:
            group = group.parent
            yield group


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
