"""How deployments end when they do not simply succeed: undone, cancelled, out of time, refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actors.marathon.events import DeploymentFailed, DeploymentStepFailure, DeploymentSuccess
from actors.marathon.messages import (
    CancelDeployment,
    CancelPart,
    DeploymentCancelled,
    DeploymentNotFound,
    DeploymentStarted,
    GetAppVersion,
    GetAppVersions,
    GetRoot,
    GetRootAt,
    GetRootVersions,
    PartNotFound,
    TooManyDeployments,
    VersionNotKept,
)
from actors.marathon.model import Group
from actors.marathon.protocol import CancelStep

from .conftest import Service
from .definitions import app


async def test_a_deployment_is_undone_back_to_exactly_the_old_definition(service: Service) -> None:
    await service.put(app("/a", instances=2, cmd="old"), app("/other"))
    await service.deployed()
    before = (await service.marathon.supervisor.ask(GetRoot())).app("/a")
    service.world.startup = lambda app_id: None
    bad = await service.put(app("/a", instances=3, cmd="never starts"), app("/new"))
    await service.system.clock.sleep(1)
    service.world.startup = lambda app_id: 0.1
    undone = await service.marathon.supervisor.ask(CancelDeployment(bad.deployment_id))
    assert isinstance(undone, DeploymentStarted)
    await service.deployed()
    root = await service.marathon.supervisor.ask(GetRoot())
    assert root.app("/a").same_definition(before)
    assert sorted(root.apps) == ["/a", "/other"]
    assert len(service.world.running("/a")) == 2
    assert service.world.live("/new") == []
    assert [event.id for event in service.seen(DeploymentFailed)] == [bad.deployment_id]


async def test_undoing_the_removal_of_a_group_brings_back_what_the_group_itself_said(service: Service) -> None:
    """Its dependencies, its flag, the groups around it; also when the service was killed meanwhile."""
    group = Group("/shop/site", dependencies=("/db",), enforce_role=True)
    await service.update(lambda root: root.with_apps(app("/db")).with_group(group).with_apps(app("/shop/site/web")))
    await service.deployed()
    before = await service.marathon.supervisor.ask(GetRoot())
    service.world.ignore_kills = 1000
    removed = await service.update(lambda root: root.without_group("/shop"))
    await service.put(app("/other/one"))  # a later change, which stays
    await service.restart()
    await service.marathon.supervisor.ask(CancelDeployment(removed.deployment_id))
    service.world.ignore_kills = 0
    await service.deployed()
    root = await service.marathon.supervisor.ask(GetRoot())
    assert root.app("/shop/site/web").same_definition(before.app("/shop/site/web"))
    for group_id in ("/shop", "/shop/site"):
        now, then = root.group_at(group_id), before.group_at(group_id)
        assert (now.dependencies, now.enforce_role) == (then.dependencies, then.enforce_role)
    assert sorted(root.apps) == ["/db", "/other/one", "/shop/site/web"]


async def test_undoing_a_new_group_leaves_no_empty_one_behind_but_what_others_put_there(service: Service) -> None:
    service.world.startup = lambda app_id: None if app_id == "/new/deep/a" else 0.1
    made = await service.update(lambda root: root.with_apps(app("/new/deep/a")))
    await service.put(app("/new/b"))
    await service.marathon.supervisor.ask(CancelDeployment(made.deployment_id))
    await service.deployed()
    root = await service.marathon.supervisor.ask(GetRoot())
    assert sorted(root.groups) == ["/", "/new"]
    assert sorted(root.apps) == ["/new/b"]


async def test_undoing_leaves_alone_what_another_change_made_of_a_group_meanwhile(service: Service) -> None:
    service.world.startup = lambda app_id: None if app_id == "/g/slow" else 0.1
    made = await service.update(lambda root: root.with_apps(app("/db"), app("/g/slow")))
    await service.until(lambda: len(service.world.running("/db")) == 1)
    await service.update(lambda root: root.with_group(replace(root.group_at("/g"), enforce_role=True)))
    await service.marathon.supervisor.ask(CancelDeployment(made.deployment_id))
    await service.deployed()
    root = await service.marathon.supervisor.ask(GetRoot())
    assert root.group_at("/g").enforce_role is True
    assert root.apps == {}


async def test_one_apps_part_is_cancelled_and_the_others_go_on(service: Service) -> None:
    """The app is unlocked and kept; who waits for it waits no longer, but for all others it waits for it still does."""
    service.world.startup = {"/bad": None, "/slow": 20.0, "/web": 0.1, "/other": 30.0}.__getitem__
    started = await service.put(app("/bad"), app("/slow"), app("/web", dependencies=["/bad", "/slow"]), app("/other"))
    await service.system.clock.sleep(5)
    ask = service.marathon.supervisor.ask
    assert await ask(CancelPart(started.deployment_id, "/bad")) == DeploymentCancelled(started.deployment_id)
    with pytest.raises(PartNotFound, match="nothing left to do for app /bad"):
        await ask(CancelPart(started.deployment_id, "/bad"))
    assert len(service.world.live("/bad")) == 1  # it stands as it is
    await service.restart()  # it stays cancelled
    service.world.startup = lambda app_id: 0.1
    assert len(await service.deployments()) == 1
    again = await service.put(app("/bad", cmd="good"))  # not locked any more
    await service.until(lambda: len(service.world.running("/bad")) == 1)
    assert service.world.live("/web") == []
    assert await service.until(lambda: bool(service.world.running("/web"))) == pytest.approx(20, abs=1)
    assert await service.deployed() == pytest.approx(30, abs=1)
    assert {event.id for event in service.seen(DeploymentSuccess)} == {started.deployment_id, again.deployment_id}


async def test_the_part_of_an_app_that_waits_its_turn_is_cancelled_too(service: Service) -> None:
    service.world.startup = lambda app_id: 10.0
    started = await service.put(app("/a"), app("/b", dependencies=["/a"]), app("/c", dependencies=["/b"]))
    await service.marathon.supervisor.ask(CancelPart(started.deployment_id, "/b"))
    await service.deployed()
    running = {name: service.moment_running(name) for name in ("/a", "/b", "/c")}
    # /b is no part of it now and starts at once; /c waits for /a still, though only by way of /b
    assert running == pytest.approx({"/a": 10, "/b": 10, "/c": 20}, abs=0.5)


async def test_a_stop_that_waits_its_turn_is_carried_out_when_its_part_or_all_is_cancelled(service: Service) -> None:
    for force in (False, True):
        await service.put(app("/db"), app("/web", dependencies=["/db"]))
        await service.deployed()
        service.world.ignore_kills = 1
        removed = await service.remove("/db", "/web")
        await service.system.clock.sleep(1)
        assert len(service.world.live("/db")) == 1  # /web has not gone yet
        cancel = (
            CancelDeployment(removed.deployment_id, force=True) if force else CancelPart(removed.deployment_id, "/db")
        )
        await service.marathon.supervisor.ask(cancel)
        await service.until(lambda: not service.world.live("/db"), within=5)
        await service.deployed()
        await service.until(lambda: not service.world.tasks)


async def test_a_forced_cancellation_leaves_everything_as_it_is_and_unlocks(service: Service) -> None:
    service.world.startup = lambda app_id: None
    started = await service.put(app("/a"))
    await service.system.clock.sleep(1)
    cancelled = await service.marathon.supervisor.ask(CancelDeployment(started.deployment_id, force=True))
    assert cancelled == DeploymentCancelled(started.deployment_id)
    assert await service.deployments() == ()
    await service.restart()
    assert await service.deployments() == ()  # it stays cancelled
    await service.put(app("/a", instances=2))
    with pytest.raises(DeploymentNotFound, match="does not exist"):
        await service.marathon.supervisor.ask(CancelDeployment("unknown"))


async def test_a_deployment_fails_with_a_reason_when_its_time_is_up(service: Service) -> None:
    service.world.startup = lambda app_id: None
    started = await service.put(app("/a", instances=2, deploymentTimeoutSeconds=60), app("/b", dependencies=["/a"]))
    ended = await service.deployed(within=70)
    assert 60 <= ended <= 61
    failed = service.seen(DeploymentFailed)[0]
    assert failed.id == started.deployment_id
    assert "0 of 2 instances healthy" in failed.reason
    assert [action.app_id for event in service.seen(DeploymentStepFailure) for action in event.step] == ["/a"]
    assert service.seen(DeploymentSuccess) == []


async def test_the_limit_of_running_deployments_is_kept(service: Service) -> None:
    await service.kill()
    await service.start(max_deployments=2)
    service.world.startup = lambda app_id: None
    await service.put(app("/a"))
    await service.put(app("/b"))
    with pytest.raises(TooManyDeployments, match=r"Max number \(2\)"):
        await service.put(app("/c"))
    await service.put(app("/a", instances=3), force=True)  # takes the place of another


async def test_versions_are_kept_over_a_restart(service: Service) -> None:
    roots = []
    for count in (1, 2, 3):
        started = await service.put(app("/g/a", instances=count))
        roots.append(started.root)
        await service.deployed()
    await service.remove("/g/a")
    await service.deployed()
    for restarted in (False, True):
        if restarted:
            await service.restart()
        ask = service.marathon.supervisor.ask
        versions = await ask(GetRootVersions())
        assert len(versions) == 4
        assert [await ask(GetRootAt(root.version)) for root in roots] == roots
        assert await ask(GetAppVersions("/g/a")) == tuple(root.version for root in reversed(roots))
        assert (await ask(GetAppVersion("/g/a", roots[1].version))).instances == 2
        with pytest.raises(VersionNotKept):
            await ask(GetRootAt("2020-01-01T00:00:00.000Z"))
        assert (await ask(GetRoot())).apps == {}


async def test_a_group_has_the_versions_in_which_it_was(service: Service) -> None:
    made = [await service.put(app(app_id)) for app_id in ("/x", "/g/deep/a", "/g/b")]
    await service.deployed()
    gone = await service.update(lambda root: root.without_group("/g/deep"))
    await service.deployed()
    back = await service.put(app("/g/deep/c"))
    await service.deployed()
    all_of_them = tuple(one.version for one in reversed([*made, gone, back]))
    for restarted in (False, True):
        if restarted:
            await service.restart()
        ask = service.marathon.supervisor.ask
        assert await ask(GetRootVersions()) == all_of_them
        assert await ask(GetRootVersions("/g")) == all_of_them[:4]
        assert await ask(GetRootVersions("/g/deep")) == (back.version, made[2].version, made[1].version)
        assert await ask(GetRootVersions("/none")) == ()
        for group_id in ("/g", "/g/deep"):
            for version in await ask(GetRootVersions(group_id)):
                assert (await ask(GetRootAt(version))).group_at(group_id) is not None


async def test_ten_chains_are_as_fast_as_their_slowest_path(service: Service) -> None:
    """Each of ten chains of ten apps has one slow app on a level of its own: 105 s, where barriers take 600."""
    chains = [[f"/c{chain}/l{level}" for level in range(10)] for chain in range(10)]
    slow = {chains[number][number] for number in range(10)}
    service.world.startup = lambda app_id: 60.0 if app_id in slow else 5.0
    await service.put(
        *(app(chain[n], dependencies=[chain[n - 1]] if n else []) for chain in chains for n in range(len(chain)))
    )
    assert await service.deployed() == pytest.approx(105, abs=3)


@pytest.mark.parametrize("instances", [1, 5])
async def test_a_scale_that_overtakes_a_restart_completes_it(service: Service, instances: int) -> None:
    await service.put(app("/a", instances=3, cmd="old"))
    await service.deployed()
    service.world.startup = lambda app_id: 20.0
    await service.put(app("/a", instances=3, cmd="new"))
    await service.system.clock.sleep(10)
    await service.put(app("/a", instances=instances, cmd="new"), app("/web", dependencies=["/a"]), force=True)
    await service.until(lambda: bool(service.world.live("/web")))
    assert [task.info.command.value for task in service.world.running("/a")] == ["new"] * instances
    await service.deployed()


async def test_a_scale_after_a_restart_that_was_cancelled_completes_it(service: Service) -> None:
    await service.put(app("/a", instances=2, cmd="old"))
    await service.deployed()
    service.world.startup = lambda app_id: None
    started = await service.put(app("/a", instances=2, cmd="new"))
    await service.system.clock.sleep(5)
    await service.marathon.supervisor.ask(CancelDeployment(started.deployment_id, force=True))
    assert "old" in [task.info.command.value for task in service.world.live("/a")]
    service.world.startup = lambda app_id: 0.1
    await service.put(app("/a", instances=3, cmd="new"))
    await service.deployed()
    assert [task.info.command.value for task in service.world.running("/a")] == ["new"] * 3


async def test_a_deployment_that_fails_begins_again_without_the_parts_that_were_cancelled(service: Service) -> None:
    service.world.startup = {"/bad": None, "/slow": 60.0, "/web": 0.1}.__getitem__
    started = await service.put(app("/bad"), app("/slow"), app("/web", dependencies=["/slow"]))
    await service.system.clock.sleep(1)
    ask = service.marathon.supervisor.ask
    await ask(CancelPart(started.deployment_id, "/bad"))
    deployment = service.system.actor_selection(f"{service.marathon.supervisor.path}/{started.deployment_id}")
    deployment.tell(CancelStep("/what it does not know", None))  # a KeyError
    await service.system.clock.sleep(1)
    assert [status.id for status in await service.deployments()] == [started.deployment_id]
    service.world.startup = lambda app_id: 0.1
    await service.put(app("/bad", cmd="good"))  # nobody else gives orders for it
    await service.until(lambda: len(service.world.running("/bad")) == 1)
    assert await service.deployed() == pytest.approx(60, abs=2)
    assert len(service.world.launched("/slow")) == 1
    assert len(service.world.running("/web")) == 1


async def test_a_deployment_that_failed_can_be_cancelled_before_it_begins_again(service: Service) -> None:
    service.world.startup = lambda app_id: None
    started = await service.put(app("/a"), app("/b"))
    ask = service.marathon.supervisor.ask
    deployment = service.system.actor_selection(f"{service.marathon.supervisor.path}/{started.deployment_id}")
    deployment.tell(CancelStep("/what it does not know", None))  # a KeyError
    await service.system.clock.sleep(1)
    await ask(CancelPart(started.deployment_id, "/a"))
    await ask(CancelDeployment(started.deployment_id, force=True))
    await service.system.clock.sleep(30)
    assert await service.deployments() == ()
