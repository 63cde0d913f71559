"""Who watches whom between two systems.

    here                               wire                         there
    ----                               ----                         -----
    context.watch(remote ref)     →    WATCH target            →    one watcher for all that watch it here
    all of them unwatch           →    UNWATCH target          →    it goes
    Terminated to each            ←    NOTICE target           ←    the actor has stopped
    Terminated to each                 (the system is lost)         what it watched here is watched no more

Each new connection begins with a WATCH of all that is watched: what stopped meanwhile is told then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.core import ActorRef, ActorSystem, DeadLetter, Terminated

from ._format import NOTICE, UNWATCH, WATCH
from .errors import RemoteError
from .refs import RemoteRef

if TYPE_CHECKING:
    from ._association import Association

__all__ = ["Watches"]


class Watches:
    """Those of one association. True when there are any."""

    def __init__(self, association: Association) -> None:
        self._association = association
        self.here: dict[RemoteRef, dict[ActorRef[Any], None]] = {}  # actors there, and who watches them here
        self._there: dict[str, _Watcher] = {}  # targets here that the other system watches

    def __bool__(self) -> bool:
        return bool(self.here or self._there)

    # Of actors there

    def watch(self, ref: RemoteRef, watcher: ActorRef[Any]) -> None:
        association = self._association
        if association.is_dead_to_us(ref) or association.remote.is_closed:
            watcher._notice_death(Terminated(ref, existence_confirmed=False))
            return
        association.matter()
        watchers = self.here.setdefault(ref, {})
        watchers[watcher] = None
        if len(watchers) == 1:
            association.say(WATCH, ref.target)

    def unwatch(self, ref: RemoteRef, watcher: ActorRef[Any]) -> None:
        watchers = self.here.get(ref)
        if watchers is not None and watcher in watchers:
            del watchers[watcher]
            if not watchers:
                del self.here[ref]
                self._association.say(UNWATCH, ref.target)

    def notice(self, target: str, existed: bool, reason: BaseException | None) -> None:
        """The other system says that an actor of it has stopped."""
        ref = self._association.remote.ref_of(f"{self._association.address}{target}")
        assert isinstance(ref, RemoteRef)
        for watcher in self.here.pop(ref, ()):
            watcher._notice_death(Terminated(ref, existed, reason))

    def bury(self, reason: str) -> None:
        """The run of the other system that we spoke with is over."""
        here, self.here = self.here, {}
        existed = self._association.uid is not None
        for ref, watchers in here.items():
            for watcher in watchers:
                watcher._notice_death(Terminated(ref, existed, RemoteError(f"its system is lost: {reason}")))
        self.forget_there()

    # Of actors here

    def watch_for_there(self, target: str) -> None:
        if target not in self._there:
            watched = self._association.remote.names.own(target)
            watcher = self._there[target] = _Watcher(self._association, target, watched)
            watched._watched_by(watcher)

    def unwatch_for_there(self, target: str) -> None:
        watcher = self._there.pop(target, None)
        if watcher is not None:
            watcher.watched._unwatched_by(watcher)

    def forget_there(self) -> None:
        """The other system watches nobody here, until it says so again."""
        for target in list(self._there):
            self.unwatch_for_there(target)

    def stopped(self, watcher: _Watcher, notice: Terminated) -> None:
        """One that the other system watches has stopped."""
        self._there.pop(watcher.target, None)
        reason = None if notice.reason is None else f"{type(notice.reason).__name__}: {notice.reason}"
        self._association.say(NOTICE, watcher.target, notice.existence_confirmed, reason)


class _Watcher(ActorRef[Any]):
    """Watches one actor here, for all in the other system that watch it."""

    __slots__ = ("_association", "target", "watched")

    def __init__(self, association: Association, target: str, watched: ActorRef[Any]) -> None:
        self._association = association
        self.target = target
        self.watched = watched

    @property
    def path(self) -> str:
        return f"{self._association.address}/watcher"

    @property
    def system(self) -> ActorSystem:
        return self._association.system

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        self.system.publish_dead_letter(DeadLetter(message, sender, self))

    def _notice_death(self, notice: Terminated) -> None:
        self._association.watches.stopped(self, notice)
