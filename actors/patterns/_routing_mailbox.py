"""How a router routes without being asked: its mailbox does it, inside the `tell` of whoever sends.

    sender                   RoutingMailbox                              routee
    ------                   --------------                              ------
    router.tell(m) ────────► append(m):
                               a management message, or one of the
                               runtime's: kept for the router's actor
                               the actor has mail, has not started, or
                               has stopped: kept, so that order stays
                               anything else: table.send ──────────────► routee.tell(m, sender)

So the router's actor is no bottleneck and its being busy delays nobody; the sender stays who it was, and a message
counts once. What was kept reaches the actor, which routes it in its turn with the same table.

The table is made once per mailbox, which lives as long as the ref: over restarts of the actor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from actors.core import ActorRef, DeadLetter, Failure
from actors.core.mailboxes import RUNTIME_MESSAGES

from .router_messages import Broadcast, RouterManagementMessage
from .routing_logic import RoutingLogic, tell_all

__all__ = ["Claim", "NoRoutees", "Resize", "RoutingMailbox", "RoutingTable"]

Envelope = tuple[Any, Any]


class NoRoutees(LookupError):
    """A router whose logic answers has nobody to ask."""


class Resize(RouterManagementMessage):
    """From the mailbox to its actor: as many messages were routed as the resizer wants to see."""

    __slots__ = ()


class Claim:
    """From the actor to its mailbox, which is met on the way of an ordinary `tell`: who holds the table?"""

    __slots__ = ("mailbox",)

    def __init__(self) -> None:
        self.mailbox: RoutingMailbox | None = None


class RoutingTable:
    """Who the routees are, and how the next is chosen. Callers on any thread read it; the router's actor writes."""

    __slots__ = ("_logic", "_ref", "_route", "_system", "is_open", "resize_every", "routed", "routees")

    def __init__(self, ref: ActorRef[Any], logic: RoutingLogic, resize_every: int) -> None:
        self._ref = ref
        self._system = ref.system
        self._logic = logic
        self._route = logic.start(ref.system)
        self.resize_every = resize_every
        self.routed = 0
        self.routees: tuple[Any, ...] = ()  # replaced, never changed: a caller that reads it has all of one moment
        self.is_open = False

    def send(self, message: Any, sender: ActorRef[Any] | None) -> None:
        """Send `message` to those it is for. Like `tell`, it raises nothing."""
        routees = self.routees
        if not routees:
            self._dead(message, sender, NoRoutees(f"{self._ref.path} has no routees for a {type(message).__name__}"))
            return
        route = self._route
        if type(message) is Broadcast:
            message, route = message.message, tell_all
        try:
            route(message, sender, routees)
        except Exception as error:
            self._system.log.exception("%s could not route a %s", self._ref.path, type(message).__name__)
            self._dead(message, sender, error)

    def _dead(self, message: Any, sender: ActorRef[Any] | None, error: Exception) -> None:
        self._system.publish_dead_letter(DeadLetter(message, sender, self._ref))
        if self._logic.answers and sender is not None:
            sender.tell(Failure(error), self._ref)


class RoutingMailbox:
    """Keeps what is for the router's actor, and routes the rest. A recipe is ``partial(RoutingMailbox, logic, …)``."""

    __slots__ = ("_kept", "table")

    def __init__(self, logic: RoutingLogic, resize_every: int, ref: ActorRef[Any]) -> None:
        self._kept: deque[Envelope] = deque()
        self.table = RoutingTable(ref, logic, resize_every)

    def append(self, envelope: Envelope, /) -> None:
        message = envelope[0]
        kind = type(message)
        table = self.table
        if kind is Claim:
            message.mailbox = self
        elif (
            self._kept or not table.is_open or kind in RUNTIME_MESSAGES or isinstance(message, RouterManagementMessage)
        ):
            self._kept.append(envelope)
        else:
            table.send(message, envelope[1])
            self.count_one()

    def count_one(self) -> None:
        """One more was routed: is it time to look at the pool's size?"""
        table = self.table
        if table.resize_every:
            table.routed += 1
            if table.routed % table.resize_every == 0:
                self._kept.append((Resize(), None))

    def popleft(self) -> Envelope:
        return self._kept.popleft()

    def extendleft(self, envelopes: Iterable[Envelope], /) -> None:
        self._kept.extendleft(envelopes)

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._kept)
