"""Where the service keeps its state, and by what it is decided who leads: a folder, or a ZooKeeper.

place = ZooKeeperPlace(address)                         Folder(work_dir)
coordinator   who leads                                 flock, heartbeat and epoch: for one machine
journal()     the state, written under the lease        SQLite
watch()       reads on while another leads              nothing to do
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal, Protocol

from kazoo.exceptions import KazooException, NoAuthError

from actors.cluster import Coordinator, FileCoordinator, Lease
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.core.clock import Clock
from actors.persistence import Journal, JournalError, SqliteJournal
from actors.persistence.zookeeper_journal import JournalFollower, ZooKeeperJournal
from actors.zookeeper import Address, ZooKeeper, ZooKeeperAway

from ._client import CommandFailed
from ._console import say

__all__ = ["JOURNAL", "LEASE", "Folder", "Place", "ZooKeeperPlace", "connected", "restoring"]

JOURNAL = "marathon.journal"
"""The journal's file in the work dir."""

LEASE = "marathon"
"""Its holder leads, and alone writes the journal."""

FOLLOW_SECONDS: Final = 5.0

log = logging.getLogger(__name__)


def restoring(address: Address) -> str:
    """The node that is there while a state is put in place: a service does not begin with a part of one."""
    return f"{address.path}/restoring"


class Place(Protocol):
    """See the head of this module."""

    @property
    def coordinator(self) -> Coordinator: ...

    @property
    def facts(self) -> Mapping[str, Any]:
        """Marathon's ``zookeeper_config``."""
        ...

    async def journal(self, lease: Lease) -> Journal:
        """Opened, to be written under the lease; whoever asks closes it."""
        ...

    async def watch(self) -> None:
        """Be ready to open the journal quickly; cancel it to stop."""
        ...

    async def close(self) -> None: ...


class Folder:
    """A work dir on this machine."""

    facts: Mapping[str, Any] = {}

    def __init__(self, work_dir: Path, durability: Literal["sync", "process"]) -> None:
        self.coordinator: Coordinator = FileCoordinator(work_dir / "cluster")
        self._work_dir = work_dir
        self._durability = durability

    def __str__(self) -> str:
        return str(self._work_dir)

    async def journal(self, lease: Lease) -> Journal:
        journal = SqliteJournal(self._work_dir / JOURNAL, durability=self._durability, epoch=lease.epoch)
        return await journal.open()

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        await self.coordinator.close()


class ZooKeeperPlace:
    """``PATH/leases`` and ``PATH/members`` for the coordinator, ``PATH/journal`` for the state."""

    def __init__(self, zookeeper: ZooKeeper) -> None:
        self._zookeeper = zookeeper
        self._path = f"{zookeeper.address.path}/journal"
        self.coordinator: Coordinator = ZooKeeperCoordinator(zookeeper)
        self._follower = JournalFollower(zookeeper, self._path)

    def __str__(self) -> str:
        return str(self._zookeeper.address)

    @property
    def facts(self) -> Mapping[str, Any]:
        return {"zk": str(self), "zk_session_timeout": round(self._zookeeper.session_timeout * 1000)}

    async def journal(self, lease: Lease) -> Journal:
        if await self._zookeeper.exists(restoring(self._zookeeper.address)) is not None:
            raise CommandFailed(
                f"{self} holds a part of a state: a restore or a migration into it was interrupted",
                "run that command again; it begins anew",
            )
        follower, self._follower = self._follower, JournalFollower(self._zookeeper, self._path)
        journal = ZooKeeperJournal(self._zookeeper, self._path, epoch=lease.epoch, follower=follower)
        return await journal.open()

    async def watch(self) -> None:
        clock = Clock(asyncio.get_running_loop())
        while True:
            try:
                await self._follower.refresh()
            except (ZooKeeperAway, JournalError) as error:
                log.info("the journal at %s could not be followed: %s", self, error)
            await clock.sleep(FOLLOW_SECONDS)

    async def close(self) -> None:
        await self.coordinator.close()
        await self._zookeeper.close()


@asynccontextmanager
async def connected(address: Address, session_timeout: float = 10.0, *, wait: bool = False) -> AsyncIterator[ZooKeeper]:
    """A session that has been seen to work; ``wait`` for as long as no server answers.

    Raises `CommandFailed`, saying what ZooKeeper minds.
    """
    async with ZooKeeper(address, session_timeout=session_timeout) as zookeeper:
        while True:
            try:
                await zookeeper.ensure(address.path)
                await zookeeper.children(address.path)
                break
            except ZooKeeperAway as error:
                if not wait:
                    raise CommandFailed(str(error), "is --zk right, and does ZooKeeper run there?") from None
                say(f"ZooKeeper at {address.hosts} has not answered yet; trying on (is --zk right, and does it run?)")
            except NoAuthError:
                who = "this user" if address.credentials else "anybody without credentials"
                raise CommandFailed(
                    f"ZooKeeper does not let {who} read or write {address.path}",
                    "give the credentials under which it was made: zk://USER:PASSWORD@HOST:2181/PATH",
                ) from None
            except KazooException as error:
                raise CommandFailed(f"ZooKeeper refuses {address.path}: {type(error).__name__} {error}") from None
        yield zookeeper
