"""The contract of coordinators, held against each of those that run in virtual time."""

import asyncio

import pytest

from actors.cluster import FileCoordinator, MemoryCluster, MemoryCoordinator
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.zookeeper import ZooKeeper
from tests.cluster.coordinator_contract import *  # noqa: F403 - the tests
from tests.cluster.coordinator_contract import now
from tests.zookeeper.stand_in import StandInZooKeeper


class Memory:
    def __init__(self, path):
        self.cluster = MemoryCluster()

    def open(self):
        return MemoryCoordinator(self.cluster)

    async def close(self): ...


class Files:
    def __init__(self, path):
        self.folder = path / "cluster"

    def open(self):
        return FileCoordinator(self.folder)

    async def close(self): ...


class ZooKeepers:
    def __init__(self, path):
        self.server = StandInZooKeeper()
        self.sessions = []

    def open(self):
        self.sessions.append(ZooKeeper("zk://one:2181/cluster", session_timeout=5.0, client=self.server.client))
        return ZooKeeperCoordinator(self.sessions[-1], heartbeat=1.0)

    async def close(self):
        for session in self.sessions:
            await session.close()


@pytest.fixture(params=[Memory, Files, ZooKeepers], ids=["memory", "files", "zookeeper"])
async def process(request, tmp_path):
    place, opened = request.param(tmp_path), []

    def start():
        opened.append(place.open())
        return opened[-1]

    yield start
    for coordinator in opened:
        await coordinator.close()
    await place.close()


@pytest.fixture
def while_():
    return asyncio.sleep


async def test_a_heartbeat_that_the_ttl_cannot_wait_for_is_refused():
    with pytest.raises(ValueError, match="heartbeat"):
        MemoryCoordinator(ttl=3, heartbeat=1)


async def test_a_frozen_holder_is_overtaken_only_after_it_would_know():
    cluster = MemoryCluster()
    async with MemoryCoordinator(cluster) as one, MemoryCoordinator(cluster) as two:
        await one.join("one")
        lease = await one.lease("leader")
        await asyncio.sleep(100)
        one.freeze()
        frozen = await now()
        second = await two.lease("leader")
        assert second.epoch == 2
        assert 4 <= await now() - frozen <= 6
        assert not lease.held()
        assert await two.members() == ()
        one.thaw()
        await asyncio.sleep(10)
        assert second.held()
        assert not lease.held()
        assert [member.name for member in await two.members()] == ["one"]
