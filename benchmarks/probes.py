"""What a contender measures: seconds of CPU, memory, and how long the loop is held."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Awaitable
from time import process_time

cpu_seconds = process_time
"""The clock of all rates. A contender keeps one core busy from start to end, so on an idle machine this is wall time;
on a busy one it is not disturbed by what others do. (Threads that wait for each other get this waiting for free.)"""


def resident_bytes() -> int:
    """Memory of this process, after a collection."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def longest_hold(work: Awaitable[None]) -> float:
    """The longest time, in seconds, for which the loop ran nothing else while it awaited ``work``."""
    loop = asyncio.get_running_loop()
    worst, last, over = 0.0, loop.time(), False

    def tick() -> None:
        nonlocal worst, last
        now = loop.time()
        worst, last = max(worst, now - last), now
        if not over:
            loop.call_soon(tick)

    tick()
    try:
        await work
    finally:
        over = True
    await asyncio.sleep(0)
    return worst
