"""Who wants to know of an app's instances, told once however many of them changed.

    a change, the end of the turn ─▶ `TellFollowers` to the actor itself ─▶ behind all that it has heard by now
                                     tell()  ─▶ a snapshot of each app that changed
                                                of a large app: `SnapshotDue`, later

A snapshot costs as much as the app has instances. So an actor that is busy makes one for all the messages that wait
for it, and those of a large app are spaced by a time that grows with it: a deployment of n instances costs the same per
instance for every n. An idle actor tells of a change at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef
from actors.marathon.protocol import AppInstances

__all__ = ["Followers", "SnapshotDue", "TellFollowers"]

SPACING_PER_INSTANCE = 20e-6
"""Seconds between two snapshots of a large app, for each of its instances."""

UNSPACED = 100
"""Instances of an app up to which a change is told as soon as the actor has nothing else to do."""


@dataclass(frozen=True, slots=True)
class SnapshotDue:
    """To the actor itself: pass it to `Followers.due`."""

    app_id: str


class TellFollowers:
    """To the actor itself: call `Followers.tell`."""


class Followers:
    """Belongs to one actor, which says what changed and calls `flush` at the end of each of its turns."""

    def __init__(self, actor: Actor[Any], snapshot: Callable[[str], AppInstances], size: Callable[[str], int]) -> None:
        self._actor = actor
        self._snapshot = snapshot
        self._size = size
        self._followers: dict[str, dict[ActorRef[Any], None]] = {}
        self._changed: set[str] = set()
        self._will_tell = False

    def add(self, app_id: str, follower: ActorRef[Any]) -> None:
        self._followers.setdefault(app_id, {})[follower] = None
        self._changed.add(app_id)

    def remove(self, app_id: str, follower: ActorRef[Any]) -> None:
        followers = self._followers.get(app_id, {})
        followers.pop(follower, None)
        if not followers:
            self._followers.pop(app_id, None)

    def changed(self, app_id: str) -> None:
        if app_id in self._followers:
            self._changed.add(app_id)

    def flush(self) -> None:
        """What changed in this turn is to be told."""
        if self._changed and not self._will_tell:
            self._will_tell = True
            self._actor.ref.tell(TellFollowers())

    def tell(self) -> None:
        """Tell of what changed; of large apps later."""
        self._will_tell = False
        timers = self._actor.context.timers
        for app_id in sorted(self._changed):
            size = self._size(app_id)
            if size <= UNSPACED:
                self._tell(app_id)
            elif not timers.is_active(SnapshotDue(app_id)):
                timers.start_single(SnapshotDue(app_id), SnapshotDue(app_id), size * SPACING_PER_INSTANCE)
        self._changed.clear()

    def due(self, message: SnapshotDue) -> None:
        self._tell(message.app_id)

    def _tell(self, app_id: str) -> None:
        followers = self._followers.get(app_id)
        if not followers:
            return
        snapshot = self._snapshot(app_id)
        for follower in followers:
            follower.tell(snapshot, self._actor.ref)
