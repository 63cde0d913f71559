"""Where the output of tasks is read: ``stdout`` and ``stderr`` in their sandboxes.

`LocalSandboxes` reads the folders of the embedded cluster's agents, laid out as Mesos does::

    ROOT/agent-N/slaves/AGENT/frameworks/FRAMEWORK/executors/EXECUTOR/runs/latest/stdout

A command task's executor has the task's id, which a pod's containers have not: those are found by asking the agents.
Sandboxes of dead tasks are found too, as long as they are kept.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["FILES", "Chunk", "EitherSandboxes", "LocalSandboxes", "NoSandboxes", "SandboxNotFound", "Sandboxes"]

FILES = ("stdout", "stderr")
MAX_CHUNK = 256 * 1024
"""Bytes of one answer at the most; who wants more asks again from where it ended."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Part of a file: `data` starts at byte `offset` of `size` bytes."""

    data: bytes
    offset: int
    size: int


class SandboxNotFound(LookupError):
    """There is no such file to be read from here; the message says why."""


class Sandboxes(Protocol):
    """Reads files of tasks' sandboxes."""

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        """At most `length` bytes from byte `offset` (negative: from the end). Raises `SandboxNotFound`."""
        ...

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        """The tasks that have a sandbox and an id with this prefix, oldest first; dead ones included."""
        ...


class NoSandboxes:
    """For a service whose agents are elsewhere."""

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        raise SandboxNotFound(
            f"the sandbox of task {task_id} lies on its agent, which is not run by this service: "
            "look into it there, or through the Mesos web page"
        )

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        return ()


class EitherSandboxes:
    """`near` ones, which cost no call; what is not there is asked of `far` ones."""

    def __init__(self, near: Sandboxes, far: Sandboxes) -> None:
        self._near = near
        self._far = far

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        try:
            return await self._near.read(task_id, file, offset, length)
        except SandboxNotFound:
            return await self._far.read(task_id, file, offset, length)

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        return await self._near.task_ids(prefix) or await self._far.task_ids(prefix)


class LocalSandboxes:
    """Sandboxes of the agents below `root`. Files are read in threads, never on the loop."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        if file not in FILES:
            raise SandboxNotFound(f"only {' and '.join(FILES)} can be read, not {file!r}")
        return await asyncio.to_thread(self._read, task_id, file, offset, min(length, MAX_CHUNK))

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        return await asyncio.to_thread(self._task_ids, prefix)

    def _read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        try:
            with open(self._sandbox(task_id) / file, "rb") as opened:
                size = os.fstat(opened.fileno()).st_size
                start = max(0, size + offset) if offset < 0 else min(offset, size)
                opened.seek(start)
                return Chunk(opened.read(length), start, size)
        except OSError as error:
            raise SandboxNotFound(f"{file} of task {task_id} cannot be read: {error.strerror}") from error

    def _sandbox(self, task_id: str) -> Path:
        # The id comes from a client: it must name a folder of its own, not a way out of here.
        if "/" in task_id or task_id in ("", ".", ".."):
            raise SandboxNotFound(f"{task_id!r} is no task id")
        for executors in self._executors():
            sandbox = executors / task_id / "runs" / "latest"
            if sandbox.is_dir():
                return sandbox
        raise SandboxNotFound(
            f"no sandbox of task {task_id} is there: it has not started yet, or its sandbox was removed since"
        )

    def _task_ids(self, prefix: str) -> tuple[str, ...]:
        found: list[tuple[float, str]] = []
        for executors in self._executors():
            try:
                with os.scandir(executors) as entries:
                    found.extend(
                        (entry.stat().st_mtime, entry.name) for entry in entries if entry.name.startswith(prefix)
                    )
            except OSError:
                continue  # removed while we looked
        return tuple(name for _, name in sorted(found))

    def _executors(self) -> Iterable[Path]:
        return self._root.glob("agent-*/slaves/*/frameworks/*/executors")
