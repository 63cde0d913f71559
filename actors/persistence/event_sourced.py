"""`EventSourcedActor`: an actor whose state is what happened to it.

    asker                 actor                                              journal
    -----                 -----                                              -------
                          pre_start: snapshot and events, applied      ←     replay
                          recovery_completed()
    Withdraw(5)       →   receive_command: may it? then
                          await self.persist(Withdrawn(5))
                            apply_event: a provisional state (what raises
                            here has stored nothing)                   →     append, synced
                            self.state is the new one              ←
                            on_event(Withdrawn(5))
                            every ``snapshot_every`` events             →    save_snapshot
    Done              ←   self.reply(Done())

While a handler waits for the journal, the next command waits in the mailbox: no command ever sees a state that is not
stored. What fails, and what becomes of it:

- *Rejected* (`JournalFull`, `SchemaError`, an error of ``apply_event``): nothing was stored, the state is the old one.
  `persist` raises it; a handler may catch it and answer, else supervision restarts the actor.
- *Failed* (`JournalBroken`, `StaleEpoch`, `SequenceConflict`, a cancelled wait): whether it was stored is unknown, or
  the actor's state is not the stream's. `persist` raises `PersistFailure`, which by default stops the actor.
- Recovery fails: `RecoveryFailed` out of ``pre_start``, which by default stops the actor.
- A snapshot fails: a line in the log; the events are all there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from actors.core import Actor, ActorKilledError
from actors.persistence.journal import Append, Event, Journal, JournalError, JournalFull, Snapshot
from actors.persistence.schema import EventSchema, SchemaError

__all__ = ["EventSourcedActor", "PersistFailure", "RecoveryFailed"]

M = TypeVar("M")
S = TypeVar("S")
EVENTS_PER_TURN = 500  # applied in recovery before the loop gets its turn


class PersistFailure(ActorKilledError):
    """Whether the events were stored is unknown, or the stream is not where the actor believed it. Stops by default."""


class RecoveryFailed(Exception):
    """The stored state could not be read or understood; names stream and event."""


class EventSourcedActor(Actor[M], Generic[M, S]):
    """See the head of this module. Override `initial_state`, `apply_event`, `receive_command`; set `schema`.

    ``journal``: where its stream is. ``stream``: the stream's name, unique for the entity, for ever.
    """

    schema: ClassVar[EventSchema]
    """How its events, and its state when snapshots are wanted, are stored."""

    snapshot_every: ClassVar[int | None] = None
    """After how many events a snapshot is made, which replaces them; None: never."""

    recovery_timeout: ClassVar[float] = 30.0
    """Seconds that the journal may take to give the stream, once it was asked."""

    recoveries_at_once: ClassVar[int] = 50
    """How many actors of a system recover at the same time; the others wait. Their streams are in memory meanwhile."""

    def __init__(self, journal: Journal, stream: str) -> None:
        self.journal = journal
        self.stream = stream
        self._state: S = self.initial_state()
        self._seq = 0
        self._snapshot_seq = 0
        self._writing = False
        self._recovering = True
        self._in_doubt = False
        if self.snapshot_every is not None and not self.schema.knows(type(self._state)):
            raise SchemaError(
                f"{type(self).__name__} wants snapshots, but its state's class {type(self._state).__name__} is not in "
                "its schema: register it with @schema.event(), or set snapshot_every to None"
            )

    @property
    def state(self) -> S:
        """The state after all stored events."""
        return self._state

    @property
    def seq(self) -> int:
        """The number of its last stored event; 0 before the first."""
        return self._seq

    @property
    def is_recovering(self) -> bool:
        """Whether stored events are being applied."""
        return self._recovering

    # to override

    def initial_state(self) -> S:
        """The state before the first event."""
        raise TypeError(f"{type(self).__name__} must override initial_state()")

    def apply_event(self, state: S, event: Any) -> S:
        """The state after ``event``: pure, without side effects. Called before the event is stored, and in recovery."""
        raise TypeError(f"{type(self).__name__} must override apply_event()")

    def receive_command(self, command: M) -> Awaitable[None] | None:
        """Handle a message; await `persist` for what is to be remembered."""
        self.unhandled(command)
        return None

    def on_event(self, event: Any) -> None:
        """Called for each event once it is stored, and again in recovery (see `is_recovering`)."""

    def on_recovery_progress(self, done: int, total: int) -> None:
        """Called now and then while ``done`` of ``total`` events have been applied."""

    def recovery_completed(self) -> Awaitable[None] | None:
        """Called when the state is as it was, before the first command."""
        return None

    def on_recovery_failure(self, error: RecoveryFailed) -> None:
        """Called before the actor fails because it could not recover."""

    # to call

    async def persist(self, *events: Any) -> None:
        """Store ``events``, all or none; returns when they are durable and `state` has them.

        Raises what the head of this module says. No events: nothing happens.
        """
        if self._recovering:
            raise RuntimeError(f"{self.ref.path} cannot persist while it recovers; do it in recovery_completed()")
        if not events:
            return
        self._begin_write()
        try:
            state = self._state
            for event in events:
                state = self.apply_event(state, event)
            await self._append(tuple([self.encode_event(event) for event in events]))
            before = self._seq
            self._state, self._seq = state, before + len(events)
            for event in events:
                self.on_event(event)
            every = self.snapshot_every
            if every is not None and self._seq // every > before // every:
                await self._save_snapshot()
        finally:
            self._writing = False

    async def delete_stream(self) -> None:
        """Forget all that was stored; the state is the initial one again."""
        self._begin_write()
        try:
            await self.journal.delete(self.stream)
            self._state, self._seq, self._snapshot_seq = self.initial_state(), 0, 0
        finally:
            self._writing = False

    # what a subclass of this package may change

    def encode_event(self, event: Any) -> Event:
        """What is stored for an event."""
        return self.schema.encode(event)

    def decode_event(self, stored: Event) -> list[Any]:
        """The events that a stored one means today."""
        return self.schema.decode(stored)

    def encode_snapshot(self) -> tuple[Mapping[str, Any], int]:
        """The payload and version of a snapshot of the present state."""
        encoded = self.schema.encode(self._state)
        return {"kind": encoded.kind, "state": encoded.payload}, encoded.version

    def decode_snapshot(self, snapshot: Snapshot) -> S:
        """The state that a snapshot means today."""
        kind, payload = snapshot.payload["kind"], snapshot.payload["state"]
        (state,) = self.schema.decode(Event(kind, snapshot.version, payload))
        return state  # type: ignore[no-any-return]

    def after_recovery(self) -> None:
        """Called when recovery is over, before `recovery_completed`."""

    # the actor's own

    def receive(self, message: M) -> Awaitable[None] | None:
        return self.receive_command(message)

    async def pre_start(self) -> None:
        """Recover. An override must await ``super().pre_start()``."""
        try:
            async with self._permits():
                await self._recover()
        except RecoveryFailed as error:
            self.on_recovery_failure(error)
            raise
        self._recovering = False
        self.after_recovery()
        if self.snapshot_every is not None and self._seq - self._snapshot_seq >= self.snapshot_every:
            await self._save_snapshot()
        completed = self.recovery_completed()
        if completed is not None:
            await completed

    def _permits(self) -> asyncio.Semaphore:
        at_once = self.recoveries_at_once
        permits: asyncio.Semaphore = self.context.system.resource(
            (EventSourcedActor, at_once), lambda _: asyncio.Semaphore(at_once)
        )
        return permits

    def _begin_write(self) -> None:
        if self._in_doubt:
            raise PersistFailure(f"{self.ref.path}: whether an earlier event was stored is unknown")
        if self._writing:
            raise RuntimeError(
                f"{self.ref.path} persists while an earlier persist has not returned: await one before the next, or "
                "give all events to one"
            )
        self._writing = True

    async def _append(self, encoded: tuple[Event, ...]) -> None:
        try:
            await self.journal.append([Append(self.stream, encoded, self._seq)])
        except (JournalFull, ValueError):
            raise
        except JournalError as error:
            self._in_doubt = True
            raise PersistFailure(
                f"{self.ref.path} could not store {', '.join(event.kind for event in encoded)} after event {self._seq} "
                f"of stream {self.stream!r}: {error}"
            ) from error
        except asyncio.CancelledError:
            self._in_doubt = True  # the journal may still store it
            raise

    async def _save_snapshot(self) -> None:
        payload, version = self.encode_snapshot()
        try:
            await self.journal.save_snapshot(self.stream, self._seq, payload, version)
        except JournalError as error:
            self.log.warning("no snapshot of stream %r at %d: %s", self.stream, self._seq, error)
        else:
            self._snapshot_seq = self._seq

    async def _recover(self) -> None:
        try:
            async with asyncio.timeout(self.recovery_timeout):
                recovered = await self.journal.replay(self.stream)
        except TimeoutError:
            raise RecoveryFailed(
                f"the journal did not give stream {self.stream!r} within {self.recovery_timeout:g} s"
            ) from None
        except JournalError as error:
            raise RecoveryFailed(f"stream {self.stream!r} cannot be read: {error}") from error
        place = "the snapshot"
        try:
            if recovered.snapshot is not None:
                place = f"the snapshot at {recovered.snapshot.seq}"
                self._state = self.decode_snapshot(recovered.snapshot)
                self._snapshot_seq = recovered.snapshot.seq
            for done, stored in enumerate(recovered.events, 1):
                place = f"event {stored.seq} ({stored.event.kind!r})"
                for event in self.decode_event(stored.event):
                    self._state = self.apply_event(self._state, event)
                    self.on_event(event)
                if done % EVENTS_PER_TURN == 0:
                    self.on_recovery_progress(done, len(recovered.events))
                    await self.context.system.clock.sleep(0)
        except Exception as error:
            raise RecoveryFailed(f"{place} of stream {self.stream!r} cannot be applied: {error}") from error
        self._seq = recovered.seq
        self.on_recovery_progress(len(recovered.events), len(recovered.events))
