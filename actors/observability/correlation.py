"""`Correlation`: one word that follows what a message causes, from actor to actor, and stands in its log records.

    outside                        gateway                         ledger
    -------                        -------                         ------
    with correlated("order-7"):
        gateway.tell(Order()) ───► logs with order-7
                                   ledger.tell(Book()) ──────────► logs with order-7
    gateway.tell(Order()) ───────► logs with 3f2a1c-1: a word of its own, since nobody had given one

It goes along with tell, ask, forward, pipe_to, routers and the stash. What a timer sends begins anew. A handler of
`logging` that has a `CorrelationFilter` may write ``%(correlation)s``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any

from actors.core import ActorRef, Instrument, Mailbox, look_at
from actors.core.instrument import Handler

from ._carried import CarryingMailbox, carried

__all__ = ["Correlation", "CorrelationFilter", "correlated", "correlation"]

_current: ContextVar[str | None] = ContextVar("actors.correlation", default=None)


def correlation() -> str | None:
    """The word of the message that is being handled, or of the enclosing `correlated`; None where there is none."""
    return _current.get()


@contextmanager
def correlated(word: str) -> Iterator[None]:
    """What is sent within the block, and what that causes, is logged with `word`."""
    token = _current.set(word)
    try:
        yield
    finally:
        _current.reset(token)


class Correlation(Instrument):
    """``Settings(instrument=Correlation())``: messages that come without a word get one, unless `begin` is False."""

    def __init__(self, *, begin: bool = True) -> None:
        self._begin = begin
        self._numbers = count(1)
        self._run: str | None = None

    def mailbox(self, ref: ActorRef[Any], mailbox: Mailbox) -> Mailbox:
        return CarryingMailbox(mailbox, self, _current.get)

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        actor = look_at(ref)
        assert actor is not None  # handlers are asked for where the actor lives

        def with_word(message: Any) -> Awaitable[None] | None:
            word = carried(actor.envelope, self)
            if word is None and self._begin:
                word = self._new(ref)
            _current.set(word)  # never reset: the context is the actor's own, and each message sets its word
            return handler(message)

        return with_word

    def _new(self, ref: ActorRef[Any]) -> str:
        if self._run is None:
            self._run = f"{ref.system.random.getrandbits(24):06x}"
        return f"{self._run}-{next(self._numbers)}"


class CorrelationFilter(logging.Filter):
    """Gives each record the attribute `correlation` (``-`` where there is none): ``handler.addFilter(…)``."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation = _current.get() or "-"
        return True
