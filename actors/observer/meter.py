"""Counts messages while somebody looks: one number per actor, and per type of message for those looked into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from actors.core import ActorRef, Instrument
from actors.core.instrument import Handler

__all__ = ["Kind", "Meter"]

BUCKETS = 32  # powers of two of a microsecond: the last is over half an hour


class Kind:
    """The messages of one type that an actor handled. Times are in seconds and include what the handler awaited."""

    __slots__ = ("buckets", "count", "failures", "longest", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.failures = 0
        self.seconds = 0.0
        self.longest = 0.0
        self.buckets = [0] * BUCKETS

    def took(self, seconds: float) -> None:
        self.count += 1
        self.seconds += seconds
        self.longest = max(self.longest, seconds)
        self.buckets[min(BUCKETS - 1, int(seconds * 1e6).bit_length())] += 1

    def quantile(self, share: float) -> float:
        """Within which time (seconds, to a power of two) this share of them was handled."""
        left = share * self.count
        for power, count in enumerate(self.buckets):
            left -= count
            if left <= 0:
                return min(self.longest, float(2**power) / 1e6)
        return self.longest


class _Figures:
    __slots__ = ("kinds", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.kinds: dict[str, Kind] | None = None  # only while the actor is looked into


class Meter(Instrument):
    """Attach it to count, detach it to stop; `messages` counts from then on."""

    def __init__(self) -> None:
        self._figures: dict[ActorRef[Any], _Figures] = {}

    def messages(self, ref: ActorRef[Any]) -> int:
        figures = self._figures.get(ref)
        return 0 if figures is None else figures.messages

    def kinds(self, ref: ActorRef[Any]) -> dict[str, Kind]:
        """By type of message, since `look_into`."""
        figures = self._figures.get(ref)
        return {} if figures is None or figures.kinds is None else dict(figures.kinds)

    def look_into(self, ref: ActorRef[Any]) -> None:
        """Time the messages of this actor, too."""
        figures = self._of(ref)
        if figures.kinds is None:
            figures.kinds = {}
            ref.system.rewrap(ref)

    def look_away(self, ref: ActorRef[Any]) -> None:
        figures = self._figures.get(ref)
        if figures is not None and figures.kinds is not None:
            figures.kinds = None
            ref.system.rewrap(ref)

    # What the runtime tells

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        figures = self._of(ref)
        if figures.kinds is not None:
            return self._timed(figures, figures.kinds, ref.system.clock.elapsed, handler)

        def counted(message: Any) -> Awaitable[None] | None:
            figures.messages += 1
            return handler(message)

        return counted

    def stopped(self, ref: ActorRef[Any]) -> None:
        self._figures.pop(ref, None)

    def _of(self, ref: ActorRef[Any]) -> _Figures:
        figures = self._figures.get(ref)
        if figures is None:
            figures = self._figures[ref] = _Figures()
        return figures

    def _timed(
        self, figures: _Figures, kinds: dict[str, Kind], clock: Callable[[], float], handler: Handler
    ) -> Handler:
        async def until(result: Awaitable[None], kind: Kind, began: float) -> None:
            try:
                await result
            except Exception:
                kind.failures += 1
                raise
            finally:
                kind.took(clock() - began)

        def timed(message: Any) -> Awaitable[None] | None:
            figures.messages += 1
            name = type(message).__qualname__
            kind = kinds.get(name)
            if kind is None:
                kind = kinds[name] = Kind()
            began = clock()
            try:
                result = handler(message)
            except BaseException:
                kind.failures += 1
                kind.took(clock() - began)
                raise
            if result is None:
                kind.took(clock() - began)
                return None
            return until(result, kind, began)

        return timed
