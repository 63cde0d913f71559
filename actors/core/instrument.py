"""The seam for metrics and tracing: what a system tells an instrument. Without one, nothing of it is on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .mailboxes import Mailbox
    from .ref import ActorRef

__all__ = ["Handler", "Instrument", "Instruments"]

#: What handles a message.
Handler = Callable[[Any], Awaitable[None] | None]


class Instrument:
    """Sees what actors do. Override what you need; set it as `Settings.instrument`, or give it to a system that runs
    already (`ActorSystem.attach_instrument`)."""

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        """What is to handle the messages of `ref` in place of `handler`: wrap it, or return it as it is."""
        return handler

    def mailbox(self, ref: ActorRef[Any], mailbox: Mailbox) -> Mailbox:
        """What is to hold the messages of `ref` in place of `mailbox`."""
        return mailbox

    def spawned(self, ref: ActorRef[Any]) -> None:
        """An actor was made."""

    def stopped(self, ref: ActorRef[Any]) -> None:
        """An actor has stopped."""

    def failed(self, ref: ActorRef[Any], error: BaseException) -> None:
        """An actor failed with `error`."""

    def restarted(self, ref: ActorRef[Any]) -> None:
        """An actor was restarted."""

    def rate(self, ref: ActorRef[Any]) -> float | None:
        """Messages per second that `ref` has handled lately, for `ActorSystem.tree`; None when it is not counted."""
        return None


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

    def rate(self, ref: ActorRef[Any]) -> float | None:
        rates = (each.rate(ref) for each in self._instruments)
        return next((rate for rate in rates if rate is not None), None)
