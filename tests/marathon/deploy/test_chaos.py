"""Anything may happen in any order; in the end everything stands as the last accepted change says."""

from __future__ import annotations

import contextlib
from random import Random
from typing import Any

import pytest

from actors.marathon.messages import AppLocked, CancelDeployment, Condition, DeploymentNotFound, GetRoot, KillInstances
from actors.marathon.model import ValidationFailed
from actors.marathon.rolling import is_current

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED, RUNNING, UNREACHABLE

IDS = ("/db", "/g/cache", "/g/auth", "/web")


def a_definition(random: Random, app_id: str) -> Any:
    earlier = IDS[: IDS.index(app_id)]
    return app(
        app_id,
        cmd=f"serve {random.randrange(3)}",
        instances=random.randrange(5),
        dependencies=random.sample(earlier, random.randrange(len(earlier) + 1)),
        healthChecks=[{"intervalSeconds": 1, "gracePeriodSeconds": 5}] if random.random() < 0.5 else [],
        upgradeStrategy={
            "minimumHealthCapacity": random.choice([0, 0.5, 1]),
            "maximumOverCapacity": random.choice([0, 0.3, 1]),
        },
        backoffSeconds=1,
        maxLaunchDelaySeconds=10,
    )


async def happen(service: Service, random: Random) -> None:
    world = service.world
    what = random.choice(["put", "put", "put", "remove", "fail", "lose", "kill", "sick", "crash", "cancel", "wait"])
    tasks = sorted(world.tasks)
    if what == "put":
        chosen = random.sample(IDS, random.randrange(1, 4))
        with contextlib.suppress(AppLocked, ValidationFailed):
            await service.put(*(a_definition(random, app_id) for app_id in chosen), force=random.random() < 0.5)
    elif what == "remove":
        with contextlib.suppress(AppLocked, ValidationFailed):
            await service.remove(random.choice(IDS))
    elif what == "fail" and tasks:
        world.end(random.choice(tasks), FAILED)
    elif what == "lose" and tasks:
        world.tell(random.choice(tasks), UNREACHABLE)
    elif what == "kill":
        ids = sorted(one.id for one in await service.instances())
        await service.marathon.instances.ask(KillInstances(frozenset(random.sample(ids, min(2, len(ids))))))
    elif what == "sick":
        service.sick = set(random.sample(tasks, len(tasks) // 3))
    elif what == "crash":
        await service.restart()
    elif what == "cancel":
        for status in (await service.deployments())[:1]:
            with contextlib.suppress(DeploymentNotFound, ValidationFailed):
                await service.marathon.supervisor.ask(CancelDeployment(status.id, force=random.random() < 0.5))
    await service.system.clock.sleep(random.choice([0, 0, 0.05, 0.3, 3]))


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_happens_it_ends_as_the_last_change_says(seed: int) -> None:
    random = Random(seed)
    service = Service()
    await service.start()
    service.world.startup = lambda app_id: random.choice([0.05, 0.1, 1.0, 5.0, -0.5 if random.random() < 0.2 else 0.2])
    for _ in range(40):
        await happen(service, random)
    service.sick = set()
    service.world.startup = lambda app_id: 0.1
    for task in service.world.live():
        if task.state == UNREACHABLE:
            service.world.tell(task.id, RUNNING)
    await service.deployed(within=3600)
    await service.system.clock.sleep(120)
    root = await service.marathon.supervisor.ask(GetRoot())
    instances = await service.instances()
    assert {one.task_id for one in instances} == set(service.world.tasks)
    assert all(one.condition is Condition.RUNNING for one in instances)
    for wanted in root.all_apps():
        of_app = [one for one in instances if one.app_id == wanted.id]
        assert len(of_app) == wanted.instances, wanted.id
        if wanted.health_checks:  # a deployment cancelled by force leaves instances of the older definition
            assert all(one.healthy for one in of_app if is_current(wanted, one))
    assert {one.app_id for one in instances} <= set(root.apps)
    assert not [name for name in service.store.streams if name.startswith("deployment/")]
    await service.restart()
    await service.system.clock.sleep(60)
    assert {one.id for one in await service.instances()} == {one.id for one in instances}
    await service.kill()
