"""The state as a whole, in a work dir or in ZooKeeper, for the commands that copy it.

streams_of(place)            all of one moment; the service may run meanwhile
filled(place, fill)          a place that held nothing, and holds what ``fill`` wrote, or nothing that can be used
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from kazoo.exceptions import NodeExistsError

from actors.cluster import FileCoordinator
from actors.persistence import Journal, Recovered, SqliteJournal, read_streams
from actors.persistence.zookeeper_journal import JournalFollower, ZooKeeperJournal
from actors.zookeeper import Address, ZooKeeper

from ._client import CommandFailed
from ._place import JOURNAL, LEASE, ZooKeeperPlace, connected, restoring

__all__ = ["Where", "filled", "streams_of"]

Where = Path | Address
"""A work dir, or a path of ZooKeeper's."""

Streams = AsyncIterator[tuple[str, Recovered]]


@asynccontextmanager
async def streams_of(where: Where) -> AsyncIterator[Streams]:
    """Every stream of what is kept there. Raises `CommandFailed`; the iterator raises `FileNotFoundError`."""
    if isinstance(where, Path):
        yield read_streams(where / JOURNAL)
        return
    async with connected(where) as zookeeper:
        yield JournalFollower(zookeeper, f"{where.path}/journal").read_streams()


async def filled(where: Where, fill: Callable[[Journal], Awaitable[int]]) -> int:
    """Let ``fill`` write a place that holds nothing yet, while nobody leads there; returns what it does.

    Raises `LeaseHeld`, `CommandFailed`, and what ``fill`` raises: nothing is left that a service would go on with.
    """
    if isinstance(where, Path):
        return await _filled_folder(where, fill)
    async with connected(where) as zookeeper:
        return await _filled_zookeeper(zookeeper, fill)


async def _filled_folder(work_dir: Path, fill: Callable[[Journal], Awaitable[int]]) -> int:
    coordinator = FileCoordinator(work_dir / "cluster")
    try:
        await coordinator.lease(LEASE, wait=False)
        journal, half_done = work_dir / JOURNAL, work_dir / f"{JOURNAL}.restoring"
        if journal.exists():
            raise CommandFailed(
                f"the work dir {work_dir} holds a state already",
                f"choose another with --work-dir, or move {journal} and the files beside it away",
            )
        _remove(half_done)  # of one that was interrupted
        async with SqliteJournal(half_done) as written:
            count = await fill(written)
        _give_place(half_done, journal)
        return count
    finally:
        await coordinator.close()


async def _filled_zookeeper(zookeeper: ZooKeeper, fill: Callable[[Journal], Awaitable[int]]) -> int:
    place = ZooKeeperPlace(zookeeper)
    try:
        lease = await place.coordinator.lease(LEASE, wait=False)
        mark = restoring(zookeeper.address)
        interrupted = await zookeeper.exists(mark) is not None
        async with ZooKeeperJournal(zookeeper, f"{zookeeper.address.path}/journal", epoch=lease.epoch) as journal:
            names = [name async for name, _ in journal.replay_all("")]
            if names and not interrupted:
                raise CommandFailed(
                    f"{zookeeper.address} holds a state already",
                    "choose another path, or remove this one with ZooKeeper's `deleteall` when nothing needs it",
                )
            try:
                await zookeeper.create(mark)
            except NodeExistsError:
                for name in names:
                    await journal.delete(name)
            count = await fill(journal)
        await zookeeper.delete(mark)
        return count
    finally:
        await place.coordinator.close()


def _give_place(half_done: Path, journal: Path) -> None:
    # The journal itself comes last: until it is there, this work dir holds no state.
    Path(f"{half_done}-ack").replace(f"{journal}-ack")
    half_done.replace(journal)
    _remove(half_done)


def _remove(journal: Path) -> None:
    for file in journal.parent.glob(f"{journal.name}*"):
        file.unlink()
