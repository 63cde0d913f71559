"""A new leader takes over 10,000 running instances: the time from having the lease until the service is in charge.

In charge: the journal in ZooKeeper is taken over and read, Marathon's actors have their state, and Mesos has taken
the subscription under the framework id of the leader before. The baseline only reads as many nodes with kazoo.
"standing by" is a service that has followed the journal before, as `marathon serve` does; "unprepared" one that has
just been started.
"""

import asyncio
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost

COST = Cost(
    "takeover",
    "a new leader in charge of 10,000 instances, in ZooKeeper",
    size=10_000,
    baseline="kazoo reading as many nodes",
    unit="s",
    is_rate=False,
    scale=1,
    limit=5,
    at_most=1,
)
RESOURCES = "cpus:1000;mem:1000000;disk:1000000;ports:[20000-29999]"
APP = {"id": "/benchmark", "cmd": "sleep 1000", "cpus": 0.01, "mem": 1}


@COST.contender("kazoo reading as many nodes")
def kazoo(size: int) -> float:
    from kazoo.client import KazooClient

    from tests.integration.real_zookeeper import RealZooKeeper, install

    install()
    with tempfile.TemporaryDirectory() as folder, RealZooKeeper(Path(folder)) as server:
        client = KazooClient(server.hosts)
        client.start()
        client.create("/all")
        for start in range(0, size, 500):
            transaction = client.transaction()
            for number in range(start, start + 500):
                transaction.create(f"/all/{number}", b"x" * 300)
            transaction.commit()
        began = time.perf_counter()
        left, done = [size], threading.Event()

        def read(_: Any) -> None:
            left[0] -= 1
            if not left[0]:
                done.set()

        for answer in [client.get_async(f"/all/{number}") for number in range(size)]:
            answer.rawlink(read)
        done.wait()
        took = time.perf_counter() - began
        client.stop()
        client.close()
        return took


@COST.contender("standing by", ours=True)
async def standing_by(size: int) -> float:
    return await take_over(size, followed=True)


@COST.contender("unprepared", ours=True)
async def unprepared(size: int) -> float:
    return await take_over(size, followed=False)


async def take_over(size: int, *, followed: bool) -> float:
    from actors import ActorSystem
    from actors.persistence.zookeeper_journal import JournalFollower, ZooKeeperJournal
    from actors.zookeeper import ZooKeeper

    async with mesos_and_zookeeper() as (master, zk):
        async with ZooKeeper(zk) as session, ActorSystem("first") as system:
            journal = await ZooKeeperJournal(session, "/m/journal", epoch=1).open()
            marathon = await led(system, journal, master)
            await deployed(marathon, size)
            await marathon.stop()
            await journal.close()
        async with ZooKeeper(zk) as session, ActorSystem("second") as system:
            follower = JournalFollower(session, "/m/journal")
            await session.exists("/m")  # connected
            if followed:
                await follower.refresh()
            began = time.perf_counter()
            journal = await ZooKeeperJournal(session, "/m/journal", epoch=2, follower=follower).open()
            marathon = await led(system, journal, master)
            took = time.perf_counter() - began
            assert await running(marathon) == size
            await marathon.stop()
            await journal.close()
    return took


@asynccontextmanager
async def mesos_and_zookeeper() -> AsyncIterator[tuple[str, str]]:
    """A simulated Mesos, and a real ZooKeeper; their URLs."""
    from actors import ActorSystem
    from actors.local_mesos.local import LocalMesos
    from tests.integration.real_zookeeper import RealZooKeeper, install

    install()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = stack.enter_context(RealZooKeeper(Path(folder)))
        system = await stack.enter_async_context(ActorSystem("mesos"))
        local = await LocalMesos.start(system, port=0, resources=RESOURCES, runner="simulated")
        stack.push_async_callback(local.stop)
        yield local.url, f"zk://{server.hosts}/m"


async def led(system: Any, journal: Any, master: str) -> Any:
    """A service that Mesos has taken."""
    from actors.marathon import Marathon
    from actors.marathon.messages import GetFramework

    marathon = await Marathon.start(system, master=master, journal=journal)
    while True:
        if (await marathon.scheduler.ask(GetFramework(), 30)).connected:
            return marathon
        await asyncio.sleep(0.005)


async def deployed(marathon: Any, size: int) -> None:
    from actors.marathon.api import Service, ServiceInfo
    from actors.marathon.changes import CreateApp
    from actors.marathon.model import parse_app

    service = Service(marathon.system, marathon, ServiceInfo("0", "none"))
    await service.update(CreateApp(parse_app({**APP, "instances": size})))
    while True:
        if not await service.deployments():
            break
        await asyncio.sleep(0.2)
    assert await running(marathon) == size


async def running(marathon: Any) -> int:
    from actors.marathon.messages import GetInstances

    found = await marathon.instances.ask(GetInstances(), 30)
    return sum(one.condition.value == "Running" for one in found)
