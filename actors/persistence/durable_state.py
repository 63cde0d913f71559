"""`DurableStateActor`: an actor whose newest state is stored, without a history.

For what is simply replaced: a setting, a cursor, a profile. Each `update` stores the whole state under the next
revision; should anything else have written the stream, the update fails (`PersistFailure`) and nothing is overwritten.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

from actors.persistence.event_sourced import EventSourcedActor
from actors.persistence.journal import Event

__all__ = ["DurableStateActor"]

M = TypeVar("M")
S = TypeVar("S")
CLEARED = "cleared"


class _Cleared:
    """The state was set back to the initial one."""


class DurableStateActor(EventSourcedActor[M, S]):
    """Override `initial_state` and `receive_command`; the state's class must be in `schema`."""

    snapshot_every: ClassVar[int | None] = 10  # what keeps the stream short: older states go

    @property
    def revision(self) -> int:
        """How often the state was stored."""
        return self.seq

    async def update(self, state: S) -> None:
        """Store ``state`` in place of the present one; returns when it is durable. Raises as `persist` does."""
        await self.persist(state)

    async def clear(self) -> None:
        """Store that the state is the initial one again; the revision goes on counting."""
        await self.persist(_Cleared())

    def apply_event(self, state: S, event: Any) -> S:
        return self.initial_state() if isinstance(event, _Cleared) else event

    def encode_event(self, event: Any) -> Event:
        return Event(CLEARED) if isinstance(event, _Cleared) else super().encode_event(event)

    def decode_event(self, stored: Event) -> list[Any]:
        return [_Cleared()] if stored.kind == CLEARED else super().decode_event(stored)
