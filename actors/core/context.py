"""What an actor can do with itself: `self.context`."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ._death_watch import unwatch, watch
from ._errands import pipe_to
from ._stash import stash_current, unstash_all
from ._types import M
from .ask import Reply
from .messages import UnhandledMessage
from .props import Props
from .ref import ActorRef
from .selection import ActorSelection

if TYPE_CHECKING:
    from ._cell import Cell
    from .actor import Actor
    from .instrument import Handler
    from .system import ActorSystem
    from .timers import Timers

__all__ = ["ActorContext"]


class ActorContext:
    """The actor's own side of the runtime. Only the actor itself may use it, from its handlers and hooks."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    @property
    def self_ref(self) -> ActorRef[Any]:
        """The actor's ref."""
        return self._cell.ref

    @property
    def system(self) -> ActorSystem:
        """The system it lives in."""
        return self._cell.system

    @property
    def parent(self) -> ActorRef[Any]:
        """The ref of its parent."""
        parent = self._cell.parent
        return self._cell.ref if parent is None else parent.ref

    @property
    def sender(self) -> ActorRef[Any] | None:
        """Who sent the current message; None when it did not say, or between messages."""
        envelope = self._cell.envelope
        sender: ActorRef[Any] | None = None if envelope is None else envelope[1]
        return sender

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records have the actor's path in front."""
        return self._cell.logger()

    # Children

    @property
    def children(self) -> tuple[ActorRef[Any], ...]:
        """The refs of the children, those that are stopping included, in the order they were spawned."""
        return tuple(child.ref for child in (self._cell.children or {}).values())

    def child(self, name: str) -> ActorRef[Any] | None:
        """The ref of the child of that name, or None."""
        child = (self._cell.children or {}).get(name)
        return None if child is None else child.ref

    def spawn(self, props: Props[M] | type[Actor[M]], name: str | None = None) -> ActorRef[M]:
        """Make a child. It starts in a turn of its own; messages sent meanwhile wait for it.

        :param name: unique among living siblings; ``$a``, ``$b``, … when None.
        :raises InvalidActorName: for a name that is taken or not allowed.
        :raises RuntimeError: when this actor is stopping.
        """
        return self._cell.spawn(Props.of(props), name)

    def stop(self, ref: ActorRef[Any]) -> None:
        """Stop a child, or the actor itself, after its current message; its queue becomes dead letters."""
        self._cell.stop_other(ref)

    # Death watch

    def watch(self, ref: ActorRef[Any], message: Any = None) -> ActorRef[Any]:
        """Get `Terminated(ref)` (or `message`) when that actor stops, exactly once; at once when it is dead already.

        :returns: `ref`.
        :raises ValueError: when it is watched already with another message.
        :raises TypeError: when `ref` is no ref.
        """
        if not isinstance(ref, ActorRef):
            raise TypeError(
                f"{self._cell.ref.path} can watch an ActorRef, not {ref!r}"
                + (": resolve_one() finds the ref" if isinstance(ref, ActorSelection) else "")
            )
        watch(self._cell, ref, message)
        return ref

    def unwatch(self, ref: ActorRef[Any]) -> ActorRef[Any]:
        """No longer; a notice that is queued already will not arrive."""
        unwatch(self._cell, ref)
        return ref

    # Behaviour

    def become(self, handler: Handler, discard_old: bool = True) -> None:
        """Handle the messages that follow with `handler`; `discard_old=False` keeps the present one for `unbecome`.

        A restart brings `receive` back.
        """
        self._cell.become(handler, discard_old)

    def unbecome(self) -> None:
        """Go back to the handler before, at the bottom to `receive`."""
        self._cell.unbecome()

    # Stash

    def stash(self) -> None:
        """Put the current message aside. The stash survives a restart; at a stop it becomes dead letters.

        :raises StashError: when it was stashed already, or there is none.
        :raises StashOverflow: when `Settings.stash_capacity` messages are stashed.
        """
        stash_current(self._cell)

    def unstash_all(self) -> None:
        """Put all stashed messages in front of the mailbox, in their order."""
        unstash_all(self._cell)

    # Time

    @property
    def timers(self) -> Timers:
        """Messages to itself, later."""
        return self._cell.own_timers()

    def set_receive_timeout(self, seconds: float | timedelta | None) -> None:
        """Get a `ReceiveTimeout` whenever nothing came for `seconds`; None or infinity ends it. Survives a restart."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        self._cell.set_receive_timeout(None if seconds == math.inf else seconds)

    # Messages

    def forward(self, ref: ActorRef[Any], message: Any) -> None:
        """Send `message` on with the sender of the current one."""
        ref.tell(message, self.sender)

    def pipe_to(
        self, awaitable: Awaitable[Any], to: ActorRef[Any] | None = None, sender: ActorRef[Any] | None = None
    ) -> None:
        """Await `awaitable` beside the handlers; send its result to `to` (itself when None), an error as `Failure`.

        The actor owns the task: it is cancelled, without a message, when the actor stops or restarts.
        A result of None is sent as `Failure(TypeError)`, since None cannot be told.
        """
        pipe_to(self._cell, awaitable, self._cell.ref if to is None else to, sender)

    def actor_selection(self, path: str) -> ActorSelection:
        """Those at `path`, relative to this actor (``../sibling``, ``*``) or absolute (``/user/…``)."""
        return ActorSelection(self._cell.system, path, self._cell)

    def publish_unhandled(self, message: Any) -> None:
        """Publish `message` as an `UnhandledMessage` of this actor."""
        sender = self.sender
        if type(sender) is Reply:
            sender.unhandled_by = self._cell.ref.path  # the time-out of the ask will say so
        self._cell.system.publish_unhandled(UnhandledMessage(message, sender, self._cell.ref))
