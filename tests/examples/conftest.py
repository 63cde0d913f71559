"""An embedded Mesos in virtual time, whose commands fare as they say (``sleep 3; exit 1``)."""

import pytest

from actors.local_mesos import LocalMesos


@pytest.fixture
async def local_mesos(system):
    async with await LocalMesos.start(system, port=0, agents=2, runner="simulated") as local:
        yield local
