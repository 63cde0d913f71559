"""`FSM`: an actor that is always in one of a few named states, and says per state what a message does.

Contract. The state is a value (a member of an `Enum`, usually), the data another one; both change only by what the
functions of the state return. All functions may be `def` or `async def`.

    class Door(FSM[State, int]):
        def __init__(self) -> None:
            self.start_with(State.SHUT, 0)

        @when(State.SHUT)                                   # functions of one state are tried in their order
        def shut(self, event, opened):                      # event: the message; opened: the data
            if event == "open":
                return self.goto(State.OPEN).using(opened + 1)
            return None                                     # not handled here: the next function, then when_unhandled

        @when(State.OPEN, timeout=5.0)                      # nothing came for 5 s: StateTimeout() is the event
        def opened(self, event, opened): ...

        @on_transition(State.SHUT, State.OPEN)              # None for any; the old state is current, the new data is
        def ring(self, before, after): ...                  # self.next_state_data

    message              state functions            what they return is done in this order
    -------              ---------------            --------------------------------------
    any ───────────────► cancel the state timeout
                         functions of the state
                         (None) when_unhandled ───► replies → transition functions → subscribers → the new state and
                                                    data → its timeout is armed

What they return: `goto(state)` fires transitions even when it is the present state, `stay()` does not; both arm the
timeout of the state anew. `stop()` and `stop(error)` end the actor. At the start the transition from the first state
to itself fires. `on_termination` is called once: NORMAL after `stop()`, FAILURE after `stop(error)`, SHUTDOWN when the
actor is stopped from outside or restarted.

A `goto` to a state without functions raises `UnknownState`, a failure as any other. (Akka calls the termination handler
and lets the actor live on in its old state; errors here are not told in passing.)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from actors.core import Actor, ActorError, ActorRef

from ._durations import Seconds, seconds_above_zero
from .fsm_messages import (
    CurrentState,
    StateTimeout,
    StopEvent,
    StopReason,
    SubscribeTransitions,
    Transition,
    UnsubscribeTransitions,
)

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    S = TypeVar("S", bound=Hashable, default=Any)
    D = TypeVar("D", default=Any)
else:
    from typing import TypeVar

    S = TypeVar("S")
    D = TypeVar("D")

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["FSM", "Next", "UnknownState", "on_transition", "when"]

_TIMEOUT = "FSM state timeout"
_AS_THE_STATE_SAYS = object()


class UnknownState(ActorError):
    """There is no function `@when` of the state to go to."""


@dataclass(frozen=True, slots=True)
class Next(Generic[S, D]):
    """What a state function returns: made by `goto`, `stay` and `stop`, refined by these methods, each a new one."""

    state: S
    data: D
    notifies: bool
    timeout: Any = _AS_THE_STATE_SAYS
    replies: tuple[Any, ...] = ()
    stop: StopReason | None = None
    error: BaseException | None = None

    def using(self, data: D) -> Next[S, D]:
        """With this data."""
        return replace(self, data=data)

    def for_max(self, seconds: Seconds | None) -> Next[S, D]:
        """With this timeout, once, in place of the state's own; None for none."""
        return replace(self, timeout=None if seconds is None else seconds_above_zero("for_max", seconds))

    def replying(self, message: Any) -> Next[S, D]:
        """Sending `message` to the sender first."""
        return replace(self, replies=(*self.replies, message))


def when(state: Hashable, *, timeout: Seconds | None = None) -> Callable[[F], F]:
    """The decorated method handles the events of `state`.

    :param timeout: seconds after which a silent state gets `StateTimeout()`; one of its functions is to name it.
    """
    seconds = None if timeout is None else seconds_above_zero("timeout", timeout)

    def mark(function: F) -> F:
        vars(function).setdefault("fsm_states", []).insert(0, (state, seconds))
        return function

    return mark


def on_transition(before: Hashable = None, after: Hashable = None) -> Callable[[F], F]:
    """The decorated method is called with (before, after) at transitions from `before` to `after`; None for any."""

    def mark(function: F) -> F:
        vars(function).setdefault("fsm_transitions", []).insert(0, (before, after))
        return function

    return mark


class FSM(Actor[Any], Generic[S, D]):
    """See the head of this module. Call `start_with` in `__init__`; a `pre_start` of your own calls `super()`'s."""

    _functions: ClassVar[dict[Hashable, list[str]]] = {}
    _timeouts: ClassVar[dict[Hashable, float]] = {}
    _transitions: ClassVar[list[tuple[Hashable, Hashable, str]]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._functions, cls._timeouts, cls._transitions = {}, {}, []
        for name in dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base)):
            function = inspect.getattr_static(cls, name)
            for state, seconds in getattr(function, "fsm_states", ()):
                cls._functions.setdefault(state, []).append(name)
                if seconds is not None:
                    cls._timeouts[state] = seconds
            for before, after in getattr(function, "fsm_transitions", ()):
                cls._transitions.append((before, after, name))

    _current: Next[S, D] | None = None
    _next: Next[S, D] | None = None
    _terminated = False
    _subscribers: dict[ActorRef[Any], None] | None = None

    # For subclasses

    def start_with(self, state: S, data: D) -> None:
        """The first state and data."""
        self._current = Next(state, data, notifies=True)

    @property
    def state_name(self) -> S:
        """The present state."""
        return self._started().state

    @property
    def state_data(self) -> D:
        """The present data."""
        return self._started().data

    @property
    def next_state_data(self) -> D:
        """In a transition function: the data of the state to come."""
        if self._next is None:
            raise RuntimeError(f"{self.ref.path}: next_state_data is for transition functions")
        return self._next.data

    def goto(self, state: S) -> Next[S, D]:
        """To `state`, with the same data unless `using` says otherwise."""
        return Next(state, self.state_data, notifies=True)

    def stay(self) -> Next[S, D]:
        """In the present state; no transition fires."""
        return Next(self.state_name, self.state_data, notifies=False)

    def stop(self, error: BaseException | None = None) -> Next[S, D]:
        """To the end: NORMAL, or FAILURE with `error`, which is logged."""
        reason = StopReason.NORMAL if error is None else StopReason.FAILURE
        return replace(self.stay(), stop=reason, error=error)

    def when_unhandled(self, event: Any, data: D) -> Any:
        """Called for what no function of the state handled. By default: warns, publishes it as unhandled, stays."""
        self.log.warning("has nothing for %s in state %s", type(event).__name__, self.state_name)
        if not isinstance(event, StateTimeout):
            self.unhandled(event)
        return self.stay()

    def on_termination(self, event: StopEvent) -> Any:
        """Called once, at the end."""

    # The machine

    async def pre_start(self) -> None:
        await self._make_transition(self._started())

    async def receive(self, message: Any) -> None:
        match message:
            case SubscribeTransitions(ref):
                self._subscribers = {**(self._subscribers or {}), ref: None}
                ref.tell(CurrentState(self.ref, self.state_name), self.ref)
            case UnsubscribeTransitions(ref):
                self._subscribers = {each: None for each in self._subscribers or () if each != ref}
            case _:
                self.context.timers.cancel(_TIMEOUT)
                await self._make_transition(await self._handled(message))

    async def _handled(self, event: Any) -> Next[S, D]:
        data = self.state_data
        for name in self._functions[self.state_name]:
            outcome = await _settled(getattr(self, name)(event, data))
            if outcome is not None:
                return self._checked(outcome, name)
        return self._checked(await _settled(self.when_unhandled(event, data)), "when_unhandled")

    def _checked(self, outcome: Any, name: str) -> Next[S, D]:
        if not isinstance(outcome, Next):
            raise TypeError(
                f"{type(self).__name__}.{name} returned {outcome!r}: it must return goto(…), stay() or stop()"
                + ("" if name == "when_unhandled" else ", or None for what it does not handle")
            )
        return outcome

    async def _make_transition(self, to: Next[S, D]) -> None:
        for reply in to.replies:
            self.reply(reply)
        if to.stop is not None:
            self._current = to
            if to.error is not None:
                self.log.error("stops itself for %r", to.error, exc_info=to.error)
            await self._terminate(to.stop, to.error)
            self.context.stop(self.ref)
            return
        if to.state not in self._functions:
            known = ", ".join(str(state) for state in self._functions) or "none"
            raise UnknownState(f"{type(self).__name__} has no function @when({to.state}); it has: {known}")
        if to.notifies:
            before, self._next = self.state_name, to
            try:
                await self._tell_of(before, to.state)
            finally:
                self._next = None
        self._current = to
        seconds = self._timeouts.get(to.state) if to.timeout is _AS_THE_STATE_SAYS else to.timeout
        if seconds is not None:
            self.context.timers.start_single(_TIMEOUT, StateTimeout(), seconds)

    async def _tell_of(self, before: S, after: S) -> None:
        for wanted_before, wanted_after, name in self._transitions:
            if wanted_before in (None, before) and wanted_after in (None, after):
                await _settled(getattr(self, name)(before, after))
        for ref in list(self._subscribers or ()):
            if ref.is_terminated:
                self._subscribers = {each: None for each in self._subscribers or () if each != ref}
            else:
                ref.tell(Transition(self.ref, before, after), self.ref)

    async def post_stop(self) -> None:
        if self._current is not None:
            await self._terminate(StopReason.SHUTDOWN, None)

    async def _terminate(self, reason: StopReason, error: BaseException | None) -> None:
        if not self._terminated:
            self._terminated = True
            await _settled(self.on_termination(StopEvent(reason, self.state_name, self.state_data, error)))

    def _started(self) -> Next[S, D]:
        if self._current is None:
            raise RuntimeError(f"{type(self).__name__} must call self.start_with(state, data) in __init__")
        return self._current


async def _settled(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
