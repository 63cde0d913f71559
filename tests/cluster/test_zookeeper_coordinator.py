"""A ZooKeeper that goes away, and sessions that run out, in virtual time; the real one is in tests/integration."""

import asyncio

import pytest

from actors.cluster import CoordinationError
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.zookeeper import ZooKeeper, ZooKeeperAway
from tests.zookeeper.stand_in import StandInZooKeeper


class Process:
    def __init__(self, server):
        self.zookeeper = ZooKeeper("zk://one:2181/cluster", session_timeout=5.0, client=server.client)
        self.coordinator = ZooKeeperCoordinator(self.zookeeper, heartbeat=1.0)

    async def close(self):
        await self.coordinator.close()
        await self.zookeeper.close()


@pytest.fixture
def server():
    return StandInZooKeeper()


@pytest.fixture
async def processes(server):
    made = [Process(server), Process(server)]
    yield made
    for each in made:
        await each.close()


def now():
    return asyncio.get_running_loop().time()


async def test_nobody_acts_while_zookeeper_is_away_a_minute_and_somebody_does_when_it_is_back(server, processes):
    one, two = (each.coordinator for each in processes)
    await one.join("one")
    lease = await one.lease("leader")
    waiting = asyncio.create_task(two.lease("leader"))
    await asyncio.sleep(10)
    server.stop()
    gone = now()
    assert "not renewed" in await lease.lost()
    assert now() - gone < 4
    with pytest.raises(CoordinationError, match="nobody can say who holds the lease 'leader'"):
        await one.lease("leader", wait=False)
    with pytest.raises(ZooKeeperAway):
        await one.members()
    await asyncio.sleep(60)
    assert not waiting.done()
    server.start()  # the sessions have survived: the old holder's node is there until it takes it away
    assert (await asyncio.wait_for(waiting, 10)).epoch == 2
    assert [member.name for member in await two.members()] == ["one"]


async def test_a_lease_lasts_no_longer_than_the_session_that_the_server_granted(server):
    server.longest_session = 6.0
    zookeeper = ZooKeeper("zk://one:2181/cluster", session_timeout=30.0, client=server.client)
    async with zookeeper, ZooKeeperCoordinator(zookeeper) as one:
        lease = await one.lease("leader")
        assert (one.ttl, one.heartbeat) == (6.0, 6.0 / 5)
        await asyncio.sleep(10)
        server.stop()
        gone = now()
        assert "not renewed" in await lease.lost()
        assert now() - gone <= 6.0 * 2 / 3
        server.start()


async def test_a_short_absence_costs_nothing(server, processes):
    one, two = (each.coordinator for each in processes)
    await one.join("one")
    lease = await one.lease("leader")
    await asyncio.sleep(10)
    for _ in range(5):
        server.stop()
        await asyncio.sleep(2)
        server.start()
        await asyncio.sleep(3)
    assert lease.held()
    assert [member.name for member in await two.members()] == ["one"]


async def test_a_session_that_expired_costs_lease_and_membership_and_its_owner_learns_both(server, processes):
    one, two = (each.coordinator for each in processes)
    await one.join("one")
    removed = asyncio.create_task(one.removed())
    lease = await one.lease("leader")
    waiting = asyncio.create_task(two.lease("leader"))
    await asyncio.sleep(10)
    server.expire(processes[0].zookeeper)
    expired = now()
    second = await waiting
    assert second.epoch == 2
    assert now() - expired < 0.1  # told by its watch, not found by looking
    assert await lease.lost() == "another process was given it"
    assert await removed == "its session with ZooKeeper ran out"
    assert [member.name for member in await two.members()] == ["one"]


async def test_a_holder_that_stands_still_is_overtaken_only_after_it_would_know(server, processes):
    one, two = (each.coordinator for each in processes)
    lease = await one.lease("leader")
    await asyncio.sleep(10)
    server.freeze(processes[0].zookeeper)
    frozen = now()
    second = await two.lease("leader")
    assert 4 <= now() - frozen <= 6
    assert not lease.held()
    server.thaw(processes[0].zookeeper)
    await asyncio.sleep(10)
    assert second.held()


async def test_a_claim_whose_answer_was_lost_does_not_bar_the_claimer(server, processes):
    one = processes[0].coordinator
    await one.members()
    claiming = asyncio.create_task(one.lease("leader"))
    while "/cluster/leases/leader/holder" not in server.nodes:  # noqa: ASYNC110 - done there, not yet known here
        await asyncio.sleep(0)
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    assert (await one.lease("leader", wait=False)).epoch == 2


async def test_a_watch_is_told_of_members_without_looking_again_and_again(server, processes):
    one, two = (each.coordinator for each in processes)
    seen = []

    async def watch():
        async for members in two.watch():
            seen.append((now(), [member.name for member in members]))

    watching = asyncio.create_task(watch())
    await asyncio.sleep(100)
    calls = server.calls
    await asyncio.sleep(100)
    assert server.calls == calls
    joined = now()
    await one.join("one")
    await asyncio.sleep(1)
    assert seen[-1][1] == ["one"]
    assert seen[-1][0] - joined < 0.1
    watching.cancel()
