"""Refs of two actor systems, in two processes, that reach each other over one connection.

    here                              link                                     there
    ----                              ----                                     -----
    far.tell(m, sender)          →    TELL number, m, sender               →   the ref exported under that number
    context.watch(far)           →    WATCH number, watcher                →   ref._watched_by(a far ref of the watcher)
    Terminated(far)              ←    NOTICE watcher's number, far         ←   it stopped
    (the connection is lost)     ←    Terminated of all far refs watched

A ref that crosses is exported: it gets a number, under which the other side may reach it as long as it lives (weakly:
an ask that was answered, an actor that stopped, leave nothing behind). `counterpart` is each side's ref for the actor
that the connection is about: what is the proxy here is the actor itself there, so a message that names it finds it on
either side. (Not as a watcher: what the actor there watches is its own business, not the proxy's.)
"""

from __future__ import annotations

import asyncio
import itertools
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from actors.core import ActorRef, ActorSystem, DeadLetter, Terminated
from actors.core.ref import GoneRef

from . import _pickling
from ._frames import Kind, framed
from .errors import MessageRefused

__all__ = ["FarRef", "Link"]

COUNTERPART = ("counterpart",)


class Link:
    """One end of a connection. Used on the loop's thread, but for `FarRef.tell`."""

    def __init__(self, system: ActorSystem, writer: asyncio.StreamWriter) -> None:
        self.system = system
        self.counterpart: ActorRef[Any] = system.dead_letters
        self.closed = False
        self._writer = writer
        self._thread = get_ident()
        self._numbers = itertools.count(1)
        self._exported: WeakValueDictionary[int, ActorRef[Any]] = WeakValueDictionary()
        self._number_of: WeakKeyDictionary[ActorRef[Any], int] = WeakKeyDictionary()
        self._imported: WeakValueDictionary[int, FarRef] = WeakValueDictionary()
        self._watched: dict[FarRef, dict[ActorRef[Any], None]] = {}  # far refs, and who watches them here
        self._watching: dict[tuple[ActorRef[Any], FarRef], None] = {}  # refs here, and who watches them there

    # Bytes

    def dumps(self, value: Any) -> bytes:
        """`value` for the other side.

        :raises MessageRefused: when it cannot be pickled.
        """
        try:
            return _pickling.dumps(value, self._name_of)
        except Exception as error:
            raise MessageRefused(
                f"this cannot be sent to another process, since it cannot be pickled: {value!r:.200} ({error}); send"
                " plain data and refs, of classes that are defined at the top of a module"
            ) from error

    def loads(self, body: bytes) -> Any:
        """What the other side sent.

        :raises MessageRefused: when it cannot be understood here.
        """
        try:
            return _pickling.loads(body, self._ref_of)
        except Exception as error:
            raise MessageRefused(
                f"a message from another process cannot be understood here: {error!r}; is the module of its class"
                " importable in both?"
            ) from error

    def send(self, kind: Kind, *values: Any) -> None:
        """Write a frame whose body is the tuple `values`."""
        self.send_body(kind, self.dumps(values))

    def send_body(self, kind: Kind, body: bytes) -> None:
        if not self.closed and not self._writer.is_closing():
            self._writer.write(framed(kind, body))

    def _name_of(self, ref: ActorRef[Any]) -> Any:
        if ref is self.counterpart:
            return COUNTERPART
        if isinstance(ref, FarRef) and ref.link is self:
            return ("yours", ref.number)
        return ("mine", self._export(ref), ref.path)

    def _export(self, ref: ActorRef[Any]) -> int:
        number = ref.number if isinstance(ref, _Gone) else self._number_of.get(ref)
        if number is None:
            number = self._number_of[ref] = next(self._numbers)
            self._exported[number] = ref
        return number

    def _ref_of(self, name: Any) -> ActorRef[Any]:
        match name:
            case ("yours", number):
                return self._exported.get(number) or _Gone(self, number)
            case ("mine", number, path):
                return self._import(number, path)
            case _:
                return self.counterpart

    def _import(self, number: int, path: str) -> FarRef:
        found = self._imported.get(number)
        if found is None:
            found = self._imported[number] = FarRef(self, number, path)
        return found

    # Frames about refs

    def take(self, kind: Kind, body: bytes) -> None:
        """Do what a frame of the kinds TELL, WATCH, UNWATCH, NOTICE asks for."""
        values = self.loads(body)
        match kind, values:
            case Kind.TELL, (ref, message, sender):
                ref.tell(message, sender)
            case Kind.WATCH, (ref, number, path):
                watcher = self._import(number, path)
                self._watching[ref, watcher] = None
                ref._watched_by(watcher)
            case Kind.UNWATCH, (ref, number, path):
                watcher = self._import(number, path)
                self._watching.pop((ref, watcher), None)
                ref._unwatched_by(watcher)
            case Kind.NOTICE, (number, ref, existed, reason):
                here = self._exported.get(number)
                if here is not None and self._watched.get(ref, {}).pop(here, self) is None:
                    here._notice_death(Terminated(ref, existed, reason))

    def watch(self, far: FarRef, watcher: ActorRef[Any]) -> None:
        if self.closed:
            watcher._notice_death(Terminated(far, existence_confirmed=False))
            return
        self._watched.setdefault(far, {})[watcher] = None
        self.send(Kind.WATCH, far, self._export(watcher), watcher.path)

    def unwatch(self, far: FarRef, watcher: ActorRef[Any]) -> None:
        if self._watched.get(far, {}).pop(watcher, self) is None:
            self.send(Kind.UNWATCH, far, self._export(watcher), watcher.path)

    def notice(self, watcher: FarRef, notice: Terminated) -> None:
        self._watching.pop((notice.ref, watcher), None)
        self.send(Kind.NOTICE, watcher.number, notice.ref, notice.existence_confirmed, notice.reason)

    def tell(self, far: FarRef, message: Any, sender: ActorRef[Any] | None) -> None:
        if self.closed:
            self.system.publish_dead_letter(DeadLetter(message, sender, far))
            return
        body = self.dumps((far, message, sender))  # what cannot be pickled is the caller's error
        if get_ident() == self._thread:
            self.send_body(Kind.TELL, body)
        else:
            self.system.loop.call_soon_threadsafe(self.send_body, Kind.TELL, body)

    def close(self, reason: BaseException | None = None) -> None:
        """The connection is over: those who watch far refs learn it, those over there watch no more."""
        if self.closed:
            return
        self.closed = True
        self._writer.close()
        watched, self._watched = self._watched, {}
        for far, watchers in watched.items():
            for watcher in watchers:
                watcher._notice_death(Terminated(far, True, reason))
        for ref, watcher in self._watching:
            ref._unwatched_by(watcher)
        self._watching.clear()


class FarRef(ActorRef[Any]):
    """The ref of an actor at the other end of a link."""

    __slots__ = ("_path", "link", "number")

    def __init__(self, link: Link, number: int, path: str) -> None:
        self.link = link
        self.number = number
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    @property
    def system(self) -> ActorSystem:
        return self.link.system

    @property
    def is_terminated(self) -> bool:
        return self.link.closed

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was told to {self._path}: a message must be something; define a class for it")
        self.link.tell(self, message, sender)

    def _watched_by(self, watcher: ActorRef[Any]) -> None:
        self.link.watch(self, watcher)

    def _unwatched_by(self, watcher: ActorRef[Any]) -> None:
        self.link.unwatch(self, watcher)

    def _notice_death(self, notice: Terminated) -> None:
        self.link.notice(self, notice)

    def _state_for(self, message: Any) -> str:
        return "its process has ended" if self.link.closed else "it lives in another process"


class _Gone(GoneRef):
    """What was exported under a number, and is no more."""

    __slots__ = ("number",)

    def __init__(self, link: Link, number: int) -> None:
        super().__init__(link.system, f"actors://{link.system.name}/gone/{number}")
        self.number = number
