"""The journal: where entities keep what happened to them, one stream of events each.

    caller                                     journal
    ------                                     -------
    append([Append("app/a", (event,), 3)])  →  checks the epoch and that "app/a" stands at 3
                                               writes, syncs (with other callers' writes, in one commit)
    returns                                 ←  durable: it survives what the journal's durability promises
    save_snapshot("app/a", 4, state)        →  keeps the newest snapshot, drops the events that it covers
    replay("app/a")                         →  the snapshot, and the events after it
    async for stream, recovered in replay_all("app/")  →  every live stream below the prefix, in one sweep

What holds for every journal (``tests/persistence/test_journal_contract.py`` runs each of them through it):

- Sequence numbers of a stream start at 1 and have no gap. ``expected`` is the number of the stream's last event; when
  it is another, `SequenceConflict` is raised and nothing of that call is written. ``None`` does not check.
- All writes of one call are stored together or not at all. Calls are stored in the order in which they were made.
- A call that raised `JournalFull`, `SequenceConflict`, `StaleEpoch` or `ValueError` has written nothing, and the
  journal goes on. After `JournalBroken` it is unknown whether the call was stored; no further write is taken.
- A caller that is cancelled while it waits may still find its write stored; nobody else's is touched.
- Payloads are JSON objects; what is read back is a copy and equals what was written after a round trip through JSON.
- ``delete`` forgets a stream with its numbers: the next event of that name is number 1 again. (Entities of a service
  come and go for years under fresh names; a tombstone for each would grow without bound. Epochs keep late writers out.)
- ``fence(epoch)`` makes this handle write under a lease's epoch; every handle with a lower one is refused from then on.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol, runtime_checkable

__all__ = [
    "Append",
    "Event",
    "Journal",
    "JournalBroken",
    "JournalClosed",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "NewerVersion",
    "Progress",
    "Recovered",
    "SequenceConflict",
    "Snapshot",
    "StaleEpoch",
    "Stored",
]


class JournalError(Exception):
    """Base of what a journal raises."""


class JournalFull(JournalError):
    """There is no room for the write. Nothing was written; once there is room again, writes succeed again."""


class JournalLocked(JournalError):
    """Another process has this journal open."""


class JournalBroken(JournalError):
    """The journal cannot be trusted or written any more: damaged contents, or a failed write of unknown outcome."""


class JournalClosed(JournalError):
    """The journal was closed before this call."""


class StaleEpoch(JournalError):
    """A newer lease holder has taken the journal over; this one's writes are refused for good."""


class SequenceConflict(JournalError):
    """The stream does not stand where the writer believed it to stand. Nothing was written."""


class NewerVersion(JournalError):
    """The journal was written by a newer version of this software, which may store what this one would misread."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``version`` is the schema version of ``payload`` (a JSON object) for this ``kind``."""

    kind: str
    version: int = 1
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Append:
    """Events to add to one stream. ``expected``: the number of its last event (0: a new stream); None: any."""

    stream: str
    events: tuple[Event, ...]
    expected: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An event with its number in its stream (from 1)."""

    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A stream's state after event ``seq``; ``version`` is the schema version of ``payload``."""

    seq: int
    payload: Mapping[str, Any]
    version: int = 1


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a stream holds: its newest snapshot, if any, and the events after it, in order."""

    snapshot: Snapshot | None = None
    events: list[Stored] = field(default_factory=list)

    @property
    def seq(self) -> int:
        """The number of the stream's last event; 0 when there was never one."""
        if self.events:
            return self.events[-1].seq
        return self.snapshot.seq if self.snapshot else 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep of `Journal.replay_all` has come: events read so far, of how many; streams finished."""

    events: int
    total_events: int
    streams: int


@runtime_checkable
class Journal(Protocol):
    """See the head of this module for what each call promises."""

    async def append(self, writes: Sequence[Append]) -> None:
        """Store the writes of one call, all or none; durable when it returns."""
        ...

    async def replay(self, stream: str, after: int = 0) -> Recovered:
        """What ``stream`` holds. ``after`` leaves out events up to that number, and a snapshot not beyond it."""
        ...

    def replay_all(
        self, prefix: str, progress: Callable[[Progress], None] | None = None
    ) -> AsyncIterator[tuple[str, Recovered]]:
        """Every live stream whose name starts with ``prefix``, as ``(name, recovered)``, ordered by name.

        Streams appear as they were when the sweep began. ``progress`` is called now and then, and at the end.
        """
        ...

    async def save_snapshot(self, stream: str, seq: int, payload: Mapping[str, Any], version: int = 1) -> None:
        """Keep ``payload`` as the state after event ``seq`` and drop the events it covers.

        An older snapshot than the kept one is ignored. Raises `SequenceConflict` when the stream has no event ``seq``.
        """
        ...

    async def delete(self, stream: str) -> None:
        """Forget the stream, its snapshot and its numbers. A stream that is not there: nothing happens."""
        ...

    async def fence(self, epoch: int) -> None:
        """Write under the lease's ``epoch`` from now on; raises `StaleEpoch` when a newer one was seen."""
        ...

    async def close(self) -> None:
        """Finish the writes already asked for and let the files go. Closing twice does nothing."""
        ...


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def encode_payload(payload: Mapping[str, Any], what: str) -> bytes:
    """The payload as compact JSON in UTF-8; raises `ValueError` naming ``what`` when it is not a JSON object."""
    if type(payload) is not dict:
        if not isinstance(payload, Mapping):
            raise ValueError(f"the payload of {what} must be a JSON object (a mapping), not {type(payload).__name__}")
        payload = dict(payload)
    try:
        return _encode(payload).encode()
    except (TypeError, ValueError) as error:  # a UnicodeEncodeError (a lone surrogate) is a ValueError
        raise ValueError(f"the payload of {what} is not JSON: {error}") from None


def check_name(stream: str) -> None:
    """Raise `ValueError` unless ``stream`` is a name that every journal can keep."""
    if not isinstance(stream, str) or not stream or not _is_text(stream):
        raise ValueError(f"a stream's name must be a non-empty string without NULs and lone surrogates, not {stream!r}")


def _is_text(value: str) -> bool:
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


@lru_cache(1024)  # kinds are few, and asked about with each event
def _is_kind(kind: Any) -> bool:
    return isinstance(kind, str) and bool(kind) and _is_text(kind)


def encode_events(write: Append) -> list[tuple[str, int, bytes]]:
    """``(kind, version, payload as JSON)`` of each event; raises `ValueError` naming what is wrong."""
    check_name(write.stream)
    rows = []
    for event in write.events:
        if not isinstance(event, Event):
            raise ValueError(f"Append({write.stream!r}).events must hold Event, not {type(event).__name__}")
        what = f"event {event.kind!r} of stream {write.stream!r}"
        if not _is_kind(event.kind):
            raise ValueError(f"{what}: kind must be a non-empty string without NULs and lone surrogates")
        if not isinstance(event.version, int) or not 1 <= event.version < 2**31:
            raise ValueError(f"{what}: version must be an integer from 1 to 2147483647, not {event.version!r}")
        rows.append((event.kind, event.version, encode_payload(event.payload, what)))
    return rows


def conflict(stream: str, expected: int, actual: int) -> SequenceConflict:
    """The error of a write to ``stream`` that expected another last number."""
    return SequenceConflict(
        f"stream {stream!r} stands at {actual}, not at {expected}: something else has written to it since this writer "
        "read it. Replay the stream and decide again; only one writer should own a stream."
    )


def stale(held: int, seen: int) -> StaleEpoch:
    """The error of a handle whose epoch was overtaken."""
    return StaleEpoch(
        f"this journal now belongs to epoch {seen}; writes of epoch {held} are refused: another process holds the "
        "lease. Stop this process's service; it must acquire the lease anew and recover from the journal."
    )


def closed() -> JournalClosed:
    """The error of a call on a closed journal."""
    return JournalClosed("the journal is closed; its owner closed it while something still used it")
