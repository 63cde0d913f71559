"""The cell: what an actor is to the runtime. Outside of it are a ref (to others) and a context (to the actor).

Contract. `mailbox` takes envelopes ``(message, sender)`` from any thread; all else happens on the loop's thread.
The default mailbox also takes a message that has no sender as it is (`takes_bare`; a tuple needs its envelope, to be
told from one): a backlog is then as many objects fewer in memory.
A cell is *idle* when it is neither in the run queue nor running nor waiting in a handler. `blocked` counts the
reasons to leave the mailbox alone: not started, failed, suspended by a failed ancestor, restarting, stopping.

    sender                       cell                                     dispatcher
    ------                       ----                                     ----------
    mailbox.append(envelope)
    idle? idle = False ─────────────────────────────────────────────────► ready.append(cell)
                                 signals, messages ◄───────────────────── batch
    mailbox.append(envelope)
    not idle: nothing to do      settle: idle = True, *then* look again   (an append between the last look and
                                 at the mailbox ────────────────────────► idle = True would be forgotten)

Two threads that see `idle` at once schedule the cell twice. That is harmless: a batch without work does nothing, and
a waiting handler goes on only when `woken`.

A signal is a function of `_lifecycle` with its argument, queued with `signal(function, argument)`; signals go
before mail. A stopped cell stays as the tombstone of its refs: what is appended to it becomes dead letters. Actor and
cell refer to each other, and so do cell and ref, only while the actor lives: afterwards counting references frees them,
and a program that makes and ends many actors makes no work for the garbage collector.
"""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections import deque
from collections.abc import Awaitable, Callable
from contextvars import Context, copy_context
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import _lifecycle as lifecycle
from ._log import PathAdapter
from ._state import STARTING, STOPPING, State
from ._task import HandlerTask
from ._types import Envelope
from .errors import InvalidActorName
from .paths import checked_name, unnamed
from .ref import ActorRef, LocalRef
from .timers import IdleTimer, Timers

if TYPE_CHECKING:
    from ._failure import Failed
    from .actor import Actor
    from .instrument import Handler
    from .mailboxes import Mailbox
    from .props import Props
    from .system import ActorSystem

__all__ = ["Cell"]

Signal = tuple[Callable[["Cell", Any], Awaitable[None] | None], Any]


class Cell(HandlerTask):
    """One actor's mailbox, instance, family and state. What not every actor needs is None until it does."""

    __slots__ = (
        "__weakref__", "_log", "_unnamed", "actor", "behaviors", "blocked", "children", "dispatcher", "envelope",
        "failure", "grace", "history", "idle", "idle_timer", "is_stopped", "last_ref", "mailbox", "name", "parent",
        "pipes", "props", "receive", "ref", "restart_cause", "restarts", "signals", "stash", "state", "stop_reason",
        "system", "takes_bare", "timers", "uid", "variables", "watchers", "watching",
        "wave",
    )  # fmt: skip

    def __init__(self, system: ActorSystem, parent: Cell | None, props: Props[Any], name: str, uid: int) -> None:
        self.system = system
        self.parent = parent
        self.props = props
        self.name = name
        self.uid = uid
        self.ref: LocalRef[Any] = LocalRef(self)
        self.dispatcher = system.dispatcher if props.dispatcher is None else props.dispatcher.dispatcher(system)
        self.mailbox: Mailbox = deque() if props.mailbox is None else props.mailbox(self.ref)
        self.variables: Context = copy_context()
        self.state: State = STARTING
        self.is_stopped = False
        self.idle = False  # it is to be scheduled, for its first signal
        self.blocked = 0
        self.signals: Signal | deque[Signal] | None = lifecycle.START  # mostly one, and a deque is 700 bytes
        self.envelope: tuple[Any, Any] | None = None
        self.actor: Actor[Any] | None = None
        self.receive: Handler = lifecycle.no_receive
        self.children: dict[str, Cell] | None = None
        self._unnamed = 0
        # supervision
        self.failure: Failed | None = None
        self.history = (0, 0.0)
        self.restarts = 0
        self.restart_cause: BaseException | None = None
        self.stop_reason: BaseException | None = None
        # made when first needed
        self.behaviors: list[Handler] | None = None
        self.watchers: dict[ActorRef[Any], None] | None = None
        self.watching: dict[ActorRef[Any], Any] | None = None
        self.stash: deque[tuple[Any, Any]] | None = None
        self.timers: Timers | None = None
        self.idle_timer: IdleTimer | None = None
        self.pipes: set[asyncio.Future[Any]] | None = None
        self._log: logging.LoggerAdapter[logging.Logger] | None = None
        self.grace: asyncio.TimerHandle | None = None
        # as a task
        self.driver = None
        self.woken = False
        self.woken_with = None
        self.cancel_requests = 0
        self.stop_requested = False
        self._fut_waiter = None
        self._must_cancel = False
        self.wave = 0  # see _population
        instrument = system.instrument
        if instrument is not None:
            self.mailbox = instrument.mailbox(self.ref, self.mailbox)
            instrument.spawned(self.ref)
        self.takes_bare = type(self.mailbox) is deque  # nothing of a recipe or an instrument

    # Scheduling

    def enqueue(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        """What `tell` does, for the runtime's own messages."""
        self.mailbox.append((message, sender))
        if self.idle:
            self.idle = False
            self.dispatcher.schedule(self)

    def signal(self, function: Callable[[Cell, Any], Awaitable[None] | None], argument: Any = None) -> None:
        """Have ``function(self, argument)`` called before the next message. From any thread."""
        dispatcher = self.dispatcher
        if get_ident() != dispatcher.thread:
            dispatcher.loop.call_soon_threadsafe(self.signal_here, function, argument)
        else:
            self.signal_here(function, argument)

    def signal_here(self, function: Callable[[Cell, Any], Awaitable[None] | None], argument: Any) -> None:
        """The same, on the loop's thread."""
        signals = self.signals
        if signals is None:
            self.signals = (function, argument)
        elif isinstance(signals, tuple):
            self.signals = deque((signals, (function, argument)))
        else:
            signals.append((function, argument))
        if self.idle:
            self.idle = False
            self.dispatcher.schedule(self)

    def next_signal(self) -> Awaitable[None] | None:
        """Take the next signal and follow it."""
        signals = self.signals
        assert signals is not None
        if isinstance(signals, tuple):
            self.signals = None
            function, argument = signals
        else:
            function, argument = signals.popleft()
            if not signals:
                self.signals = None
        return function(self, argument)

    def settle(self) -> None:
        """The batch is over (for a dispatcher that was interrupted in it)."""
        self.envelope = None
        self.idle = True
        if self.signals is not None or (self.mailbox and not self.blocked):
            self.idle = False
            self.dispatcher.schedule(self)

    def hurry(self) -> None:
        lifecycle.hurry(self)

    def enveloped(self, entry: Any) -> Envelope:
        """What came out of the mailbox, as an envelope."""
        return entry if type(entry) is tuple or not self.takes_bare else (entry, None)

    async def mailbox_has_room(self) -> None:
        """Return when the mailbox has room, at once unless it is bounded and full."""
        room = getattr(self.mailbox, "room", None)
        if room is not None:
            await room()

    def logger(self) -> logging.LoggerAdapter[logging.Logger]:
        if self._log is None:
            self._log = PathAdapter(self.system.log, {"actor": self.ref.path})
        return self._log

    # Family

    def spawn(self, props: Props[Any], name: str | None) -> ActorRef[Any]:
        if self.state is STOPPING or self.is_stopped:
            raise RuntimeError(
                f"{self.ref.path} cannot spawn {props.cls.__name__}: it is {self.state}"
                + (f" (for {self.stop_reason!r})" if self.stop_reason else "")
            )
        children = self.children
        if children is None:
            children = self.children = {}
        if name is None:
            name = unnamed(self._unnamed)
            self._unnamed += 1
        elif checked_name(name) in children:
            raise InvalidActorName(
                f"{self.ref.path} has a child {name!r} already"
                + (" (it is stopping; watch it and wait for its Terminated)" if children[name].stop_requested else "")
            )
        system = self.system
        if system.default_dispatcher is not None and props.dispatcher is None:
            props = props.with_dispatcher(system.default_dispatcher)
        children[name] = cell = Cell(system, self, props, name, system.random.getrandbits(32) or 1)
        cell.dispatcher.schedule(cell)
        system.population.spawned(cell)
        return cell.ref

    def stop_other(self, ref: ActorRef[Any]) -> None:
        if not isinstance(ref, LocalRef) or (ref._cell is not self and ref._cell.parent is not self):
            raise ValueError(
                f"{self.ref.path} can stop only its children and itself, not {ref!r}: tell that one a PoisonPill"
            )
        lifecycle.request_stop(ref._cell)

    # Behaviour

    def install(self) -> None:
        """Let the top of the behaviours handle the messages."""
        if self.actor is None:
            return  # in its constructor: it is installed when that has returned
        handler: Handler = self.behaviors[-1] if self.behaviors else self.actor.receive
        if self.props.dispatcher is not None:
            handler = self.props.dispatcher.adapt(self, handler)
        instrument = self.system.instrument
        if instrument is not None:
            handler = instrument.handler(self.ref, handler)  # on the loop, wherever the handler itself runs
        if self.idle_timer is not None:
            handler = self.idle_timer.observe(handler)  # the outermost: a thread at work is not idleness either
        self.receive = handler

    def become(self, handler: Handler, discard_old: bool) -> None:
        if not callable(handler):
            raise TypeError(f"{self.ref.path} cannot become {handler!r}: it needs a function of one message")
        if self.behaviors is None:
            self.behaviors = []
        if discard_old and self.behaviors:
            self.behaviors.pop()
        self.behaviors.append(handler)
        self.install()

    def unbecome(self) -> None:
        if self.behaviors:
            self.behaviors.pop()
        self.install()

    # Time

    def own_timers(self) -> Timers:
        if self.timers is None:
            self.timers = Timers(self)
        return self.timers

    def set_receive_timeout(self, seconds: float | None) -> None:
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        self.idle_timer = None if seconds is None else IdleTimer(self, seconds)
        self.install()

    # Words

    def done(self) -> bool:
        return self.is_stopped

    def __repr__(self) -> str:
        return f"<Cell {self.ref.path} {self.state}>"

    def bury(self) -> None:
        """Let go of the ref: from now on only the ref keeps the cell."""
        self.last_ref: weakref.ref[LocalRef[Any]] = weakref.ref(self.ref)
        self.__class__ = StoppedCell  # first: another thread must not see a cell without a ref
        _drop_ref(self)


class StoppedCell(Cell):
    """A cell that has become the tombstone of its ref."""

    __slots__ = ()

    if not TYPE_CHECKING:

        @property
        def ref(self) -> LocalRef[Any]:
            """The ref that there always was, or another one when nobody has that any more."""
            ref = self.last_ref()
            if ref is None:
                ref = LocalRef(self)
                self.last_ref = weakref.ref(ref)
            return ref


_drop_ref = vars(Cell)["ref"].__delete__
