"""Where the nodes of an example meet, and what they share: a folder of one machine, or a ZooKeeper."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from actors.cluster import Coordinator, FileCoordinator
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.persistence import Journal, SqliteJournal
from actors.persistence.zookeeper_journal import ZooKeeperJournal
from actors.zookeeper import ZooKeeper


@dataclass(frozen=True, slots=True)
class Place:
    """``journal`` opens the one journal that all nodes reach, under the epoch of a lease."""

    coordinator: Coordinator
    journal: Callable[[int], Journal]


@asynccontextmanager
async def place_at(where: str) -> AsyncIterator[Place]:
    """``where``: a folder, or ``zk://user:password@host:2181,host:2181/path``."""
    if not where.startswith("zk://"):
        folder = Path(where)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        database = folder / "journal.db"
        yield Place(FileCoordinator(folder / "cluster"), lambda epoch: SqliteJournal(database, epoch=epoch))
        return
    async with ZooKeeper(where, session_timeout=10) as zookeeper:
        path = f"{zookeeper.address.path.rstrip('/')}/journal"
        yield Place(ZooKeeperCoordinator(zookeeper), lambda epoch: ZooKeeperJournal(zookeeper, path, epoch=epoch))


def address_towards(url: str) -> str:
    """This machine's address, of those that it has, from which it reaches the (first) host of ``url``."""
    first = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(",")[0]
    host, _, port = first.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # which sends nothing
        probe.connect((host, int(port or 5050)))
        return str(probe.getsockname()[0])
