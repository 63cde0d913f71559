"""Real processes that coordinate over a folder."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from actors.cluster import FileCoordinator, LeaseHeld

TTL = 2.4  # seconds: a process that a busy machine stops for two thirds of it has lost its lease, and rightly
PROCESS = """
import asyncio, sys
from actors.cluster import FileCoordinator

async def main():
    coordinator = FileCoordinator(sys.argv[1], ttl=float(sys.argv[2]), heartbeat=0.2)
    await coordinator.join("other", {"url": "there"})
    lease = await coordinator.lease("leader")
    print(lease.epoch, flush=True)
    print(await lease.lost(), flush=True)
    await coordinator.close()

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cluster"


@pytest.fixture
def other(folder):
    """Another process that holds the lease."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROCESS), str(folder), str(TTL)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "1\n"
    yield process
    process.kill()
    process.stdout.close()
    process.wait()


@pytest.fixture
async def coordinator(folder):
    async with FileCoordinator(folder, ttl=TTL, heartbeat=0.2) as coordinator:
        yield coordinator


@pytest.mark.real
async def test_a_killed_holder_is_followed_at_once(other, coordinator):
    with pytest.raises(LeaseHeld, match=f"process {other.pid} holds its lease 'leader'"):
        await coordinator.lease("leader", wait=False)
    assert [member.name for member in await coordinator.members()] == ["other"]
    assert (await coordinator.holder("leader")).pid == other.pid
    other.kill()
    other.wait()
    lease = await coordinator.lease("leader", wait=False)
    assert lease.epoch == 2
    assert await coordinator.members() == ()


@pytest.mark.real
async def test_a_stopped_holder_is_overtaken_and_knows_it_when_it_wakes(other, coordinator):
    os.kill(other.pid, signal.SIGSTOP)
    try:
        lease = await asyncio.wait_for(coordinator.lease("leader"), 60)
        assert lease.epoch == 2
        assert await coordinator.members() == ()
    finally:
        os.kill(other.pid, signal.SIGCONT)
    reason = await asyncio.to_thread(other.stdout.readline)
    assert "not renewed" in reason or "another process" in reason
    assert lease.held()


@pytest.mark.real
async def test_a_living_holder_keeps_its_lease(other, coordinator):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(coordinator.lease("leader"), TTL + 0.6)
    assert (await coordinator.holder("leader")).epoch == 1


@pytest.mark.real
async def test_of_many_processes_at_once_one_gets_each_epoch(folder):
    coordinators = [FileCoordinator(folder) for _ in range(8)]
    results = await asyncio.gather(*(each.lease("leader", wait=False) for each in coordinators), return_exceptions=True)
    held = [result for result in results if not isinstance(result, BaseException)]
    assert [lease.epoch for lease in held] == [1]
    assert sum(isinstance(result, LeaseHeld) for result in results) == 7
    for each in coordinators:
        await each.close()


async def test_old_claims_are_tidied_away_and_the_newest_kept(folder):
    async with FileCoordinator(folder) as coordinator:
        for _ in range(5):
            lease = await coordinator.lease("leader")
            await lease.release()
    assert [path.name for path in (folder / "leases" / "leader").iterdir()] == [f"{5:020}"]


async def test_a_folder_that_vanishes_costs_the_lease(folder, caplog):
    async with FileCoordinator(folder) as coordinator:
        lease = await coordinator.lease("leader")
        (folder / "leases" / "leader" / f"{1:020}").unlink()
        assert "another process was given it" in await lease.lost()
