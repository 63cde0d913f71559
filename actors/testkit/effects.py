"""What an actor in an `ActorHarness` did to its surroundings, recorded in place of being done."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from actors.core import ActorRef, Props

__all__ = [
    "Became",
    "InboxRef",
    "Piped",
    "ReceiveTimeoutSet",
    "Spawned",
    "Stashed",
    "Stopped",
    "TimerCancelled",
    "TimerScheduled",
    "Unbecame",
    "UnhandledEffect",
    "UnstashedAll",
    "Unwatched",
    "Watched",
]


class InboxRef(ActorRef[Any]):
    """A ref in whose place is only an inbox."""

    __slots__ = ("_path", "inbox")

    def __init__(self, path: str) -> None:
        self._path = path
        self.inbox: deque[tuple[Any, ActorRef[Any] | None]] = deque()

    @property
    def path(self) -> str:
        return self._path

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was told to {self._path}: a message must be something")
        self.inbox.append((message, sender))

    def expect(self, message: Any) -> None:
        """The oldest message in the inbox must equal ``message``; it is taken out."""
        if not self.inbox:
            raise AssertionError(f"{self._path} was to be told {message!r}, but was told nothing")
        found, _ = self.inbox.popleft()
        if found != message:
            raise AssertionError(f"{self._path} was to be told {message!r}, but was told {found!r}")

    def messages(self) -> list[Any]:
        """What was told, oldest first; the inbox is empty then."""
        found = [message for message, _ in self.inbox]
        self.inbox.clear()
        return found


@dataclass(frozen=True, slots=True)
class Spawned:
    props: Props[Any]
    name: str
    ref: InboxRef = field(compare=False)


@dataclass(frozen=True, slots=True)
class Stopped:
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Watched:
    ref: ActorRef[Any]
    message: Any = None


@dataclass(frozen=True, slots=True)
class Unwatched:
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class TimerScheduled:
    """``interval`` is None for a single timer. Times are seconds."""

    key: Hashable
    message: Any
    delay: float
    interval: float | None = None


@dataclass(frozen=True, slots=True)
class TimerCancelled:
    key: Hashable


@dataclass(frozen=True, slots=True)
class ReceiveTimeoutSet:
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Stashed:
    message: Any


@dataclass(frozen=True, slots=True)
class UnstashedAll:
    pass


@dataclass(frozen=True, slots=True)
class Became:
    handler: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Unbecame:
    pass


@dataclass(frozen=True, slots=True)
class Piped:
    """``awaitable`` is the test's to await, or to close."""

    awaitable: Awaitable[Any]
    to: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class UnhandledEffect:
    message: Any
