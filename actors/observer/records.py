"""What is kept while nobody looks, because it is rare and gone afterwards: failures and dead letters. Both bounded."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSystem, DeadLetter, Instrument

__all__ = ["DeadLetters", "FailureLog"]

MAX_FAILED = 1000
"""Actors whose last failure is kept; beyond that the one that failed longest ago is forgotten."""

MAX_GROUPS = 200
"""Groups of dead letters; beyond that the one whose last letter is oldest is forgotten."""

SHOWN = 500  # characters of an error


@dataclass(slots=True)
class Failed:
    """The failures of one actor (those that have its path)."""

    actor: str
    error: str
    count: int
    at: float  # seconds since the epoch


class FailureLog(Instrument):
    """Sees failures and nothing else."""

    def __init__(self) -> None:
        self._by_path: OrderedDict[str, Failed] = OrderedDict()

    def failed(self, ref: ActorRef[Any], error: BaseException) -> None:
        path = ref.path
        before = self._by_path.pop(path, None)
        words = f"{type(error).__name__}: {error}"[:SHOWN]
        count = 1 if before is None else before.count + 1
        self._by_path[path] = Failed(path, words, count, ref.system.clock.wall())
        if len(self._by_path) > MAX_FAILED:
            self._by_path.popitem(last=False)

    def of(self, path: str) -> Failed | None:
        return self._by_path.get(path)

    def latest(self, count: int) -> list[Failed]:
        """Newest first."""
        return list(self._by_path.values())[-count:][::-1]


@dataclass(slots=True)
class Group:
    """Dead letters of one kind: from whom, to whom, of which type, and why they found nobody."""

    sender: str
    recipient: str
    message: str
    reason: str
    count: int
    at: float  # of the last one, seconds since the epoch


class DeadLetters(ActorRef[Any]):
    """Subscribes to the system's dead letters. A ref without an actor: what is told to it is grouped at once."""

    __slots__ = ("_groups", "_system")

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._groups: OrderedDict[tuple[str, str, str, str], Group] = OrderedDict()

    @property
    def path(self) -> str:
        return f"actors://{self._system.name}/temp/observer"

    @property
    def system(self) -> ActorSystem:
        return self._system

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if not isinstance(message, DeadLetter):
            return
        recipient = message.recipient
        key = (
            "nobody" if message.sender is None else message.sender.path,
            recipient.path,
            type(message.message).__qualname__,
            "the receiver has stopped" if recipient.is_terminated else "the receiver could not take it",
        )
        group = self._groups.pop(key, None) or Group(*key, count=0, at=0.0)
        group.count += 1
        group.at = self._system.clock.wall()
        self._groups[key] = group
        if len(self._groups) > MAX_GROUPS:
            self._groups.popitem(last=False)

    def latest(self, count: int) -> list[Group]:
        """Newest first."""
        return list(self._groups.values())[-count:][::-1]
