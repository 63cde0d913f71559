"""What goes wrong around a service for a long time, and what it does meanwhile and afterwards."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.marathon.events import TaskStatusChanged
from actors.marathon.health import Target
from actors.marathon.messages import Condition, GetRoot, KillInstances
from actors.marathon.model import HealthCheck
from actors.mesos import AcceptOffers, KillTask
from actors.persistence import JournalFull

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED

HOUR = 3600.0
CHECK: dict[str, Any] = {"gracePeriodSeconds": 5, "intervalSeconds": 1, "maxConsecutiveFailures": 3}


# -- Mesos is away


async def test_mesos_is_away_for_an_hour_and_all_that_was_ordered_meanwhile_comes_true(service: Service) -> None:
    await service.put(app("/a", instances=3), app("/b", instances=2, healthChecks=[CHECK]))
    await service.deployed()
    before = {task.id for task in service.world.live()}
    service.world.leave()
    await service.system.clock.sleep(60)
    died = service.world.live("/a")[0].id
    service.world.end(died, FAILED, "while nobody looked")
    sick = service.world.live("/b")[0].id
    service.sick = {sick}  # it cannot be killed before Mesos is back
    await service.put(app("/a", instances=4))
    await service.put(app("/new", instances=2, dependencies=["/a"]))
    await service.system.clock.sleep(HOUR)
    assert {task.id for task in service.world.live()} == before - {died}
    assert len(await service.deployments()) == 2  # they wait
    service.world.come_back()
    back = service.system.clock.time()
    assert await service.deployed() - back < 10
    await service.until(lambda: sick not in service.world.tasks, within=60)  # kills are sent again each 30 s
    await service.until(lambda: len(service.world.running("/b")) == 2)
    assert len(service.world.running("/a")) == 4
    assert len(service.world.running("/new")) == 2
    assert before - {died, sick} <= set(service.world.tasks)  # and nothing else was touched


async def test_a_service_killed_while_mesos_is_away_goes_on_when_both_are_back(service: Service) -> None:
    await service.put(app("/a", instances=3))
    await service.deployed()
    before = set(service.world.tasks)
    service.world.leave()
    await service.put(app("/a", instances=3, cmd="new"))
    await service.system.clock.sleep(10)
    await service.restart()
    assert set(service.world.tasks) == before
    await service.system.clock.sleep(HOUR)
    service.world.come_back()
    await service.deployed()
    assert [task.info.command.value for task in service.world.running("/a")] == ["new"] * 3
    assert not before & set(service.world.tasks)


async def test_the_api_answers_of_instances_and_changes_while_mesos_is_away(service: Service) -> None:
    await service.put(app("/a", instances=3))
    await service.deployed()
    service.world.leave()
    await service.system.clock.sleep(HOUR)
    assert [one.condition for one in await service.instances("/a")] == [Condition.RUNNING] * 3
    victim = (await service.instances("/a"))[0]
    await service.marathon.instances.ask(KillInstances(frozenset({victim.id})))  # accepted, and stored
    await service.restart()
    await service.system.clock.sleep(HOUR)
    service.world.come_back()
    await service.until(lambda: victim.task_id not in service.world.tasks, within=60)
    await service.until(lambda: len(service.world.running("/a")) == 3)


# -- the disk is full


async def test_with_a_full_disk_a_change_is_refused_and_the_service_goes_on(service: Service) -> None:
    await service.put(app("/a", instances=2, healthChecks=[CHECK]))
    await service.deployed()
    root = await service.marathon.supervisor.ask(GetRoot())
    running = set(service.world.tasks)
    service.store.capacity = service.store.used
    for _ in range(3):
        with pytest.raises(JournalFull, match="full"):
            await service.put(app("/a", instances=3), app("/b"))
    assert await service.marathon.supervisor.ask(GetRoot()) == root  # nothing of it was done
    assert await service.deployments() == ()
    await service.system.clock.sleep(HOUR)
    assert set(service.world.tasks) == running
    assert all(one.healthy for one in await service.instances())
    service.store.capacity = None
    await service.put(app("/a", instances=3), app("/b"))
    await service.deployed()
    assert len(service.world.running("/a")) == 3


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.02, 0.11, 0.15, 1.2])
@pytest.mark.parametrize("crash", [False, True])
async def test_a_deployment_whose_disk_fills_goes_on_once_there_is_room(
    service: Service, moment: float, crash: bool
) -> None:
    service.world.startup = lambda app_id: 1.0
    await service.put(app("/a", instances=3), app("/b", instances=2, dependencies=["/a"]))
    await service.system.clock.sleep(moment)
    service.store.capacity = service.store.used
    await service.system.clock.sleep(600)
    if crash:
        await service.restart()
        await service.system.clock.sleep(600)
    service.store.capacity = None
    await service.deployed()
    assert len(service.world.running("/a")) == 3
    assert len(service.world.running("/b")) == 2
    assert len(service.world.tasks) == 5
    assert {f"instance/{one.id}" for one in await service.instances()} == {
        name for name in service.store.streams if name.startswith("instance/")
    }


# -- tasks that exit at once


async def test_a_task_that_exits_at_once_forever_is_delayed_more_and_more_and_costs_nobody_else(
    service: Service,
) -> None:
    service.world.startup = lambda app_id: -0.01 if app_id == "/bad" else 0.1
    stuck = await service.put(app("/bad", instances=2, maxLaunchDelaySeconds=300), app("/web", dependencies=["/bad"]))
    await service.put(app("/good", instances=2))
    await service.until(lambda: len(service.world.running("/good")) == 2, within=5)
    await service.system.clock.sleep(HOUR)
    in_the_first_hour = len(service.world.launched("/bad"))
    streams = len(service.store.streams)
    await service.system.clock.sleep(24 * HOUR)
    an_hour = (len(service.world.launched("/bad")) - in_the_first_hour) / 24
    assert in_the_first_hour < 120
    assert HOUR / 300 <= an_hour <= 2 * HOUR / 300  # never less, nor more, than one per delay and instance
    assert len(service.store.streams) <= streams + 2  # of what has ended, nothing is kept
    assert len(await service.instances("/bad")) == 2
    assert [status.id for status in await service.deployments()] == [stuck.deployment_id]
    assert service.world.launched("/web") == []
    service.world.startup = lambda app_id: 0.1
    await service.put(app("/bad", instances=2, cmd="mended"), force=True)  # at once, whatever the delay was
    assert await service.until(lambda: len(service.world.running("/bad")) == 2, within=5)


# -- checks that hang


async def test_checks_that_hang_hold_up_no_others_and_end_with_their_timeout(service: Service) -> None:
    """The other side takes the connection and says nothing, for more instances than are looked at together."""
    hanging: set[Target] = set()
    looked: list[Target] = []

    async def probe(check: HealthCheck, target: Target) -> str | None:
        looked.append(target)
        if target in hanging:
            await asyncio.sleep(check.timeout_seconds)
            return "no answer"
        return None

    service.probe = probe  # type: ignore[method-assign]
    await service.restart()
    check = {**CHECK, "timeoutSeconds": 3}
    await service.put(app("/hangs", instances=300, cpus=0.01, mem=1, healthChecks=[check]))
    await service.put(app("/well", instances=2, cpus=0.01, mem=1, healthChecks=[check]))
    await service.deployed()
    hanging |= {Target(task.agent.hostname, task.port) for task in service.world.live("/hangs")}
    well = {Target(task.agent.hostname, task.port) for task in service.world.live("/well")}
    before = set(service.world.launched("/hangs"))
    looked.clear()
    await service.system.clock.sleep(10)
    assert sum(target in well for target in looked) >= 16  # each of the two each second
    await service.system.clock.sleep(60)
    assert not before & set(service.world.tasks)  # those that hung are killed
    hanging.clear()
    await service.until(lambda: len(service.world.running("/hangs")) == 300)
    assert len(service.world.running("/well")) == 2


async def test_a_kill_is_sent_when_it_is_stored_and_not_by_the_sweep_before(service: Service) -> None:
    await service.put(app("/a", instances=3))
    await service.deployed()
    service.store.capacity = service.store.used
    await service.marathon.instances.ask(KillInstances(frozenset(one.id for one in await service.instances())))

    def kills() -> int:
        return sum(isinstance(call, KillTask) for call in service.world.calls)

    await service.system.clock.sleep(65)
    assert kills() == 0
    service.store.capacity = None
    await service.until(lambda: kills() == 3)
    await service.system.clock.sleep(10)
    assert kills() == 3
    assert len(service.world.running("/a")) == 3


async def test_nothing_is_told_of_a_status_before_it_is_stored(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    service.events.clear()
    service.store.capacity = service.store.used
    service.world.tell(service.world.live("/a")[0].id, 1, healthy=False)
    await service.system.clock.sleep(60)
    assert service.seen(TaskStatusChanged) == []
    assert not [call for call in service.world.calls[-3:] if isinstance(call, AcceptOffers)]
