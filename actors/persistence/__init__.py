"""Event-sourced actors and the journals below them: what was acknowledged survives.

Start at `Journal` (the protocol and its promises); `MemoryJournal` keeps it in memory, `SqliteJournal` on disk.
"""

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
from actors.persistence.sqlite import SqliteJournal

__all__ = [
    "Append",
    "Event",
    "Journal",
    "JournalBroken",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "MemoryJournal",
    "MemoryStore",
    "NewerVersion",
    "Progress",
    "Recovered",
    "SequenceConflict",
    "Snapshot",
    "SqliteJournal",
    "StaleEpoch",
    "Stored",
]
