"""The plainest ways to start many processes and to end them: what a deployment of real tasks is compared with."""

from __future__ import annotations

import asyncio
import subprocess
import time

from benchmarks.probes import cpu_seconds
from benchmarks.service import Spent

COMMAND = ("sleep", "1000")


async def start_with_asyncio(count: int) -> Spent:
    """``asyncio.create_subprocess_exec``, one after the other."""
    start, cpu = time.monotonic(), cpu_seconds()
    processes = [await asyncio.create_subprocess_exec(*COMMAND) for _ in range(count)]
    spent = Spent(time.monotonic() - start, cpu_seconds() - cpu)
    for process in processes:
        process.kill()
    for process in processes:
        await process.wait()
    return spent


def start_and_end(count: int) -> tuple[Spent, Spent]:
    """``subprocess.Popen`` in a loop, which is less work than asyncio's; then SIGTERM to all, and waiting for all."""
    start, cpu = time.monotonic(), cpu_seconds()
    processes = [subprocess.Popen(COMMAND) for _ in range(count)]
    middle, cpu_then = time.monotonic(), cpu_seconds()
    for process in processes:
        process.terminate()
    for process in processes:
        process.wait()
    end, cpu_now = time.monotonic(), cpu_seconds()
    return Spent(middle - start, cpu_then - cpu), Spent(end - middle, cpu_now - cpu_then)
