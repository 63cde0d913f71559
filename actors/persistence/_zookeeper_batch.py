"""What a batch of operations does to the nodes of a `ZooKeeperJournal`. Pure: nothing is sent, nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from actors.persistence._operations import (
    AppendOperation,
    DeleteOperation,
    FenceOperation,
    Operation,
    SnapshotOperation,
)
from actors.persistence._zookeeper_stream import Page, Record, Stream, nodes_of
from actors.persistence._zookeeper_writer import TRANSACTION_BYTES, Change, size
from actors.persistence.journal import JournalError, JournalFull, SequenceConflict, conflict

__all__ = ["Batch", "writes_of"]


def writes_of(operation: Operation) -> int:
    """How many streams it concerns, which is how long it takes."""
    return len(operation.writes) if isinstance(operation, AppendOperation) else 1


_Streams = dict[str, Stream | None]


class Batch:
    """The operations that go into one transaction.

    After `prepare`: ``streams`` are those that change, as they will be; ``changes`` the nodes to write, in an order in
    which they can be; ``present`` the paths among them that are there already; ``used`` the journal's bytes then.
    """

    def __init__(
        self, head_path: Callable[[str], str], streams: Mapping[str, Stream], used: int, max_bytes: int | None
    ) -> None:
        self.streams: _Streams = {}
        self.changes: list[Change] = []
        self.present: set[str] = set()
        self.used = used
        self._head_path = head_path
        self._before = streams
        self._max_bytes = max_bytes

    def prepare(self, operations: Sequence[Operation]) -> list[JournalError | None]:
        """Take as many as fit, at least one; what becomes of each that was taken. Stops before a fence."""
        outcomes: list[JournalError | None] = []
        sizes: dict[str, int] = {}
        for operation in operations:
            if isinstance(operation, FenceOperation):
                break
            outcome = self._apply(operation)
            if isinstance(outcome, JournalError):
                outcomes.append(outcome)
                continue
            grown = {name: self._change_size(name, stream) for name, stream in outcome.items()}
            if outcomes and sum(sizes.values()) + sum(grown.values()) > TRANSACTION_BYTES:
                break
            added = sum(_size(stream) - _size(self._now(name)) for name, stream in outcome.items())
            if self._max_bytes is not None and added > 0 and self.used + added > self._max_bytes:
                outcomes.append(
                    JournalFull(
                        f"the journal's {self._max_bytes} bytes are full ({self.used} used, {added} asked for). "
                        "Nothing of it was stored; raise the journal's max_bytes, or make room."
                    )
                )
                continue
            sizes.update(grown)
            self.streams.update(outcome)
            self.used += added
            outcomes.append(None)
        for name, stream in self.streams.items():
            self._diff(name, self._before.get(name), stream)
        return outcomes

    def _now(self, name: str) -> Stream | None:
        return self.streams[name] if name in self.streams else self._before.get(name)

    def _apply(self, operation: Operation) -> _Streams | JournalError:
        """The streams that it changes, as they will be; or why it does not hold."""
        match operation:
            case AppendOperation(writes):
                return self._append(writes)
            case SnapshotOperation(name, seq, version, payload):
                stream = self._now(name)
                end = stream.seq if stream else 0
                if stream is None or not 1 <= seq <= end:
                    return SequenceConflict(f"no snapshot of stream {name!r} at {seq}: the stream stands at {end}")
                return {} if stream.covered >= seq else {name: stream.snapshotted(seq, version, payload)}
            case DeleteOperation(name):
                return {} if self._now(name) is None else {name: None}
        raise AssertionError(operation)

    def _append(self, writes: Sequence[tuple[str, int | None, Sequence[Record]]]) -> _Streams | JournalError:
        ends: dict[str, int] = {}
        for name, expected, events in writes:
            stream = self._now(name)
            end = ends.get(name, stream.seq if stream else 0)
            if expected is not None and expected != end:
                return conflict(name, expected, end)
            ends[name] = end + len(events)
        found: _Streams = {}
        for name, _, events in writes:
            if events:
                found[name] = (found.get(name) or self._now(name) or Stream()).appended(events)
        return found

    def _change_size(self, name: str, stream: Stream | None) -> int:
        path = self._head_path(name)
        before, after = _pages(self._before.get(name)), _pages(stream)
        new, gone = after - before, before - after
        total = size(path, stream.tail if stream else None) + (16 * len(stream.pages) if stream else 0)
        total += sum(size(path, chunk) + 16 for page in new for chunk in page.chunks)
        return total + sum(size(path, None) + 16 for page in gone for _ in page.chunks)

    def _diff(self, name: str, before: Stream | None, after: Stream | None) -> None:
        path = self._head_path(name)
        same = _pages(before) & _pages(after)
        old, new = nodes_of(name, before, same), nodes_of(name, after, same)
        gone = [chunk for chunk in reversed(old) if chunk not in new]  # a head goes after its chunks
        self.changes += [(path + chunk, None) for chunk in gone]
        self.changes += [(path + chunk, data) for chunk, data in new.items() if old.get(chunk) != data]
        self.present.update(path + chunk for chunk in old)


def _pages(stream: Stream | None) -> frozenset[Page]:
    return frozenset(stream.pages) if stream else frozenset()


def _size(stream: Stream | None) -> int:
    return 0 if stream is None else stream.size
