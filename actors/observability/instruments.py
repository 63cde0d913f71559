"""Several instruments as one."""

from __future__ import annotations

from typing import Any

from actors.core import ActorRef, Instrument, Mailbox
from actors.core.instrument import Handler

__all__ = ["Instruments"]


class Instruments(Instrument):
    """``Settings(instrument=Instruments(Metrics(), Tracing()))``: the first is the innermost, nearest to the actor."""

    def __init__(self, *instruments: Instrument) -> None:
        self._instruments = instruments

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        for each in self._instruments:
            handler = each.handler(ref, handler)
        return handler

    def mailbox(self, ref: ActorRef[Any], mailbox: Mailbox) -> Mailbox:
        for each in self._instruments:
            mailbox = each.mailbox(ref, mailbox)
        return mailbox

    def spawned(self, ref: ActorRef[Any]) -> None:
        for each in self._instruments:
            each.spawned(ref)

    def stopped(self, ref: ActorRef[Any]) -> None:
        for each in self._instruments:
            each.stopped(ref)

    def failed(self, ref: ActorRef[Any], error: BaseException) -> None:
        for each in self._instruments:
            each.failed(ref, error)

    def restarted(self, ref: ActorRef[Any]) -> None:
        for each in self._instruments:
            each.restarted(ref)
