"""The actor that stands for one in a process of its own.

    parent, others             proxy                                  host process
    --------------             -----                                  ------------
    spawn                  →   pre_start: a process, with the actor
    tell(m)                →   m waits in its mailbox, until
                               HANDLE m                           →   handles it
                               the next message               ←       HANDLED
                               fails with the same error      ←       FAILED
    strategy: RESUME       →   RESUME                             →   goes on, its state kept
              RESTART      →   post_stop: STOP; pre_start: a new process
              STOP         →   post_stop: STOP
                               fails with `ProcessCrashed`    ←       (its connection ends)

One message at a time is in the process, so a crash costs the one that was being handled, as a failure does. A process
that does not stop within `Settings.stop_grace` seconds, since it computes, is killed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import Actor, DeadLetterSuppression, Failure, Props

from ._hosted import ActorEnded, ActorFailed, HostedProcess, ProcessEnded
from ._nursery import START_SECONDS, HostConnection, StartHost, nursery_of
from .errors import MessageRefused, ProcessCrashed

__all__ = ["ProcessProxy"]


@dataclass(frozen=True, slots=True)
class _Verdict(DeadLetterSuppression):
    """To itself, before it fails: handled only when its parent resumes it."""

    process: HostedProcess


class ProcessProxy(Actor[Any]):
    """See the head of this module."""

    def __init__(self, props: Props[Any]) -> None:
        self._recipe = props
        self._process: HostedProcess | None = None
        self._crash_reported = False

    async def pre_start(self) -> None:
        context = self.context
        system = context.system
        connection = await nursery_of(system).ask(StartHost(), START_SECONDS)
        assert isinstance(connection, HostConnection)
        title = f"process {connection.pid} of {self.ref.path} ({self._recipe.cls.__name__})"
        self._process = process = HostedProcess(self, connection, title)
        try:
            await process.begin(self._recipe, context.parent, system.settings, system.random.getrandbits(64))
        except BaseException:
            await process.kill()
            raise
        self._crash_reported = False

    async def receive(self, message: Any) -> None:
        process = self._process
        assert process is not None
        match message:
            case ProcessEnded() | ActorFailed() | ActorEnded() | _Verdict() if message.process is not process:
                pass  # of a process before the last restart
            case ProcessEnded():
                if not self._crash_reported:
                    raise self._crash(process)
            case ActorFailed(error=error):
                self.ref.tell(_Verdict(process))
                raise error
            case ActorEnded():
                self.context.stop(self.ref)
            case _Verdict():
                await self._go_on(process)
            case _:
                await self._handle(message, await self._go_on(process))

    async def _go_on(self, process: HostedProcess) -> HostedProcess:
        """What was told to resume resumes; when nothing is left of it, in a new process."""
        if process.verdict_due:
            process.resume()
        if process.lost is not None and self._crash_reported:
            await self.pre_start()
            self.context.unstash_all()
            assert self._process is not None
            return self._process
        return process

    async def _handle(self, message: Any, process: HostedProcess) -> None:
        if process.lost is not None:  # while this message was not there yet: the next process gets it
            self.context.stash()
            raise self._crash(process)
        try:
            await process.handle(message, self.sender)
        except MessageRefused as error:  # the sender's mistake, not the actor's
            self.log.error("%s: %s", type(message).__name__, error)
            if self.sender is not None:
                self.sender.tell(Failure(error), self.ref)
        except ProcessCrashed:
            if process.lost is None:  # an error of that name that the actor raised
                raise
            raise self._crash(process) from None
        except Exception:
            self.ref.tell(_Verdict(process))
            raise

    def _crash(self, process: HostedProcess) -> ProcessCrashed:
        self._crash_reported = True
        self.ref.tell(_Verdict(process))
        assert process.lost is not None
        return process.lost

    async def post_stop(self) -> None:
        if self._process is not None and self._process.lost is None:
            await self._process.end(self.context.system.settings.stop_grace)
