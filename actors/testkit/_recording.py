"""The context of an actor in an `ActorHarness`: it records effects, and keeps time only when told to."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from actors.core import Actor, ActorRef, Props
from actors.testkit.effects import (
    Became,
    InboxRef,
    Piped,
    ReceiveTimeoutSet,
    Spawned,
    Stashed,
    Stopped,
    TimerCancelled,
    TimerScheduled,
    Unbecame,
    UnhandledEffect,
    UnstashedAll,
    Unwatched,
    Watched,
)

EPOCH = 1_767_225_600.0  # 2026-01-01 00:00:00 UTC, as on a `VirtualLoop`


@dataclass(slots=True)
class Timer:
    message: Any
    due: float
    interval: float | None


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return EPOCH + self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), UTC)


class _EventStream:
    def __init__(self) -> None:
        self.published: list[Any] = []

    def publish(self, event: Any) -> None:
        self.published.append(event)


class _System:
    name = "harness"

    def __init__(self, seed: int) -> None:
        self.clock = _Clock()
        self.random = random.Random(seed)
        self.event_stream = _EventStream()
        self.dead_letters = InboxRef("actors://harness/deadLetters")


class RecordingTimers:
    def __init__(self, context: RecordingContext) -> None:
        self._context = context
        self.active: dict[Hashable, Timer] = {}

    def start_single(self, key: Hashable, message: Any, delay: float | timedelta) -> None:
        self._start(key, message, _seconds(delay), None)

    def start_fixed_delay(
        self, key: Hashable, message: Any, interval: float | timedelta, initial_delay: float | timedelta | None = None
    ) -> None:
        delay = _seconds(interval if initial_delay is None else initial_delay)
        self._start(key, message, delay, _seconds(interval))

    start_fixed_rate = start_fixed_delay

    def cancel(self, key: Hashable) -> None:
        if self.active.pop(key, None):
            self._context.effects.append(TimerCancelled(key))

    def is_active(self, key: Hashable) -> bool:
        return key in self.active

    def cancel_all(self) -> None:
        for key in list(self.active):
            self.cancel(key)

    def _start(self, key: Hashable, message: Any, delay: float, interval: float | None) -> None:
        self.active[key] = Timer(message, self._context.system.clock.time() + delay, interval)
        self._context.effects.append(TimerScheduled(key, message, delay, interval))


class _Cell(NamedTuple):
    """What `Actor.reply` reads of a cell."""

    envelope: tuple[Any, ActorRef[Any] | None] | None
    system: _System
    ref: InboxRef


class RecordingContext:
    """In place of `ActorContext`: records."""

    def __init__(self, path: str, seed: int) -> None:
        self.self_ref = InboxRef(path)
        self.parent = InboxRef(path.rpartition("/")[0])
        self.system = _System(seed)
        self.sender: ActorRef[Any] | None = None
        self.effects: list[Any] = []
        self.timers = RecordingTimers(self)
        self.log = logging.LoggerAdapter(logging.getLogger("actors.harness"), {"path": path})
        self.behaviours: list[Callable[[Any], Any]] = []
        self.message: Any = None
        self.stash_box: list[tuple[Any, ActorRef[Any] | None]] = []
        self.receive_timeout: float | None = None
        self._children: dict[str, InboxRef] = {}

    @property
    def _cell(self) -> _Cell:
        envelope = None if self.message is None else (self.message, self.sender)
        return _Cell(envelope, self.system, self.self_ref)

    @property
    def children(self) -> tuple[InboxRef, ...]:
        return tuple(self._children.values())

    def child(self, name: str) -> InboxRef | None:
        return self._children.get(name)

    def spawn(self, props: Props[Any] | type[Actor[Any]], name: str | None = None) -> InboxRef:
        name = f"$c{len(self._children)}" if name is None else name
        if name in self._children:
            raise ValueError(f"the harness's actor has a child {name!r} already")
        ref = self._children[name] = InboxRef(f"{self.self_ref.path}/{name}")
        self.effects.append(Spawned(props if isinstance(props, Props) else Props(props), name, ref))
        return ref

    def stop(self, ref: ActorRef[Any]) -> None:
        self._children = {name: child for name, child in self._children.items() if child is not ref}
        self.effects.append(Stopped(ref))

    def watch(self, ref: ActorRef[Any], message: Any = None) -> ActorRef[Any]:
        self.effects.append(Watched(ref, message))
        return ref

    def unwatch(self, ref: ActorRef[Any]) -> ActorRef[Any]:
        self.effects.append(Unwatched(ref))
        return ref

    def become(self, handler: Callable[[Any], Any], discard_old: bool = True) -> None:
        if discard_old and len(self.behaviours) > 1:
            self.behaviours.pop()
        self.behaviours.append(handler)
        self.effects.append(Became(handler))

    def unbecome(self) -> None:
        if len(self.behaviours) > 1:
            self.behaviours.pop()
        self.effects.append(Unbecame())

    def stash(self) -> None:
        self.stash_box.append((self.message, self.sender))
        self.effects.append(Stashed(self.message))

    def unstash_all(self) -> None:
        self.self_ref.inbox.extendleft(reversed(self.stash_box))
        self.stash_box.clear()
        self.effects.append(UnstashedAll())

    def set_receive_timeout(self, seconds: float | timedelta | None) -> None:
        self.receive_timeout = None if seconds is None else _seconds(seconds)
        self.effects.append(ReceiveTimeoutSet(self.receive_timeout))

    def forward(self, ref: ActorRef[Any], message: Any) -> None:
        ref.tell(message, self.sender)

    def pipe_to(
        self, awaitable: Awaitable[Any], to: ActorRef[Any] | None = None, sender: ActorRef[Any] | None = None
    ) -> None:
        self.effects.append(Piped(awaitable, self.self_ref if to is None else to))

    def publish_unhandled(self, message: Any) -> None:
        self.effects.append(UnhandledEffect(message))


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
