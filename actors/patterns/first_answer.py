"""Asking several for one answer: all at once, or one after the other until somebody answers.

    sender                      router                                    routees
    ------                      ------                                    -------
    m ────────────────────────► ScatterGatherFirst: to all ─────────────► m, from a ref of its own
                                TailChopping: to one, drawn at random ──► m
                                  `interval` later to another ──────────► m, …
    answer ◄──────────────────  the first one, from who gave it ◄───────  answer
                                the others are dropped ◄────────────────  answer
    Failure(AskTimeout) ◄─────  none within `within`

All routees may do the work: use it for questions, not for orders.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from threading import get_ident
from typing import Any, ClassVar

from actors.core import ActorRef, ActorSystem, AskTimeout, Failure, MailboxFull

from ._durations import seconds_above_zero
from .routing_logic import Route, RoutingLogic

__all__ = ["ScatterGatherFirst", "TailChopping"]


class _FirstAnswer(RoutingLogic):
    """What both have in common: a race for each message, run on the loop's thread."""

    __slots__ = ()

    answers: ClassVar[bool] = True
    within: float

    def start(self, system: ActorSystem) -> Route:
        thread = get_ident()

        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            if get_ident() != thread:
                system.loop.call_soon_threadsafe(route, message, sender, routees)
                return
            self._begin(_Race(system, message, sender, self.within), routees, system)

        return route

    def _begin(self, race: _Race, routees: tuple[Any, ...], system: ActorSystem) -> None:
        raise TypeError(f"{type(self).__name__} must say whom it asks first: override _begin")


@dataclass(frozen=True, slots=True)
class ScatterGatherFirst(_FirstAnswer):
    """Ask all; the first answer is the answer.

    :ivar within: seconds after which the sender gets `Failure(AskTimeout)`.
    """

    within: float = 5.0

    def __post_init__(self) -> None:
        seconds_above_zero("within", self.within)

    def _begin(self, race: _Race, routees: tuple[Any, ...], system: ActorSystem) -> None:
        for routee in routees:
            race.offer(routee)


@dataclass(frozen=True, slots=True)
class TailChopping(_FirstAnswer):
    """Ask one; each `interval` one more, in random order, until one answers.

    :ivar within: seconds after which the sender gets `Failure(AskTimeout)`.
    :ivar interval: seconds to wait before the next is asked.
    """

    within: float = 5.0
    interval: float = 0.01

    def __post_init__(self) -> None:
        seconds_above_zero("within", self.within)
        seconds_above_zero("interval", self.interval)

    def _begin(self, race: _Race, routees: tuple[Any, ...], system: ActorSystem) -> None:
        self._ask_next(race, system.random.sample(routees, len(routees)))

    def _ask_next(self, race: _Race, left: list[Any]) -> None:
        while left and not race.offer(left.pop()):
            pass
        if left and not race.is_terminated:
            race.then(self.interval, self._ask_next, race, left)


class _Race(ActorRef[Any]):
    """The sender of one message to several: passes on the first answer, drops the others."""

    __slots__ = ("_asker", "_handles", "_message", "_over", "_system", "_thread", "_within")

    def __init__(self, system: ActorSystem, message: Any, asker: ActorRef[Any] | None, within: float) -> None:
        self._system = system
        self._message = message
        self._asker = system.dead_letters if asker is None else asker
        self._within = within
        self._over = False
        self._thread = get_ident()
        self._handles: list[asyncio.TimerHandle] = []
        self.then(within, self._time_is_up)

    @property
    def path(self) -> str:
        return f"actors://{self._system.name}/temp/first-answer"

    @property
    def system(self) -> ActorSystem:
        return self._system

    @property
    def is_terminated(self) -> bool:
        return self._over

    def offer(self, routee: Any) -> bool:
        """Send `routee` the message; False when it has no room, which leaves it to the others."""
        try:
            routee.tell(self._message, self)
        except MailboxFull as error:
            self._system.log.warning("%s could not be asked: %s", routee.path, error)
            return False
        return True

    def then(self, seconds: float, function: Any, *args: Any) -> None:
        """Call `function` after `seconds`, unless an answer comes before."""
        self._handles.append(self._system.clock.call_later(seconds, function, *args))

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was replied to {self.path}: an answer must be something; define a class for it")
        if get_ident() != self._thread:
            self._system.loop.call_soon_threadsafe(self.tell, message, sender)
        elif not self._over:
            self._finish(message, sender)

    def _time_is_up(self) -> None:
        error = AskTimeout(
            f"none of the routees answered the {type(self._message).__name__} of {self._asker.path}"
            f" within {self._within:g} s"
        )
        self._finish(Failure(error), None)

    def _finish(self, answer: Any, sender: ActorRef[Any] | None) -> None:
        self._over = True
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
        self._asker.tell(answer, sender)
