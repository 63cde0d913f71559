"""How a stream lies in ZooKeeper's nodes. Pure: what to write and what was read, no session.

    …/NAME           head   which pages there are, and the youngest records (the tail)
    …/NAME/0-0       page 0, its first chunk
    …/NAME/0-1       its second, when one node cannot hold it

A record is the snapshot (always the first) or an event. New records join the tail, so that a short stream is one node
and its write one small node; a tail that has grown to `PAGE_BYTES` becomes a page, which is never written again until a
snapshot covers it. So an append costs at most a page, however long the stream, and no node exceeds `NODE_BYTES`.

Each node begins with a checksum over where it belongs and what it holds: a node that strayed or rotted is found out.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgpack

from actors.persistence.journal import Event, Recovered, Snapshot, Stored

NODE_BYTES: Final = 384 * 1024
"""Of what one node holds, at most; ZooKeeper takes 1 MB in one request (``jute.maxbuffer``)."""

PAGE_BYTES: Final = 16 * 1024
"""Of records, not compressed, that the tail may hold before it becomes a page."""

CHECKSUM_BYTES: Final = 4
_SNAPSHOT: Final = ""  # the kind of the record that is a snapshot; no event has it

Record = tuple[str, int, bytes]
"""kind, version, payload as JSON."""


class Damaged(ValueError):
    """A node does not hold what was written to it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Records that stay; ``chunks``: one node each."""

    number: int
    chunks: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Stream:
    """What a stream's nodes hold, as written.

    ``covered``: the number of the event that the snapshot stands for; 0: there is none. ``seq``: of the last event.
    """

    covered: int = 0
    seq: int = 0
    next_page: int = 0
    pages: tuple[Page, ...] = ()
    tail: bytes = b""

    def appended(self, records: Sequence[Record]) -> Stream:
        """With more events."""
        raw = _unpack(self.tail) + b"".join(msgpack.packb(record) for record in records)
        return _with_tail(self.covered, self.seq + len(records), self.next_page, self.pages, raw)

    def snapshotted(self, seq: int, version: int, payload: bytes) -> Stream:
        """With a snapshot in the place of all events up to ``seq``."""
        events = [record for record in self._records() if record[0] != _SNAPSHOT]
        kept = events[seq - self.covered :]
        raw = b"".join(msgpack.packb(record) for record in [(_SNAPSHOT, version, payload), *kept])
        return _with_tail(seq, self.seq, self.next_page, (), raw)

    def recovered(self, after: int = 0) -> Recovered:
        """As the journal's callers see it."""
        snapshot, events, seq = None, [], self.covered
        for kind, version, payload in self._records():
            if kind == _SNAPSHOT:
                if seq > after:
                    snapshot = Snapshot(seq, json.loads(payload), version)
                continue
            seq += 1
            if seq > after:
                events.append(Stored(seq, Event(kind, version, json.loads(payload))))
        return Recovered(snapshot, events)

    @property
    def events(self) -> int:
        """How many it holds beside the snapshot."""
        return self.seq - self.covered

    @property
    def size(self) -> int:
        """Bytes of all its nodes, nearly."""
        return len(self.tail) + sum(len(chunk) for page in self.pages for chunk in page.chunks)

    def _records(self) -> Iterator[Record]:
        for page in self.pages:
            yield from _records(_unpack(b"".join(page.chunks)))
        yield from _records(_unpack(self.tail))


def _with_tail(covered: int, seq: int, next_page: int, pages: tuple[Page, ...], raw: bytes) -> Stream:
    packed = zlib.compress(raw, 1) if raw else b""
    if len(raw) <= PAGE_BYTES:
        return Stream(covered, seq, next_page, pages, packed)
    chunks = tuple(packed[start : start + NODE_BYTES] for start in range(0, len(packed), NODE_BYTES))
    return Stream(covered, seq, next_page + 1, (*pages, Page(next_page, chunks)))


def _unpack(packed: bytes) -> bytes:
    return zlib.decompress(packed) if packed else b""


def _records(raw: bytes) -> Iterator[Record]:
    unpacker = msgpack.Unpacker(max_buffer_size=0, use_list=False)
    unpacker.feed(raw)
    yield from unpacker


# nodes


def nodes_of(name: str, stream: Stream | None, known: Collection[Page] = ()) -> dict[str, bytes]:
    """The stream's nodes by their paths below that of its head, whose own is empty and comes first; none: no nodes.

    Without those of ``known`` pages.
    """
    if stream is None:
        return {}
    manifest = [(page.number, len(page.chunks)) for page in stream.pages]
    head = msgpack.packb((stream.covered, stream.seq, stream.next_page, manifest, stream.tail))
    found = {"": _signed(name, "", head)}
    for page in stream.pages:
        if page in known:
            continue
        for path, chunk in zip(_chunk_paths(page.number, len(page.chunks)), page.chunks, strict=True):
            found[path] = _signed(name, path, chunk)
    return found


@dataclass(frozen=True, slots=True)
class Head:
    """A head as read: ``chunk_paths`` are to be read, too, for `stream`."""

    name: str
    fields: tuple[Any, ...]

    @property
    def chunk_paths(self) -> list[str]:
        return [path for number, count in self.fields[3] for path in _chunk_paths(number, count)]

    def stream(self, chunks: dict[str, bytes]) -> Stream:
        """Raises `Damaged`."""
        covered, seq, next_page, manifest, tail = self.fields
        pages = tuple(
            Page(number, tuple(_checked(self.name, path, chunks[path]) for path in _chunk_paths(number, count)))
            for number, count in manifest
        )
        return Stream(covered, seq, next_page, pages, tail)


def read_head(name: str, data: bytes) -> Head:
    """Raises `Damaged`."""
    try:
        return Head(name, msgpack.unpackb(_checked(name, "", data), use_list=False))
    except (ValueError, msgpack.UnpackException) as error:
        raise Damaged(f"the head of stream {name!r}: {error}") from error


def _chunk_paths(number: int, count: int) -> list[str]:
    return [f"/{number}-{index}" for index in range(count)]


def _signed(name: str, path: str, data: bytes) -> bytes:
    return zlib.crc32(data, zlib.crc32(f"{name}\0{path}".encode())).to_bytes(CHECKSUM_BYTES, "big") + data


def _checked(name: str, path: str, node: bytes) -> bytes:
    data = node[CHECKSUM_BYTES:]
    if _signed(name, path, data) != node:
        raise Damaged(f"node {path or 'head'} of stream {name!r} does not fit its checksum")
    return data
