"""`Aggregator`: ask several, collect what comes until all is there or the time is up, send on one combined answer.

    whoever spawned it         Aggregator                                  those asked
    ------------------         ----------                                  -----------
    Props(Aggregator, …) ────► send_requests(its own ref) ───────────────► requests, the ref as their sender
                               collects, in the order of arrival ◄──────── answers
    reply_to ◄───────────────  combine(answers)                            all `expected` are there, or the time is up
                               stops                                       what comes later is a dead letter

It lives as long as one question: spawn one per question, as a child of the actor that wants to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Failure

from ._durations import Seconds, at_least, seconds_above_zero

__all__ = ["Aggregator"]


@dataclass(frozen=True, slots=True)
class _TimeIsUp:
    pass


class Aggregator(Actor[Any]):
    """Spawn ``Props(Aggregator, send_requests, expected, reply_to, combine, timeout=3)``.

    :param send_requests: called once with the aggregator's ref; sends the requests so that answers go to it.
    :param expected: how many answers make it complete, at least 1.
    :param reply_to: who gets the combined answer.
    :param combine: makes it from the answers that came (fewer than `expected` when the time is up; maybe none).
        When it raises, `reply_to` gets the error as a `Failure`.
    :param timeout: seconds to wait for the answers.
    """

    def __init__(
        self,
        send_requests: Callable[[ActorRef[Any]], object],
        expected: int,
        reply_to: ActorRef[Any],
        combine: Callable[[tuple[Any, ...]], Any],
        timeout: Seconds = 3.0,
    ) -> None:
        self._send_requests = send_requests
        self._expected = at_least("expected", expected, 1)
        self._reply_to = reply_to
        self._combine = combine
        self._timeout = seconds_above_zero("timeout", timeout)
        self._answers: list[Any] = []

    def pre_start(self) -> None:
        self.context.timers.start_single("time is up", _TimeIsUp(), self._timeout)
        self._send_requests(self.ref)

    def receive(self, message: Any) -> None:
        if not isinstance(message, _TimeIsUp):
            self._answers.append(message)
            if len(self._answers) < self._expected:
                return
        try:
            combined = self._combine(tuple(self._answers))
        except Exception as error:  # noqa: BLE001 - a restart would ask everybody again: who waits is told instead
            combined = Failure(error)
        self._reply_to.tell(combined, self.ref)
        self.context.stop(self.ref)
