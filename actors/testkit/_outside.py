"""What lies outside of the loop and must follow it while it runs: clocks, entropy, names bound elsewhere at import.

Entered for each run of a `VirtualLoop` and left at its end, so code outside of the loop (pytest, hypothesis) keeps the
real clock and its own randomness.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.testkit.virtual_loop import VirtualLoop

WALL_EPOCH = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC

# ``from time import monotonic`` binds the function where it is imported; there it must be exchanged too.
BOUND_CLOCKS = (("aiohttp.connector", "monotonic"),)

# What keeps a server, and by it the loop with all that ever ran on it, until 1,024 others came.
CACHES = (("aiohttp.web_app", "_cached_build_middleware"),)


def forget() -> None:
    """Empty the libraries' caches that would keep a closed loop."""
    for module_name, name in CACHES:
        cache = getattr(sys.modules.get(module_name), name, None)
        if cache is not None:
            cache.cache_clear()


def process_size() -> int:
    """Bytes of memory that this process holds; 0 where the kernel does not say."""
    try:
        with open("/proc/self/statm", "rb") as told:
            return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Outside:
    """A context manager that points the process's clocks and entropy at one loop."""

    def __init__(self, loop: VirtualLoop, seed: int, task_class: type[asyncio.Task[Any]]) -> None:
        self._chance = chance = random.Random(seed)
        self._entered = False
        self._random_state = random.Random(seed).getstate()
        self._saved: list[tuple[ModuleType, str, Any]] = []
        self._outer_random: Any = None

        def wall() -> float:
            return WALL_EPOCH + loop.time()

        def in_ns(clock: Callable[[], float]) -> Callable[[], int]:
            return lambda: round(clock() * 1_000_000_000)

        self._exchanged: list[tuple[ModuleType, str, Any]] = [
            (time, "time", wall),
            (time, "time_ns", in_ns(wall)),
            (time, "monotonic", loop.time),
            (time, "monotonic_ns", in_ns(loop.time)),
            (time, "perf_counter", loop.time),
            (time, "perf_counter_ns", in_ns(loop.time)),
            (time, "sleep", loop.hold),
            (os, "urandom", chance.randbytes),  # uuid4, websocket keys
            (random, "_urandom", chance.randbytes),  # secrets, SystemRandom
            (asyncio, "Task", task_class),  # aiohttp makes eager tasks past the task factory
        ]
        self._loop = loop

    def reseed(self, seed: int) -> None:
        """Draw as if made with this seed."""
        self._chance.seed(seed)
        self._random_state = random.Random(seed).getstate()
        if self._entered:
            random.setstate(self._random_state)

    def __enter__(self) -> None:
        exchanged = list(self._exchanged)
        for module_name, name in BOUND_CLOCKS:
            if (module := sys.modules.get(module_name)) is not None:
                exchanged.append((module, name, self._loop.time))
        self._saved = [(module, name, getattr(module, name)) for module, name, _ in exchanged]
        for module, name, value in exchanged:
            setattr(module, name, value)
        self._outer_random = random.getstate()
        random.setstate(self._random_state)
        self._entered = True

    def __exit__(self, *_: object) -> None:
        self._entered = False
        self._random_state = random.getstate()
        random.setstate(self._outer_random)
        for module, name, value in reversed(self._saved):
            setattr(module, name, value)
