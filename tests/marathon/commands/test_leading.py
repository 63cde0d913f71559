"""Several services in one process and virtual time, on a ZooKeeper in memory and a simulated Mesos.

What `tests/integration/test_several_services.py` does with real parts, and what takes longer there.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import aiohttp
import pytest

from actors import ActorSystem
from actors.local_mesos import LocalMesos
from actors.marathon.commands import _place, _service
from actors.marathon.commands._options import ServiceOptions
from actors.marathon.commands._service import LeadershipOver, Mesos, Sharing
from actors.zookeeper import Address, ZooKeeper
from tests.zookeeper.stand_in import StandInZooKeeper

from .parsing import parsed

APP = {"cmd": "sleep 1000000", "cpus": 0.01, "mem": 1}


class World:
    """A Mesos, a ZooKeeper, and the services that a test starts."""

    def __init__(self, local: LocalMesos, server: StandInZooKeeper, http: aiohttp.ClientSession) -> None:
        self.local, self.server, self.http = local, server, http
        self.services: list[asyncio.Task[Any]] = []
        self.urls: list[str] = []
        self.sessions: list[ZooKeeper] = []

    def start(self) -> int:
        said = parsed("serve", ["--master", self.local.url, "--port", "0"])
        options = ServiceOptions(**{field.name: said[field.name] for field in fields(ServiceOptions)})

        async def somewhere(system: ActorSystem, options: ServiceOptions) -> Mesos:
            return Mesos(self.local.url)

        running = _service._run(options, somewhere, Sharing(Address.parse("zk://stand-in:2181/marathon")))
        self.services.append(asyncio.create_task(running))
        return len(self.services) - 1

    async def ask(self, method: str, path: str, number: int | None = None, body: Any = None) -> tuple[int, Any]:
        """Of one service, or of the first that lives; status 0: no answer."""
        alive = [n for n, service in enumerate(self.services) if not service.done()]
        url = self.urls[alive[0] if number is None else number]
        try:
            async with self.http.request(method, url + path, json=body) as answer:
                return answer.status, await answer.json(content_type=None)
        except aiohttp.ClientError:
            return 0, None

    async def leader(self, within: float = 60.0) -> int:
        async with asyncio.timeout(within):
            while True:
                for number, service in enumerate(self.services):
                    if service.done() or number >= len(self.urls):
                        continue
                    status, told = await self.ask("GET", "/v2/leader", number)
                    if status == 200 and f"http://{told['leader']}" == self.urls[number]:
                        return number
                await asyncio.sleep(0.1)

    async def settled(self, app: str, count: int) -> set[str]:
        """The task ids of an app of which so many run, once no deployment is left."""
        async with asyncio.timeout(60):
            while True:
                status, deployments = await self.ask("GET", "/v2/deployments")
                _, tasks = await self.ask("GET", f"/v2/apps/{app}/tasks")
                if (status, deployments) == (200, []) and tasks and len(tasks["tasks"]) == count:
                    return {task["id"] for task in tasks["tasks"]}
                await asyncio.sleep(0.1)

    async def ended(self, number: int, within: float) -> None:
        with pytest.raises(LeadershipOver, match="the lease is lost"):
            await asyncio.wait_for(self.services[number], within)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    server = StandInZooKeeper()
    monkeypatch.setattr(_service, "settle_collector", lambda: None)  # this process is no service's alone
    async with ActorSystem("mesos") as system, aiohttp.ClientSession() as http:
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        world = World(local, server, http)

        def session(*arguments: Any, **options: Any) -> ZooKeeper:
            world.sessions.append(ZooKeeper(*arguments, client=server.client, **options))
            return world.sessions[-1]

        async def serve(*arguments: Any, serve: Any = _service.serve, **options: Any) -> Any:
            made = await serve(*arguments, **options)
            world.urls.append(made.url)
            return made

        monkeypatch.setattr(_place, "ZooKeeper", session)
        monkeypatch.setattr(_service, "serve", serve)
        for _ in range(3):
            world.start()
        yield world
        for service in world.services:
            service.cancel()
        await asyncio.gather(*world.services, return_exceptions=True)
        await local.stop()


async def test_a_minute_without_zookeeper_costs_no_task_and_nothing_that_was_acknowledged(world: World) -> None:
    first = await world.leader()
    assert (await world.ask("POST", "/v2/apps", body={"id": "/a", "instances": 5, **APP}))[0] == 201
    ran = await world.settled("a", 5)
    world.server.stop()
    late = asyncio.create_task(world.ask("POST", "/v2/apps", first, {"id": "/late", **APP}))
    await world.ended(first, within=30)
    assert (await late)[0] not in (200, 201)
    await asyncio.sleep(30)
    assert (await world.ask("GET", "/v2/apps"))[0] == 503
    world.server.start()
    second = await world.leader()
    assert second != first
    assert await world.settled("a", 5) == ran
    assert (await world.ask("POST", "/v2/apps", body={"id": "/b", **APP}))[0] == 201


async def test_a_short_absence_of_zookeeper_changes_no_leader_and_delays_what_is_asked(world: World) -> None:
    first = await world.leader()
    world.server.stop()
    asked = asyncio.create_task(world.ask("POST", "/v2/apps", first, {"id": "/a", **APP}))
    await asyncio.sleep(3)
    assert not asked.done()
    world.server.start()
    assert (await asked)[0] == 201
    await world.settled("a", 1)
    assert await world.leader() == first


async def test_a_session_that_ran_out_ends_its_leader_and_another_goes_on_with_the_deployment(world: World) -> None:
    first = await world.leader()
    group = {
        "id": "/g",
        "apps": [{"id": "/g/a", "instances": 5, **APP}, {"id": "/g/b", "dependencies": ["/g/a"], **APP}],
    }
    assert (await world.ask("POST", "/v2/groups", first, group))[0] == 201
    world.server.expire(world.sessions[first])
    await world.ended(first, within=10)
    assert await world.leader() != first
    assert len(await world.settled("g/a", 5)) == 5
    assert len(await world.settled("g/b", 1)) == 1
    assert len(await tasks_of(world)) == 6, "Mesos runs none twice"


async def test_each_of_them_may_lead_in_turn_and_the_framework_stays_the_same(world: World) -> None:
    assert (await world.ask("POST", "/v2/apps", await world.leader(), {"id": "/a", "instances": 3, **APP}))[0] == 201
    ran = await world.settled("a", 3)
    frameworks = set()
    for _ in range(3):
        leader = await world.leader()
        await world.settled("a", 3)
        frameworks.add((await world.ask("GET", "/v2/info", leader))[1]["frameworkId"])
        other = next(n for n, service in enumerate(world.services) if not service.done() and n != leader)
        assert await world.ask("DELETE", "/v2/leader", other) == (200, {"message": "Leadership abdicated"})
        with pytest.raises(LeadershipOver, match="given up"):
            await asyncio.wait_for(world.services[leader], 60)
        world.start()
        await asyncio.sleep(1)
    await world.leader()
    assert await world.settled("a", 3) == ran
    assert len(frameworks) == 1


async def tasks_of(world: World) -> list[Any]:
    """Those that Mesos has running."""
    async with world.http.get(f"{world.local.url}/tasks") as answer:
        return [task for task in (await answer.json())["tasks"] if task["state"] == "TASK_RUNNING"]
