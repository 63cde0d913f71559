"""Which routee gets the next message.

A logic is a recipe: frozen, comparable, shared by any number of routers. `start` makes of it what one router routes
with: a function of (message, sender, routees) that sends. It runs in the caller, on any thread, and must not wait; it
is not called when there are no routees. Write your own by subclassing `RoutingLogic`.

| logic | the message goes to |
|---|---|
| `RoundRobin()` | the next in turn, beginning with the first |
| `RandomRouting()` | any of them |
| `SmallestMailbox()` | idle, else empty mailbox, else the shortest one; then those elsewhere, then suspended ones |
| `BroadcastRouting()` | all of them |
| `ConsistentHashing(…)` | the one its key belongs to (`actors.patterns.consistent_hashing`) |
| `ScatterGatherFirst(…)` | all; the first answer goes to the sender (`actors.patterns.first_answer`) |
| `TailChopping(…)` | one, a little later a second, …; the first answer goes to the sender (same) |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, ClassVar

from actors.core import ActorRef, ActorSystem, ActorView, MailboxFull, look_at

__all__ = [
    "BroadcastRouting",
    "RandomRouting",
    "RoundRobin",
    "Route",
    "RoutingLogic",
    "SmallestMailbox",
    "glance",
    "tell_all",
]

#: Sends a message, from a sender, to some of at least one routee.
Route = Callable[[Any, ActorRef[Any] | None, tuple[Any, ...]], None]


class RoutingLogic:
    """The base of logics."""

    __slots__ = ()

    #: Whether the router itself owes each sender an answer, which is a failure when there are no routees.
    answers: ClassVar[bool] = False

    def start(self, system: ActorSystem) -> Route:
        """What one router of `system` routes with."""
        raise TypeError(f"{type(self).__name__} must say how it routes: override start")


@dataclass(frozen=True, slots=True)
class RoundRobin(RoutingLogic):
    """One after the other, beginning with the first."""

    def start(self, system: ActorSystem) -> Route:
        turns = count()

        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            routees[next(turns) % len(routees)].tell(message, sender)

        return route


@dataclass(frozen=True, slots=True)
class RandomRouting(RoutingLogic):
    """Any of them, drawn from ``system.random``."""

    def start(self, system: ActorSystem) -> Route:
        choice = system.random.choice

        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            choice(routees).tell(message, sender)

        return route


@dataclass(frozen=True, slots=True)
class SmallestMailbox(RoutingLogic):
    """The least busy; the first of those that are equally so. Looks at each routee for each message."""

    def start(self, system: ActorSystem) -> Route:
        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            chosen, least = routees[0], _MOST
            for routee in routees:
                burden = _burden(routee)
                if burden < least:
                    chosen, least = routee, burden
                    if burden == _NONE:
                        break
            chosen.tell(message, sender)

        return route


_NONE, _MOST = (0, 0), (4, 0)


def glance(routee: Any) -> ActorView | None:
    """A look at a routee; None when it lives elsewhere, or is a path."""
    return look_at(routee) if isinstance(routee, ActorRef) else None


def _burden(routee: Any) -> tuple[int, int]:
    actor = glance(routee)
    if actor is None:
        return 2, 0
    if actor.is_suspended:
        return 3, actor.depth
    return (1, actor.depth) if actor.is_busy or actor.depth else _NONE


@dataclass(frozen=True, slots=True)
class BroadcastRouting(RoutingLogic):
    """Every message to all of them."""

    def start(self, system: ActorSystem) -> Route:
        return tell_all


def tell_all(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
    """A full mailbox that raises keeps the message from its own actor only.

    :raises ExceptionGroup: of `MailboxFull`, when all were told.
    """
    full: list[MailboxFull] = []
    for routee in routees:
        try:
            routee.tell(message, sender)
        except MailboxFull as error:
            full.append(error)
    if full:
        raise ExceptionGroup(f"{len(full)} of {len(routees)} routees had no room", full)
