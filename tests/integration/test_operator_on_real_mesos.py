"""The operator's client against a real Mesos."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from actors import ActorSystem
from actors.mesos import Mesos
from actors.mesos.operator import FrameworkAdded, FrameworkRemoved, OperatorClient, Snapshot, TaskAdded, TaskUpdated
from mesos_proto import AgentID, Resources, TaskState, json_codec, master_pb2, mesos_pb2
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.test_framework_on_mesos import INFO, launch, reach, system

__all__ = ["system"]  # the fixture

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMesos]:
    real_mesos_or_skip()
    with RealMesos(tmp_path_factory.mktemp("mesos")) as mesos:
        yield mesos


async def test_what_a_master_knows_is_read(mesos: RealMesos, system: ActorSystem) -> None:
    async with OperatorClient(system, mesos.url) as client:
        assert await client.get_health()
        assert (await client.get_version()).version == "1.11.0"
        assert (await client.get_flags())["registry"] == "replicated_log"
        assert (await client.get_metrics())["master/elected"] == 1
        assert (await client.get_master()).master_info.port == mesos.port
        (agent,) = (await client.get_agents()).agents
        assert Resources(agent.agent_info.resources).cpus == 4
        assert (await client.get_state()).get_agents.agents[0].agent_info.id == agent.agent_info.id
        await client.update_weights({"silver": 2.5})
        assert (await client.get_weights())["silver"] == 2.5
        await client.set_logging_level(1, timedelta(seconds=1))
        for question in (
            client.get_frameworks,
            client.get_executors,
            client.get_operations,
            client.get_tasks,
            client.get_roles,
            client.get_quota,
            client.get_maintenance_status,
            client.get_maintenance_schedule,
        ):
            await question()


def as_v1_declares_it(said: Any) -> Any:
    """Some answers the master writes by other code than its protobuf ↔ JSON, with two traces: empty lists are written
    as well, and an agent's ``checkpoint``, which its older API has and v1 does not."""
    if isinstance(said, dict):
        kept = {name: as_v1_declares_it(value) for name, value in said.items() if value != []}
        if "agent_info" in kept:
            kept["agent_info"].pop("checkpoint", None)
        return kept
    return [as_v1_declares_it(each) for each in said] if isinstance(said, list) else said


async def test_its_json_comes_back_as_it_was_sent(mesos: RealMesos, system: ActorSystem) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    questions = [value.name for value in master_pb2.Call.Type.DESCRIPTOR.values if value.name.startswith("GET_")]
    async with aiohttp.ClientSession(headers=headers) as session:
        for question in questions:
            asked = json.dumps({"type": question, "get_metrics": {}})
            async with session.post(f"{mesos.url}/api/v1", data=asked) as response:
                said = await response.read()
            assert response.status == 200, (question, said)
            read = json_codec.loads(master_pb2.Response, said)
            assert json.loads(json_codec.dumps(read)) == as_v1_declares_it(json.loads(said)), question
    await framework.shutdown()


async def test_events_follow_a_framework_and_its_task(mesos: RealMesos, system: ActorSystem) -> None:
    async with OperatorClient(system, mesos.url) as client:
        events = client.events()
        assert isinstance(await anext(events), Snapshot)
        framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
        added = await anext(events)
        assert isinstance(added, FrameworkAdded)
        assert added.framework.framework_info.id.value == framework.id
        await launch(framework, "watched", "sleep 1000")
        await reach(framework, "watched", TaskState.TASK_RUNNING)
        assert isinstance(await anext(events), TaskAdded)
        seen = [await anext(events), await anext(events)]
        assert [event.state for event in seen if isinstance(event, TaskUpdated)] == [
            TaskState.TASK_STARTING,
            TaskState.TASK_RUNNING,
        ]
        await client.teardown(framework.id)
        async for event in events:
            if isinstance(event, FrameworkRemoved):
                break
        await events.aclose()  # type: ignore[attr-defined]
        await framework.deactivate()


async def test_an_agent_is_deactivated_drained_and_brought_back(mesos: RealMesos, system: ActorSystem) -> None:
    async with OperatorClient(system, mesos.url) as client:
        framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
        await launch(framework, "drained", "sleep 1000")
        running = await reach(framework, "drained", TaskState.TASK_RUNNING)
        agent_id = AgentID(running.agent_id or "")
        await client.drain_agent(agent_id, timedelta(seconds=1))
        await reach(framework, "drained", TaskState.TASK_KILLED)
        while (await client.get_agents()).agents[0].drain_info.state != mesos_pb2.DRAINED:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await client.reactivate_agent(agent_id)
        await client.deactivate_agent(agent_id)
        (agent,) = (await client.get_agents()).agents
        assert agent.deactivated
        await client.reactivate_agent(agent_id)
        await framework.shutdown()
