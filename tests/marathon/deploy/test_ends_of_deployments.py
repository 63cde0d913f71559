"""How deployments end when they do not simply succeed: undone, cancelled, out of time, refused."""

from __future__ import annotations

import pytest

from actors.marathon.events import DeploymentFailed, DeploymentStepFailure, DeploymentSuccess
from actors.marathon.messages import (
    CancelDeployment,
    DeploymentCancelled,
    DeploymentNotFound,
    DeploymentStarted,
    GetAppVersion,
    GetAppVersions,
    GetRoot,
    GetRootAt,
    GetRootVersions,
    TooManyDeployments,
    VersionNotKept,
)

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


async def test_ten_chains_are_as_fast_as_their_slowest_path(service: Service) -> None:
    """Each of ten chains of ten apps has one slow app on a level of its own: 105 s, where barriers take 600."""
    chains = [[f"/c{chain}/l{level}" for level in range(10)] for chain in range(10)]
    slow = {chains[number][number] for number in range(10)}
    service.world.startup = lambda app_id: 60.0 if app_id in slow else 5.0
    await service.put(
        *(app(chain[n], dependencies=[chain[n - 1]] if n else []) for chain in chains for n in range(len(chain)))
    )
    assert await service.deployed() == pytest.approx(105, abs=3)
