"""An actor's own process: a Thespian actor that runs an actor system with the user's actor in it.

    proxy (system's process)                host process
    ------------------------                ------------
    BEGIN                               →   HostGuardian spawns the actor
    HANDLED                             ←     it has started
    HANDLE message, sender              →   Delivery(message) told to it
    HANDLED                             ←     its handler has returned
    FAILED error                        ←     its handler has raised; it takes no messages until the verdict:
    RESUME                              →     resumed, with its state
    STOP                                →     stopped (also before a restart, which begins in a new process)
    ENDED                               ←   it has stopped; the process ends

The proxy sends one message at a time, so all others wait in its mailbox, where a crash of this process leaves them.
When the connection ends without STOP, the system has died, and this process does too.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import pickle
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from thespian.actors import Actor as ThespianActor
from thespian.actors import ActorExitRequest

from actors.core import (
    Actor,
    ActorIdentity,
    ActorRef,
    ActorSystem,
    Directive,
    Identify,
    Instrument,
    OneForOneStrategy,
    Props,
    Settings,
    SupervisorStrategy,
    Terminated,
)

from ._frames import Kind, framed, is_of_this_user, read_frame
from ._host_protocol import Begin
from ._link import Link
from .errors import MessageRefused

__all__ = ["ThespianHost"]

#: As they are before Thespian replaces them in each process that it forks.
ROOT_LOGGER, LOGGERS = logging.root, logging.Logger.manager


GUARDIAN = "process"


class ThespianHost(ThespianActor):  # type: ignore[misc]
    """Told ``(path, key)`` of the socket, serves until the end."""

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        if not isinstance(message, tuple):
            return
        _restore_process()
        asyncio.run(_serve(*message))
        self.send(self.myAddress, ActorExitRequest())


def _restore_process() -> None:
    """Undo what Thespian does to signals and logging: it catches even SIGSEGV, whose handler never lets it crash."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN if number in (signal.SIGPIPE, signal.SIGINT) else signal.SIG_DFL)
    faulthandler.enable(all_threads=False)
    logging.root = logging.Logger.root = ROOT_LOGGER
    logging.Logger.manager = LOGGERS


async def _serve(path: str, key: str) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    if not is_of_this_user(writer.get_extra_info("socket")):
        raise PermissionError(f"{path} belongs to another user")
    writer.write(framed(Kind.HELLO, pickle.dumps((key, os.getpid()))))
    frame = await read_frame(reader)
    if frame is None:
        os._exit(1)
    begin: Begin = pickle.loads(frame[1])
    instrument = HostInstrument()
    async with ActorSystem(begin.system, Settings(**begin.settings, instrument=instrument)) as system:
        link = Link(system, writer)
        logging.root.handlers[:] = [LinkHandler(link)]  # others would log it here as well
        logging.root.setLevel(begin.log_level)
        ended = system.loop.create_future()
        system.spawn(Props(HostGuardian, link, reader, begin, instrument, ended), GUARDIAN)
        await ended
    await writer.drain()
    link.close()


class Delivery:
    """A message from the proxy: its outcome is reported, once."""

    __slots__ = ("message", "reported")

    def __init__(self, message: Any) -> None:
        self.message = message
        self.reported = False


class HostInstrument(Instrument):
    """Stands between the hosted actor and its handler, where it sees what becomes of each message."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.hosted: ActorRef[Any] | None = None
        self.verdict: asyncio.Future[None] | None = None

    def handler(
        self, ref: ActorRef[Any], handler: Callable[[Any], Awaitable[None] | None]
    ) -> Callable[[Any], Awaitable[None] | None]:
        if ref is not self.hosted:
            return handler

        def handle(message: Any) -> Awaitable[None] | None:
            delivery = message if type(message) is Delivery else None
            try:
                result = handler(message if delivery is None else delivery.message)
            except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor decides
                return self._failed(error, delivery)
            if result is not None:
                return self._finish(result, delivery)
            self._handled(delivery)
            return None

        return handle

    async def _finish(self, result: Awaitable[None], delivery: Delivery | None) -> None:
        try:
            await result
        except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor decides
            await self._failed(error, delivery)
        else:
            self._handled(delivery)

    def _handled(self, delivery: Delivery | None) -> None:
        if delivery is not None and not delivery.reported and self.link is not None:
            delivery.reported = True
            self.link.send(Kind.HANDLED)

    async def _failed(self, error: Exception, delivery: Delivery | None) -> None:
        if delivery is not None:
            delivery.reported = True
        if self.link is not None:
            self.link.send(Kind.FAILED, error)
        self.verdict = asyncio.get_running_loop().create_future()
        await self.verdict


class HostGuardian(Actor[Any]):
    """The hosted actor's parent here: speaks for its parent there."""

    def __init__(
        self,
        link: Link,
        reader: asyncio.StreamReader,
        begin: Begin,
        instrument: HostInstrument,
        ended: asyncio.Future[None],
    ) -> None:
        self._link = link
        self._reader = reader
        self._begin = begin
        self._instrument = instrument
        self._ended = ended
        self._parent: ActorRef[Any] = self.context.system.dead_letters
        self._hosted: ActorRef[Any] | None = None
        self._started = False
        self.supervisor_strategy: SupervisorStrategy = OneForOneStrategy(decider=self._decide)

    def _decide(self, error: BaseException) -> Directive:
        """What no handler raised: the actor could not start, or its handler was cancelled."""
        self._link.send(Kind.FAILED, error)
        return Directive.STOP

    def pre_start(self) -> None:
        instrument, link = self._instrument, self._link
        try:
            props, self._parent = link.loads(self._begin.recipe)
        except MessageRefused as error:  # the class, or an argument
            link.send(Kind.FAILED, error)
            self.context.stop(self.ref)
            return
        name = self._begin.name
        hosted = self.context.spawn(props, None if name.startswith("$") else name)
        instrument.link, instrument.hosted = link, hosted  # before it starts, in a turn of its own
        self._hosted = link.counterpart = hosted
        self.context.watch(hosted)
        hosted.tell(Identify(), self.ref)
        self.context.pipe_to(self._read())

    def post_stop(self) -> None:
        self._ended.set_result(None)

    async def _read(self) -> None:
        while (frame := await read_frame(self._reader)) is not None:
            self.ref.tell(frame)
        os._exit(1)

    def receive(self, message: Any) -> None:
        assert self._hosted is not None
        match message:
            case (Kind() as kind, bytes() as body):
                self._take(kind, body, self._hosted)
            case ActorIdentity() if not self._started:
                self._started = True
                self._link.send(Kind.HANDLED)
            case Terminated():
                self._link.send(Kind.ENDED)
                self.context.stop(self.ref)
            case _:  # what the actor tells its parent
                self._parent.tell(message, self._hosted if self.sender is None else self.sender)

    def _take(self, kind: Kind, body: bytes, hosted: ActorRef[Any]) -> None:
        verdict = self._instrument.verdict
        match kind:
            case Kind.HANDLE:
                try:
                    message, sender = self._link.loads(body)
                except Exception as error:  # noqa: BLE001 - the sender's mistake, not the actor's
                    self._link.send(Kind.REFUSED, error)
                else:
                    hosted.tell(Delivery(message), sender)
            case Kind.RESUME if verdict is not None and not verdict.done():
                verdict.set_result(None)
            case Kind.STOP:
                self.context.stop(hosted)
                if verdict is not None:
                    verdict.cancel()
            case Kind.TELL | Kind.WATCH | Kind.UNWATCH | Kind.NOTICE:
                self._link.take(kind, body)


class LinkHandler(logging.Handler):
    """Sends log records to the system's process, where they are logged as if they came from there."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        if str(getattr(record, "actor", "")).endswith(f"/user/{GUARDIAN}"):
            return  # what it decided is what the proxy's parent decides, and logs
        facts = dict(vars(record), msg=record.getMessage(), args=None, exc_info=None)
        if record.exc_info and not record.exc_text:
            facts["exc_text"] = logging.Formatter().formatException(record.exc_info)
        facts = {name: value for name, value in facts.items() if isinstance(value, str | int | float | None)}
        self._link.system.loop.call_soon_threadsafe(self._link.send, Kind.LOG, facts)
