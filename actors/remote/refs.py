"""Refs of actors elsewhere, and the names that refs have between systems.

A ref's full name is ``actors://SYSTEM@HOST:PORT/user/…/NAME#UID``. What it names is, seen from a system,

| name | ref |
|---|---|
| an actor of its own that lives | that actor's `LocalRef` |
| what it sent out that is no actor (the ref an ask waits with) | that ref, as long as it lives |
| something of its own that is gone, or never was | `GoneRef`: what it is told is a dead letter |
| anything of another system | `RemoteRef` |

UID 0 is whoever lives at that path when a message comes.
"""

from __future__ import annotations

import itertools
from collections.abc import Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from actors.core import ActorRef, ActorSystem, Terminated
from actors.core.ask import Reply
from actors.core.ref import GoneRef, LocalRef

from .address import Address

if TYPE_CHECKING:
    from ._association import Association

__all__ = ["Names", "RemoteRef"]


class RemoteRef(ActorRef[Any]):
    """The ref of an actor in another system. One per actor and system: refs of the same actor are the same object."""

    __slots__ = ("_path", "_uid", "association", "target")

    def __init__(self, association: Association, path: str, uid: int) -> None:
        self.association = association
        self.target = f"{path}#{uid}"
        self._path = path
        self._uid = uid

    @property
    def path(self) -> str:
        return f"{self.association.address}{self._path}"

    @property
    def uid(self) -> int:
        return self._uid

    @property
    def address(self) -> Address:
        """The system it lives in."""
        return self.association.address

    @property
    def system(self) -> ActorSystem:
        return self.association.system

    @property
    def is_terminated(self) -> bool:
        """Whether its system is known to be lost."""
        return self.association.is_dead_to_us(self)

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """As to a local actor: at most once, in order, never waits. A lost or overrun system's are dead letters.

        :raises MessageRefused: when the message cannot cross, or is larger than `RemoteSettings.message_limit`.
        """
        if message is None:
            raise TypeError(f"None was told to {self.path}: a message must be something; define a class for it")
        self.association.tell(self, message, sender)

    def ask(self, message: Any, timeout: float | timedelta | None = None) -> Coroutine[Any, Any, Any]:
        """As of a local actor; waits for room in the queue first, without counting that as time for the answer."""
        return (
            self._ask_when_there_is_room(message, timeout)
            if self.association.is_full
            else super().ask(message, timeout)
        )

    async def _ask_when_there_is_room(self, message: Any, timeout: float | timedelta | None) -> Any:
        await self.association.room()
        return await super().ask(message, timeout)

    async def send(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """Like `tell`, but wait until the queue of messages for that system has room."""
        await self.association.room()
        self.tell(message, sender)

    def __repr__(self) -> str:
        return f"<RemoteRef {self.path}#{self._uid}>"

    def _watched_by(self, watcher: ActorRef[Any]) -> None:
        self.association.watches.watch(self, watcher)

    def _unwatched_by(self, watcher: ActorRef[Any]) -> None:
        self.association.watches.unwatch(self, watcher)

    def _notice_death(self, notice: Terminated) -> None:
        self.tell(notice)

    def _state_for(self, message: Any) -> str:
        return self.association.describe()


class Names:
    """Names of refs, and refs of names, as one system sees them.

    ``uid``: of this run of the system; names of refs that are no actors carry it, since their paths come again in the
    next run.
    """

    def __init__(self, system: ActorSystem, own: Address, uid: int) -> None:
        self._system = system
        self._own = str(own)
        self._local = f"actors://{system.name}"
        self._uid = uid
        self._name_of: WeakKeyDictionary[ActorRef[Any], str] = WeakKeyDictionary()
        self._ref_of: WeakValueDictionary[str, ActorRef[Any]] = WeakValueDictionary()  # by full name, and by target
        self._numbers = itertools.count(1)
        self._last: tuple[ActorRef[Any] | None, str] = (None, "")

    def name_of(self, ref: ActorRef[Any]) -> str:
        """The full name of any ref."""
        last, name = self._last
        if ref is last:
            return name
        found = self._name_of.get(ref)
        if found is None:
            if type(ref) is Reply:  # named once, as a rule: not worth a place among the names
                return self._own + self._new_target(ref)
            if isinstance(ref, RemoteRef):
                found = f"{ref.address}{ref.target}"
            else:
                found = self._own + self._new_target(ref)
            self._name_of[ref] = found
        self._last = (ref, found)
        return found

    def _new_target(self, ref: ActorRef[Any]) -> str:
        path = ref.path.removeprefix(self._local)
        if isinstance(ref, LocalRef):
            return f"{path}#{ref.uid}"
        if not path.startswith("/temp/"):
            path = f"/temp/{next(self._numbers)}/{path.rpartition('/')[2]}"
        target = f"{path}#{self._uid}"
        self._ref_of[target] = ref
        return target

    def named(self, name: str) -> ActorRef[Any] | None:
        """The ref of a full name or a target, when it was asked for before."""
        return self._ref_of.get(name)

    def keep(self, name: str, ref: ActorRef[Any]) -> None:
        """Have `named` find it, as long as it lives."""
        self._ref_of[name] = ref

    def own(self, target: str) -> ActorRef[Any]:
        """The ref of a target in this system."""
        found = self._ref_of.get(target)
        if found is not None:
            return found
        path, _, uid = target.partition("#")
        cell = self._system.root
        for part in path.split("/")[1:]:
            child = (cell.children or {}).get(part)
            if child is None:
                return self._nobody(path)
            cell = child
        if uid not in ("0", str(cell.ref.uid)) or cell.is_stopped:
            return self._nobody(path)
        if uid != "0":
            self._ref_of[target] = cell.ref
        return cell.ref

    def own_part(self, name: str) -> str | None:
        """The target in a full name, when it is of this system."""
        return name[len(self._own) :] if name.startswith(self._own + "/") else None

    def _nobody(self, path: str) -> ActorRef[Any]:
        return self._system.dead_letters if path == "/deadLetters" else GoneRef(self._system, self._local + path)
