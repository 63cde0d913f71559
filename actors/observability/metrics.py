"""`Metrics`: what the actors of a system do, counted per class of actor, in Prometheus's text format.

    actors                       Metrics                                     whoever serves /metrics
    ------                       -------                                     -----------------------
    each message ──────────────► + 1
    each `sample`-th ──────────► its handling time, awaits included
    failure, restart, spawn ───► + 1
                                 counts living actors and their mail ◄────── await metrics.render(system)
                                 a few thousand per turn of the loop ──────► text

Figures are kept by the name of the class, never by path: their number must not grow with that of the actors.

| name | type | labels | |
|---|---|---|---|
| `actors_messages_total` | counter | actor | messages that handlers took |
| `actors_handling_seconds` | histogram | actor | how long every `sample`-th took, awaits included |
| `actors_failures_total` | counter | actor, error | errors that left a handler or a hook |
| `actors_restarts_total` | counter | actor | restarts |
| `actors_spawned_total` | counter | actor | actors made |
| `actors_living` | gauge | actor | actors alive now |
| `actors_mailbox_depth` | gauge | actor | messages that wait, in all mailboxes of the class |
| `actors_mailbox_depth_max` | gauge | actor | messages that wait in the fullest of them |
| `actors_dead_letters_total` | counter | | messages without a receiver |
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from actors.core import ActorRef, ActorSystem, Instrument, look_at_all
from actors.core.instrument import Handler

from ._names import class_name

__all__ = ["Metrics"]

DEFAULT_BUCKETS = (0.000_1, 0.001, 0.01, 0.1, 1.0, 10.0)


class _Figures:
    """Those of one class of actors.

    Messages are counted down to the next one whose handling is timed: one number to change per message, not two.
    """

    __slots__ = ("failures", "left", "restarts", "rounds", "sample", "seconds", "spawned", "timed")

    def __init__(self, buckets: int, sample: int) -> None:
        self.sample = sample
        self.rounds = 0
        self.left = 1
        self.spawned = 0
        self.restarts = 0
        self.failures: dict[str, int] = {}
        self.timed = [0] * (buckets + 1)  # the last is for what is above all bounds
        self.seconds = 0.0

    @property
    def messages(self) -> int:
        return self.rounds * self.sample + 1 - self.left


class Metrics(Instrument):
    """``Settings(instrument=metrics)`` counts; ``await metrics.render(system)`` tells. One per system.

    :param buckets: upper bounds of the histogram, in seconds, ascending.
    :param sample: the handling time of every so many-th message of a class is taken, beginning with the first; 1 for
        each. Counting costs a fraction of a `tell`; reading the clock twice costs about as much as one.
    :raises ValueError: for buckets that do not ascend, or a sample below 1.
    """

    def __init__(self, *, buckets: Sequence[float] = DEFAULT_BUCKETS, sample: int = 16) -> None:
        if not buckets or list(buckets) != sorted(set(buckets)):
            raise ValueError(f"buckets must be bounds in seconds that ascend, not {buckets!r}")
        if isinstance(sample, bool) or not isinstance(sample, int) or sample < 1:
            raise ValueError(f"sample must be an integer of at least 1, not {sample!r}")
        self._buckets = tuple(buckets)
        self._sample = sample
        self._figures: dict[str, _Figures] = {}

    # What the runtime tells

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        figures, sample = self._of(ref), self._sample
        clock = ref.system.clock.elapsed

        def counted(message: Any) -> Awaitable[None] | None:
            figures.left = left = figures.left - 1
            if left:
                return handler(message)
            figures.left = sample
            figures.rounds += 1
            began = clock()
            try:
                result = handler(message)
            except BaseException:
                self._took(figures, clock() - began)
                raise
            if result is None:
                self._took(figures, clock() - began)
                return None
            return self._until(result, figures, clock, began)

        return counted

    async def _until(
        self, result: Awaitable[None], figures: _Figures, clock: Callable[[], float], began: float
    ) -> None:
        try:
            await result
        finally:
            self._took(figures, clock() - began)

    def _took(self, figures: _Figures, seconds: float) -> None:
        figures.timed[bisect_left(self._buckets, seconds)] += 1
        figures.seconds += seconds

    def spawned(self, ref: ActorRef[Any]) -> None:
        self._of(ref).spawned += 1

    def failed(self, ref: ActorRef[Any], error: BaseException) -> None:
        failures = self._of(ref).failures
        kind = type(error).__qualname__
        failures[kind] = failures.get(kind, 0) + 1

    def restarted(self, ref: ActorRef[Any]) -> None:
        self._of(ref).restarts += 1

    def _of(self, ref: ActorRef[Any]) -> _Figures:
        name = class_name(ref)
        figures = self._figures.get(name)
        if figures is None:
            figures = self._figures[name] = _Figures(len(self._buckets), self._sample)
        return figures

    # What it tells

    async def render(self, system: ActorSystem) -> str:
        """All figures, for a response of content type ``text/plain; version=0.0.4``. Gauges are as of now."""
        living: dict[str, int] = {}
        depths: dict[str, int] = {}
        deepest: dict[str, int] = {}
        async for actor in look_at_all(system):
            name, depth = actor.cls.__qualname__, actor.depth
            living[name] = living.get(name, 0) + 1
            depths[name] = depths.get(name, 0) + depth
            deepest[name] = max(deepest.get(name, 0), depth)
        await asyncio.sleep(0)
        lines = [
            *_family("actors_messages_total", "counter", "Messages that handlers took.", self._each("messages")),
            *self._histogram(),
            *_family("actors_failures_total", "counter", "Errors that left a handler or a hook.", self._failures()),
            *_family("actors_restarts_total", "counter", "Restarts.", self._each("restarts")),
            *_family("actors_spawned_total", "counter", "Actors made.", self._each("spawned")),
            *_family("actors_living", "gauge", "Actors alive.", _by_actor(living)),
            *_family("actors_mailbox_depth", "gauge", "Messages that wait.", _by_actor(depths)),
            *_family("actors_mailbox_depth_max", "gauge", "Messages in the fullest mailbox.", _by_actor(deepest)),
            *_family(
                "actors_dead_letters_total", "counter", "Messages without a receiver.",
                [("", system.dead_letters.count)],
            ),
        ]  # fmt: skip
        return "\n".join(lines) + "\n"

    def _each(self, figure: str) -> Iterator[tuple[str, float]]:
        return _by_actor({name: getattr(figures, figure) for name, figures in self._figures.items()})

    def _failures(self) -> Iterator[tuple[str, float]]:
        for name, figures in sorted(self._figures.items()):
            for kind, count in sorted(figures.failures.items()):
                yield _labels(actor=name, error=kind), count

    def _histogram(self) -> Iterator[str]:
        name, bounds = "actors_handling_seconds", [*map(_number, self._buckets), "+Inf"]
        yield f"# HELP {name} How long messages took, awaits included (one in {self._sample} is timed)."
        yield f"# TYPE {name} histogram"
        for actor, figures in sorted(self._figures.items()):
            for bound, count in zip(bounds, accumulate(figures.timed), strict=True):
                yield f"{name}_bucket{_labels(actor=actor, le=bound)} {count}"
            yield f"{name}_sum{_labels(actor=actor)} {_number(figures.seconds)}"
            yield f"{name}_count{_labels(actor=actor)} {sum(figures.timed)}"


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield f"{name}{labels} {_number(value)}"


def _by_actor(figures: dict[str, int]) -> Iterator[tuple[str, float]]:
    for name, value in sorted(figures.items()):
        yield _labels(actor=name), value


def _labels(**labels: str) -> str:
    escaped = (
        (name, value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")) for name, value in labels.items()
    )
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped) + "}"


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.9g}"
