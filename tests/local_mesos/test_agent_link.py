"""An agent with its master in another place: over the network, and to another master when that one is gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp

from actors import ActorRef, ActorSystem, Props
from actors.local_mesos import Fate, SimulatedRunner, always
from actors.local_mesos.agent import Agent, AgentSettings, MemoryCheckpoint
from actors.local_mesos.agent_link import LeaderLink
from actors.local_mesos.master import MasterServer, start_master
from actors.local_mesos.wire import AGENTS_PATH
from actors.mesos import Framework, FrameworkInfo, Mesos, Reregistered, ResourceOffers, StatusUpdate
from mesos_proto import CommandInfo, Resources, TaskInfo, TaskState, mesos_pb2


def agent_of(system: ActorSystem) -> ActorRef[Any]:
    info = mesos_pb2.AgentInfo(hostname="127.0.0.1", port=5051, resources=Resources.parse("cpus:1;mem:64").to_protos())
    runner = SimulatedRunner(system.clock, system.random, always(Fate(runs=None)))
    return system.spawn(Props(Agent, AgentSettings(info), MemoryCheckpoint(), runner))


def info_of(master: MasterServer) -> mesos_pb2.MasterInfo:
    return mesos_pb2.MasterInfo(id="x", ip=1, port=master.port, address={"ip": "127.0.0.1", "port": master.port})


async def get(url: str) -> Any:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.json()


async def launched(framework: Framework) -> None:
    async for event in framework.events:
        match event:
            case ResourceOffers((offer, *_)):
                task = TaskInfo(
                    name="t", task_id="t", agent_id=offer.agent_id, resources=offer.resources,
                    command=CommandInfo(value="sleep 100"),
                )  # fmt: skip
                await framework.driver.launch_tasks([task], [offer.id])
            case StatusUpdate(status):
                await framework.driver.acknowledge(status)
                if status.state is TaskState.TASK_RUNNING:
                    return


async def test_a_task_runs_over_the_network_and_goes_on_under_the_next_master() -> None:
    async with ActorSystem("test") as system:
        first, second = await start_master(system), await start_master(system)
        leading = [first.url]
        agent = agent_of(system)
        link = LeaderLink(system, agent)
        link.turn_to(info_of(first))
        info = FrameworkInfo(name="f", user="root", checkpoint=True, failover_timeout=timedelta(minutes=20))
        framework = await Mesos(system).register_framework(lambda: leading[0], info)
        await launched(framework)
        (before,) = (await get(first.url + "/master/slaves"))["slaves"]

        leading[0] = second.url
        await first.close()
        link.turn_to(info_of(second))
        async for event in framework.events:
            if isinstance(event, Reregistered):
                break
        await system.clock.sleep(5)
        (after,) = (await get(second.url + "/master/slaves"))["slaves"]
        assert (after["id"], after["used_resources"]["cpus"]) == (before["id"], 1.0)
        (task,) = (await get(second.url + "/master/tasks"))["tasks"]
        assert (task["id"], task["state"]) == ("t", "TASK_RUNNING")

        await framework.driver.kill_task("t")
        async for event in framework.events:
            if isinstance(event, StatusUpdate) and event.status.state is TaskState.TASK_KILLED:
                break
        await framework.shutdown()
        await link.close()
        await second.close()


async def test_a_master_that_does_not_answer_yet_is_tried_again() -> None:
    async with ActorSystem("test") as system:
        gone = await start_master(system)
        await gone.close()
        link = LeaderLink(system, agent_of(system))
        link.turn_to(info_of(gone))
        await system.clock.sleep(10)
        again = await start_master(system, port=gone.port)
        await system.clock.sleep(2)
        assert len((await get(again.url + "/master/slaves"))["slaves"]) == 1
        await link.close()
        await system.clock.sleep(1)
        (slave,) = (await get(again.url + "/master/slaves"))["slaves"]
        assert not slave["active"], "its connection is gone, and it may come back"
        await again.close()


async def test_what_is_no_frame_ends_the_connection_and_nothing_else() -> None:
    async with ActorSystem("test") as system, aiohttp.ClientSession() as session:
        master = await start_master(system)
        async with session.ws_connect(master.url + AGENTS_PATH) as socket:
            await socket.send_bytes(b"\xff nonsense")
            closed = await socket.receive()
            assert (closed.data, closed.extra) == (1002, "no message has the number 255")
        async with session.get(master.url + AGENTS_PATH) as answer:
            assert answer.status == 400
        assert (await get(master.url + "/master/slaves"))["slaves"] == []
        await master.close()
