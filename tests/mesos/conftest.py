"""A system and a scripted master for each test of the client."""

from collections.abc import AsyncIterator

import pytest

from actors import ActorSystem, Settings
from tests.mesos.scripted_master import ScriptedMaster


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with ActorSystem("test", Settings(seed=1)) as system:
        yield system


@pytest.fixture
async def master() -> AsyncIterator[ScriptedMaster]:
    async with ScriptedMaster.start() as master:
        yield master
