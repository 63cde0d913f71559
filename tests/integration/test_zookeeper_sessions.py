"""The contract of sessions, held against a real ZooKeeper, as against both that stand in for it (`tests/zookeeper`)."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from kazoo.client import KazooClient

from actors.zookeeper import ZooKeeper
from tests.integration.real_zookeeper import RealZooKeeper
from tests.zookeeper.session_contract import *  # noqa: F403 - the tests

pytestmark = pytest.mark.real


class Real:
    def __init__(self, server):
        self.server = server

    async def stop(self):
        await asyncio.to_thread(self.server.kill)

    async def start(self):
        await asyncio.to_thread(self.server.start)

    @asynccontextmanager
    async def silent(self, session):
        """Another client of the same session closes it, which is sooner than its running out."""
        twin = KazooClient(hosts=session.address.hosts, client_id=session._client.client_id)
        await asyncio.to_thread(twin.start)
        await asyncio.to_thread(twin.stop)
        twin.close()
        yield


@pytest.fixture
def server(request, zookeeper, tmp_path):
    if "that_went" not in request.node.name:
        yield zookeeper
        return
    with RealZooKeeper(tmp_path) as mortal:  # of all others nobody may kill theirs
        yield mortal


@pytest.fixture
async def ensemble(server):
    return Real(server)


@pytest.fixture
def app(request):
    return f"/{request.node.name}"


@pytest.fixture
async def opened(server):
    sessions = []

    def start():
        sessions.append(ZooKeeper(f"zk://{server.hosts}/app", session_timeout=10.0))
        return sessions[-1]

    yield start
    for session in sessions:
        await session.close()
