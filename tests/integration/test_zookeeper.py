"""Masters found through a real ZooKeeper: who leads, who leads next, and what is said while ZooKeeper is away."""

import asyncio
import gc
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from kazoo.client import KazooClient
from kazoo.exceptions import NoAuthError
from kazoo.security import make_digest_acl

from actors import ActorSystem
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.local_mesos import LocalMesos
from actors.mesos import (
    Disconnected,
    Framework,
    FrameworkInfo,
    Mesos,
    MesosError,
    NoMaster,
    Reregistered,
    ResourceOffers,
    StatusUpdate,
)
from actors.mesos.zookeeper_detector import ZooKeeperDetector
from actors.zookeeper import ZooKeeper, ZooKeeperAway
from mesos_proto import CommandInfo, TaskInfo, TaskState
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip
from tests.remote.test_processes import certificates

pytestmark = pytest.mark.real


@pytest.fixture
def mortal_zookeeper(tmp_path: Path) -> Iterator[RealZooKeeper]:
    """One that the test may kill."""
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path) as zookeeper:
        yield zookeeper


class Candidate:
    """A master as far as ZooKeeper sees it: a session with a node ``json.info_SEQUENCE`` below ``path``."""

    def __init__(self, zookeeper: RealZooKeeper, path: str, url: str, closed: bool = False) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        address = {"ip": host, "hostname": host, "port": int(port)}
        info = {"id": "x", "ip": 16777343, "port": int(port), "hostname": host, "address": address}
        auth, acl = (
            ([("digest", "mesos:p@ss")], [make_digest_acl("mesos", "p@ss", all=True)]) if closed else (None, None)
        )
        self._client: Any = KazooClient(hosts=zookeeper.hosts, timeout=2.0, auth_data=auth)
        self._client.start()
        data = json.dumps(info).encode()
        self._client.create(f"{path}/json.info_", data, acl, ephemeral=True, sequence=True, makepath=True)

    def leave(self) -> None:
        self._client.stop()
        self._client.close()

    def __enter__(self) -> "Candidate":
        return self

    def __exit__(self, *exc: object) -> None:
        self.leave()


async def answer(detector: ZooKeeperDetector, other_than: str | None = None) -> str:
    """The leader, as soon as there is one."""
    async with asyncio.timeout(60):
        while True:
            with suppress(NoMaster):
                if (leader := await detector.detect(None)) != other_than:
                    return leader
            await asyncio.sleep(0.1)


async def test_the_oldest_candidate_leads_and_the_next_one_follows(zookeeper: RealZooKeeper) -> None:
    path = "/followed"
    detector = ZooKeeperDetector(f"zk://{zookeeper.hosts}{path}", timeout=30.0)
    with pytest.raises(NoMaster, match="does not exist"):
        await detector.detect(None)
    first, second = (
        Candidate(zookeeper, path, "http://10.0.0.1:5050"),
        Candidate(zookeeper, path, "http://10.0.0.2:5050"),
    )
    with second:
        assert await detector.detect(None) == "http://10.0.0.1:5050"
        first.leave()
        assert await detector.detect("http://10.0.0.1:5050") == "http://10.0.0.2:5050"
    with pytest.raises(NoMaster, match="no master leads at present"):
        await detector.detect(None)
    await detector.close()


async def test_a_session_says_for_how_long_the_server_keeps_it(zookeeper: RealZooKeeper) -> None:
    for asked, granted in ((60.0, 10.0), (0.2, 1.0), (3.0, 3.0)):  # 2 to 20 ticks of 0.5 s
        async with ZooKeeper(f"zk://{zookeeper.hosts}/granted", session_timeout=asked) as session:
            assert session.session_timeout == asked
            await session.ensure("/granted")
            assert session.session_timeout == granted


async def test_many_nodes_are_read_with_one_request(zookeeper: RealZooKeeper) -> None:
    async with ZooKeeper(f"zk://me:secret@{zookeeper.hosts}/many") as mine:
        paths = [f"/many/{number}" for number in range(300)]
        for path in paths[:3]:
            await mine.create(path, path.encode() * 1000, parents=True)
        found = await mine.get_many(paths)
        assert [each and each.data for each in found[:4]] == [*(path.encode() * 1000 for path in paths[:3]), None]
        assert found[0] == await mine.get(paths[0])
        assert found[3:] == [None] * 297
        assert mine._reads_many
        async with ZooKeeper(f"zk://{zookeeper.hosts}/many") as stranger:
            with pytest.raises(NoAuthError):
                await stranger.get_many(paths)


async def test_over_tls_it_takes_who_has_a_certificate_of_its_authority(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    real_zookeeper_or_skip()
    for name in ("ours", "others"):
        (tmp_path / name).mkdir()
    ours = certificates(tmp_path / "ours", "server", "client")
    client, stranger = ours["client"], certificates(tmp_path / "others", "stranger")["stranger"]
    with RealZooKeeper(tmp_path / "zookeeper", tls=ours["server"]) as secure:

        def url(who: Any, authority: Any = client.authority) -> str:
            return f"zk://{secure.hosts}/tls?ca={authority}&certificate={who.certificate}&key={who.key}"

        async with ZooKeeper(url(client)) as session, ZooKeeperCoordinator(session) as coordinator:
            assert (await coordinator.lease("leader")).held()
            assert [each and each.data for each in await session.get_many(["/tls/leases/leader/epoch"])] == [b"1"]
            master = json.dumps({"address": {"ip": "10.0.0.1", "port": 5050}}).encode()
            await session.create("/mesos/json.info_", master, sequence=True, parents=True)
            detector = ZooKeeperDetector(url(client).replace("/tls?", "/mesos?"))
            assert await detector.detect(None) == "http://10.0.0.1:5050"
            await detector.close()
        caplog.set_level("CRITICAL", "kazoo.client")  # its records hold the sockets of failed handshakes
        for refused in (url(stranger), url(client, stranger.authority), f"zk://{secure.hosts}/tls"):
            async with ZooKeeper(refused, call_timeout=1.0) as session:
                with pytest.raises(ZooKeeperAway):
                    await session.get("/tls")
    gc.collect()  # kazoo leaves sockets of failed handshakes to it


async def test_credentials_open_what_is_closed_to_others(zookeeper: RealZooKeeper) -> None:
    path = "/closed"
    with Candidate(zookeeper, path, "http://10.0.0.1:5050", closed=True):
        stranger = ZooKeeperDetector(f"zk://{zookeeper.hosts}{path}", timeout=30.0)
        with pytest.raises(NoMaster, match="may not be read: give the credentials"):
            await stranger.detect(None)
        await stranger.close()
        known = ZooKeeperDetector(f"zk://mesos:p%40ss@{zookeeper.hosts}{path}", timeout=30.0)
        assert await known.detect(None) == "http://10.0.0.1:5050"
        await known.close()


async def test_a_zookeeper_that_is_killed_is_named_and_found_again(mortal_zookeeper: RealZooKeeper) -> None:
    detector = ZooKeeperDetector(f"zk://{mortal_zookeeper.hosts}/mesos", timeout=2.0)
    with Candidate(mortal_zookeeper, "/mesos", "http://10.0.0.1:5050"):
        assert await answer(detector) == "http://10.0.0.1:5050"
        mortal_zookeeper.kill()
        async with asyncio.timeout(60):
            with pytest.raises(NoMaster, match="ZooKeeper"):
                await detector.detect(None)
        await asyncio.to_thread(mortal_zookeeper.start)
    with Candidate(mortal_zookeeper, "/mesos", "http://10.0.0.2:5050"):
        # The first one's session is not over at once.
        assert await answer(detector, other_than="http://10.0.0.1:5050") == "http://10.0.0.2:5050"
    await detector.close()


async def test_a_session_that_ended_while_the_server_stood_still_is_replaced(mortal_zookeeper: RealZooKeeper) -> None:
    with Candidate(mortal_zookeeper, "/mesos", "http://10.0.0.1:5050") as gone:
        detector = ZooKeeperDetector(f"zk://{mortal_zookeeper.hosts}/mesos", timeout=1.0)
        assert await answer(detector) == "http://10.0.0.1:5050"
        mortal_zookeeper.pause()
        async with asyncio.timeout(60):
            with pytest.raises(NoMaster, match="ZooKeeper"):
                await detector.detect(None)
        await asyncio.sleep(3)  # longer than the session lasts
        mortal_zookeeper.resume()
        with Candidate(mortal_zookeeper, "/mesos", "http://10.0.0.2:5050"):
            gone.leave()
            assert await answer(detector) == "http://10.0.0.2:5050"
        await detector.close()


async def test_a_framework_follows_the_leader_to_another_master(zookeeper: RealZooKeeper) -> None:
    path = "/moving"
    async with ActorSystem("moving") as system, asyncio.timeout(60):
        first = await LocalMesos.start(system, port=0, agents=0, runner="simulated")
        second = await LocalMesos.start(system, port=0, agents=0, runner="simulated")
        leading, next_one = Candidate(zookeeper, path, first.url), Candidate(zookeeper, path, second.url)
        info = FrameworkInfo(name="moving", user="root")
        framework = await Mesos(system).register_framework(f"zk://{zookeeper.hosts}{path}", info, reconciliation=None)
        assert framework.master == first.url
        framework_id = framework.id
        seen: list[type] = []
        leading.leave()
        await first.stop()
        async for event in framework.events:
            seen.append(type(event))
            if isinstance(event, Reregistered):
                break
        assert Disconnected in seen
        assert (framework.master, framework.id) == (second.url, framework_id)
        with suppress(MesosError):
            await framework.shutdown()
        next_one.leave()
        await second.stop()


async def running_task(framework: Framework) -> None:
    async for event in framework.events:
        match event:
            case ResourceOffers([offer, *_]):
                sleep = CommandInfo(value="sleep 1000")
                task = TaskInfo(
                    name="t", task_id="t", agent_id=offer.agent_id, resources="cpus:1;mem:32", command=sleep
                )
                await framework.driver.launch_tasks([task], [offer.id])
            case StatusUpdate(status):
                await framework.driver.acknowledge(status)
                if status.state is TaskState.TASK_RUNNING:
                    return


async def test_agents_frameworks_and_tasks_move_to_the_next_master(zookeeper: RealZooKeeper) -> None:
    zk = f"zk://{zookeeper.hosts}/elected"
    async with ActorSystem("ha") as system, asyncio.timeout(60):
        local = await LocalMesos.start(system, port=0, agents=1, runner="simulated", masters=2, zk=zk)
        first, second = sorted(local.masters, key=lambda master: master.ref is None)  # the leader, and the other one
        framework = await Mesos(system).register_framework(zk, FrameworkInfo(name="ha", user="root"))
        assert framework.master == first.url
        await running_task(framework)
        # One that does not lead sends everybody to the one that does.
        async with aiohttp.ClientSession() as session:

            async def sends_on() -> bool:
                async with session.get(second.url + "/master/state?x=1", allow_redirects=False) as answer:
                    if answer.status == 503:  # it has not heard yet who leads
                        return False
                    assert (answer.status, answer.headers["Location"]) == (307, f"{first.url[5:]}/master/state?x=1")
                    return True

            while not await sends_on():  # noqa: ASYNC110 - it does not tell when it knows
                await asyncio.sleep(0.1)
            async with session.get(second.url + "/health") as answer:
                assert answer.status == 200
        await first.close()
        seen: list[type] = []
        async for event in framework.events:
            seen.append(type(event))
            if isinstance(event, StatusUpdate) and event.status.state is TaskState.TASK_RUNNING:
                break  # the answer to the reconciliation with the next master, which asked the agent
        assert seen.index(Disconnected) < seen.index(Reregistered)
        assert framework.master == second.url
        await framework.shutdown()
        await local.stop()


async def test_a_master_without_zookeeper_stops_leading_and_leads_again_afterwards(
    mortal_zookeeper: RealZooKeeper,
) -> None:
    zk = f"zk://{mortal_zookeeper.hosts}/mesos"
    async with ActorSystem("ha") as system, asyncio.timeout(60), aiohttp.ClientSession() as session:

        async def answers(status: int) -> None:
            while True:
                async with session.get(local.url + "/master/state") as answer:
                    if answer.status == status:
                        return
                await asyncio.sleep(0.1)

        local = await LocalMesos.start(system, port=0, agents=1, runner="simulated", masters=1, zk=zk)
        await answers(200)
        mortal_zookeeper.kill()
        await answers(503)
        await asyncio.to_thread(mortal_zookeeper.start)
        await answers(200)
        await local.stop()
