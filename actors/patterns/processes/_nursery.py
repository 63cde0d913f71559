"""The system's side of the nursery: an actor below ``/system`` that has processes started, and ends them all.

proxy                      nursery actor                    nursery process
-----                      -------------                    ---------------
                           pre_start: a Unix socket, the process, its main module
ask StartHost()        →   START key                    →   a host process, which connects with the key
HostConnection         ←   HELLO key                    ←
                           the process ended: all host processes are killed, their proxies see them crash;
                           the nursery fails, and is restarted
                           post_stop: the connection is closed; all processes end
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import shutil
import signal
import sys
import tempfile
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary

from actors.core import Actor, ActorRef, ActorSystem, Failure, OneForOneStrategy, SupervisorStrategy

from . import _main_module
from ._frames import Kind, framed, is_of_this_user, read_frame
from .errors import ProcessCrashed, ProcessStartFailed

__all__ = ["HostConnection", "StartHost", "nursery_of"]

START_SECONDS = 30.0
END_SECONDS = 5.0

#: Weak in both ways: a ref leads to its system.
_nurseries: MutableMapping[ActorSystem, ReferenceType[ActorRef[Any]]] = WeakKeyDictionary()


def nursery_of(system: ActorSystem) -> ActorRef[Any]:
    """The system's nursery, made when first asked for."""
    known = _nurseries.get(system)
    nursery = None if known is None else known()
    if nursery is None or nursery.is_terminated:
        nursery = system.spawn_system(Nursery)
        _nurseries[system] = ReferenceType(nursery)
    return nursery


@dataclass(frozen=True, slots=True)
class StartHost:
    """Answered with a `HostConnection`, or a `ProcessStartFailed`."""


@dataclass(frozen=True, slots=True)
class HostConnection:
    """To a new host process, which waits for BEGIN."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@dataclass(frozen=True, slots=True)
class _Connected:
    key: str
    connection: HostConnection


@dataclass(frozen=True, slots=True)
class _Said:
    kind: Kind
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _ControlClosed:
    """The end of the process, which is what `_Ended` says, too."""


@dataclass(frozen=True, slots=True)
class _Ended:
    exit_code: int


class Nursery(Actor[Any]):
    """See the head of this module."""

    supervisor_strategy: SupervisorStrategy = OneForOneStrategy()

    def __init__(self) -> None:
        self._waiting: dict[str, ActorRef[Any]] = {}
        self._queued: list[str] = []
        self._groups: list[int] | None = None  # of Thespian's processes; None before the nursery is ready
        self._control: asyncio.StreamWriter | None = None
        self._own_key = self._new_key()
        self._failed: BaseException | None = None
        self._server: asyncio.Server | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="actors-"))  # only this user may enter it

    async def pre_start(self) -> None:
        path = self._folder / "socket"
        self._server = await asyncio.start_unix_server(self._accept, path)
        code = (
            f"import sys; sys.path[:] = {sys.path!r}; from {__package__}._nursery_process import main;"
            f" main({str(path)!r}, {self._own_key!r})"
        )
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
        )
        self.context.pipe_to(self._ended(self._process))

    async def _ended(self, process: asyncio.subprocess.Process) -> _Ended:
        return _Ended(await process.wait())

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Called by asyncio for each connection; the actor learns of it by a message."""
        if not is_of_this_user(writer.get_extra_info("socket")):
            writer.close()
            return
        frame = await read_frame(reader)
        if frame is None:
            writer.close()
            return
        key, pid = pickle.loads(frame[1])
        self.ref.tell(_Connected(key, HostConnection(pid, reader, writer)))

    def receive(self, message: Any) -> None:
        match message:
            case StartHost() if self._failed is not None:
                self.reply(self._failed)
            case StartHost():
                key = self._new_key()
                assert self.sender is not None
                self._waiting[key] = self.sender
                self._queued.append(key)
                self._start_queued()
            case _Connected(key, connection) if key == self._own_key:
                self._control = connection.writer
                self.context.pipe_to(self._listen(connection.reader))
                self._send(Kind.PREPARE, _main_module.describe())
            case _Connected(key, connection):
                asker = self._waiting.pop(key, None)
                if asker is None or asker.is_terminated:
                    connection.writer.close()  # the host ends when it sees that
                else:
                    asker.tell(connection)
            case _Said(Kind.READY, (groups,)):
                self._groups = groups
                self._start_queued()
            case _Said(Kind.FAILED, (None, error)):
                self._failed = _start_failed(
                    "the main module could not be run again in another process (what is to happen only once belongs"
                    ' below `if __name__ == "__main__":`)', error,
                )  # fmt: skip
                for key in [*self._waiting]:
                    self._answer(key, self._failed)
            case _Said(Kind.FAILED, (key, error)):
                self._answer(key, _start_failed("Thespian could not start a process", error))
            case _Ended(exit_code):
                if self._failed is None:
                    raise ProcessCrashed(
                        f"the nursery process ended with {exit_code}; the processes of all actors are killed, and start"
                        " anew when their parents say so", exit_code=exit_code,
                    )  # fmt: skip
            case _ControlClosed():
                pass
            case Failure(error):
                raise error

    async def _listen(self, reader: asyncio.StreamReader) -> _ControlClosed:
        while (frame := await read_frame(reader)) is not None:
            self.ref.tell(_Said(frame[0], pickle.loads(frame[1])))
        return _ControlClosed()

    def _start_queued(self) -> None:
        if self._groups is None:
            return
        queued, self._queued = self._queued, []
        for key in queued:
            self._send(Kind.START, key)

    def _send(self, kind: Kind, *values: Any) -> None:
        if self._control is not None:
            self._control.write(framed(kind, pickle.dumps(values)))

    def _answer(self, key: str, message: Any) -> None:
        asker = self._waiting.pop(key, None)
        if asker is not None:
            asker.tell(message)

    def _new_key(self) -> str:
        return f"{self.context.system.random.getrandbits(64):016x}"

    async def post_stop(self) -> None:
        for key in [*self._waiting]:
            self._answer(key, ProcessStartFailed("no process was started: the nursery of processes has ended"))
        if self._server is not None:
            self._server.close()
        if self._control is not None:
            self._control.close()  # at which the process kills all below it, and ends
        if self._process is not None:
            await self._end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if self._control is None or process.returncode is not None:
            self._kill(process)
        try:
            async with asyncio.timeout(END_SECONDS):
                await process.wait()
        except TimeoutError:
            self.log.warning("the nursery process %d did not end within %g s: it is killed", process.pid, END_SECONDS)
            self._kill(process)
            await process.wait()

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        """Kill what the nursery process did not live to kill."""
        for group in self._groups or ():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _start_failed(what: str, error: BaseException) -> ProcessStartFailed:
    failed = ProcessStartFailed(f"{what}: {error!r}")
    failed.__cause__ = error
    return failed
