"""The journal's tree in ZooKeeper: where things are, and how all of it is read.

    PATH/commit                    {"format": 1, "epoch": 7, "writer": …, "commits": 1234, "redo": null}
    PATH/streams/BUCKET            its version counts the transactions that concerned a stream in it
    PATH/streams/BUCKET/NAME       the streams (see `_zookeeper_stream`), spread over buckets by their names' hash
    PATH/redo/N                    the parts of a write that is too large for one transaction

Who has read the tree once reads later only the buckets whose version is another (`Copy.refresh`): so a process that
waits to lead has nearly all of it when its turn comes. Who writes: `_zookeeper_writer`.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple
from urllib.parse import quote, unquote

from kazoo.exceptions import NoNodeError

from actors.persistence._zookeeper_stream import Damaged, Stream, read_head
from actors.persistence.journal import JournalBroken, NewerVersion
from actors.zookeeper import Node, ZooKeeper

FORMAT: Final = 1
BUCKETS: Final = 64
READS_AT_A_TIME: Final = 256
"""Heads in one request. Each holds at most a compressed tail (`PAGE_BYTES`), so an answer is below 4 MB."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What ``commit`` holds. ``redo``: how many parts a large write has that is to be carried out, and a checksum."""

    epoch: int = 0
    writer: str = ""
    commits: int = 0
    redo: tuple[int, int] | None = None

    def encoded(self) -> bytes:
        return json.dumps({"format": FORMAT, **asdict(self)}).encode()


class Found(NamedTuple):
    commit: Commit
    version: int  # of the node


@dataclass(frozen=True, slots=True)
class Tree:
    """The paths below ``path``, and the reading of ``commit``."""

    zookeeper: ZooKeeper
    path: str

    def __str__(self) -> str:
        return f"zk://{self.zookeeper.address.hosts}{self.path}"

    @property
    def commit(self) -> str:
        return f"{self.path}/commit"

    @property
    def redo(self) -> str:
        return f"{self.path}/redo"

    @property
    def streams(self) -> str:
        return f"{self.path}/streams"

    @property
    def buckets(self) -> list[str]:
        return [f"{self.streams}/{bucket:02x}" for bucket in range(BUCKETS)]

    def bucket(self, name: str) -> str:
        return f"{self.streams}/{zlib.crc32(name.encode()) % BUCKETS:02x}"

    def head(self, name: str) -> str:
        return f"{self.bucket(name)}/{_quoted(name)}"

    def bucket_of(self, path: str) -> str | None:
        """Of the path of a head or a chunk; None: it is another's."""
        root = self.streams + "/"
        return root + path.removeprefix(root).partition("/")[0] if path.startswith(root) else None

    async def read_commit(self) -> Found | None:
        """None: there is no journal. Raises `NewerVersion`, `JournalBroken`, `ZooKeeperAway`."""
        try:
            node = await self.zookeeper.get(self.commit)
        except NoNodeError:
            return None
        try:
            fields = json.loads(node.data)
            if fields["format"] > FORMAT:
                raise NewerVersion(
                    f"the journal at {self} has format {fields['format']}, written by a newer version of this "
                    f"software; this one knows formats up to {FORMAT}. Upgrade it, or use another path. Nothing was "
                    "changed."
                )
            redo = fields["redo"]
            commit = Commit(fields["epoch"], fields["writer"], fields["commits"], tuple(redo) if redo else None)
        except (ValueError, KeyError, TypeError) as error:
            raise self.damaged(f"{self.commit} is no commit ({error!r})") from error
        return Found(commit, node.stat.version)

    def damaged(self, what: str) -> JournalBroken:
        return JournalBroken(f"the journal at {self} is damaged: {what}. Restore it from a backup.")


@dataclass(slots=True)
class _Bucket:
    version: int
    streams: dict[str, Stream]


class _Changing(Exception):
    """A stream is not as its bucket said: it was changed meanwhile, or it is damaged; the cause says which node."""


class Copy:
    """All streams, as they were when they were last read."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._buckets: dict[str, _Bucket] = {}

    def streams(self) -> Iterator[tuple[str, Stream]]:
        for bucket in self._buckets.values():
            yield from bucket.streams.items()

    async def refresh(self, *, writing: bool) -> int:
        """Read the buckets that have changed; how many there were.

        ``writing``: nobody else may be: what does not fit is damaged then. Otherwise it is left for the next time.
        Raises `JournalBroken`, `ZooKeeperAway`.
        """
        tree = self._tree
        stats = await asyncio.gather(*map(tree.zookeeper.exists, tree.buckets))
        changed = 0
        for path, stat in zip(tree.buckets, stats, strict=True):
            if stat is None:
                raise tree.damaged(f"{path} is missing")
            known = self._buckets.get(path)
            if known is not None and known.version == stat.version:
                continue
            changed += 1
            try:
                self._buckets[path] = _Bucket(stat.version, await self._read(path))
            except _Changing as error:
                if writing:
                    raise tree.damaged(f"{error}: {error.__cause__}") from error.__cause__
                self._buckets.pop(path, None)
        return changed

    async def _read(self, bucket: str) -> dict[str, Stream]:
        names = [unquote(name) for name in await self._tree.zookeeper.children(bucket)]
        found: dict[str, Stream] = {}
        for start in range(0, len(names), READS_AT_A_TIME):
            some = names[start : start + READS_AT_A_TIME]
            heads = await self._tree.zookeeper.get_many(list(map(self._tree.head, some)))
            for name, head in zip(some, heads, strict=True):
                found[name] = await self._stream(name, head)
        return found

    async def _stream(self, name: str, node: Node | None) -> Stream:
        path, get = self._tree.head(name), self._tree.zookeeper.get
        try:
            if node is None:
                raise NoNodeError(path)
            head = read_head(name, node.data)
            chunks = {chunk: (await get(path + chunk)).data for chunk in head.chunk_paths}
            return head.stream(chunks)
        except (NoNodeError, Damaged) as error:
            raise _Changing(path) from error


def _quoted(name: str) -> str:
    quoted = quote(name, safe="")
    return quoted if quoted.strip(".") else quoted.replace(".", "%2E")
