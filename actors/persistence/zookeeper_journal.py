"""`ZooKeeperJournal`: the journal that several machines share, of which one at a time writes.

    caller                              journal                                     ZooKeeper
    ------                              -------                                     ---------
    (first call)                        takes the tree over, reads all of it    →   earlier writers are refused
    append(), delete(), …  waits    →   while one commit is under way, calls
                                        gather; then what fits into a           →   one transaction, if this
                                        transaction                                 writer is still the last
    returns                         ←   stored by most servers                  ←
    replay(), replay_all()          ←   from memory

What it survives is what the ensemble survives: an acknowledged write is on the disks of most of its servers. Each write
is refused (`StaleEpoch`) once another handle has opened the tree. While ZooKeeper is away, writes wait; `close` then
fails them with `JournalBroken`: of the one commit that was under way nobody can know whether it was stored.

Memory: what the nodes hold, compressed as they are there, some hundred bytes for an entity of Marathon's. Bounds: a
node holds at most 384 KB, a transaction 600 KB; larger calls are stored whole by a redo record (`_zookeeper_writer`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from actors.persistence._operations import FenceOperation, GatheringJournal, Operation
from actors.persistence._zookeeper_batch import Batch, writes_of
from actors.persistence._zookeeper_stream import Stream
from actors.persistence._zookeeper_tree import Copy, Tree
from actors.persistence._zookeeper_writer import Writer
from actors.persistence.journal import (
    JournalBroken,
    JournalError,
    Progress,
    Recovered,
    check_name,
    closed,
)
from actors.zookeeper import SessionState, ZooKeeper

__all__ = ["JournalFollower", "ZooKeeperJournal"]

INLINE: Final = 32
"""Streams that a batch may concern for it to be made ready on the loop; a larger one is in a thread."""
STREAMS_PER_TURN: Final = 500
"""Of a sweep, between two turns of the loop."""

_Waiting = tuple[Operation, asyncio.Future[None]]


class JournalFollower:
    """Reads a journal that another process writes, without disturbing it."""

    def __init__(self, zookeeper: ZooKeeper, path: str) -> None:
        self._tree = Tree(zookeeper, path.rstrip("/"))
        self.copy = Copy(self._tree)

    async def refresh(self) -> None:
        """Read what has changed since the last time; does nothing where there is no journal.

        Raises `NewerVersion`, `JournalBroken`, `ZooKeeperAway`.
        """
        if await self._tree.read_commit() is not None:
            await self.copy.refresh(writing=False)

    async def read_streams(self) -> AsyncIterator[tuple[str, Recovered]]:
        """Every stream as all of them were at one moment, ordered by name.

        A journal that is written all the time is read until no write fell into a look at its buckets, which takes some
        milliseconds. Raises `FileNotFoundError` where there is no journal, and what `refresh` raises.
        """
        still = 0
        while True:
            before = await self._tree.read_commit()
            if before is None:
                raise FileNotFoundError(f"there is no journal at {self._tree}")
            # Where nobody writes and yet the nodes do not fit together, they are damaged.
            changed = await self.copy.refresh(writing=still > 3)
            unchanged = await self._tree.read_commit() == before
            if not changed and unchanged and before.commit.redo is None:
                break
            still = still + 1 if unchanged else 0
        for name, stream in sorted(self.copy.streams()):
            yield name, stream.recovered()


class ZooKeeperJournal(GatheringJournal):
    """A `Journal` below a path of ZooKeeper's.

    Args:
        zookeeper: the session, which others may use as well and whoever made it closes.
        path: below which the journal lies; made when missing.
        epoch: of the caller's lease; None takes the one that the journal has.
        max_bytes: of all nodes, beyond which writes raise `JournalFull`. ZooKeeper keeps all of its data in memory.
        follower: of the same path, which has read most of it already; it must not be used any more.

    Opened by the first call, or by `open`, which raise `NewerVersion`, `StaleEpoch`, `JournalBroken`. Opening takes the
    journal from whoever had it open under this epoch or an older one.
    """

    def __init__(
        self,
        zookeeper: ZooKeeper,
        path: str,
        *,
        epoch: int | None = None,
        max_bytes: int | None = None,
        follower: JournalFollower | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self._zookeeper = zookeeper
        self._tree = Tree(zookeeper, path.rstrip("/"))
        self._copy = follower.copy if follower is not None else Copy(self._tree)
        self._epoch = epoch
        self._writer: Writer | None = None
        self._streams: dict[str, Stream] = {}
        self._used = 0
        self._opening: asyncio.Task[None] | None = None
        self._ready = False
        self._pending: list[_Waiting] = []
        self._committer: asyncio.Task[None] | None = None
        self._broken: JournalError | None = None
        self._closed = False

    @property
    def used_bytes(self) -> int:
        """Of all streams' nodes, nearly; 0 before the journal is open."""
        return self._used

    async def replay(self, stream: str, after: int = 0) -> Recovered:
        check_name(stream)
        await self._opened()
        return self._streams.get(stream, Stream()).recovered(after)

    async def replay_all(
        self, prefix: str, progress: Callable[[Progress], None] | None = None
    ) -> AsyncIterator[tuple[str, Recovered]]:
        await self._opened()
        # Streams are never changed, only replaced: this is how they are now, whatever is written meanwhile.
        found = sorted((name, stream) for name, stream in self._streams.items() if name.startswith(prefix))
        total = sum(stream.events for _, stream in found)
        done = 0
        for count, (name, stream) in enumerate(found, 1):
            yield name, stream.recovered()
            done += stream.events
            if count % STREAMS_PER_TURN == 0:
                await asyncio.sleep(0)
                if self._closed:
                    raise closed()
                if progress:
                    progress(Progress(done, total, count))
        if progress:
            progress(Progress(total, total, len(found)))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._opening and not self._opening.done():
            self._opening.cancel()
        committer = self._committer
        if committer and not committer.done():
            if self._zookeeper.state is SessionState.CONNECTED:
                await asyncio.wait([committer], timeout=self._zookeeper.call_timeout)
            committer.cancel()
            await asyncio.wait([committer])
        self._streams = {}

    # opening

    async def _opened(self) -> None:
        if self._closed:
            raise closed()
        if self._ready:
            return
        if self._opening is None or (self._opening.done() and not self._ready):
            self._opening = asyncio.create_task(self._open_tree(), name=f"open the journal {self._tree}")
        try:
            await asyncio.shield(self._opening)
        except asyncio.CancelledError:
            if self._closed:
                raise closed() from None
            raise

    async def _open_tree(self) -> None:
        writer = Writer(self._tree)
        await writer.open(self._epoch)
        await writer.insist(lambda: self._copy.refresh(writing=True))
        self._streams, self._copy = dict(self._copy.streams()), Copy(self._tree)
        self._writer, self._ready = writer, True
        self._used = sum(stream.size for stream in self._streams.values())

    # writing

    async def _do(self, operation: Operation) -> None:
        """Hand an operation to the next commit, and wait for it."""
        if not self._ready or self._closed:
            await self._opened()
        if self._broken:
            raise _again(self._broken)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._pending.append((operation, done))
        if self._committer is None or self._committer.done():
            # Its first step is a turn later: what else is asked for in this turn comes along.
            self._committer = asyncio.create_task(self._commit_pending(), name=f"write the journal {self._tree}")
        await done

    async def _commit_pending(self) -> None:
        taken: list[_Waiting] = []
        try:
            while self._pending:
                outcomes = await self._commit(self._pending)
                taken, self._pending = self._pending[: len(outcomes)], self._pending[len(outcomes) :]
                for (_, done), outcome in zip(taken, outcomes, strict=True):
                    _settle(done, outcome)
        except asyncio.CancelledError:
            self._give_up(
                JournalBroken("the journal was closed while ZooKeeper was away: whether this was stored is unknown")
            )
            raise
        except JournalError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
            self._give_up(
                JournalBroken(f"the writer of the journal {self._tree} failed ({error!r}); restart the service")
            )

    async def _commit(self, operations: Sequence[_Waiting]) -> list[JournalError | None]:
        """Store a first part of what is asked for; what became of each."""
        assert self._writer is not None
        first = operations[0][0]
        if isinstance(first, FenceOperation):
            try:
                await self._writer.fence(first.epoch)
            except JournalError as error:
                if self._writer.epoch <= first.epoch:
                    raise  # not only this call, but the journal is another's
                return [error]
            return [None]
        batch = Batch(self._tree.head, self._streams, self._used, self.max_bytes)
        work = [operation for operation, _ in operations]
        if sum(map(writes_of, work)) <= INLINE:
            prepared = batch.prepare(work)
        else:
            prepared = await asyncio.get_running_loop().run_in_executor(None, batch.prepare, work)
        if batch.changes or any(outcome is None for outcome in prepared):
            await self._writer.write(batch.changes, batch.present)
        for name, stream in batch.streams.items():
            if stream is None:
                self._streams.pop(name, None)
            else:
                self._streams[name] = stream
        self._used = batch.used
        return prepared

    def _give_up(self, error: JournalError) -> None:
        """The journal is another's, or of unknown contents: no further write is taken."""
        self._broken = error
        waiting, self._pending = self._pending, []
        for _, done in waiting:
            _settle(done, error)


def _settle(done: asyncio.Future[None], outcome: JournalError | None) -> None:
    if done.done():
        return  # its caller was cancelled
    if outcome is None:
        done.set_result(None)
    else:
        done.set_exception(_again(outcome))


def _again(error: JournalError) -> JournalError:
    """Each caller's traceback is its own."""
    return type(error)(*error.args)
