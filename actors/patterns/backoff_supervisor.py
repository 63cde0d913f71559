"""A supervisor that starts its child again only after a growing delay.

For children that need something outside (a database, a broker) which is gone for a while: started again at once they
would fail at once, and add to the load of what tries to come back.

    others                    BackoffSupervisor                               child
    ------                    -----------------                               -----
    message ────────────────► forwards, with its sender ────────────────────► receive
    parent   ◄──────────────  with itself as the sender  ◄──────────────────  context.parent.tell(…)
                              on_failure: what would be a restart ◄─────────── raises
                              on_stop: any end ◄───────────────────────────── stops
    message ────────────────► reply_while_stopped, or a dead letter           (gone)
                              the delay of `Backoff` is over: spawns ───────► a new child, mailbox empty
    GetRestartCount ────────► RestartCount(n)

- `on_failure`: an error for which the strategy says RESTART becomes a stop and a delayed start; RESUME, STOP and
  ESCALATE are done as they are. A child that stops in any other way takes the supervisor along.
- `on_stop`: any end of the child is followed by a delayed start. Errors go to `supervisor_strategy` first, which here
  is the stopping one; Akka's default restarts at once, without any delay, which is what nobody wants of this actor.
- The count of restarts, which the delay grows with, goes back to 0 when a child has lived for `auto_reset` seconds
  (`min_backoff` when None), or with ``auto_reset=False`` when someone sends `Reset`.
- After `max_retries` restarts (-1: no limit; counted since the last reset) the supervisor stops.
- The child is a new actor each time: its `pre_restart` and `post_restart` do not run, its mailbox and stash become
  dead letters, and refs to it go stale. Talk to the supervisor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from actors.core import (
    Actor,
    ActorRef,
    DeadLetter,
    Directive,
    OneForOneStrategy,
    Props,
    StoppingStrategy,
    SupervisorStrategy,
    Terminated,
)

from ._durations import Seconds, at_least, seconds_above_zero
from .backoff import Backoff

__all__ = ["BackoffSupervisor", "CurrentChild", "GetCurrentChild", "GetRestartCount", "Reset", "RestartCount"]


@dataclass(frozen=True, slots=True)
class GetRestartCount:
    """Answered with `RestartCount`."""


@dataclass(frozen=True, slots=True)
class RestartCount:
    """How often the child was started again since the last reset."""

    count: int


@dataclass(frozen=True, slots=True)
class GetCurrentChild:
    """Answered with `CurrentChild`."""


@dataclass(frozen=True, slots=True)
class CurrentChild:
    """The child as it is now; None during a delay."""

    ref: ActorRef[Any] | None


@dataclass(frozen=True, slots=True)
class Reset:
    """The child is well: the next delay is the first one again. Only with ``auto_reset=False``."""


@dataclass(frozen=True, slots=True)
class _StartChild:
    pass


@dataclass(frozen=True, slots=True)
class _ResetIfStill:
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Options:
    child: Props[Any]
    backoff: Backoff
    strategy: SupervisorStrategy
    on_stop: bool
    child_name: str
    auto_reset: float | None
    max_retries: int
    reply_while_stopped: Any
    final_stop: Callable[[Any], bool] | None = None

    def __post_init__(self) -> None:
        at_least("max_retries", self.max_retries, -1)


class BackoffSupervisor(Actor[Any]):
    """Spawn what `on_failure` or `on_stop` returns."""

    @classmethod
    def on_failure(
        cls,
        child: Props[Any] | type[Actor[Any]],
        backoff: Backoff,
        *,
        child_name: str = "child",
        auto_reset: Seconds | Literal[False] | None = None,
        max_retries: int = -1,
        supervisor_strategy: SupervisorStrategy | None = None,
        reply_while_stopped: Any = None,
    ) -> Props[Any]:
        """Props of a supervisor that delays the restarts of a child that fails.

        :param auto_reset: seconds that a child must live for the count to go back to 0, from `min_backoff` (which
            None means) to `max_backoff`; False leaves that to `Reset`.
        :param supervisor_strategy: whose decider judges the child's errors. Its limit of restarts does not count,
            `max_retries` does.
        :param reply_while_stopped: the answer to messages during a delay; they become dead letters when it is None.
        :raises ValueError: for a value that its rule forbids.
        """
        options = _Options(
            child=child if isinstance(child, Props) else Props(child),
            backoff=backoff,
            strategy=supervisor_strategy or OneForOneStrategy(),
            on_stop=False,
            child_name=child_name,
            auto_reset=_checked_reset(auto_reset, backoff),
            max_retries=max_retries,
            reply_while_stopped=reply_while_stopped,
        )
        return Props(cls, options)

    @classmethod
    def on_stop(
        cls,
        child: Props[Any] | type[Actor[Any]],
        backoff: Backoff,
        *,
        child_name: str = "child",
        auto_reset: Seconds | Literal[False] | None = None,
        max_retries: int = -1,
        supervisor_strategy: SupervisorStrategy | None = None,
        reply_while_stopped: Any = None,
        final_stop: Callable[[Any], bool] | None = None,
    ) -> Props[Any]:
        """Props of a supervisor that starts a child again, after a delay, however it ended.

        The parameters are those of `on_failure`, and:

        :param final_stop: says of a message to the child whether the stop that follows it is for good: the supervisor
            then stops too.
        """
        options = _Options(
            child=child if isinstance(child, Props) else Props(child),
            backoff=backoff,
            strategy=supervisor_strategy or StoppingStrategy(),
            on_stop=True,
            child_name=child_name,
            auto_reset=_checked_reset(auto_reset, backoff),
            max_retries=max_retries,
            reply_while_stopped=reply_while_stopped,
            final_stop=final_stop,
        )
        return Props(cls, options)

    def __init__(self, options: _Options) -> None:
        self._options = options
        self._child: ActorRef[Any] | None = None
        self._restarts = 0
        self._will_restart = options.on_stop
        self._strategy = options.strategy if options.on_stop else _StopInsteadOfRestart(options.strategy, self._expect)

    @property
    def supervisor_strategy(self) -> SupervisorStrategy:  # type: ignore[override]
        return self._strategy

    def _expect(self) -> None:
        """The child failed, and is stopped so as to be started again."""
        self._will_restart = True

    def pre_start(self) -> None:
        self._start_child()

    def _start_child(self) -> None:
        if self._child is not None:
            return
        self._child = self.context.watch(self.context.spawn(self._options.child, self._options.child_name))
        self._will_restart = self._options.on_stop
        if self._options.auto_reset is not None:
            self.context.timers.start_single("reset", _ResetIfStill(self._restarts), self._options.auto_reset)

    def receive(self, message: Any) -> None:
        match message:
            case _StartChild():
                self._start_child()
            case _ResetIfStill(count):
                if count == self._restarts:
                    self._restarts = 0
            case Reset() if self._options.auto_reset is None:
                self._restarts = 0
            case GetRestartCount():
                self.reply(RestartCount(self._restarts))
            case GetCurrentChild():
                self.reply(CurrentChild(self._child))
            case Terminated(ref, reason=reason) if ref == self._child:
                self._child_stopped(reason)
            case _ if self.sender is not None and self.sender == self._child:
                self.context.parent.tell(message, self.ref)
            case _ if self._child is not None:
                self._child.tell(message, self.sender)
                if self._options.final_stop is not None and self._options.final_stop(message):
                    self._will_restart = False
            case _:
                self._nobody_for(message)

    def _child_stopped(self, reason: BaseException | None) -> None:
        self._child = None
        self.context.timers.cancel("reset")
        limit = self._options.max_retries
        if not self._will_restart:
            self.log.info("its child has stopped for good, and so does it")
            self.context.stop(self.ref)
        elif 0 <= limit <= self._restarts:
            self.log.error(
                "stops, since its child was started again %d times, which is all that max_retries allows", limit
            )
            self.context.stop(self.ref)
        else:
            delay = self._options.backoff.delay(self._restarts, self.context.system.random)
            self._restarts += 1
            self.log.warning("its child has stopped (%r) and is started again in %.3g s", reason, delay)
            self.context.timers.start_single("start", _StartChild(), delay)

    def _nobody_for(self, message: Any) -> None:
        answer = self._options.reply_while_stopped
        if answer is not None and self.sender is not None:
            self.sender.tell(answer, self.ref)
        else:
            self.context.system.publish_dead_letter(DeadLetter(message, self.sender, self.ref))


class _StopInsteadOfRestart(OneForOneStrategy):
    """`strategy`, whose verdict RESTART becomes STOP, and is told to `expect`."""

    __slots__ = ("_expect", "_strategy")

    def __init__(self, strategy: SupervisorStrategy, expect: Callable[[], None]) -> None:
        super().__init__()
        self._strategy = strategy
        self._expect = expect

    def decide(self, error: BaseException) -> Directive:
        directive = self._strategy.decide(error)
        if directive is not Directive.RESTART:
            return directive
        self._expect()
        return Directive.STOP


def _checked_reset(value: Seconds | Literal[False] | None, backoff: Backoff) -> float | None:
    if value is False:
        return None
    seconds = backoff.min_backoff if value is None else seconds_above_zero("auto_reset", value)
    if not backoff.min_backoff <= seconds <= backoff.max_backoff:
        raise ValueError(
            f"auto_reset must be from min_backoff ({backoff.min_backoff:g} s) to max_backoff"
            f" ({backoff.max_backoff:g} s), not {seconds:g} s"
        )
    return seconds
