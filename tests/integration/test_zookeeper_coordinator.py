"""The contract of coordinators, held against a real ZooKeeper; and what only a real one does."""

import asyncio
import sys
from pathlib import Path

import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError

from actors.cluster import CoordinationError
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.zookeeper import SessionState, ZooKeeper
from tests.cluster.coordinator_contract import *  # noqa: F403 - the tests
from tests.integration.faulty_link import FaultyLink
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip

pytestmark = pytest.mark.real


@pytest.fixture
def mortal_zookeeper(tmp_path: Path):
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path) as zookeeper:
        yield zookeeper


@pytest.fixture
async def process(request, zookeeper):
    sessions, opened = [], []

    def start():
        sessions.append(ZooKeeper(f"zk://{zookeeper.hosts}/{request.node.name}", session_timeout=5.0))
        opened.append(ZooKeeperCoordinator(sessions[-1], heartbeat=1.0))
        return opened[-1]

    yield start
    for coordinator in opened:
        await coordinator.close()
    for session in sessions:
        await session.close()


@pytest.fixture
def while_():
    return lambda seconds: asyncio.sleep(min(seconds / 40, 1.0))


async def test_a_zookeeper_that_is_killed_costs_the_lease_in_time_and_gives_it_again(mortal_zookeeper):
    async with ZooKeeper(f"zk://{mortal_zookeeper.hosts}/cluster", session_timeout=6.0) as session:
        states = []
        session.listen(states.append)
        async with ZooKeeperCoordinator(session) as coordinator:
            await coordinator.join("one")
            lease = await coordinator.lease("leader")
            mortal_zookeeper.kill()
            before = asyncio.get_running_loop().time()
            assert "not renewed" in await lease.lost()
            assert asyncio.get_running_loop().time() - before < 6
            with pytest.raises(CoordinationError):
                await coordinator.lease("leader", wait=False)
            next_lease = asyncio.create_task(coordinator.lease("leader"))
            await asyncio.to_thread(mortal_zookeeper.start)
            assert (await asyncio.wait_for(next_lease, 60)).epoch == 2  # the epoch outlived the server
            assert [member.name for member in await coordinator.members()] == ["one"]
            assert states[:2] == [SessionState.CONNECTED, SessionState.SUSPENDED]
            assert states[-1] is SessionState.CONNECTED


async def expire(session: ZooKeeper) -> None:
    """End a session as the ensemble does: another client of the same session closes it."""
    twin = KazooClient(hosts=session.address.hosts, client_id=session._client.client_id)
    await asyncio.to_thread(twin.start)
    await asyncio.to_thread(twin.stop)
    twin.close()


async def test_a_session_that_ran_out_costs_lease_and_membership_which_the_holder_learns(zookeeper):
    url = f"zk://{zookeeper.hosts}/run-out"
    async with ZooKeeper(url) as session, ZooKeeperCoordinator(session, heartbeat=0.5) as coordinator:
        await coordinator.join("one")
        lease = await coordinator.lease("leader")
        async with ZooKeeper(url) as other, ZooKeeperCoordinator(other) as successor:
            waiting = asyncio.create_task(successor.lease("leader"))
            await asyncio.sleep(0.5)
            await expire(session)
            assert (await asyncio.wait_for(waiting, 60)).epoch == 2
            assert await asyncio.wait_for(lease.lost(), 60) == "another process was given it"
            assert await asyncio.wait_for(coordinator.removed(), 60) == "its session with ZooKeeper ran out"
            assert [member.name for member in await successor.members()] == ["one"]  # in a new session


async def test_a_holder_that_is_cut_off_from_zookeeper_has_stopped_before_the_next_one_begins(zookeeper):
    with FaultyLink(zookeeper.hosts) as link:
        path = "/cut-off"
        async with (
            ZooKeeper(f"zk://{link.hosts}{path}", session_timeout=4.0) as cut_off,
            ZooKeeper(f"zk://{zookeeper.hosts}{path}", session_timeout=4.0) as well,
            ZooKeeperCoordinator(cut_off) as holder,
            ZooKeeperCoordinator(well) as successor,
        ):
            await holder.join("holder")
            lease = await holder.lease("leader")
            next_lease = asyncio.create_task(successor.lease("leader"))
            await asyncio.sleep(0.5)
            link.cut()
            assert "not renewed" in await asyncio.wait_for(lease.lost(), 60)
            assert not lease.held()
            assert not next_lease.done(), "for a moment nobody leads: never two at once"
            assert (await asyncio.wait_for(next_lease, 60)).epoch == 2
            again = asyncio.create_task(holder.lease("leader"))
            link.heal()
            assert await asyncio.wait_for(holder.removed(), 60) == "its session with ZooKeeper ran out"
            assert not lease.held(), "what was lost stays lost"
            await next_lease.result().release()
            assert (await asyncio.wait_for(again, 60)).epoch == 3


HOLDER = """
import asyncio, sys
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.zookeeper import ZooKeeper

async def main():
    coordinator = ZooKeeperCoordinator(ZooKeeper(sys.argv[1], session_timeout=3.0))
    print((await coordinator.lease("leader")).epoch, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_killed_holder_is_followed_when_its_session_is_over(zookeeper):
    url = f"zk://{zookeeper.hosts}/killed"
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(sys.executable, "-c", HOLDER, url, stdout=pipe)
    assert await holder.stdout.readline() == b"1\n"
    async with ZooKeeper(url) as session, ZooKeeperCoordinator(session) as coordinator:
        waiting = asyncio.create_task(coordinator.lease("leader"))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        holder.kill()
        assert (await asyncio.wait_for(waiting, 60)).epoch == 2
    await holder.wait()


async def test_nodes_made_with_credentials_are_closed_to_strangers(zookeeper):
    async with ZooKeeper(f"zk://me:secret@{zookeeper.hosts}/credentials") as mine:
        await mine.create("/credentials/node", b"x", parents=True)
        assert "secret" not in repr(mine.address) + repr(mine)
        async with ZooKeeper(f"zk://{zookeeper.hosts}/credentials") as stranger:
            with pytest.raises(NoAuthError):
                await stranger.get("/credentials/node")
            with pytest.raises(NoAuthError):
                await stranger.set("/credentials/node", b"y")
