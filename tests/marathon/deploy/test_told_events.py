"""When each event is published: a client must see it when the thing happens, once, and in an order it can follow."""

from __future__ import annotations

from typing import Any

import pytest

from actors.marathon.events import (
    AppTerminated,
    DeploymentFailed,
    DeploymentInfo,
    DeploymentStepSuccess,
    DeploymentSuccess,
    FailedHealthCheck,
    GroupChangeFailed,
    GroupChangeSuccess,
    HealthStatusChanged,
    InstanceChanged,
    InstanceHealthChanged,
    SchedulerDisconnected,
    SchedulerRegistered,
    SchedulerReregistered,
    TaskStatusChanged,
    UnknownInstanceTerminated,
)
from actors.marathon.messages import AppLocked, CancelDeployment, Condition, GetFramework
from actors.mesos import StatusUpdate
from mesos_proto import TaskStatus, mesos_pb2

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED, RUNNING

CHECK = {"gracePeriodSeconds": 5, "intervalSeconds": 1, "maxConsecutiveFailures": 3}


def names(service: Service, *kinds: type[Any]) -> list[str]:
    return [type(event).__name__ for _, event in service.events if isinstance(event, kinds)]


async def test_a_deployment_is_told_from_the_change_to_its_success(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    told = names(
        service, GroupChangeSuccess, DeploymentInfo, DeploymentStepSuccess, DeploymentSuccess, TaskStatusChanged
    )
    assert told[:2] == ["GroupChangeSuccess", "DeploymentInfo"]
    assert told[-2:] == ["DeploymentStepSuccess", "DeploymentSuccess"]
    assert told.count("GroupChangeSuccess") == told.count("DeploymentSuccess") == 1


async def test_every_status_of_a_task_is_told_once_with_the_instance_as_it_is_then(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    service.world.end(service.world.live("/a")[0].id, FAILED, "exit 3")
    await service.until(lambda: len(service.world.launched("/a")) == 2)
    first = service.world.launched("/a")[0]
    told = [event for event in service.seen(TaskStatusChanged) if event.task_id == first]
    assert [event.state for event in told] == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
    assert told[-1].message == "exit 3"
    assert {(event.instance.app_id, event.instance.host is not None) for event in told} == {("/a", True)}
    conditions = [
        event.instance.condition for event in service.seen(InstanceChanged) if event.instance.task_id == first
    ]
    assert conditions == [Condition.PROVISIONED, Condition.STARTING, Condition.RUNNING, Condition.FAILED]


async def test_a_check_that_changes_its_mind_is_told_before_what_it_means_for_the_instance(service: Service) -> None:
    await service.put(app("/a", healthChecks=[{**CHECK, "maxConsecutiveFailures": 0}]))
    await service.deployed()
    task = service.world.live("/a")[0].id
    for sick in (True, False):
        (service.sick.add if sick else service.sick.discard)(task)
        await service.system.clock.sleep(5)
    told = [
        (type(event).__name__, event.alive if isinstance(event, HealthStatusChanged) else event.healthy)
        for _, event in service.events
        if isinstance(event, HealthStatusChanged | InstanceHealthChanged)
    ]
    assert told == [
        (kind, well) for well in (True, False, True) for kind in ("HealthStatusChanged", "InstanceHealthChanged")
    ]
    failures = names(service, FailedHealthCheck)
    assert len(failures) == 5  # each of them, though nothing changed by four


async def test_a_change_that_is_refused_is_told_with_its_reason(service: Service) -> None:
    service.world.startup = lambda app_id: None
    await service.put(app("/a"))
    with pytest.raises(AppLocked) as locked:
        await service.put(app("/a", instances=2))
    (told,) = service.seen(GroupChangeFailed)
    assert (told.group_id, told.reason) == ("/", str(locked.value))


async def test_an_app_that_is_gone_is_told_before_its_deployments_success(service: Service) -> None:
    await service.put(app("/a", instances=2))
    await service.deployed()
    service.events.clear()
    await service.remove("/a")
    await service.deployed()
    assert names(service, AppTerminated, DeploymentSuccess) == ["AppTerminated", "DeploymentSuccess"]
    assert service.world.live() == []


async def test_a_deployment_that_is_undone_is_told_as_failed_and_its_undoing_as_one_of_its_own(
    service: Service,
) -> None:
    service.world.startup = lambda app_id: None
    made = await service.put(app("/a"))
    undoing = await service.marathon.supervisor.ask(CancelDeployment(made.deployment_id))
    await service.deployed()
    ended = [(type(e).__name__, e.id) for _, e in service.events if isinstance(e, DeploymentFailed | DeploymentSuccess)]
    assert ended == [("DeploymentFailed", made.deployment_id), ("DeploymentSuccess", undoing.deployment_id)]


async def test_mesos_coming_and_going_is_told(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    service.world.leave()
    await service.system.clock.sleep(1)
    assert not (await service.marathon.scheduler.ask(GetFramework())).connected
    service.world.come_back()
    await service.system.clock.sleep(1)
    kinds = (SchedulerRegistered, SchedulerDisconnected, SchedulerReregistered)
    assert names(service, *kinds) == [kind.__name__ for kind in kinds]
    (registered,), (again,) = service.seen(SchedulerRegistered), service.seen(SchedulerReregistered)
    assert registered.framework_id == again.framework_id == service.world.framework
    assert registered.master == again.master == "http://master:5050"


@pytest.mark.parametrize(
    ("state", "told"),
    [(mesos_pb2.TASK_FAILED, [Condition.FAILED]), (mesos_pb2.TASK_UNKNOWN, []), (RUNNING, [])],
)
async def test_the_end_of_an_instance_that_nobody_knows_is_told(
    service: Service, state: int, told: list[Condition]
) -> None:
    status = mesos_pb2.TaskStatus(state=state)
    status.task_id.value = "shop_web.instance-1._app.1"
    status.agent_id.value = "agent-0"
    connection = service.world.connection
    assert connection is not None
    connection.event(StatusUpdate(TaskStatus.from_proto(status)))
    await service.system.clock.sleep(1)
    events = service.seen(UnknownInstanceTerminated)
    assert [event.condition for event in events] == told
    assert all((event.instance_id, event.app_id) == ("shop_web.instance-1", "/shop/web") for event in events)
