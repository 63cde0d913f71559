"""Whole deployments: the service's actors against a fake Mesos, in virtual time."""

from __future__ import annotations

from typing import Any, TypeGuard

import pytest

from actors.marathon.events import (
    DeploymentInfo,
    DeploymentNodeChanged,
    DeploymentStepSuccess,
    DeploymentSuccess,
    InstanceChanged,
)
from actors.marathon.messages import Action, ActionKind, AppLocked, Condition, GetRoot

from .conftest import Service
from .definitions import app

CHECK: dict[str, Any] = {"gracePeriodSeconds": 300, "intervalSeconds": 1, "maxConsecutiveFailures": 3}


def running_at(service: Service, app_id: str) -> float:
    return service.moment(
        InstanceChanged, lambda e: e.instance.app_id == app_id and e.instance.condition is Condition.RUNNING
    )


async def test_an_app_is_launched_and_its_deployment_ends(service: Service) -> None:
    started = await service.put(app("/a", instances=3))
    status = (await service.deployments())[0]
    assert status.id == started.deployment_id
    assert status.steps == ((Action(ActionKind.START, "/a"),), (Action(ActionKind.SCALE, "/a"),))
    assert status.affected_apps == ("/a",)
    await service.deployed()
    instances = await service.instances("/a")
    assert [one.condition for one in instances] == [Condition.RUNNING] * 3
    assert len({(one.host, one.ports) for one in instances}) == 3
    assert len(service.world.running("/a")) == 3


async def test_step_events_come_in_the_order_of_the_levels(service: Service) -> None:
    await service.put(app("/db"), app("/web", dependencies=["/db"]))
    await service.deployed()
    told = [
        (type(event).__name__, tuple(action.app_id for action in event.step))
        for _, event in service.events
        if isinstance(event, DeploymentInfo | DeploymentStepSuccess)
    ]
    steps = [("/db", "/web"), ("/db",), ("/web",)]
    assert told == [(kind, step) for step in steps for kind in ("DeploymentInfo", "DeploymentStepSuccess")]
    assert isinstance(service.events[-1][1], DeploymentSuccess)


async def test_each_notification_is_told_as_it_goes_along_the_graph(service: Service) -> None:
    service.world.startup = {"/db": 20.0, "/cache": 5.0, "/web": 5.0}.__getitem__
    await service.put(app("/db"), app("/cache"), app("/web", dependencies=["/db", "/cache"]))
    await service.system.clock.sleep(10)
    (status,) = await service.deployments()
    assert {node.id: set(node.waits_for) for node in status.nodes} == {
        "/db": set(),
        "/cache": set(),
        "/web": {"/db", "/cache"},
    }
    assert (status.begun, status.ready) == ({"/db", "/cache"}, {"/cache"})
    await service.deployed()
    told = [(event.node, event.state, event.notifies) for _, event in service.events if is_node_change(event)]
    assert sorted(told[:2]) == [("/cache", "begun", ()), ("/db", "begun", ())]
    assert told[2:] == [
        ("/cache", "ready", ("/web",)),
        ("/db", "ready", ("/web",)),
        ("/web", "begun", ()),
        ("/web", "ready", ()),
    ]


def is_node_change(event: Any) -> TypeGuard[DeploymentNodeChanged]:
    return isinstance(event, DeploymentNodeChanged)


async def test_a_dependent_starts_the_moment_its_dependency_is_healthy(service: Service) -> None:
    """The example of the specification: 80 s for all of it, where barriers would take 90."""
    service.world.startup = {"/db": 60.0, "/cache": 5.0, "/auth": 10.0, "/api": 10.0, "/report": 20.0}.__getitem__
    begun = service.system.clock.time()
    await service.put(
        app("/db"),
        app("/cache"),
        app("/auth", dependencies=["/cache"]),
        app("/api", dependencies=["/auth"]),
        app("/report", dependencies=["/db"]),
    )
    await service.deployed()
    healthy = {name: running_at(service, name) - begun for name in ("/db", "/cache", "/auth", "/api", "/report")}
    assert healthy == pytest.approx({"/db": 60, "/cache": 5, "/auth": 15, "/api": 25, "/report": 80}, abs=0.5)


async def test_with_barriers_an_app_waits_for_everybody_in_the_steps_before(service: Service) -> None:
    """The same example with ``--deployment-mode steps``, also after the service was killed in the midst of it."""
    await service.kill()
    await service.start(deployment_mode="steps")
    service.world.startup = {"/db": 60.0, "/cache": 5.0, "/auth": 10.0, "/api": 10.0, "/report": 20.0}.__getitem__
    begun = service.system.clock.time()
    await service.put(
        app("/db"),
        app("/cache"),
        app("/auth", dependencies=["/cache"]),
        app("/api", dependencies=["/auth"]),
        app("/report", dependencies=["/db"]),
    )
    await service.system.clock.sleep(30)
    await service.restart()
    await service.deployed()
    healthy = {name: running_at(service, name) - begun for name in ("/db", "/cache", "/auth", "/api", "/report")}
    assert healthy == pytest.approx({"/db": 60, "/cache": 5, "/auth": 70, "/api": 90, "/report": 80}, abs=0.5)


async def test_a_dependent_waits_for_health_not_only_for_running(service: Service) -> None:
    service.healthy_after = lambda app_id: 30.0 if app_id == "/db" else 0.0
    begun = service.system.clock.time()
    await service.put(app("/db", healthChecks=[CHECK]), app("/web", dependencies=["/db"]))
    await service.deployed()
    assert 30 <= running_at(service, "/web") - begun <= 32


async def test_one_failing_app_holds_back_only_its_dependents(service: Service) -> None:
    service.world.startup = lambda app_id: -1.0 if app_id == "/bad" else 1.0
    await service.put(
        app("/bad"), app("/waits", dependencies=["/bad"]), app("/good"), app("/fine", dependencies=["/good"])
    )
    await service.until(lambda: bool(service.world.running("/fine")))
    await service.system.clock.sleep(300)
    status = (await service.deployments())[0]
    assert status.finished == {"/good", "/fine"}
    assert service.world.launched("/waits") == []
    assert 3 < len(service.world.launched("/bad")) < 40  # launched again and again, ever more slowly


async def test_a_failing_app_recovers_and_its_dependents_follow(service: Service) -> None:
    service.world.startup = lambda app_id: -1.0 if app_id == "/bad" else 1.0
    await service.put(app("/bad"), app("/waits", dependencies=["/bad"]))
    await service.system.clock.sleep(20)
    service.world.startup = lambda app_id: 1.0
    await service.deployed()
    assert len(service.world.running("/waits")) == 1


async def test_an_app_scales_up_and_down(service: Service) -> None:
    await service.put(app("/a", instances=2))
    await service.deployed()
    kept = {task.id for task in service.world.running("/a")}
    await service.put(app("/a", instances=5))
    await service.deployed()
    assert len(service.world.running("/a")) == 5
    await service.put(app("/a", instances=2))
    await service.deployed()
    assert {task.id for task in service.world.live("/a")} == kept  # the youngest go first


async def test_a_removed_app_leaves_nothing_behind(service: Service) -> None:
    await service.put(app("/a", instances=2), app("/b"))
    await service.deployed()
    await service.remove("/a")
    await service.deployed()
    assert service.world.live("/a") == []
    assert [one.app_id for one in await service.instances()] == ["/b"]
    assert not any("/a" in stream for stream in service.store.streams if stream.startswith("instance/"))


async def test_dependents_are_stopped_before_what_they_depend_on(service: Service) -> None:
    await service.put(app("/db"), app("/web", dependencies=["/db"]))
    await service.deployed()
    await service.remove("/db", "/web")
    await service.deployed()
    ended = [e.instance.app_id for e in service.seen(InstanceChanged) if e.instance.condition is Condition.KILLED]
    assert ended == ["/web", "/db"]


async def test_a_failed_instance_is_replaced_outside_of_deployments(service: Service) -> None:
    from .fake_mesos import FAILED

    await service.put(app("/a", instances=2))
    await service.deployed()
    victim = service.world.running("/a")[0].id
    service.world.end(victim, FAILED)
    await service.until(lambda: len(service.world.running("/a")) == 2 and victim not in service.world.tasks)
    assert len(service.world.launched("/a")) == 3


async def test_a_rolling_restart_keeps_its_bounds(service: Service) -> None:
    await service.put(app("/a", instances=4, healthChecks=[CHECK]))
    await service.deployed()
    before = {task.id for task in service.world.live("/a")}
    fewest, most = 4, 4
    strategy = {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.25}
    await service.put(app("/a", instances=4, cmd="other", healthChecks=[CHECK], upgradeStrategy=strategy))
    clock = service.system.clock
    while await service.deployments():
        healthy = [one for one in await service.instances("/a") if one.healthy]
        fewest, most = min(fewest, len(healthy)), max(most, len(service.world.live("/a")))
        await clock.sleep(0.01)
    after = {task.id for task in service.world.live("/a")}
    assert len(after) == 4
    assert not before & after
    assert fewest >= 2
    assert most <= 5


async def test_an_app_of_a_running_deployment_is_locked(service: Service) -> None:
    service.world.startup = lambda app_id: None
    first = await service.put(app("/a"))
    with pytest.raises(AppLocked) as locked:
        await service.put(app("/a", instances=2))
    assert locked.value.deployment_ids == (first.deployment_id,)
    await service.put(app("/b"))  # another app is free
    forced = await service.put(app("/a", instances=2), force=True)
    assert first.deployment_id not in {status.id for status in await service.deployments()}
    service.world.startup = lambda app_id: 1.0
    assert forced.deployment_id in {status.id for status in await service.deployments()}


async def test_a_refused_change_changes_nothing(service: Service) -> None:
    def refuse(root: Any) -> Any:
        raise KeyError("not like this")

    before = await service.marathon.supervisor.ask(GetRoot())
    with pytest.raises(KeyError):
        await service.update(refuse)
    assert await service.marathon.supervisor.ask(GetRoot()) == before
    assert not await service.deployments()
