"""Clients that nobody here wrote take the embedded master for a Mesos."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from actors import ActorSystem
from actors.local_mesos import LocalMesos, MasterSettings
from tests.integration import foreign_clients
from tests.integration.parts import real_or_skip

pytestmark = pytest.mark.real

SETTINGS = MasterSettings(heartbeat_interval=1)
"""avmesos shows an event when the next one begins, which without offers is the next heartbeat."""


@pytest.mark.parametrize(
    ("name", "install"),
    [("avmesos", foreign_clients.install_avmesos), ("pymesos", foreign_clients.install_pymesos)],
    ids=["avmesos", "pymesos"],
)
async def test_a_foreign_client_launches_and_finishes_a_task(name: str, install: Callable[[], Path]) -> None:
    python = real_or_skip(name, install)
    program = Path(foreign_clients.__file__).with_name(f"{name}_framework.py")
    async with (
        ActorSystem("mesos") as system,
        await LocalMesos.start(system, port=0, agents=1, master=SETTINGS) as mesos,
    ):
        pipe, arguments = subprocess.PIPE, (str(program), mesos.url)
        client = await asyncio.create_subprocess_exec(python, *arguments, stdout=pipe, stderr=pipe)
        said, errors = await asyncio.wait_for(client.communicate(), 120)
    states = [line.removeprefix("foreign ") for line in said.decode().splitlines()]
    assert [state for state in states if state != "TASK_STARTING"] == ["TASK_RUNNING", "TASK_FINISHED"], errors.decode()
