"""Event-sourced actors and the journals below them: what was acknowledged survives.

Start at `EventSourcedActor`; below it lie `Journal` (the protocol and its promises), kept by `SqliteJournal` on disk
and by `MemoryJournal` in memory, and `EventSchema`, which knows how classes are stored.
"""

from actors.persistence.at_least_once import (
    AtLeastOnceDelivery,
    TooManyUnconfirmed,
    UnconfirmedDelivery,
    UnconfirmedWarning,
)
from actors.persistence.backup import BackupUnusable, dump, read_about, restore
from actors.persistence.durable_state import DurableStateActor
from actors.persistence.event_sourced import EventSourcedActor, PersistFailure, RecoveryFailed
from actors.persistence.journal import (
    Append,
    Event,
    Journal,
    JournalBroken,
    JournalClosed,
    JournalError,
    JournalFull,
    JournalLocked,
    NewerVersion,
    Progress,
    Recovered,
    SequenceConflict,
    Snapshot,
    StaleEpoch,
    Stored,
)
from actors.persistence.memory import MemoryJournal, MemoryStore
from actors.persistence.schema import EventSchema, SchemaError
from actors.persistence.sqlite import SqliteJournal, read_streams

__all__ = [
    "Append",
    "AtLeastOnceDelivery",
    "BackupUnusable",
    "DurableStateActor",
    "Event",
    "EventSchema",
    "EventSourcedActor",
    "Journal",
    "JournalBroken",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "MemoryJournal",
    "MemoryStore",
    "NewerVersion",
    "PersistFailure",
    "Progress",
    "Recovered",
    "RecoveryFailed",
    "SchemaError",
    "SequenceConflict",
    "Snapshot",
    "SqliteJournal",
    "StaleEpoch",
    "Stored",
    "TooManyUnconfirmed",
    "UnconfirmedDelivery",
    "UnconfirmedWarning",
    "dump",
    "read_about",
    "read_streams",
    "restore",
]
