"""What an FSM is told, tells, and ends with."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, NotInfluenceReceiveTimeout

__all__ = [
    "CurrentState", "StateTimeout", "StopEvent", "StopReason", "SubscribeTransitions", "Transition",
    "UnsubscribeTransitions",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class StateTimeout(NotInfluenceReceiveTimeout):
    """The event of a state in which nothing came for as long as its timeout says."""


@dataclass(frozen=True, slots=True)
class SubscribeTransitions:
    """Tells an FSM to send `ref` its `CurrentState`, then each `Transition`."""

    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class UnsubscribeTransitions:
    """Tells an FSM to send `ref` no more."""

    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class CurrentState:
    """The state of `fsm` when the subscription began."""

    fsm: ActorRef[Any]
    state: Any


@dataclass(frozen=True, slots=True)
class Transition:
    """`fsm` went from one state to another (or to the same, by `goto`)."""

    fsm: ActorRef[Any]
    before: Any
    after: Any


class StopReason(enum.Enum):
    """Why an FSM ends."""

    NORMAL = "stop() was returned"
    FAILURE = "stop(error) was returned"
    SHUTDOWN = "it was stopped from outside, or is restarted"


@dataclass(frozen=True, slots=True)
class StopEvent:
    """What `on_termination` gets; `error` only with FAILURE."""

    reason: StopReason
    state: Any
    data: Any
    error: BaseException | None = None
