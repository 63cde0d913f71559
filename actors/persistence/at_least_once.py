"""At-least-once delivery: messages that are sent again until they are confirmed, over restarts and crashes.

    sender                                               receiver
    ------                                               --------
    await persist(Ordered("tea"))
      on_event: deliver(receiver, lambda id: Ship(id, "tea"))
                                          Ship(1)  →     does it (perhaps twice: the id tells)
    every ``redeliver_interval``:         Ship(1)  →
                                                   ←     Shipped(1)
    await persist(Confirmed(1))
      on_event: confirm_delivery(1)

Call `deliver` and `confirm_delivery` in ``on_event`` only: what is delivered then follows from what is stored. In
recovery nothing is sent; what is unconfirmed at its end goes out again, before ``recovery_completed``. Delivery ids
count from 1 without a gap, over all receivers together. Messages that are sent again come in no particular order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from actors.core import ActorRef
from actors.persistence.event_sourced import EventSourcedActor
from actors.persistence.journal import Event, Snapshot

__all__ = ["AtLeastOnceDelivery", "TooManyUnconfirmed", "UnconfirmedDelivery", "UnconfirmedWarning"]

M = TypeVar("M")
S = TypeVar("S")


class TooManyUnconfirmed(Exception):
    """`deliver` was called with ``max_unconfirmed`` messages waiting for their confirmation."""


@dataclass(frozen=True, slots=True)
class UnconfirmedDelivery:
    """A message that was not confirmed yet; ``destination`` is a path."""

    delivery_id: int
    destination: str
    message: Any


@dataclass(frozen=True, slots=True)
class UnconfirmedWarning:
    """Told to the sender itself, once for each message, when it has been sent ``warn_after`` times in vain."""

    deliveries: tuple[UnconfirmedDelivery, ...]


@dataclass(frozen=True, slots=True)
class _Redeliver:
    """The timer's tick."""


@dataclass(slots=True)
class _Waiting:
    destination: ActorRef[Any] | str
    message: Any
    attempts: int = 0
    sent_at: float = 0.0

    @property
    def path(self) -> str:
        return self.destination if isinstance(self.destination, str) else self.destination.path


class AtLeastOnceDelivery(EventSourcedActor[M, S]):
    """An `EventSourcedActor` with `deliver` and `confirm_delivery`. Times are seconds.

    With snapshots, the classes of delivered messages must be in the schema too: what waits is part of a snapshot.
    """

    redeliver_interval: ClassVar[float] = 5.0
    """A message that old is sent again; looked at every half of it."""

    redelivery_burst: ClassVar[int] = 10_000
    """How many messages are sent again at once."""

    warn_after: ClassVar[int] = 5
    """After how many sends `UnconfirmedWarning` is told; sending never ends."""

    max_unconfirmed: ClassVar[int] = 100_000
    """With so many waiting, `deliver` raises `TooManyUnconfirmed`."""

    _next_id = 1
    _unconfirmed: dict[int, _Waiting]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._unconfirmed = {}
        super().__init__(*args, **kwargs)

    @property
    def unconfirmed(self) -> tuple[UnconfirmedDelivery, ...]:
        """What waits for its confirmation, oldest first."""
        return tuple(UnconfirmedDelivery(each, w.path, w.message) for each, w in self._unconfirmed.items())

    def deliver(self, destination: ActorRef[Any] | str, message: Callable[[int], Any]) -> int:
        """Send ``message(delivery id)`` until the id is confirmed; returns the id.

        ``destination``: a ref, or a path without wildcards, which reaches whoever lives there at each attempt.
        """
        if isinstance(destination, str) and any(sign in destination for sign in "*?"):
            raise ValueError(f"a destination is one actor's path, without wildcards, not {destination!r}")
        if len(self._unconfirmed) >= self.max_unconfirmed:
            raise TooManyUnconfirmed(
                f"{self.ref.path} has {len(self._unconfirmed)} unconfirmed messages; wait for confirmations, or raise "
                "max_unconfirmed"
            )
        delivery_id = self._next_id
        self._next_id += 1
        waiting = self._unconfirmed[delivery_id] = _Waiting(destination, message(delivery_id))
        if not self.is_recovering:
            self._send(waiting)
        return delivery_id

    def confirm_delivery(self, delivery_id: int) -> bool:
        """Send it no longer; False when it was confirmed before, or never delivered."""
        found = self._unconfirmed.pop(delivery_id, None) is not None
        if found and not self._unconfirmed and not self.is_recovering:
            self.context.timers.cancel(_Redeliver)
        return found

    def receive(self, message: Any) -> Awaitable[None] | None:
        if isinstance(message, _Redeliver):
            self._redeliver()
            return None
        return super().receive(message)

    def after_recovery(self) -> None:
        for waiting in self._unconfirmed.values():
            self._send(waiting)

    def _redeliver(self) -> None:
        now = self.context.system.clock.time()
        late = [(i, w) for i, w in self._unconfirmed.items() if now - w.sent_at >= self.redeliver_interval]
        warned = []
        for delivery_id, waiting in late[: self.redelivery_burst]:
            if waiting.attempts == self.warn_after:
                warned.append(UnconfirmedDelivery(delivery_id, waiting.path, waiting.message))
            self._send(waiting)
        if warned:
            self.log.warning("%d message(s) are unconfirmed after %d attempts", len(warned), self.warn_after)
            self.ref.tell(UnconfirmedWarning(tuple(warned)))  # type: ignore[arg-type]

    def _send(self, waiting: _Waiting) -> None:
        waiting.attempts += 1
        waiting.sent_at = self.context.system.clock.time()
        if isinstance(waiting.destination, str):
            self.context.actor_selection(waiting.destination).tell(waiting.message, self.ref)
        else:
            waiting.destination.tell(waiting.message, self.ref)
        if not self.context.timers.is_active(_Redeliver):
            self.context.timers.start_fixed_delay(_Redeliver, _Redeliver(), self.redeliver_interval / 2)

    def encode_snapshot(self) -> tuple[Mapping[str, Any], int]:
        payload, version = super().encode_snapshot()
        waiting = []
        for delivery_id, each in self._unconfirmed.items():
            message = self.schema.encode(each.message)
            waiting.append([delivery_id, each.path, message.kind, message.version, message.payload])
        return {**payload, "deliveries": {"next": self._next_id, "waiting": waiting}}, version

    def decode_snapshot(self, snapshot: Snapshot) -> S:
        stored = snapshot.payload["deliveries"]
        self._next_id = stored["next"]
        for delivery_id, path, kind, version, payload in stored["waiting"]:
            (message,) = self.schema.decode(Event(kind, version, payload))
            self._unconfirmed[delivery_id] = _Waiting(path, message)
        return super().decode_snapshot(snapshot)
