"""Agents come, go away for a while, come back, are lost; the master itself is restarted."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.core import Failure
from actors.local_mesos import messages as m
from actors.local_mesos.master import MasterSettings, RegistryError, start_master
from mesos_proto import mesos_pb2

from .conftest import Bench, Scheduler, capabilities

DYNAMIC = {"type": "DYNAMIC", "role": "r"}


async def running(bench: Bench, *names: str, checkpoint: bool = True) -> Scheduler:
    """A framework with a running task."""
    scheduler = await bench.subscribe(
        capabilities=capabilities("MULTI_ROLE", *names), checkpoint=checkpoint, failover_timeout=86400
    )
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.acknowledge(await scheduler.status("TASK_RUNNING"))
    return scheduler


def task_of(scheduler: Scheduler, bench: Bench) -> mesos_pb2.Task:
    return mesos_pb2.Task(
        name="t",
        task_id=mesos_pb2.TaskID(value="t"),
        framework_id=mesos_pb2.FrameworkID(value=scheduler.id["value"]),
        agent_id=mesos_pb2.AgentID(value=bench.agent_id()),
        state=mesos_pb2.TASK_RUNNING,
        resources=bench.messages(m.RunTask)[0].task.resources,
    )


@pytest.mark.parametrize(("names", "state"), [((), "TASK_LOST"), (("PARTITION_AWARE",), "TASK_UNREACHABLE")])
async def test_an_agent_that_stays_away_75_s_is_unreachable(bench: Bench, names: tuple[str, ...], state: str) -> None:
    await bench.start()
    scheduler = await running(bench, *names)
    began = bench.system.clock.time()
    bench.system.stop(bench.agents[0])
    assert (await scheduler.status(state))["reason"] == "REASON_AGENT_REMOVED"
    assert 75 <= bench.system.clock.time() - began < 76
    failure = await scheduler.wait("FAILURE")
    assert failure["failure"]["agent_id"]["value"] == bench.agent_id()
    after = len(scheduler.events)
    await scheduler.call("RECONCILE", {"tasks": [{"task_id": {"value": "t"}, "agent_id": {"value": bench.agent_id()}}]})
    status = await scheduler.status(after=after)
    assert status["message"] == "Reconciliation: Task is unreachable"
    assert "unreachable_time" in status


async def test_the_offers_of_an_agent_that_went_away_are_rescinded_at_once(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    bench.system.stop(bench.agents[0])
    assert (await scheduler.wait("RESCIND"))["rescind"]["offer_id"] == offer["id"]


async def test_a_framework_that_does_not_checkpoint_loses_its_tasks_when_the_agent_disconnects(bench: Bench) -> None:
    await bench.start()
    scheduler = await running(bench, checkpoint=False)
    bench.system.stop(bench.agents[0])
    assert (await scheduler.status("TASK_LOST"))["reason"] == "REASON_AGENT_DISCONNECTED"


async def test_an_unreachable_agent_that_comes_back_brings_its_tasks_back(bench: Bench) -> None:
    await bench.start()
    scheduler = await running(bench, "PARTITION_AWARE")
    info, framework = bench.messages(m.RunTask)[0].task.agent_id, bench.messages(m.RunTask)[0].framework
    bench.system.stop(bench.agents[0])
    await scheduler.status("TASK_UNREACHABLE")
    after = len(scheduler.events)
    agent_info = mesos_pb2.AgentInfo(hostname="127.0.0.1", port=5051, id=info)
    agent_info.resources.extend(bench.messages(m.RunTask)[0].task.resources)
    for resource in agent_info.resources:
        resource.ClearField("allocation_info")
    back = await bench.add_agent()
    bench.master.ref.tell(m.ReregisterAgent(agent_info, back, (framework,), (task_of(scheduler, bench),)))
    status = await scheduler.status("TASK_RUNNING", after)
    assert status["reason"] == "REASON_AGENT_REREGISTERED"


async def test_a_kill_for_an_agent_that_is_away_waits_for_it(bench: Bench) -> None:
    await bench.start()
    scheduler = await running(bench)
    bench.system.stop(bench.agents[0])
    await bench.sleep(1)
    await scheduler.call("KILL", {"task_id": {"value": "t"}})
    assert not bench.messages(m.KillTask)
    again = await bench.add_agent(resources="cpus:1")
    info = mesos_pb2.AgentInfo(hostname="h", port=1, id=mesos_pb2.AgentID(value=bench.agent_id()))
    bench.master.ref.tell(m.ReregisterAgent(info, again, tasks=(task_of(scheduler, bench),)))
    await scheduler.status("TASK_KILLED")
    assert [kill.task_id for kill in bench.messages(m.KillTask, agent=1)] == ["t"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_launch_that_crossed_a_registration_is_lost_only_if_the_agent_says_so(
    bench: Bench, arrived: bool
) -> None:
    await bench.start()
    bench.runs_tasks = False
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    after = len(scheduler.events)
    bench.agents[0].tell(("reregister", bench.master.ref, (), ()))
    await bench.sleep(1)
    assert [(asked.framework.id.value, asked.task_ids) for asked in bench.messages(m.ReconcileTasks)] == [
        (scheduler.id["value"], ("t",))
    ]
    assert "UPDATE" not in scheduler.types()[after:]
    assert len((await bench.ask_operator("GET_TASKS"))["tasks"]) == 1
    state = "TASK_RUNNING" if arrived else "TASK_LOST"
    bench.agents[0].tell(("update", scheduler.id["value"], "t", state))
    await scheduler.status(state, after)


async def test_an_operation_that_crossed_a_registration_is_sent_again_and_stays_in_the_totals(bench: Bench) -> None:
    await bench.start()
    agent_id = {"value": bench.agent_id()}
    reserved = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 2}, "reservations": [DYNAMIC]}
    assert await bench.operator("RESERVE_RESOURCES", {"agent_id": agent_id, "resources": [reserved]}) == (202, "")
    bench.applies = False
    assert await bench.operator("UNRESERVE_RESOURCES", {"agent_id": agent_id, "resources": [reserved]}) == (202, "")
    reserve, unreserve = bench.messages(m.ApplyOperation)
    info = mesos_pb2.AgentInfo(hostname="127.0.0.1", port=5051, id=mesos_pb2.AgentID(value=bench.agent_id()))
    bench.master.ref.tell(m.ReregisterAgent(info, bench.agents[0], resources=reserve.resources))
    await bench.sleep(1)
    assert bench.messages(m.ApplyOperation)[2:] == [unreserve]
    assert (await bench.get("/slaves"))["slaves"][0]["reserved_resources"] == {}


@pytest.mark.real
async def test_a_restarted_master_knows_agents_quotas_and_who_is_gone(bench: Bench, tmp_path: Path) -> None:
    await bench.start(agents=2, work_dir=tmp_path)
    config = {"role": "prod", "limits": {"cpus": {"value": 3}}}
    await bench.operator("UPDATE_QUOTA", {"quota_configs": [config]})
    await bench.operator("UPDATE_WEIGHTS", {"weight_infos": [{"role": "prod", "weight": 2.5}]})
    await bench.operator("MARK_AGENT_GONE", {"agent_id": {"value": bench.agent_id(1)}})
    await bench.master.close()
    bench.master = await start_master(bench.system, work_dir=tmp_path)
    recovered = (await bench.ask_operator("GET_AGENTS"))["recovered_agents"]
    assert [agent["id"]["value"] for agent in recovered] == [bench.agent_id(0)]
    assert (await bench.ask_operator("GET_WEIGHTS"))["weight_infos"] == [{"role": "prod", "weight": 2.5}]
    assert (await bench.ask_operator("GET_QUOTA"))["status"]["configs"] == [config]
    assert await bench.operator("MARK_AGENT_GONE", {"agent_id": {"value": bench.agent_id(1)}}) == (200, "")
    assert (await bench.operator("MARK_AGENT_GONE", {"agent_id": {"value": "never"}}))[0] == 404


async def test_frameworks_and_tasks_come_back_to_a_new_master_from_agents_and_subscriptions(bench: Bench) -> None:
    await bench.start()
    old = await running(bench)
    framework = bench.messages(m.RunTask)[0].framework
    await bench.master.close()
    bench.master = await start_master(bench.system, settings=MasterSettings())
    bench.agents[0].tell(("reregister", bench.master.ref, (task_of(old, bench),), (framework,)))
    while not (await bench.ask_operator("GET_FRAMEWORKS"))["frameworks"]:
        await bench.sleep(0.1)
    (known,) = (await bench.ask_operator("GET_FRAMEWORKS"))["frameworks"]
    assert (known["recovered"], known["connected"]) == (True, False)
    new = await bench.subscribe(id=old.id, checkpoint=True, failover_timeout=86400)
    await new.call("RECONCILE", {"tasks": []})
    assert (await new.status())["state"] == "TASK_RUNNING"


async def test_a_master_that_failed_begins_anew_and_everybody_finds_it_again(bench: Bench) -> None:
    await bench.start(agents=2)
    scheduler = await bench.subscribe(failover_timeout=60)
    bench.master.ref.tell(Failure(RuntimeError("a bug")))
    await scheduler.end()
    again = await bench.subscribe(id=scheduler.id, failover_timeout=60)
    offers = await again.offers(2)
    assert {offer["agent_id"]["value"] for offer in offers} == {bench.agent_id(0), bench.agent_id(1)}


@pytest.mark.real
async def test_a_work_dir_has_one_master_at_a_time(bench: Bench, tmp_path: Path) -> None:
    await bench.start(work_dir=tmp_path)
    with pytest.raises(RegistryError, match="another master uses this work dir"):
        await start_master(bench.system, work_dir=tmp_path)


@pytest.mark.real
async def test_a_broken_registry_is_named_with_its_remedy(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "registry.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(RegistryError, match=r"registry\.sqlite is not a registry.*move it away"):
        await start_master(bench.system, work_dir=tmp_path)
    await bench.start()
