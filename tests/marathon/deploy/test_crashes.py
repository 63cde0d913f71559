"""The service is killed at any moment and started again over what its journal holds."""

from __future__ import annotations

from typing import Any

import pytest

from actors.marathon.changes import RestartApp
from actors.marathon.messages import Condition, GetFramework, GetRoot, GetTaskFailures, UpdateRoot
from actors.mesos import AcceptOffers, KillTask

from .conftest import Service
from .definitions import app

CHECK: dict[str, Any] = {"gracePeriodSeconds": 300, "intervalSeconds": 1, "maxConsecutiveFailures": 3}


async def settled(service: Service, **expected: int) -> None:
    """All deployments end, and each app has as many running tasks as it should, and not one more."""
    await service.deployed()
    await service.system.clock.sleep(5)
    for name, count in expected.items():
        tasks = service.world.live(f"/{name}")
        assert len(tasks) == count, f"/{name} has {len(tasks)} tasks instead of {count}"
        instances = await service.instances(f"/{name}")
        assert {one.task_id for one in instances} == {task.id for task in tasks}
        assert all(one.condition is Condition.RUNNING for one in instances)


@pytest.mark.parametrize("turn", range(0, 120, 3))
async def test_a_deployment_goes_on_after_a_crash_at_any_turn(turn: int) -> None:
    """The crash comes so many turns of the loop after the change was accepted."""
    service = Service()
    await service.start()
    await service.put(app("/db", instances=2), app("/web", instances=3, dependencies=["/db"]))
    for _ in range(turn):
        await service.system.clock.sleep(0)
    await service.restart()
    await settled(service, db=2, web=3)
    await service.kill()


@pytest.mark.parametrize("moment", [0.02 * n for n in range(1, 60)])
async def test_a_rolling_restart_goes_on_after_a_crash_at_any_moment(moment: float) -> None:
    service = Service()
    await service.start()
    await service.put(app("/a", instances=3, healthChecks=[CHECK]))
    await service.deployed()
    old = {task.id for task in service.world.live("/a")}
    strategy = {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.34}
    await service.put(app("/a", instances=3, cmd="other", healthChecks=[CHECK], upgradeStrategy=strategy))
    await service.system.clock.sleep(moment)
    await service.restart()
    await settled(service, a=3)
    assert not old & set(service.world.tasks)
    await service.kill()


@pytest.mark.parametrize("moment", [0.0, 0.01, 0.04, 0.06, 0.1])
async def test_a_removal_goes_on_after_a_crash(moment: float) -> None:
    service = Service()
    await service.start()
    await service.put(app("/a", instances=2), app("/b"))
    await service.deployed()
    await service.remove("/a")
    await service.system.clock.sleep(moment)
    await service.restart()
    await settled(service, a=0, b=1)
    assert [name for name in service.store.streams if name.startswith(("deployment/", "failure/"))] == []
    await service.kill()


async def test_a_restart_by_itself_launches_and_kills_nothing(service: Service) -> None:
    await service.put(app("/a", instances=3, healthChecks=[CHECK]), app("/b"))
    await service.deployed()
    before = {(one.id, one.condition, one.healthy, one.started_at) for one in await service.instances()}
    root = await service.marathon.supervisor.ask(GetRoot())
    framework = (await service.marathon.scheduler.ask(GetFramework())).framework_id
    service.world.calls.clear()
    await service.restart()
    after = {(one.id, one.condition, one.healthy, one.started_at) for one in await service.instances()}
    assert after == before  # health included, before any check was made again
    assert await service.marathon.supervisor.ask(GetRoot()) == root
    await service.system.clock.sleep(60)
    assert (await service.marathon.scheduler.ask(GetFramework())).framework_id == framework
    assert not [call for call in service.world.calls if isinstance(call, AcceptOffers | KillTask)]


async def test_a_task_that_ended_while_the_service_was_away_is_replaced(service: Service) -> None:
    from .fake_mesos import FAILED

    await service.put(app("/a", instances=2))
    await service.deployed()
    await service.kill()
    service.world.end(service.world.live("/a")[0].id, FAILED, "while nobody looked")
    await service.start()
    await service.until(lambda: len(service.world.running("/a")) == 2)
    failures = await service.marathon.instances.ask(GetTaskFailures())
    assert failures["/a"].message == "while nobody looked"


async def test_a_task_that_nobody_remembers_is_killed(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    await service.kill()
    for name in [name for name in service.store.streams if name.startswith("instance/")]:
        del service.store.streams[name]
    forgotten = service.world.live("/a")[0].id
    await service.start()
    await service.until(lambda: forgotten not in service.world.tasks and len(service.world.running("/a")) == 1)


async def test_a_kill_that_was_accepted_is_carried_out_after_a_crash(service: Service) -> None:
    from actors.marathon.messages import KillInstances

    await service.put(app("/a", instances=2))
    await service.deployed()
    victim = (await service.instances("/a"))[0]
    await service.marathon.instances.ask(KillInstances(frozenset({victim.id})))
    await service.system.clock.sleep(0)
    await service.restart()
    await service.until(lambda: len(service.world.running("/a")) == 2 and victim.task_id not in service.world.tasks)


async def test_an_update_is_acknowledged_only_after_it_is_stored(service: Service) -> None:
    """With a journal that takes nothing more, no status is acknowledged; once it has room again, all are."""
    await service.put(app("/a"))
    await service.deployed()
    task = service.world.live("/a")[0]
    assert task.updates == []
    service.store.capacity = 1
    service.world.tell(task.id, task.state, healthy=False)
    service.world.end(task.id, 3, "failed")
    await service.system.clock.sleep(30)
    assert len(task.updates) >= 1
    assert service.world.live("/a") == []
    service.store.capacity = None
    await service.until(lambda: task.updates == [] and len(service.world.running("/a")) == 1)


async def test_a_restart_goes_on_after_a_crash_though_nothing_of_the_definition_changed(service: Service) -> None:
    await service.put(app("/a", instances=4))
    await service.deployed()
    before = {task.id for task in service.world.live("/a")}
    service.world.startup = lambda app_id: 5.0
    await service.marathon.supervisor.ask(UpdateRoot(RestartApp("/a")))
    await service.system.clock.sleep(1)
    await service.restart()
    await service.deployed()
    assert len(service.world.running("/a")) == 4
    assert not before & {task.id for task in service.world.live("/a")}
