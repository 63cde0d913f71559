"""Who may write the journal's tree in ZooKeeper, and how a write becomes whole.

Every transaction sets ``commit`` *at the version that this writer left it at*, beside the nodes that it is about. From
that follows all that a journal needs:

- Who opens the tree sets ``commit`` too. From then on each transaction of every earlier writer fails as a whole,
  however late it arrives: a process that was stopped and wakes up, a request that a dead process had sent.
- An answer that was lost is no riddle: the same transaction is sent again. Either it is carried out now, or the version
  has moved on, and ``commit`` says whose transaction moved it. Nothing is acknowledged before one of the two is known.
- A write beyond `TRANSACTION_BYTES` first puts its nodes below ``redo``; the transaction that notes them in ``commit``
  is the moment from which it counts. It is carried out in parts, by this writer or, if it dies, by the next.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgpack
from kazoo.exceptions import BadVersionError, KazooException, NodeExistsError, NoNodeError

from actors.core.clock import Clock
from actors.persistence._zookeeper_stream import NODE_BYTES
from actors.persistence._zookeeper_tree import READS_AT_A_TIME, Commit, Found, Tree
from actors.persistence.journal import JournalBroken, JournalError, StaleEpoch, stale
from actors.zookeeper import ZooKeeperAway

log = logging.getLogger("actors.persistence")

TRANSACTION_BYTES: Final = 600 * 1024
"""Of one transaction: ZooKeeper refuses requests from 1 MB (``jute.maxbuffer``) by closing the connection."""
OPERATION_BYTES: Final = 120  # of an operation beside path and data: its header and the ACL
RETRY_SECONDS: Final = 0.25

Change = tuple[str, bytes | None]
"""A node's path and what it shall hold; None: that it shall not be."""


class Writer:
    """One handle on the tree."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._zookeeper = tree.zookeeper
        self._id = uuid.uuid4().hex
        self._mine: Found | None = None  # None: not open
        self._clock = Clock(asyncio.get_running_loop())

    @property
    def epoch(self) -> int:
        assert self._mine is not None
        return self._mine.commit.epoch

    # who writes

    async def open(self, epoch: int | None) -> None:
        """Become the one who writes, under ``epoch`` (the present one when None), and finish what was begun.

        Raises `StaleEpoch`, `NewerVersion`, `JournalBroken`. While ZooKeeper is away it waits.
        """
        await self._take_over(epoch)
        assert self._mine is not None
        redo = self._mine.commit.redo
        if redo is not None:
            await self._carry_out(await self._read_redo(redo))
        else:
            await self._forget_redo()  # of a write that never came to count

    async def fence(self, epoch: int) -> None:
        """Raises `StaleEpoch`."""
        assert self._mine is not None
        commit = self._mine.commit
        if epoch < commit.epoch:
            await self._transact([], commit)  # perhaps it is another by now
            raise stale(epoch, commit.epoch)
        await self._transact([], replace(commit, epoch=epoch))

    async def _take_over(self, epoch: int | None) -> None:
        while True:
            found = await self._insistent_read()
            if found is None:
                await self._make()
                continue
            seen = found.commit
            if seen.writer == self._id:  # the answer to an earlier attempt was lost
                self._mine = found
                return
            wanted = seen.epoch if epoch is None else epoch
            if wanted < seen.epoch:
                raise stale(wanted, seen.epoch)
            claim = replace(seen, epoch=wanted, writer=self._id, commits=seen.commits + 1)
            try:
                stat = await self._zookeeper.set(self._tree.commit, claim.encoded(), found.version)
            except (BadVersionError, NoNodeError):
                continue
            except ZooKeeperAway as error:
                await self._wait(error)
                continue
            self._mine = Found(claim, stat.version)
            return

    async def _make(self) -> None:
        nodes = [self._tree.commit, self._tree.redo, self._tree.streams, *self._tree.buckets]
        contents = [Commit().encoded(), *[b""] * (len(nodes) - 1)]
        try:
            await self._zookeeper.ensure(self._tree.path)
            await self._zookeeper.all_or_none(*(("create", *each) for each in zip(nodes, contents, strict=True)))
        except NodeExistsError:
            pass  # another was faster, or the answer to an earlier attempt was lost
        except ZooKeeperAway as error:
            await self._wait(error)

    # writing

    async def write(self, changes: Sequence[Change], present: Iterable[str]) -> None:
        """Carry all of it out or nothing; ``present``: the paths among it that are there already.

        Returns when it is carried out for good, waiting for as long as ZooKeeper is away. Raises `StaleEpoch` (nothing
        was written) and `JournalBroken`. When it is cancelled, it is unknown whether all of it was written or nothing.
        """
        assert self._mine is not None
        if sum(size(*change) for change in changes) <= TRANSACTION_BYTES:
            await self._transact(_operations(changes, set(present)), self._mine.commit)
            return
        # Of megabytes, and so in a thread.
        packed = await asyncio.get_running_loop().run_in_executor(None, _packed, changes)
        parts = [packed[start : start + NODE_BYTES] for start in range(0, len(packed), NODE_BYTES)]
        for index, part in enumerate(parts):
            await self._transact([("create", f"{self._tree.redo}/{index}", part)], self._mine.commit)
        await self._transact([], replace(self._mine.commit, redo=(len(parts), zlib.crc32(packed))))
        await self._carry_out(changes)

    async def _carry_out(self, changes: Sequence[Change]) -> None:
        """A part of it may be done already: each change says how a node shall be, so it may be made again."""
        assert self._mine is not None
        for start in range(0, len(changes), READS_AT_A_TIME):
            window = changes[start : start + READS_AT_A_TIME]
            stats = await self.insist(lambda w=window: asyncio.gather(*(self._zookeeper.exists(p) for p, _ in w)))
            present = {path for (path, _), stat in zip(window, stats, strict=True) if stat is not None}
            for part in _slices(window):
                await self._transact(_operations(part, present), self._mine.commit)
        await self._forget_redo()

    async def _forget_redo(self) -> None:
        assert self._mine is not None
        names = await self.insist(lambda: self._zookeeper.children(self._tree.redo))
        if names or self._mine.commit.redo is not None:
            gone = [("delete", f"{self._tree.redo}/{name}") for name in names]
            await self._transact(gone, replace(self._mine.commit, redo=None))

    async def _read_redo(self, redo: tuple[int, int]) -> list[Change]:
        count, checksum = redo
        paths = [f"{self._tree.redo}/{index}" for index in range(count)]
        try:
            parts = [(await self.insist(lambda p=path: self._zookeeper.get(p))).data for path in paths]
        except NoNodeError as error:
            raise self._tree.damaged(f"{error} is missing") from error
        packed = b"".join(parts)
        if zlib.crc32(packed) != checksum:
            raise self._tree.damaged(f"what {self._tree.redo} holds does not fit its checksum")
        return [(path, data) for path, data in msgpack.unpackb(zlib.decompress(packed))]

    async def _transact(self, operations: Sequence[tuple[Any, ...]], commit: Commit) -> None:
        """Carry ``operations`` out and leave ``commit`` behind, counted up; both or none."""
        mine = self._mine
        assert mine is not None
        commit = replace(commit, commits=mine.commit.commits + 1)
        buckets = {self._tree.bucket_of(path) for _, path, *_ in operations} - {None}
        touching = [("set_data", bucket, b"") for bucket in buckets]
        noting = ("set_data", self._tree.commit, commit.encoded(), mine.version)
        uncertain = False
        while True:
            try:
                await self._zookeeper.all_or_none(noting, *touching, *operations)
            except ZooKeeperAway as error:
                uncertain = True
                await self._wait(error)
                continue
            except BadVersionError:
                found = await self._insistent_read()
                if found is None:
                    raise self._tree.damaged("it was removed") from None
                if found.commit != commit:
                    raise _overtaken(mine.commit, found.commit, uncertain) from None
                # An earlier attempt was carried out, and its answer lost.
            except KazooException as error:
                raise self._tree.damaged(f"ZooKeeper refused a write ({type(error).__name__} {error})") from error
            self._mine = Found(commit, mine.version + 1)
            return

    async def _insistent_read(self) -> Found | None:
        found: Found | None = await self.insist(self._tree.read_commit)
        return found

    # ZooKeeper away

    async def insist(self, attempt: Any) -> Any:
        while True:
            try:
                return await attempt()
            except ZooKeeperAway as error:
                await self._wait(error)

    async def _wait(self, error: ZooKeeperAway) -> None:
        log.warning("the journal at %s waits for ZooKeeper, and its callers with it: %s", self._tree, error)
        await self._clock.sleep(RETRY_SECONDS)


def size(path: str, data: bytes | None) -> int:
    """Bytes that a change takes in a transaction, nearly."""
    return OPERATION_BYTES + len(path) + len(data or b"")


def _packed(changes: Sequence[Change]) -> bytes:
    return zlib.compress(msgpack.packb(list(changes)), 1)


def _slices(changes: Sequence[Change]) -> Iterable[Sequence[Change]]:
    start = total = 0
    for index, change in enumerate(changes):
        total += size(*change)
        if total > TRANSACTION_BYTES and index > start:
            yield changes[start:index]
            start, total = index, size(*change)
    if start < len(changes):
        yield changes[start:]


def _operations(changes: Iterable[Change], present: set[str]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for path, data in changes:
        if data is not None:
            found.append(("set_data" if path in present else "create", path, data))
        elif path in present:
            found.append(("delete", path))
    return found


def _overtaken(mine: Commit, found: Commit, uncertain: bool) -> JournalError:
    """``uncertain``: an attempt had no answer; it may have been carried out before the other took over."""
    if found.epoch > mine.epoch:
        refused = stale(mine.epoch, found.epoch)
    else:
        refused = StaleEpoch(
            f"another process has opened this journal under the same epoch {mine.epoch}; this one's writes are "
            "refused. Two services must not share one path."
        )
    return JournalBroken(f"whether the last write was stored is unknown, and {refused}") if uncertain else refused
