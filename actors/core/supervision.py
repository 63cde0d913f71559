"""What a parent decides when a child fails.

| directive | the child |
|---|---|
| RESUME | goes on with its state; the message that failed is gone |
| RESTART | gets a new instance; path, ref, mailbox, stash, watches and watchers stay |
| STOP | stops, its reason in the log and in `Terminated` |
| ESCALATE | the parent itself fails with the same error |

By default `ActorInitializationError`, `ActorKilledError` and `DeathPactError` stop, another `Exception` (and a
`CancelledError` that left a handler) restarts, what is not an `Exception` escalates.
"""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Callable, Mapping
from datetime import timedelta

from .errors import ActorInitializationError, ActorKilledError, DeathPactError

__all__ = [
    "AllForOneStrategy",
    "Decider",
    "Directive",
    "OneForOneStrategy",
    "StoppingStrategy",
    "SupervisorStrategy",
    "default_decider",
    "stopping_decider",
]


class Directive(enum.Enum):
    """What becomes of a child that failed."""

    RESUME = "resume"
    RESTART = "restart"
    STOP = "stop"
    ESCALATE = "escalate"


#: What to do about an error: a function that returns a directive, or None where the default decider is to decide; or
#: directives by class of error, of which the most specific one counts.
Decider = Callable[[BaseException], Directive | None] | Mapping[type[BaseException], Directive]


def default_decider(error: BaseException) -> Directive:
    """Akka's default, where a `CancelledError` counts as an `Exception`."""
    if isinstance(error, ActorInitializationError | ActorKilledError | DeathPactError):
        return Directive.STOP
    if isinstance(error, Exception | asyncio.CancelledError):
        return Directive.RESTART
    return Directive.ESCALATE


def stopping_decider(error: BaseException) -> Directive:
    """Stops on every `Exception`."""
    return Directive.STOP if isinstance(error, Exception | asyncio.CancelledError) else Directive.ESCALATE


class SupervisorStrategy:
    """One-for-one or all-for-one, with a limit of restarts.

    :param max_restarts: restarts allowed within `within`; 0 for none, -1 for no limit (with a finite window, Akka's
        rule makes -1 mean one per window).
    :param within: seconds (or a `timedelta`) of the window, which the first failure opens and which does not slide;
        None or infinity counts for the child's whole life.
    :param decider: see `Decider`; what it leaves open goes to `default_decider`.
    """

    __slots__ = ("_decide", "max_restarts", "within")

    #: Whether a verdict of RESTART or STOP is for all children.
    all_for_one = False

    def __init__(
        self, max_restarts: int = 10, within: float | timedelta | None = 60.0, decider: Decider | None = None
    ) -> None:
        if isinstance(within, timedelta):
            within = within.total_seconds()
        if max_restarts < -1:
            raise ValueError(f"max_restarts must be at least -1 (no limit), not {max_restarts}")
        if within is not None and not within > 0:
            raise ValueError(f"within must be above 0 seconds, not {within}")
        self.max_restarts = max_restarts
        self.within = math.inf if within is None else float(within)
        self._decide = _by_class(decider) if isinstance(decider, Mapping) else decider

    def decide(self, error: BaseException) -> Directive:
        """The directive for `error`, before the limit of restarts is looked at."""
        directive = None if self._decide is None else self._decide(error)
        return default_decider(error) if directive is None else directive

    def allows_restart(self, history: tuple[int, float], now: float) -> tuple[int, float] | None:
        """Count one more failure at `now` into `history` (failures, start of window); None when it is one too many."""
        count, opened = history
        limit = 1 if self.max_restarts == -1 and self.within != math.inf else self.max_restarts
        if limit == -1:
            return count + 1, opened
        if limit == 0:
            return None
        if count == 0 or now - opened > self.within:
            return 1, now
        return (count + 1, opened) if count < limit else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(max_restarts={self.max_restarts}, within={self.within})"


class OneForOneStrategy(SupervisorStrategy):
    """The verdict is for the child that failed."""

    __slots__ = ()


class AllForOneStrategy(SupervisorStrategy):
    """RESTART and STOP are for all children; RESUME and ESCALATE concern only the one that failed."""

    __slots__ = ()
    all_for_one = True


class StoppingStrategy(OneForOneStrategy):
    """Stops a child at its first failure."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(max_restarts=0, within=None, decider=stopping_decider)


def _by_class(directives: Mapping[type[BaseException], Directive]) -> Callable[[BaseException], Directive | None]:
    def decide(error: BaseException) -> Directive | None:
        for cls in type(error).__mro__:
            if cls in directives:
                return directives[cls]
        return None

    return decide
