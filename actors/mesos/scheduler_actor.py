"""The scheduler actor: a framework for those who prefer messages. One per framework and process.

::

    handler                                scheduler actor                                  master
                                           pre_start: register                         ──►  SUBSCRIBE
    Registered                        ◄──                                              ◄──  SUBSCRIBED
    ResourceOffers, StatusUpdate, …   ◄──  in order, at most 100 ahead of the handler  ◄──  events
    AcceptOffers, Acknowledge, …      ──►  written in the order of the messages        ──►  calls
    CallFailed(call, error)           ◄──  to the sender of the call, else the handler
    Shutdown()                        ──►  TEARDOWN, then the actor stops              ──►
    FrameworkOver(error)              ◄──  then the actor stops                        ◄──  failed over, removed, …

Events have the scheduler actor as their sender, so that a handler can ``self.reply(Acknowledge(status))``. Stopping the
actor leaves the master without a word: the tasks run on, for as long as the failover timeout says. When the handler
stops, so does the scheduler actor.

The handler is an actor that is there already (its ref), or `Props` of one that the scheduler actor spawns and
supervises (restarted, as by default). Only of its own child does it see whether a handler failed, hence
``auto_acknowledge=True`` wants `Props`: a status is then acknowledged once the handler is past it without an error;
after an error the agent sends it again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from actors.core import Actor, ActorRef, Directive, Failure, OneForOneStrategy, Props, Terminated
from actors.patterns import pipe_to
from mesos_proto import FrameworkInfo

from .calls import Acknowledge, Call
from .detector import Master
from .errors import InvalidCall, MesosError, NotSubscribed
from .events import Event, StatusUpdate
from .framework import Framework, Mesos

__all__ = ["CallFailed", "FrameworkOver", "SchedulerActor", "Shutdown"]


@dataclass(frozen=True, slots=True)
class CallFailed:
    """``call`` did not do its work; ``error`` is a `CallError`, or the `FrameworkEnded` that ended the framework."""

    call: Call
    error: BaseException


@dataclass(frozen=True, slots=True)
class FrameworkOver:
    """The last message to the handler: this instance of the framework is over, for the reason in ``error``."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the framework and kill all its tasks; the actor stops when that is done."""


@dataclass(frozen=True, slots=True)
class _Registered:
    """The first subscription stands."""


@dataclass(frozen=True, slots=True)
class _EventsEnded:
    """No event will come any more."""


@dataclass(frozen=True, slots=True)
class _ShutDown:
    """The framework is torn down, or could not be."""

    error: BaseException | None


class SchedulerActor(Actor[Any]):
    """See the module's head. ``options`` are those of `Mesos.register_framework`; it tries for ever by default."""

    def __init__(
        self,
        master: Master,
        info: FrameworkInfo,
        handler: ActorRef[Any] | Props[Any] | type[Actor[Any]],
        *,
        auto_acknowledge: bool = False,
        **options: Any,
    ) -> None:
        if auto_acknowledge and isinstance(handler, ActorRef):
            raise ValueError(
                "auto_acknowledge: whether a handler failed is only seen of one that the scheduler actor supervises; "
                "give Props of the handler instead of its ref, or let the handler reply Acknowledge(status)"
            )
        self.supervisor_strategy = OneForOneStrategy(decider=self._handler_failed)
        self._master = master
        self._info = info
        self._handler_given = handler
        self._auto_acknowledge = auto_acknowledge
        self._options = {"registration_timeout": None, **options}
        self._framework: Framework | None = None
        self._failures = 0
        self._failures_before = 0

    def pre_start(self) -> None:
        given = self._handler_given
        self._handler = given if isinstance(given, ActorRef) else self.context.spawn(given, "handler")
        self.context.watch(self._handler)
        self.context.pipe_to(self._register())

    async def _register(self) -> _Registered:
        # Kept here, not sent along: a message may become a dead letter, and a framework must be deactivated.
        mesos = Mesos(self.context.system)
        self._framework = await mesos.register_framework(self._master, self._info, **self._options)
        return _Registered()

    async def post_stop(self) -> None:
        if self._framework is not None:
            await self._framework.deactivate()

    def receive(self, message: Any) -> None:
        match message:
            case _Registered() if self._framework is not None:
                self.context.pipe_to(self._deliver(self._framework))
            case Shutdown() if self._framework is not None:
                self.context.pipe_to(_shut_down(self._framework))
            case Shutdown():
                self.context.stop(self.ref)
            case _EventsEnded():
                self.context.stop(self.ref)
            case _ShutDown(error):
                if error is not None:
                    self._handler.tell(FrameworkOver(error), self.ref)
                self.context.stop(self.ref)
            case Failure(error):
                self._handler.tell(FrameworkOver(error), self.ref)
                self.context.stop(self.ref)
            case Terminated(ref) if ref == self._handler:
                self.log.error("the handler has stopped, and so does its scheduler; tasks run on until it is back")
                self.context.stop(self.ref)
            case _ if isinstance(message, Call):
                self._call(message, self.sender)
            case _:
                self.unhandled(message)

    def _call(self, call: Call, sender: ActorRef[Any] | None) -> None:
        if self._framework is None:
            self._failed(call, sender, NotSubscribed(f"{type(call).__name__} was not sent: not registered yet"))
            return
        try:
            sent = asyncio.ensure_future(self._framework.driver.call(call))
        except InvalidCall as error:
            self._failed(call, sender, error)
            return
        sent.add_done_callback(partial(self._answered, call, sender))

    def _answered(self, call: Call, sender: ActorRef[Any] | None, sent: asyncio.Future[None]) -> None:
        if not sent.cancelled() and (error := sent.exception()) is not None:
            self._failed(call, sender, error)

    def _failed(self, call: Call, sender: ActorRef[Any] | None, error: BaseException) -> None:
        (sender or self._handler).tell(CallFailed(call, error), self.ref)

    # -- events

    async def _deliver(self, framework: Framework) -> _EventsEnded:
        handled = self._handled if self._auto_acknowledge else None
        await pipe_to(framework.events, self._handler, sender=self.ref, handled=handled)
        return _EventsEnded()

    def _handled(self, event: Event) -> None:
        if isinstance(event, StatusUpdate) and event.status.uuid and self._failures == self._failures_before:
            self._call(Acknowledge(event.status), None)
        self._failures_before = self._failures

    def _handler_failed(self, error: BaseException) -> Directive | None:
        self._failures += 1
        return None


async def _shut_down(framework: Framework) -> _ShutDown:
    try:
        await framework.shutdown()
    except MesosError as error:
        return _ShutDown(error)
    return _ShutDown(None)
