"""How much of some work an actor may do in one turn of the event loop, however many messages ask for it.

    budget.take(wanted)  ──▶  how many of them now; the rest is kept by the caller
    renewal, in a later turn  ──▶  budget.renew(), and the caller goes on with what it kept

An actor handles many messages in one turn, what it has told itself among them. So neither a bound per message nor a
word to itself bounds what it does in a turn: a sweep of 100,000 instances, told on from slice to slice, held the loop
for a second. A timer brings the renewal, for that is never due in the same turn.
"""

from __future__ import annotations

from typing import Any

from actors.core import Actor

__all__ = ["TurnBudget"]


class TurnBudget:
    """Belongs to `actor`, which gets `renewal` in a later turn once something was taken."""

    def __init__(self, actor: Actor[Any], per_turn: int, renewal: Any) -> None:
        self._timers = actor.context.timers
        self._per_turn = per_turn
        self._renewal = renewal
        self.left = per_turn

    def take(self, wanted: int) -> int:
        """How many of the `wanted` may be done now."""
        granted = max(0, min(wanted, self.left))
        self.left -= granted
        if wanted > 0 and not self._timers.is_active(self._renewal):
            self._timers.start_single(self._renewal, self._renewal, 0.0)
        return granted

    def renew(self) -> None:
        self.left = self._per_turn
