"""The service against the embedded Mesos, over the in-memory network, with simulated tasks, in virtual time."""

from __future__ import annotations

from typing import Any

from actors import ActorSystem
from actors.local_mesos import LocalMesos
from actors.marathon import Marathon
from actors.marathon.changes import settled
from actors.marathon.messages import (
    Condition,
    GetFramework,
    GetInstances,
    Instance,
    KillInstances,
    ListDeployments,
    UpdateRoot,
)
from actors.marathon.model import App, RootGroup
from actors.persistence import MemoryJournal, MemoryStore

from .definitions import app


async def always_well(check: Any, target: Any) -> None:
    return None


async def start(system: ActorSystem, local: LocalMesos, store: MemoryStore) -> Marathon:
    return await Marathon.start(system, master=local.url, journal=MemoryJournal(store), user="test", probe=always_well)


async def put(marathon: Marathon, *apps: App) -> None:
    def change(root: RootGroup, version: str) -> RootGroup:
        return settled(root, root.with_apps(*apps), version)

    await marathon.supervisor.ask(UpdateRoot(change))


async def instances(marathon: Marathon) -> tuple[Instance, ...]:
    return await marathon.instances.ask(GetInstances())


async def deployed(marathon: Marathon, within: float = 120.0) -> None:
    clock = marathon.system.clock
    end = clock.time() + within
    while await marathon.supervisor.ask(ListDeployments()):
        assert clock.time() < end, "the deployment does not end"
        await clock.sleep(0.1)


async def test_an_app_runs_scales_restarts_and_goes() -> None:
    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        marathon = await start(system, local, MemoryStore())
        await put(marathon, app("/a", cmd="sleep 100000", instances=4, healthChecks=[{}]))
        await deployed(marathon)
        first = await instances(marathon)
        assert [(one.condition, one.healthy) for one in first] == [(Condition.RUNNING, True)] * 4
        await put(marathon, app("/a", cmd="sleep 100000", instances=6, healthChecks=[{}]))
        await deployed(marathon)
        assert {one.id for one in first} < {one.id for one in await instances(marathon)}
        await put(marathon, app("/a", cmd="sleep 200000", instances=2, healthChecks=[{}]))
        await deployed(marathon)
        second = await instances(marathon)
        assert len(second) == 2
        assert not {one.id for one in first} & {one.id for one in second}
        await marathon.instances.ask(KillInstances(frozenset({second[0].id})))
        await system.clock.sleep(10)
        third = await instances(marathon)
        assert len(third) == 2
        assert second[1].id in {one.id for one in third}
        await marathon.stop()
        await local.stop()


async def test_dependents_follow_and_a_failing_task_is_launched_again() -> None:
    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        marathon = await start(system, local, MemoryStore())
        await put(
            marathon,
            app("/bad", cmd="false"),
            app("/db", cmd="sleep 100000"),
            app("/web", cmd="sleep 100000", dependencies=["/db"]),
        )
        await system.clock.sleep(30)
        running = {one.app_id for one in await instances(marathon) if one.condition is Condition.RUNNING}
        assert {"/db", "/web"} <= running
        await marathon.stop()
        await local.stop()


async def test_a_new_service_goes_on_with_the_tasks_of_the_old_one() -> None:
    async with ActorSystem() as cluster:
        local = await LocalMesos.start(cluster, port=0, agents=2, runner="simulated")
        store = MemoryStore()
        async with ActorSystem() as system:
            marathon = await start(system, local, store)
            await put(marathon, app("/a", cmd="sleep 100000", instances=3))
            await deployed(marathon)
            before = {(one.task_id, one.condition) for one in await instances(marathon)}
            framework = (await marathon.scheduler.ask(GetFramework())).framework_id
        async with ActorSystem() as system:
            marathon = await start(system, local, store)
            await system.clock.sleep(30)
            assert {(one.task_id, one.condition) for one in await instances(marathon)} == before
            status = await marathon.scheduler.ask(GetFramework())
            assert (status.framework_id, status.connected) == (framework, True)
        await local.stop()
