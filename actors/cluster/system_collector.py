"""`SystemCollector`: the figures of this process and its machine."""

from __future__ import annotations

from collections.abc import Mapping

import psutil

from . import _cgroup

__all__ = ["SystemCollector"]


class SystemCollector:
    """Called for a sample. The first has no figures of the CPU: those are of the time since the one before.

    :param memory_limit: bytes that this process may use, where neither a cgroup nor the machine says it (a Mesos agent
        without isolation). The least of all is the limit.
    """

    def __init__(self, memory_limit: int | None = None) -> None:
        if memory_limit is not None and memory_limit <= 0:
            raise ValueError(f"memory_limit must be above 0 bytes, not {memory_limit}")
        self._process = psutil.Process()
        limits = (memory_limit, _cgroup.memory_limit(), psutil.virtual_memory().total)
        self._memory_limit = min(limit for limit in limits if limit is not None)
        self._machine_cores = psutil.cpu_count() or 1
        own = (_cgroup.cpu_limit(), float(len(self._process.cpu_affinity())), float(self._machine_cores))
        self._own_cores = min(cores for cores in own if cores is not None)
        self._before: tuple[float, float, float, float] | None = None

    def __call__(self) -> Mapping[str, float]:
        return {
            "heap-memory-used": self._process.memory_info().rss,
            "heap-memory-max": self._memory_limit,
            "system-load-average": psutil.getloadavg()[0],
            "processors": self._machine_cores,
            **self._cpu(),
        }

    def _cpu(self) -> Mapping[str, float]:
        machine, own = psutil.cpu_times(), self._process.cpu_times()
        # The kernel counts a guest's time within "user" as well.
        total = sum(machine) - getattr(machine, "guest", 0.0) - getattr(machine, "guest_nice", 0.0)
        idle = machine.idle + getattr(machine, "iowait", 0.0)
        now = total, idle, getattr(machine, "steal", 0.0), own.user + own.system
        before, self._before = self._before, now
        if before is None or total <= before[0]:
            return {}
        passed, idled, stolen, used = (after - earlier for after, earlier in zip(now, before, strict=True))
        seconds = passed / self._machine_cores
        return {
            "cpu-combined": min(1.0, max(0.0, 1 - (idled + stolen) / passed)),
            "cpu-stolen": min(1.0, max(0.0, stolen / passed)),
            "cpu-process": min(1.0, max(0.0, used / (seconds * self._own_cores))),
        }
