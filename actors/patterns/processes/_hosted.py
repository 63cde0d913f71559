"""One host process, as its proxy sees it: a message there, an outcome back, and the end of the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pickle
import signal
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from actors.core import Actor, ActorRef, Clock, DeadLetterSuppression, Props, Settings

from ._frames import Kind, framed, read_frame
from ._host_protocol import Begin
from ._link import Link
from ._nursery import HostConnection
from .errors import MessageRefused, ProcessCrashed

__all__ = ["ActorEnded", "ActorFailed", "HostedProcess", "ProcessEnded"]

#: Settings that are objects of this process; the others hold there, too.
NOT_SENT = frozenset({"guardian_strategy", "seed", "chooser", "instrument"})


@dataclass(frozen=True, slots=True)
class ActorFailed(DeadLetterSuppression):
    """Told to the proxy: the actor failed in a message of its own (a timer's, a child's)."""

    process: HostedProcess
    error: BaseException


@dataclass(frozen=True, slots=True)
class ActorEnded(DeadLetterSuppression):
    """Told to the proxy: the actor has stopped itself."""

    process: HostedProcess


@dataclass(frozen=True, slots=True)
class ProcessEnded(DeadLetterSuppression):
    """Told to the proxy: the process has ended while no message was in it."""

    process: HostedProcess


class HostedProcess:
    """Belongs to one proxy, and to one of its instances."""

    def __init__(self, proxy: Actor[Any], connection: HostConnection, title: str) -> None:
        context = proxy.context
        self.pid = connection.pid
        self.lost: ProcessCrashed | None = None  # how it ended
        self.verdict_due = False  # it has failed, and waits to be resumed or stopped
        self.stopping = False
        self._cut_short = False  # the patience with its handler is used up
        self._proxy: ActorRef[Any] = context.self_ref
        self._title = title
        self._clock: Clock = context.system.clock
        self._reader, self._writer = connection.reader, connection.writer
        self._link = Link(context.system, connection.writer)
        self._link.counterpart = self._proxy
        self._outcome: asyncio.Future[None] | None = None
        # Not piped to the proxy: that would end with its instance, before the process was stopped.
        self._listening = context.system.loop.create_task(self._listen(), name=f"listen to {title}")

    async def begin(self, props: Props[Any], parent: ActorRef[Any], settings: Settings, seed: int) -> None:
        """Have the actor started there; return when it has. Raises what its start raises, or `MessageRefused`."""
        sent = {each.name: getattr(settings, each.name) for each in fields(settings) if each.name not in NOT_SENT}
        recipe = self._link.dumps((props, parent))
        level = logging.getLogger().getEffectiveLevel()
        begin = Begin(self._proxy.system.name, self._proxy.name, recipe, sent | {"seed": seed}, level)
        await self._exchange(framed(Kind.BEGIN, pickle.dumps(begin)))

    async def handle(self, message: Any, sender: ActorRef[Any] | None) -> None:
        """Have the actor handle `message`; return when it has. Raises what its handler raises, or `MessageRefused`."""
        await self._exchange(framed(Kind.HANDLE, self._link.dumps((message, sender))))

    def resume(self) -> None:
        """The verdict on a failure: go on."""
        self.verdict_due = False
        self._link.send(Kind.RESUME)

    async def end(self, patience: float) -> None:
        """Stop the actor, then its process; kill it after `patience` seconds."""
        self.stopping = True
        self._link.send(Kind.STOP)
        await asyncio.wait([self._listening], timeout=0 if self._cut_short else patience)
        await self.kill()

    async def kill(self) -> None:
        """Kill the process, if it still lives, and take its last words."""
        self.stopping = True
        if self.lost is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        await self._listening
        self._link.close()

    async def _exchange(self, frame: bytes) -> None:
        if self.lost is not None:
            raise self.lost
        self._outcome = self._proxy.system.loop.create_future()
        try:
            self._writer.write(frame)
            await self._outcome
        except asyncio.CancelledError:
            self._cut_short = True
            raise
        finally:
            self._outcome = None

    async def _listen(self) -> None:
        """Take what the process says until it has ended; then tell the proxy."""
        while (frame := await read_frame(self._reader)) is not None:
            self._take(*frame)
        if not self.stopping:
            exit_code = await self._exit_code()
            self.lost = ProcessCrashed(f"{self._title} {_how(exit_code)}", self.pid, exit_code)
        else:
            self.lost = ProcessCrashed(f"{self._title} has ended", self.pid)
        self._link.close(self.lost)
        if self._outcome is not None:
            self._settle(self.lost)
        elif not self.stopping:
            self._proxy.tell(ProcessEnded(self))

    def _take(self, kind: Kind, body: bytes) -> None:
        try:
            if kind in (Kind.TELL, Kind.WATCH, Kind.UNWATCH, Kind.NOTICE):
                self._link.take(kind, body)
                return
            values = self._link.loads(body)
        except MessageRefused as error:
            logging.getLogger("actors").error("%s sent what cannot be understood: %s", self._title, error)
            return
        match kind:
            case Kind.HANDLED:
                self._settle(None)
            case Kind.FAILED:
                self.verdict_due = True
                if self._outcome is None:
                    self._proxy.tell(ActorFailed(self, values[0]))
                else:
                    self._settle(values[0])
            case Kind.REFUSED:
                self._settle(values[0])
            case Kind.ENDED if not self.stopping:
                self.stopping = True
                self._proxy.tell(ActorEnded(self))
            case Kind.LOG:
                record = logging.makeLogRecord(values[0])
                logging.getLogger(record.name).handle(record)

    def _settle(self, error: BaseException | None) -> None:
        if self._outcome is None or self._outcome.done():
            return
        if error is None:
            self._outcome.set_result(None)
        else:
            self._outcome.set_exception(error)

    async def _exit_code(self) -> int | None:
        """How it ended, as long as Thespian has not buried it, which it does within two seconds."""
        for _ in range(20):  # its connection ends a moment before it does
            state = _state_of(self.pid)
            if state is None:
                return None
            if state[0] == "Z":
                return os.waitstatus_to_exitcode(int(state[-1]))
            await self._clock.sleep(0.005)
        return None


def _state_of(pid: int) -> list[str] | None:
    """What Linux tells of a process, from its state on; the last field is its wait status (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _how(exit_code: int | None) -> str:
    if exit_code is None:
        return "ended without a word"
    if exit_code >= 0:
        return f"ended with status {exit_code}, and was not asked to (os._exit? sys.exit?)"
    try:
        return f"was ended by signal {-exit_code} ({signal.Signals(-exit_code).name})"
    except ValueError:
        return f"was ended by signal {-exit_code}"
