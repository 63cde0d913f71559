"""The contract of sessions, held against both stand-ins for a ZooKeeper: with no network, and over a simulated one."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from actors.simulation import World
from actors.simulation.zookeeper import SimulatedZooKeeper
from actors.testkit import HERE
from actors.zookeeper import ZooKeeper
from tests.zookeeper.session_contract import *  # noqa: F403 - the tests
from tests.zookeeper.stand_in import StandInZooKeeper


class InMemory:
    def __init__(self):
        self.server = StandInZooKeeper()

    def open(self):
        return ZooKeeper("zk://one:2181/app", session_timeout=4.0, client=self.server.client)

    async def stop(self):
        self.server.stop()

    async def start(self):
        self.server.start()

    @asynccontextmanager
    async def silent(self, session):
        self.server.freeze(session)
        yield
        self.server.thaw(session)

    async def close(self): ...


class OverTheNetwork:
    def __init__(self):
        self.world = World(1)
        self.server = SimulatedZooKeeper(self.world)
        self.clients = 0

    def open(self):
        self.clients += 1
        before = HERE.set(f"10.0.1.{self.clients}")
        try:
            session = ZooKeeper(f"{self.server.url}/app", session_timeout=4.0, client=self.server.client)
            session.start()
        finally:
            HERE.reset(before)
        return session

    async def stop(self):
        host = self.server.host
        host.machine.task.cancel()
        await asyncio.sleep(0.1)
        host.kill(down_for=None)

    async def start(self):
        self.server.host.start()

    @asynccontextmanager
    async def silent(self, session):
        self.world.network.cut("10.0.1.1")
        yield
        self.world.network.heal("10.0.1.1")

    async def close(self):
        await self.stop()


@pytest.fixture(params=[InMemory, OverTheNetwork])
async def ensemble(request):
    ensemble = request.param()
    yield ensemble
    await ensemble.close()


@pytest.fixture
def app():
    return "/app"


@pytest.fixture
async def opened(ensemble):
    sessions = []

    def start():
        sessions.append(ensemble.open())
        return sessions[-1]

    yield start
    for session in sessions:
        await session.close()
    await asyncio.sleep(1)
