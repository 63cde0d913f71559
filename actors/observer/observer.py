"""The observer of one system: looks once a second while somebody watches, and hands the same picture to all viewers.

watch()    ──►  the first: meter and lag begin; a look each second, never more than a share of the loop's time
           ◄──  Queue of pictures, of one place: a slow viewer gets the newest, and misses those between
unwatch()  ──►  the last: all of it ends
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from actors.core import ActorRef, ActorSystem, ActorView, DeadLetter, look_at_all

from .lag import LoopLag
from .meter import Kind, Meter
from .records import DeadLetters, FailureLog
from .snapshot import actor_json, snapshot

__all__ = ["Observer", "Pictures"]

Pictures = asyncio.Queue[bytes | None]
"""Of JSON texts; None: the observer is closed."""

EVERY = 1.0
"""Seconds between two looks; more when a look takes long."""

SHARE = 25
"""After a look it rests at least so many times what the look took."""

LISTED = 100  # failures and groups of dead letters in a picture


class Observer:
    """Make one per system with ``await Observer.of(system)``, give it to `mount`, and ``await close()`` at the end."""

    def __init__(self, system: ActorSystem) -> None:
        self.system = system
        self._failures = FailureLog()
        self._dead_letters = DeadLetters(system)
        self._meter = Meter()
        self._lag = LoopLag(system.clock)
        self._viewers: set[Pictures] = set()
        self._looked_into: Counter[ActorRef[Any]] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()  # of beginning and ending, which let others in between
        self._closed = False

    @classmethod
    async def of(cls, system: ActorSystem) -> Observer:
        """Begin to keep failures and dead letters."""
        observer = cls(system)
        await system.attach_instrument(observer._failures)
        system.event_stream.subscribe(observer._dead_letters, DeadLetter)
        return observer

    async def close(self) -> None:
        """End everything: viewers get None. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        for viewer in self._viewers:
            _put(viewer, None)
        self._viewers.clear()
        await self._adjust()
        self.system.event_stream.unsubscribe(self._dead_letters)
        await self.system.detach_instrument(self._failures)

    # Viewers

    @property
    def is_watched(self) -> bool:
        return bool(self._tasks)

    async def watch(self) -> Pictures:
        """A new viewer's pictures, the first of them soon."""
        viewer: Pictures = asyncio.Queue(1)
        if self._closed:
            _put(viewer, None)
            return viewer
        self._viewers.add(viewer)
        await self._adjust()
        return viewer

    async def unwatch(self, viewer: Pictures) -> None:
        """The viewer has left."""
        self._viewers.discard(viewer)
        await self._adjust()

    async def _adjust(self) -> None:
        """Look while there are viewers, and only then."""
        async with self._turn:
            if self._viewers and not self._tasks:
                await self.system.attach_instrument(self._meter)
                self._tasks = [asyncio.create_task(self._lag.run()), asyncio.create_task(self._look())]
            elif not self._viewers and self._tasks:
                tasks, self._tasks = self._tasks, []
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.system.detach_instrument(self._meter)
                self._meter = Meter()
                self._looked_into.clear()

    async def _look(self) -> None:
        time = self.system.clock.time
        while True:
            began = time()
            picture = json.dumps(await self._picture(), separators=(",", ":")).encode()
            for viewer in self._viewers:
                _put(viewer, picture)
            await self.system.clock.sleep(max(EVERY, (time() - began) * SHARE))

    async def _picture(self) -> dict[str, Any]:
        longest, mean = self._lag.take()
        system = self.system
        return {
            "system": system.name,
            "at": system.clock.wall(),
            "loop": {"longest": longest, "mean": mean},
            "deadLetters": {
                "count": system.dead_letters.count,
                "groups": [asdict(group) for group in self._dead_letters.latest(LISTED)],
            },
            "failures": [asdict(failed) for failed in self._failures.latest(LISTED)],
            **await snapshot(system, self._meter, self._failures),
        }

    # One actor

    async def find(self, path: str) -> ActorView | None:
        """The living actor of that path."""
        async for actor in look_at_all(self.system):
            if actor.ref.path == path:
                return actor
        return None

    @contextlib.asynccontextmanager
    async def looking_into(self, actor: ActorView) -> Any:
        """Time its messages for as long as the block runs; somebody must `watch`, too."""
        ref = actor.ref
        self._looked_into[ref] += 1
        self._meter.look_into(ref)
        try:
            yield
        finally:
            self._looked_into[ref] -= 1
            if self._looked_into[ref] <= 0:
                del self._looked_into[ref]
                self._meter.look_away(ref)

    def details(self, actor: ActorView) -> dict[str, Any]:
        """What is known of one actor, with its messages by type since it is looked into, and what waits for it."""
        waiting = Counter(type(message).__qualname__ for message in actor.waiting(10_000))
        return {
            **actor_json(actor, self._meter, self._failures),
            "at": self.system.clock.wall(),
            "stopped": actor.is_stopped,
            "kinds": [{"type": name, **_kind_json(kind)} for name, kind in self._meter.kinds(actor.ref).items()],
            "waiting": [{"type": name, "count": count} for name, count in waiting.most_common(20)],
            "watchers": [watcher.path for watcher in actor.watchers[:50]],
        }


def _kind_json(kind: Kind) -> dict[str, Any]:
    return {
        "count": kind.count,
        "failures": kind.failures,
        "mean": kind.seconds / kind.count if kind.count else 0.0,
        "median": kind.quantile(0.5),
        "p99": kind.quantile(0.99),
        "longest": kind.longest,
    }


def _put(viewer: Pictures, picture: bytes | None) -> None:
    """The newest in place of one that was not taken."""
    if viewer.full():
        viewer.get_nowait()
    viewer.put_nowait(picture)
