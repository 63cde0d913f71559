"""The base class of actors.

Contract. An actor handles one message at a time: while a handler awaits, the next message waits. Nothing outside
touches an actor's state; it has a context (`self.context`) of its own, and its context variables are its own too.

| what | when | may be |
|---|---|---|
| `__init__` | at each start and restart; `self.context` is there | def |
| `pre_start` | before the first message | def or async def |
| `receive` | for each message; a value of None, or an awaitable of it | def or async def |
| `pre_restart(cause, message)` | on the failed instance; stops the children, then calls `post_stop` | both |
| `post_restart(cause)` | on the new instance; calls `pre_start` | both |
| `post_stop` | after the children have stopped, before the rest of the mailbox becomes dead letters | both |

What raises in `__init__`, `pre_start` or `post_restart` is an `ActorInitializationError` (the actor stops, by default);
in `receive` the parent's strategy decides (restart, by default); in `pre_restart` or `post_stop` it is logged, and
the restart or stop goes on. A handler that is cancelled, other than by the stopping of its actor, has failed.

    who                  the actor                    its parent
    ---                  ---------                    ----------
    ref.tell(m) ───────► receive(m)
                         raises error ──────────────► supervisor_strategy decides:
                         (takes no messages,            RESUME    go on with the same instance
                          its children neither)         RESTART   pre_restart, __init__, post_restart, go on
                                                        STOP      children stop, post_stop, Terminated to watchers
                                                        ESCALATE  the parent fails with the same error
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast

from ._types import M_contra
from .errors import DeathPactError
from .messages import Terminated
from .supervision import OneForOneStrategy, SupervisorStrategy

if TYPE_CHECKING:
    from .context import ActorContext
    from .ref import ActorRef

__all__ = ["Actor"]

Hook = Awaitable[None] | None


class _NoContext:
    """Stands for the context of what is no actor yet. (A `__getattr__` would slow every attribute of every actor.)"""

    def __get__(self, actor: object, cls: type) -> Any:
        if actor is None:
            return self
        raise RuntimeError(
            f"{cls.__name__} has no context: actors are made by system.spawn or self.context.spawn, which return a ref;"
            " they are not made by calling the class"
        )


class Actor(Generic[M_contra]):
    """Subclass it and define `receive`. ``Actor[Greet | Bye]`` says what it may be told; ``Actor`` alone says anything.

    Actors are made by `spawn`, never by calling the class.
    """

    #: How failures of this actor's children are judged: at most 10 restarts in 60 s, then stop. May be a property.
    supervisor_strategy: SupervisorStrategy = OneForOneStrategy()

    #: The actor's own ways: children, watches, timers, stash, become. There already in `__init__`.
    context: ActorContext = cast("ActorContext", _NoContext())

    _props: ClassVar[Any]  # see Props.of

    def receive(self, message: M_contra) -> Hook:
        """Handle one message. Call `self.unhandled(message)` for what is not yours."""
        self.unhandled(message)
        return None

    def pre_start(self) -> Hook:
        """Called before the first message."""
        return None

    def post_stop(self) -> Hook:
        """Called when the actor has stopped, its children too."""
        return None

    def pre_restart(self, cause: BaseException, message: Any | None) -> Hook:
        """Called on the instance that is given up; `message` is what it was handling, if anything.

        Stops the children and calls `post_stop`. Override it without `super()` to keep the children: they are
        restarted after this actor.
        """
        for child in self.context.children:
            self.context.unwatch(child)
            self.context.stop(child)
        return self.post_stop()

    def post_restart(self, cause: BaseException) -> Hook:
        """Called on the new instance; calls `pre_start`."""
        return self.pre_start()

    def unhandled(self, message: Any) -> None:
        """Publish `message` as an `UnhandledMessage`.

        :raises DeathPactError: when it is a `Terminated`: an actor that watches must say what the death means to it.
        """
        if isinstance(message, Terminated):
            raise DeathPactError(f"{self.ref.path} watches {message.ref.path} but does not handle its Terminated")
        self.context.publish_unhandled(message)

    def reply(self, message: Any) -> None:
        """Send `message` to the sender of the current message (to the dead letters when it has none).

        When the sender asked, an exception (or a `Failure`) is raised where it asked.
        """
        cell = self.context._cell
        envelope = cell.envelope
        if envelope is None or envelope[1] is None:
            cell.system.dead_letters.tell(message, cell.ref)
        else:
            envelope[1].tell(message, cell.ref)

    @property
    def ref(self) -> ActorRef[M_contra]:
        """This actor's ref: give it to others in place of `self`."""
        return self.context.self_ref

    @property
    def sender(self) -> ActorRef[Any] | None:
        """Who sent the current message; None when it did not say."""
        return self.context.sender

    @property
    def log(self) -> logging.LoggerAdapter[logging.Logger]:
        """A logger whose records carry the actor's path."""
        return self.context.log
