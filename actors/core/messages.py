"""The messages that every actor may get or send, whatever its own protocol."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ref import ActorRef

__all__ = [
    "ActorIdentity",
    "DeadLetter",
    "DeadLetterSuppression",
    "Failure",
    "Identify",
    "Kill",
    "NotInfluenceReceiveTimeout",
    "PoisonPill",
    "ReceiveTimeout",
    "SuppressedDeadLetter",
    "Terminated",
    "UnhandledMessage",
]


class DeadLetterSuppression:
    """A message of this class that finds no receiver is not worth a line in the log."""

    __slots__ = ()


class NotInfluenceReceiveTimeout:
    """A message of this class does not count as activity for `ActorContext.set_receive_timeout`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class PoisonPill(DeadLetterSuppression):
    """Stops the actor once it has handled the messages that came before."""


@dataclass(frozen=True, slots=True)
class Kill(DeadLetterSuppression):
    """Makes the actor fail with `ActorKilledError`, which by default stops it."""


@dataclass(frozen=True, slots=True)
class ReceiveTimeout(DeadLetterSuppression):
    """Nothing came for as long as `ActorContext.set_receive_timeout` said."""


@dataclass(frozen=True, slots=True)
class Terminated(DeadLetterSuppression):
    """A watched actor has stopped.

    :ivar existence_confirmed: False when it was dead, or unknown, before it was watched.
    :ivar reason: the error that supervision stopped it for; None after an ordinary stop.
    """

    ref: ActorRef[Any]
    existence_confirmed: bool = True
    reason: BaseException | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer, or a piped result, that is an error: `ask` raises it."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class Identify(DeadLetterSuppression):
    """Every actor answers it with `ActorIdentity(correlation, its ref)`."""

    correlation: Any = None


@dataclass(frozen=True, slots=True)
class ActorIdentity:
    """The answer to `Identify`; `ref` is None when a selection found nobody."""

    correlation: Any
    ref: ActorRef[Any] | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Published when a message found no receiver: `recipient` is stopped, or dropped it."""

    message: Any
    sender: ActorRef[Any] | None
    recipient: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class SuppressedDeadLetter:
    """A dead letter whose message is a `DeadLetterSuppression`; published, never logged."""

    message: Any
    sender: ActorRef[Any] | None
    recipient: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class UnhandledMessage:
    """Published when an actor calls `unhandled`."""

    message: Any
    sender: ActorRef[Any] | None
    recipient: ActorRef[Any]
