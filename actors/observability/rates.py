"""`Rates`: how many messages each actor handles per second, for `ActorSystem.tree`.

await system.attach_instrument(rates)     counting begins; one number per actor
print(system.tree())                      workers  Worker, running, 118.3/s
await system.detach_instrument(rates)     nothing is on the way of a message any more
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from actors.core import ActorRef, Instrument
from actors.core.instrument import Handler

__all__ = ["Rates"]


class _Count:
    __slots__ = ("messages", "rate", "seen", "since")

    def __init__(self, now: float) -> None:
        self.messages = 0
        self.seen = 0  # of them, when somebody last looked
        self.since = now
        self.rate = 0.0


class Rates(Instrument):
    """Counts messages per actor. A rate is the average since it was last looked at (at first: since counting began)."""

    def __init__(self) -> None:
        self._counts: dict[ActorRef[Any], _Count] = {}

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        count = self._counts.get(ref)
        if count is None:
            count = self._counts[ref] = _Count(ref.system.clock.time())

        def counted(message: Any) -> Awaitable[None] | None:
            count.messages += 1
            return handler(message)

        return counted

    def stopped(self, ref: ActorRef[Any]) -> None:
        self._counts.pop(ref, None)

    def rate(self, ref: ActorRef[Any]) -> float | None:
        count = self._counts.get(ref)
        if count is None:
            return None
        now = ref.system.clock.time()
        if now > count.since:
            count.rate = (count.messages - count.seen) / (now - count.since)
            count.seen, count.since = count.messages, now
        return count.rate
