"""Mailboxes: in which order an actor takes its messages, and what happens when there are too many.

The default is a plain deque: unbounded, first in, first out. Others are given as recipes, which make one mailbox per
actor: ``Props(Worker).with_mailbox(BoundedMailbox(100, overflow="drop_oldest"))``.

| recipe | order | when it is full |
|---|---|---|
| none | first in, first out | never |
| `BoundedMailbox` | first in, first out | drops the newest or the oldest, or `tell` raises, or `send` waits |
| `PriorityMailbox` | least key first, equal keys first in, first out | never |
| `ControlAwareMailbox` | `ControlMessage` first, each kind first in, first out | never |

A message that is dropped becomes a dead letter. What the runtime itself puts into a mailbox (timers' ticks, death
notices) is never dropped. `system.tree()` shows depths; a bounded mailbox keeps its `high_water` mark.
"""

from __future__ import annotations

import asyncio
import heapq
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ._auto_received import AUTO_RECEIVED, INTERNAL
from ._types import Envelope
from .errors import MailboxFull
from .messages import DeadLetter

if TYPE_CHECKING:
    from .ref import ActorRef

__all__ = [
    "RUNTIME_MESSAGES",
    "BoundedMailbox",
    "ControlAwareMailbox",
    "ControlMessage",
    "Mailbox",
    "MailboxRecipe",
    "PriorityMailbox",
]


#: Messages that the runtime handles itself: a mailbox that does more than keep messages leaves these alone.
RUNTIME_MESSAGES: frozenset[type] = AUTO_RECEIVED


class Mailbox(Protocol):
    """What holds an actor's envelopes. `append` may come from any thread and never waits; the rest is the loop's.

    One that also has `async def room(self)` makes `ActorRef.send` wait for it.
    """

    def append(self, envelope: Envelope, /) -> None: ...
    def popleft(self) -> Envelope: ...
    def extendleft(self, envelopes: Iterable[Envelope], /) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...


#: Makes the mailbox of the actor with that ref.
MailboxRecipe = Callable[["ActorRef[Any]"], Mailbox]


class BoundedMailbox:
    """A recipe for mailboxes that hold at most `capacity` messages (`Settings.mailbox_capacity` when None).

    :param overflow: what happens to a message for which there is no room:
        ``"drop_newest"`` makes it a dead letter; ``"drop_oldest"`` makes the oldest one a dead letter;
        ``"fail"`` raises `MailboxFull` where it was told;
        ``"wait"`` makes it a dead letter when it was told, while ``await ref.send(…)`` waits for room.

    Several threads that tell at once may exceed the capacity by their number.
    """

    def __init__(
        self,
        capacity: int | None = None,
        overflow: Literal["drop_newest", "drop_oldest", "fail", "wait"] = "drop_newest",
    ) -> None:
        if capacity is not None and capacity < 1:
            raise ValueError(f"a bounded mailbox needs a capacity of at least 1, not {capacity}")
        if overflow not in ("drop_newest", "drop_oldest", "fail", "wait"):
            raise ValueError(f"overflow must be drop_newest, drop_oldest, fail or wait, not {overflow!r}")
        self.capacity = capacity
        self.overflow = overflow

    def __call__(self, ref: ActorRef[Any]) -> Mailbox:
        capacity = ref.system.settings.mailbox_capacity if self.capacity is None else self.capacity
        return _Bounded(ref, capacity, self.overflow)


class _Bounded(deque[Envelope]):
    def __init__(self, ref: ActorRef[Any], capacity: int, overflow: str) -> None:
        super().__init__()
        self._weak_ref = weakref.ref(ref)  # whoever appends has the ref, or the cell, which has it
        self._capacity = capacity
        self._overflow = overflow
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._promised = 0  # places for senders that are about to go on: nobody may overtake them
        #: The greatest number of messages it has held.
        self.high_water = 0

    @property
    def _ref(self) -> ActorRef[Any]:
        ref = self._weak_ref()
        assert ref is not None
        return ref

    def append(self, envelope: Envelope, /) -> None:
        if len(self) + self._promised >= self._capacity and type(envelope[0]) not in INTERNAL:
            if self._overflow == "fail":
                raise MailboxFull(
                    f"the mailbox of {self._ref.path} holds {self._capacity} messages, all that it may;"
                    f" {type(envelope[0]).__name__} was not sent (await ref.send(…) waits with overflow='wait')"
                )
            if self._overflow != "drop_oldest":
                self._drop(envelope)
                return
            for index, oldest in enumerate(self):
                if type(oldest[0]) not in INTERNAL:
                    del self[index]
                    self._drop(oldest)
                    break
        super().append(envelope)
        self.high_water = max(self.high_water, len(self))

    def popleft(self) -> Envelope:
        envelope = super().popleft()
        if self._waiting:
            self._promise()
        return envelope

    def _promise(self) -> None:
        while self._waiting and len(self) + self._promised < self._capacity:
            waiting = self._waiting.popleft()
            if not waiting.done():
                self._promised += 1
                waiting.set_result(None)

    async def room(self) -> None:
        """Return when there is room for a message; the first to wait is the first to go on."""
        if self._overflow != "wait" or (not self._waiting and len(self) + self._promised < self._capacity):
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():  # the place is for the next one
                self._promised -= 1
                self._promise()
            raise
        self._promised -= 1  # the message takes the place now

    def _drop(self, envelope: Envelope) -> None:
        self._ref.system.publish_dead_letter(DeadLetter(envelope[0], envelope[1], self._ref))


class PriorityMailbox:
    """A recipe for mailboxes that give the message with the least `key(message)` first.

    Equal keys are first in, first out. Unstashed messages come before others of their key.
    """

    def __init__(self, key: Callable[[Any], Any]) -> None:
        self.key = key

    def __call__(self, ref: ActorRef[Any]) -> Mailbox:
        return _Priority(self.key)


class _Priority:
    def __init__(self, key: Callable[[Any], Any]) -> None:
        self._key = key
        self._heap: list[tuple[int, Any, int, Envelope]] = []
        self._last = 0
        self._first = 0

    def append(self, envelope: Envelope, /) -> None:
        self._last += 1
        heapq.heappush(self._heap, (*self._rank(envelope[0]), self._last, envelope))

    def extendleft(self, envelopes: Iterable[Envelope], /) -> None:
        for envelope in envelopes:
            self._first -= 1
            heapq.heappush(self._heap, (*self._rank(envelope[0]), self._first, envelope))

    def _rank(self, message: Any) -> tuple[int, Any]:
        # The runtime's own messages have no key: they come before the others.
        return (0, 0) if type(message) in INTERNAL else (1, self._key(message))

    def popleft(self) -> Envelope:
        return heapq.heappop(self._heap)[3]

    def __len__(self) -> int:
        return len(self._heap)

    def __iter__(self) -> Iterator[Envelope]:
        return (entry[3] for entry in sorted(self._heap, key=lambda entry: entry[:3]))


class ControlMessage:
    """A message of this class overtakes others in a `ControlAwareMailbox`."""

    __slots__ = ()


class ControlAwareMailbox:
    """A recipe for mailboxes that give each `ControlMessage` before all others."""

    def __call__(self, ref: ActorRef[Any]) -> Mailbox:
        return _Priority(lambda message: not isinstance(message, ControlMessage))
