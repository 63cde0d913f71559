"""What a batch of operations does to the rows of a journal, gathered so that few statements write it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from actors.persistence._operations import AppendOperation, DeleteOperation, Operation, SnapshotOperation
from actors.persistence._sqlite_schema import name_checksum, row_checksum
from actors.persistence.journal import JournalError, SequenceConflict, conflict

ROWS_PER_STATEMENT = (1024, 128, 16, 1)  # few sizes, so that each statement is prepared once
EVENT_COLUMNS = "stream, seq, kind, version, payload, checksum"
DELETE_STREAMS = tuple(
    f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))"
    for table, column in (("events", "stream"), ("snapshots", "stream"), ("streams", "id"))
)


@dataclass(slots=True)
class Stream:
    """Where a stream stands; ``checksum``: what its rows' checksums begin with."""

    id: int
    seq: int
    checksum: int


class Batch:
    """One transaction's rows, gathered so that few statements write them."""

    def __init__(self, connection: sqlite3.Connection, streams: dict[str, Stream], next_stream: int) -> None:
        self._connection, self._streams = connection, streams
        self.touched: dict[str, None] = {}  # what `streams` says of these is undone with the transaction
        self.next_stream = next_stream
        self._new_streams: list[int | str] = []
        self._rows: list[int | str | bytes] = []
        self._deleted: dict[str, int] = {}

    def load(self, operations: Sequence[Operation]) -> None:
        """Learn where the streams stand that this process has not written before, in one step."""
        names: dict[str, None] = {}
        for operation in operations:
            if isinstance(operation, AppendOperation):
                names.update(dict.fromkeys(stream for stream, _, _ in operation.writes))
            elif isinstance(operation, SnapshotOperation | DeleteOperation):
                names[operation.stream] = None
        unknown = [name for name in names if name not in self._streams]
        if not unknown:
            return
        (found,) = self._connection.execute(
            "SELECT json_group_array(json_array(name, id, max(coalesce((SELECT max(seq) FROM events WHERE stream = id),"
            " 0), coalesce((SELECT seq FROM snapshots WHERE stream = id), 0)))) FROM streams"
            " WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(unknown),),
        ).fetchone()
        for name, stream_id, seq in json.loads(found):
            self._streams[name] = Stream(stream_id, seq, name_checksum(name))

    def apply(self, operation: Operation) -> JournalError | None:
        """Add what the operation writes, or say why it does not hold (and add nothing)."""
        if isinstance(operation, AppendOperation):
            return self._append(operation)
        if isinstance(operation, SnapshotOperation):
            return self._snapshot(operation)
        assert isinstance(operation, DeleteOperation)
        self._delete(operation.stream)
        return None

    def _append(self, operation: AppendOperation) -> JournalError | None:
        ends: dict[str, int] = {}
        for name, expected, events in operation.writes:
            stream = self._streams.get(name)
            end = ends.get(name, stream.seq if stream else 0)
            if expected is not None and expected != end:
                return conflict(name, expected, end)
            ends[name] = end + len(events)
        for name, _, events in operation.writes:
            if not events:
                continue
            self.touched[name] = None
            stream = self._streams.get(name)
            if stream is None:
                if name in self._deleted:
                    self.flush()  # the old stream's name must go before the new one has it
                stream = self._streams[name] = Stream(self.next_stream, 0, name_checksum(name))
                self._new_streams += (stream.id, name)
                self.next_stream += 1
            for kind, version, payload in events:
                stream.seq += 1
                checksum = row_checksum(stream.checksum, stream.seq, kind, version, payload)
                self._rows += (stream.id, stream.seq, kind, version, payload, checksum)
        return None

    def _snapshot(self, operation: SnapshotOperation) -> JournalError | None:
        stream = self._streams.get(operation.stream)
        end = stream.seq if stream else 0
        if stream is None or not 1 <= operation.seq <= end:
            return SequenceConflict(
                f"no snapshot of stream {operation.stream!r} at {operation.seq}: the stream stands at {end}"
            )
        self.flush()
        checksum = row_checksum(stream.checksum, operation.seq, "", operation.version, operation.payload)
        self._connection.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?) ON CONFLICT (stream) DO UPDATE SET seq = excluded.seq,"
            " version = excluded.version, payload = excluded.payload, checksum = excluded.checksum"
            " WHERE excluded.seq > seq",
            (stream.id, operation.seq, operation.version, operation.payload, checksum),
        )
        self._connection.execute("DELETE FROM events WHERE stream = ? AND seq <= ?", (stream.id, operation.seq))
        return None

    def _delete(self, name: str) -> None:
        stream = self._streams.pop(name, None)
        if stream is not None:
            self.touched[name] = None
            self._deleted[name] = stream.id

    def flush(self) -> None:
        """Write the rows gathered so far, and drop those of deleted streams."""
        self._insert("streams (id, name)", 2, self._new_streams)
        self._insert(f"events ({EVENT_COLUMNS})", 6, self._rows)
        if self._deleted:
            ids = json.dumps(list(self._deleted.values()))
            for statement in DELETE_STREAMS:
                self._connection.execute(statement, (ids,))
        self._new_streams, self._rows, self._deleted = [], [], {}

    def _insert(self, table: str, width: int, values: Sequence[int | str | bytes]) -> None:
        row = f"({', '.join('?' * width)})"
        start = 0
        for count in ROWS_PER_STATEMENT:
            while len(values) - start >= count * width:
                statement = f"INSERT INTO {table} VALUES {', '.join([row] * count)}"
                self._connection.execute(statement, values[start : start + count * width])
                start += count * width
