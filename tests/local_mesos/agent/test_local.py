"""The whole cluster in one process: in virtual time with simulated tasks, and with real ones."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import actors.local_mesos
from actors.core import ActorSystem
from actors.local_mesos import LocalMesos, OfferedError, WorkDirHeld


async def get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


async def test_it_runs_in_virtual_time_with_as_many_agents_as_were_asked_for() -> None:
    async with ActorSystem("test") as system:
        local = await LocalMesos.start(
            system, port=0, agents=3, resources="cpus:2;ports:[100-199]", attributes="rack:a", runner="simulated"
        )
        slaves = (await get(local.url + "/master/slaves"))["slaves"]
        assert [slave["resources"]["cpus"] for slave in slaves] == [2.0] * 3
        assert {slave["resources"]["ports"] for slave in slaves} == {"[100-199]"}
        assert {slave["attributes"]["rack"] for slave in slaves} == {"a"}
        await local.stop()


@pytest.mark.real
async def test_agents_with_processes_offer_disjoint_ports_and_a_temporary_folder_goes_with_them() -> None:
    async with ActorSystem("test") as system:
        local = await LocalMesos.start(system, port=0, agents=2, resources="ports:[31000-31099]")
        folder = local.work_dir
        assert folder is not None and folder.is_dir()
        slaves = (await get(local.url + "/master/slaves"))["slaves"]
        assert {slave["resources"]["ports"] for slave in slaves} == {"[31000-31099]", "[30900-30999]"}
        await local.stop()
        assert not folder.exists()


@pytest.mark.real
async def test_two_clusters_do_not_share_a_work_dir_and_the_first_stays_whole(tmp_path: Path) -> None:
    async with ActorSystem("test") as system:
        first = await LocalMesos.start(system, port=0, agents=1, work_dir=tmp_path)
        with pytest.raises(WorkDirHeld):
            await LocalMesos.start(system, port=0, agents=1, work_dir=tmp_path)
        assert len((await get(first.url + "/master/slaves"))["slaves"]) == 1
        await first.stop()


@pytest.mark.real
async def test_the_next_start_finds_the_same_agents(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        async with ActorSystem("test") as system:
            local = await LocalMesos.start(system, port=0, agents=2, work_dir=tmp_path)
            found.append(sorted(slave["id"] for slave in (await get(local.url + "/master/slaves"))["slaves"]))
            await local.stop()
    assert found[0] == found[1] and len(found[0]) == 2


@pytest.mark.real
async def test_an_agent_that_cannot_start_stops_the_whole_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "agent-2" / "meta").mkdir(parents=True)
    (tmp_path / "agent-2" / "meta" / "checkpoint").write_text("something else")
    async with ActorSystem("test") as system:
        with pytest.raises(actors.local_mesos.CheckpointBroken, match="agent-2"):
            await LocalMesos.start(system, port=0, agents=2, work_dir=tmp_path)
    await asyncio.sleep(0)


async def test_what_cannot_be_offered_is_refused_before_anything_starts() -> None:
    async with ActorSystem("test") as system:
        with pytest.raises(OfferedError):
            await LocalMesos.start(system, port=0, resources="cpus=1", runner="simulated")


@pytest.mark.parametrize("name", actors.local_mesos.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(actors.local_mesos, name) is not None
