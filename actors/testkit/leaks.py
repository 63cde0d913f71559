"""What a test must not leave behind: tasks, connections, threads, child processes, actor systems, unseen errors.

begin = LeakCheck(loop)     before the test's own fixtures
... the test, and the end of its fixtures ...
await check.settle()        a moment for what is closing to close
check.leaks()               one line per thing that is still there
check.errors                what was reported to the loop's exception handler ("exception was never retrieved")
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from pathlib import Path
from typing import Any

from actors.core.system import all_systems
from actors.testkit.virtual_loop import VirtualLoop, describe_task, sorted_tasks

__all__ = ["LeakCheck"]

SETTLE_SECONDS = 1.0


class LeakCheck:
    """Remembers what was there when it was made, and tells what came since. Made and asked inside the running loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.errors: list[str] = []
        """What the loop's exception handler was told. A test that provokes such a report clears this list."""
        self._tasks = {id(task) for task in asyncio.all_tasks(loop)}
        self._own = asyncio.current_task(loop)
        self._systems = weakref.WeakSet(all_systems)
        self._threads = set(threading.enumerate())
        self._children = _children()
        self._sockets = _sockets()
        loop.set_exception_handler(self._report)

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        what = f": {type(error).__name__}: {error}" if error is not None else ""
        subject = context.get("task") or context.get("future") or context.get("handle") or context.get("protocol") or ""
        self.errors.append(f"{context.get('message', 'error in the loop')}{what} {subject!r}".rstrip(" '"))
        loop.default_exception_handler(context)

    async def settle(self) -> None:
        """Give what is closing a moment to close: a second, virtual where time is virtual; less if nothing is left."""
        gc.collect(1)  # a failed future that nobody asked reports itself when it is collected
        for _ in range(3):
            await asyncio.sleep(0)
        deadline = self.loop.time() + SETTLE_SECONDS
        while self.leaks() and self.loop.time() < deadline:  # noqa: ASYNC110 - nobody tells when a socket is closed
            await asyncio.sleep(0.02)

    def leaks(self) -> list[str]:
        """One line per thing that came since and is still there."""
        here = asyncio.current_task(self.loop)
        found = [
            f"a task still runs: {describe_task(task)}"
            for task in sorted_tasks(self.loop)
            if id(task) not in self._tasks and task is not here
        ]
        found += [
            f"an actor system was not terminated: {system.name!r} (use `async with ActorSystem(…)`)"
            for system in sorted(all_systems, key=lambda system: system.name)
            if system not in self._systems and not system.is_terminated
        ]
        found += [f"a child process still runs: {_command(pid)}" for pid in sorted(_children() - self._children)]
        if isinstance(self.loop, VirtualLoop):
            network = self.loop.network
            found += [f"a server still listens: {listener!r}" for listener in network.listeners.values()]
            found += [f"a connection is still open: {transport!r}" for transport in network.transports.values()]
        else:
            found += [f"a socket is still open: {name}" for name in sorted(_sockets() - self._sockets)]
        found += [
            f"a thread still runs: {thread.name}"
            for thread in threading.enumerate()
            if thread not in self._threads and thread.is_alive() and not thread.name.startswith("asyncio_")
        ]  # asyncio_…: the loop's default executor, which the runner ends
        return found


def _children() -> set[int]:
    """The process ids of this process's children, zombies included."""
    found: set[int] = set()
    for tasks in Path("/proc/self/task").glob("*/children"):
        try:
            found.update(int(pid) for pid in tasks.read_text().split())
        except OSError:  # a thread that ended meanwhile; elsewhere than on Linux there are none
            continue
    return found


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        words = ""
    return f"{pid} {words or '(ended, not waited for)'}"


def _sockets() -> set[str]:
    found: set[str] = set()
    try:
        names = os.listdir("/proc/self/fd")
    except OSError:
        return found
    for name in names:
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found
