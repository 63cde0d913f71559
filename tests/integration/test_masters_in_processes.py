"""Masters and agents, each a process of its own, with a real ZooKeeper: the leader is killed, and all goes on."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors import ActorSystem
from actors.mesos import Framework, FrameworkInfo, Mesos, Reregistered, ResourceOffers, StatusUpdate
from mesos_proto import CommandInfo, Resources, TaskInfo, TaskState
from tests.integration.ports import free_ports
from tests.integration.processes import LiveProcess, processes_in
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip

pytestmark = pytest.mark.real


@contextmanager
def mesos_local(*flags: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "actors.local_mesos.command", *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()


async def answer(session: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    try:
        async with session.get(url, allow_redirects=False) as response:
            body = await response.json() if response.content_type == "application/json" else None
            return response.status, response.headers.get("Location") or body
    except aiohttp.ClientError:
        return 0, None


async def leader(session: aiohttp.ClientSession, ports: list[int]) -> int:
    """The port of the one that answers by itself."""
    while True:
        for port in ports:
            if (await answer(session, f"http://127.0.0.1:{port}/master/weights"))[0] == 200:
                return port
        await asyncio.sleep(0.1)


async def until(session: aiohttp.ClientSession, url: str, holds: Callable[[int, Any], bool]) -> None:
    while True:
        if holds(*await answer(session, url)):
            return
        await asyncio.sleep(0.1)


def states(body: Any) -> dict[str, str]:
    return {task["id"]: task["state"] for task in body["tasks"]}


async def running(framework: Framework, task_id: str) -> None:
    async for event in framework.events:
        match event:
            case ResourceOffers((offer, *_)):
                needed = Resources.parse("cpus:0.1;mem:32")
                command = CommandInfo(value="sleep 1000")
                task = TaskInfo(
                    name=task_id, task_id=task_id, agent_id=offer.agent_id, resources=needed, command=command
                )
                await framework.driver.launch_tasks([task], [offer.id])
            case StatusUpdate(status):
                await framework.driver.acknowledge(status)
                if status.task_id == task_id and status.state is TaskState.TASK_RUNNING:
                    return


async def test_another_leads_when_the_leader_is_killed_and_tasks_go_on(tmp_path: Path) -> None:
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path / "zookeeper") as zookeeper:
        first = free_ports(2)
        ports = [first, first + 1]
        zk = f"zk://{zookeeper.hosts}/mesos"
        registry = ("--registry-dir", str(tmp_path / "registry"))

        def master(port: int) -> Any:
            flags = ("--zk", zk, "--agents", "0", "--port", str(port), "--work-dir", str(tmp_path / f"m{port}"))
            return mesos_local(*flags, *registry, log=tmp_path / f"{port}.log")

        agents = ("--zk", zk, "--masters", "0", "--agents", "2", "--work-dir", str(tmp_path / "agents"))
        with (
            master(ports[0]) as one,
            master(ports[1]) as other,
            mesos_local(*agents, log=tmp_path / "agents.log"),
        ):
            async with aiohttp.ClientSession() as session, ActorSystem("test") as system, asyncio.timeout(90):
                leading = await leader(session, ports)
                (following,) = (port for port in ports if port != leading)
                slaves = f"http://127.0.0.1:{leading}/slaves"
                await until(session, slaves, lambda status, body: status == 200 and len(body["slaves"]) == 2)
                there = f"//127.0.0.1:{leading}/master/slaves?x=y"
                follower = f"http://127.0.0.1:{following}"
                await until(session, follower + "/master/slaves?x=y", lambda *said: said == (307, there))
                weights = f"http://127.0.0.1:{leading}/weights"
                async with session.put(weights, data='[{"role":"r","weight":2.5}]') as put:
                    assert put.status == 200

                info = FrameworkInfo(name="f", user="root", checkpoint=True, failover_timeout=timedelta(minutes=5))
                framework = await Mesos(system).register_framework(zk, info)
                await running(framework, "before")
                while not (processes := sleepers(tmp_path)):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)  # running is what a shell is already that becomes the sleeper in a moment

                (one if leading == ports[0] else other).kill()
                async for event in framework.events:
                    if isinstance(event, Reregistered):
                        break
                assert await leader(session, [following]) == following
                assert processes <= sleepers(tmp_path)
                goes_on = {"before": "TASK_RUNNING"}
                await until(
                    session, follower + "/tasks", lambda status, body: status == 200 and states(body) == goes_on
                )
                _, known = await answer(session, follower + "/weights")
                assert known == [{"role": "r", "weight": 2.5}], "the registry is shared"
                await running(framework, "after")
                await framework.driver.kill_task("before")
                async for event in framework.events:
                    if isinstance(event, StatusUpdate) and event.status.state is TaskState.TASK_KILLED:
                        break
                await framework.shutdown()


def sleepers(folder: Path) -> set[LiveProcess]:
    return {each for each in processes_in(folder) if "sleep" in each.command}
