"""Refs: all that one actor knows of another."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Any, Generic

from ._asyncio import running_task
from ._death_watch import add_watcher, enqueue_notice, remove_watcher
from ._suspend import FOR_ANSWER, FOR_TURN
from ._task import HandlerTask
from ._types import M_contra
from .messages import ActorIdentity, DeadLetter, Identify, Kill, PoisonPill, Terminated
from .paths import path_of

if TYPE_CHECKING:
    from ._cell import Cell
    from .context import ActorContext
    from .system import ActorSystem

__all__ = ["ActorRef", "GoneRef", "LocalRef"]


class ActorRef(Generic[M_contra]):
    """The address of an actor: may be kept, compared, put into messages. It never reaches a later actor of that path.

    A ref stays valid over restarts. After the actor has stopped, messages to it become dead letters.
    """

    __slots__ = ("__weakref__",)

    @property
    def path(self) -> str:
        """``actors://SYSTEM/user/…/NAME``."""
        raise TypeError(f"{type(self).__name__} must say its path")

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def uid(self) -> int:
        """Tells this actor from others that had or will have its path; 0 where there is only one."""
        return 0

    @property
    def is_terminated(self) -> bool:
        """Whether the actor is known to have stopped."""
        return False

    @property
    def system(self) -> ActorSystem:
        """The system the ref belongs to."""
        raise TypeError(f"{type(self).__name__} must say its system")

    def tell(self, message: M_contra | PoisonPill | Kill, sender: ActorRef[Any] | None = None) -> None:
        """Send `message`: at most once, in order per sender and receiver, from any thread. Never waits.

        A stopped receiver does not raise: the message becomes a dead letter.

        :param sender: who is to get the answer; handlers pass `self.ref`.
        :raises TypeError: when `message` is None.
        """
        raise TypeError(f"{type(self).__name__} must say how it is told")

    async def ask(self, message: M_contra, timeout: float | timedelta | None = None) -> Any:
        """Send `message` with a ref of its own as the sender; return the first answer.

        An answer that is an exception, or a `Failure`, is raised. When the asker is cancelled, or the time is up, a
        late answer becomes a dead letter.

        :param timeout: seconds (or a `timedelta`); `Settings.ask_timeout` (5 s) when None.
        :raises AskTimeout: when no answer came in time, at once when the actor is known to be stopped.
        """
        system = self.system
        if get_ident() != system.asks.thread:
            raise RuntimeError(
                f"{self.path} was asked from another thread than that of its event loop: use"
                " asyncio.run_coroutine_threadsafe(ref.ask(…), ref.system.loop), or tell"
            )
        asker = running_task(system.loop)
        reply = system.asks.open(self, message, timeout)
        if isinstance(asker, HandlerTask):
            self.tell(message, reply)
            if not reply.done:
                reply.cell = asker  # type: ignore[assignment]
                asker._fut_waiter = reply
                await FOR_ANSWER
        else:
            at_once = system.dispatcher.hold()
            try:
                self.tell(message, reply)
            finally:
                if at_once:
                    system.dispatcher.turn_within(asker)
            if reply.done:
                await FOR_TURN
            else:
                try:
                    await reply.future()
                except asyncio.CancelledError:
                    reply.cancel()
                    raise
        if reply.error is not None:
            raise reply.error
        return reply.value

    async def send(self, message: M_contra, sender: ActorRef[Any] | None = None) -> None:
        """Like `tell`, but wait until a bounded mailbox has room."""
        self.tell(message, sender)

    def forward(self, message: M_contra, context: ActorContext) -> None:
        """Send `message` with the sender of the message that `context`'s actor is handling."""
        self.tell(message, context.sender)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"

    # What follows is for the runtime: one end of a death watch, wherever the actor lives.

    def _watched_by(self, watcher: ActorRef[Any]) -> None:
        """Send `watcher` a death notice when this actor stops; at once when it has."""
        watcher._notice_death(Terminated(self, existence_confirmed=False))

    def _unwatched_by(self, watcher: ActorRef[Any]) -> None:
        """Take back `_watched_by`."""

    def _notice_death(self, notice: Terminated) -> None:
        """Learn that a watched actor has stopped."""
        raise TypeError(f"{type(self).__name__} cannot watch")

    def _state_for(self, message: Any) -> str:
        """What is known about the actor and `message`, for the text of a time-out."""
        return "what the target was doing is not known here"


class LocalRef(ActorRef[M_contra]):
    """The ref of an actor in this process."""

    __slots__ = ("_cell", "_path")

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._path: str | None = None  # made when first asked for: most actors never are

    @property
    def path(self) -> str:
        if self._path is None:
            below: list[LocalRef[Any]] = []
            ref: LocalRef[Any] = self
            while ref._path is None and ref._cell.parent is not None:  # no recursion: families may be deep
                below.append(ref)
                ref = ref._cell.parent.ref
            if ref._path is None:
                ref._path = f"actors://{self._cell.system.name}/"
            path = ref._path
            for ref in reversed(below):
                path = ref._path = path_of(path, ref._cell.name)
            return path
        return self._path

    @property
    def name(self) -> str:
        return self._cell.name

    @property
    def uid(self) -> int:
        return self._cell.uid

    @property
    def is_terminated(self) -> bool:
        return self._cell.is_stopped

    @property
    def system(self) -> ActorSystem:
        return self._cell.system

    def tell(self, message: M_contra | PoisonPill | Kill, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was told to {self.path}: a message must be something; define a class for it")
        cell = self._cell
        if cell.idle:
            cell.mailbox.append((message, sender))
            cell.idle = False
            dispatcher = cell.dispatcher
            dispatcher.ready.append(cell)
            if not dispatcher.armed:
                dispatcher.arm()
            return
        if sender is None and cell.takes_bare and type(message) is not tuple:
            cell.mailbox.append(message)  # type: ignore[arg-type]  # a deque, that takes anything
        else:
            cell.mailbox.append((message, sender))
        if cell.idle:  # it has become so meanwhile, in another thread
            cell.idle = False
            cell.dispatcher.schedule(cell)

    async def send(self, message: M_contra, sender: ActorRef[Any] | None = None) -> None:
        await self._cell.mailbox_has_room()
        self.tell(message, sender)

    def __repr__(self) -> str:
        return f"<ActorRef {self.path}#{self._cell.uid}>"

    def _watched_by(self, watcher: ActorRef[Any]) -> None:
        add_watcher(self._cell, watcher)

    def _unwatched_by(self, watcher: ActorRef[Any]) -> None:
        remove_watcher(self._cell, watcher)

    def _notice_death(self, notice: Terminated) -> None:
        enqueue_notice(self._cell, notice)

    def _state_for(self, message: Any) -> str:
        from .inspection import what_became_of

        return what_became_of(self._cell, message)


class GoneRef(ActorRef[Any]):
    """What another process knows by a name, or a number, under which nobody is here any more."""

    __slots__ = ("_path", "_system")

    def __init__(self, system: ActorSystem, path: str) -> None:
        self._system = system
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    @property
    def system(self) -> ActorSystem:
        return self._system

    @property
    def is_terminated(self) -> bool:
        return True

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if type(message) is Identify and sender is not None:
            sender.tell(ActorIdentity(message.correlation, None))
        self._system.publish_dead_letter(DeadLetter(message, sender, self))
