"""Pods: several containers launched as one task group, followed, replaced, upgraded and ended as one instance."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from actors import ActorSystem
from actors.local_mesos import LocalMesos
from actors.marathon.matching import OfferPool, Placed, Placement, build_task_group
from actors.marathon.messages import Condition, Goal, KillInstances
from actors.marathon.model import Pod, parse_pod
from actors.mesos import AcceptOffers, LaunchGroup
from actors.persistence import MemoryStore
from mesos_proto import Resources, mesos_pb2

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED, FINISHED, RUNNING, UNREACHABLE
from .test_matching import offer
from .test_on_local_mesos import deployed, instances, put, start

SLEEP = {"command": {"shell": "sleep 100000"}}


def container(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "exec": SLEEP, "resources": {"cpus": 0.1, "mem": 32}, **fields}


def pod(pod_id: str = "/pod", *containers: dict[str, Any], count: int = 1, **fields: Any) -> Pod:
    given = list(containers) or [container("a"), container("b")]
    return parse_pod({"id": pod_id, "containers": given, "scaling": {"kind": "fixed", "instances": count}, **fields})


def group_of(made: Pod, env_prefix: str = "") -> tuple[mesos_pb2.ExecutorInfo, list[mesos_pb2.TaskInfo], Placement]:
    pool = OfferPool(offer(), Random(0))
    placement = pool.match(made, Placed(()))
    assert isinstance(placement, Placement), placement
    ids = {one.name: f"pod.instance-1.{one.name}.1" for one in made.spec.containers}
    return *build_task_group(made, pool.offer, placement, "pod.instance-1", ids, env_prefix), placement


def variables(task: mesos_pb2.TaskInfo) -> dict[str, str]:
    return {one.name: one.value for one in task.command.environment.variables}


# -- what Mesos gets


def test_containers_and_executor_share_exactly_what_the_instance_was_given() -> None:
    big = container("a", resources={"cpus": 0.3, "mem": 64, "disk": 5})
    executor, tasks, placement = group_of(pod("/pod", big, container("b", endpoints=[{"name": "x"}])))
    assert [str(Resources(task.resources)) for task in tasks] == ["cpus:0.3; mem:64; disk:5", "cpus:0.1; mem:32"]
    shares = [*executor.resources, *(one for task in tasks for one in task.resources)]
    assert Resources(shares) == Resources(placement.resources)
    assert (executor.type, executor.executor_id.value) == (mesos_pb2.ExecutorInfo.DEFAULT, "instance-pod.1")


def test_commands_are_lines_for_the_shell_or_programs_with_arguments() -> None:
    image = {"kind": "DOCKER", "id": "nginx"}
    argv = {"command": {"argv": ["sleep", "1"]}}
    _, tasks, _ = group_of(
        pod(
            "/pod",
            container("shell"),
            container("argv", exec=argv),
            container("image", exec=argv, image=image),
            container("entry", exec={**argv, "overrideEntrypoint": True}, image={**image, "forcePull": True}),
        )
    )
    made = [(one.command.shell, one.command.value, list(one.command.arguments)) for one in tasks]
    assert made == [
        (True, "sleep 100000", []),
        (False, "sleep", ["sleep", "1"]),
        (False, "", ["sleep", "1"]),
        (False, "sleep", ["sleep", "1"]),
    ]
    assert [one.HasField("container") for one in tasks] == [False, False, True, True]
    assert tasks[3].container.mesos.image.docker.name == "nginx"
    assert tasks[3].container.mesos.image.cached is False


def test_each_container_knows_itself_the_pods_endpoints_and_both_environments() -> None:
    front = container("front", endpoints=[{"name": "http-api"}], environment={"A": "own"}, labels={"l": "1"})
    made = pod("/g/pod", front, container("side"), environment={"A": "pod", "B": "pod"}, labels={"p": "2"})
    _, (first, second), placement = group_of(made.replace(version="v1"), env_prefix="X_")
    (port,) = placement.host_ports
    told = variables(first)
    assert (told["A"], told["B"], variables(second)["A"]) == ("own", "pod", "pod")
    assert told["X_ENDPOINT_HTTP_API"] == told["X_EP_HOST_HTTP_API"] == variables(second)["X_ENDPOINT_HTTP_API"]
    assert told["X_ENDPOINT_HTTP_API"] == str(port)
    expected = {
        "HOST": "host",
        "MESOS_TASK_ID": "pod.instance-1.front.1",
        "MESOS_EXECUTOR_ID": "instance-pod.1",
        "MARATHON_APP_ID": "/g/pod",
        "MARATHON_APP_VERSION": "v1",
        "MARATHON_CONTAINER_ID": "front",
        "MARATHON_CONTAINER_RESOURCE_CPUS": "0.1",
        "MARATHON_APP_LABEL_L": "1",
        "MARATHON_APP_LABEL_P": "2",
    }
    assert {name: told[name] for name in expected} == expected


def test_a_network_of_its_own_maps_the_ports_of_endpoints() -> None:
    endpoints = [{"name": "http", "containerPort": 80, "hostPort": 0, "protocol": ["tcp", "udp"]}]
    front = container("front", endpoints=[*endpoints, {"name": "in", "containerPort": 81}], healthCheck=CHECK)
    executor, (task,), placement = group_of(pod("/pod", front, networks=[{"name": "net", "mode": "container"}]))
    (network,) = executor.container.network_infos
    assert network.name == "net"
    assert [(one.host_port, one.container_port, one.protocol) for one in network.port_mappings] == [
        (placement.host_ports[0], 80, "tcp"),
        (placement.host_ports[0], 80, "udp"),
    ]
    assert placement.host_ports[1] is None
    assert task.health_check.http.port == 80
    told = variables(task)
    assert (told["ENDPOINT_HTTP"], told["EP_CONTAINER_IN"], "EP_HOST_IN" in told) == ("80", "81", False)


def test_volumes_of_the_pod_are_mounted_into_its_containers() -> None:
    mounts = [{"name": "scratch", "mountPath": "work"}, {"name": "etc", "mountPath": "/etc/x", "readOnly": True}]
    made = pod(
        "/pod", container("a", volumeMounts=mounts), volumes=[{"name": "scratch"}, {"name": "etc", "host": "/e"}]
    )
    _, (task,), _ = group_of(made)
    scratch, etc = task.container.volumes
    assert (scratch.source.sandbox_path.type, scratch.source.sandbox_path.path) == (
        mesos_pb2.Volume.Source.SandboxPath.PARENT,
        "volumes/scratch",
    )
    assert (etc.host_path, etc.container_path, etc.mode) == ("/e", "/etc/x", mesos_pb2.Volume.RO)


# -- how it lives

CHECK = {"http": {"endpoint": "http"}, "intervalSeconds": 2, "timeoutSeconds": 1}
CHECKED = container("a", endpoints=[{"name": "http"}], healthCheck=CHECK)


async def only(service: Service) -> Any:
    (instance,) = await service.instances("/pod")
    return instance


def told(service: Service, name: str, state: int, **fields: Any) -> None:
    service.world.tell(next(one.id for one in service.world.live("/pod") if f".{name}." in one.id), state, **fields)


async def test_a_pod_is_launched_as_a_group_and_runs_when_all_of_it_does(service: Service) -> None:
    service.world.startup = lambda app_id: None
    await service.put(pod())
    await service.until(lambda: len(service.world.live("/pod")) == 2)
    (operation,) = [op for call in service.world.calls if isinstance(call, AcceptOffers) for op in call.operations]
    assert isinstance(operation, LaunchGroup)
    told(service, "a", RUNNING)
    await service.system.clock.sleep(0.1)
    assert (await only(service)).condition is Condition.STARTING
    told(service, "b", RUNNING)
    await service.deployed()
    assert (await only(service)).condition is Condition.RUNNING
    assert [one.condition for one in (await only(service)).containers] == [Condition.RUNNING] * 2


async def test_a_container_that_finishes_leaves_the_others_until_all_have(service: Service) -> None:
    await service.put(pod())
    await service.deployed()
    first, second = [one.id for one in service.world.live("/pod")]
    before = await only(service)
    service.world.end(first, FINISHED)
    await service.system.clock.sleep(5)
    assert (await only(service)).id == before.id
    assert {one.condition for one in (await only(service)).containers} == {Condition.FINISHED, Condition.RUNNING}
    service.world.end(second, FINISHED)
    await service.until(lambda: len(service.world.running("/pod")) == 2)
    assert (await only(service)).id != before.id


async def test_a_container_that_fails_takes_its_pod_with_it_and_a_new_one_comes(service: Service) -> None:
    await service.put(pod())
    await service.deployed()
    before = await only(service)
    service.world.end(service.world.live("/pod")[0].id, FAILED)
    await service.until(lambda: len(service.world.running("/pod")) == 2)
    assert (await only(service)).id != before.id
    assert len(service.world.launched("/pod")) == 4


async def test_a_killed_instance_ends_with_all_its_containers_and_is_replaced(service: Service) -> None:
    await service.put(pod("/pod", count=2))
    await service.deployed()
    victim = (await service.instances("/pod"))[0]
    await service.marathon.instances.ask(KillInstances(frozenset({victim.id})))
    await service.until(lambda: len(service.world.running("/pod")) == 4 and len(service.world.launched("/pod")) == 6)
    assert victim.id not in {one.id for one in await service.instances("/pod")}
    assert len(service.world.live("/pod")) == 4


async def test_health_is_that_of_every_checked_container(service: Service) -> None:
    await service.put(pod("/pod", CHECKED, container("b")))
    await service.until(lambda: len(service.world.running("/pod")) == 2)
    await service.system.clock.sleep(1)
    assert ((await only(service)).healthy, len(await service.deployments())) == (None, 1)
    told(service, "b", RUNNING, healthy=True)  # it has no check: what is said of it does not count
    await service.system.clock.sleep(1)
    assert len(await service.deployments()) == 1
    told(service, "a", RUNNING, healthy=True)
    await service.deployed(within=5)
    assert (await only(service)).healthy is True


async def test_an_upgrade_replaces_instance_by_instance(service: Service) -> None:
    await service.put(pod("/pod", count=3, scheduling={"upgrade": {"maximumOverCapacity": 0}}))
    await service.deployed()
    old = {one.id for one in await service.instances("/pod")}
    least = [6]

    async def watch() -> None:
        while True:
            least.append(len(service.world.running("/pod")))
            await service.system.clock.sleep(0.05)

    watching = asyncio.create_task(watch())
    await service.put(pod("/pod", count=3, user="other", scheduling={"upgrade": {"maximumOverCapacity": 0}}))
    await service.deployed()
    watching.cancel()
    assert not old & {one.id for one in await service.instances("/pod")}
    assert min(least) >= 6  # all stay at work; one more than asked for, since nothing could move otherwise
    assert len(service.world.live("/pod")) == 6


async def test_an_unreachable_pod_comes_back_whole(service: Service) -> None:
    patient = {"unreachableStrategy": {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 600}}
    await service.put(pod("/pod", scheduling=patient))
    await service.deployed()
    before = await only(service)
    for name in ("a", "b"):
        told(service, name, UNREACHABLE)
    await service.system.clock.sleep(5)
    assert (await only(service)).condition is Condition.UNREACHABLE
    for name in ("a", "b"):
        told(service, name, RUNNING)
    await service.system.clock.sleep(5)
    after = await only(service)
    assert (after.id, after.condition, after.goal) == (before.id, Condition.RUNNING, Goal.RUNNING)
    assert len(service.world.launched("/pod")) == 2


async def test_dependents_wait_for_a_pod(service: Service) -> None:
    service.world.startup = lambda app_id: 5.0 if app_id == "/pod" else 0.1
    await service.put(pod(), app("/web", dependencies=["/pod"]))
    await service.deployed()
    assert service.moment_running("/web") >= service.moment_running("/pod") > 4


@pytest.mark.parametrize("moment", [0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 3.0])
async def test_a_crash_at_any_moment_loses_no_container_and_starts_none_twice(moment: float) -> None:
    service = Service()
    await service.start()
    service.world.startup = lambda app_id: 0.3
    await service.put(pod("/pod", count=3))
    await service.system.clock.sleep(moment)
    await service.restart()
    await service.deployed()
    await service.system.clock.sleep(5)
    assert len(service.world.running("/pod")) == len(service.world.live("/pod")) == 6
    known = {one.task_id for instance in await service.instances("/pod") for one in instance.containers}
    assert known == set(service.world.tasks)
    await service.kill()


async def test_a_removed_pod_is_gone(service: Service) -> None:
    await service.put(pod("/pod", count=2))
    await service.deployed()
    await service.remove("/pod")
    await service.deployed()
    assert service.world.live("/pod") == []
    free = [agent.free for agent in service.world.agents.values()]
    assert len({str(one) for one in free}) == 1, "an executor's resources did not come back"


async def test_on_the_embedded_mesos_a_pod_runs_scales_and_goes() -> None:
    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        marathon = await start(system, local, MemoryStore())
        await put(marathon, pod("/pod", count=2))
        await deployed(marathon)
        first = await instances(marathon)
        assert [[one.condition for one in instance.containers] for instance in first] == [[Condition.RUNNING] * 2] * 2
        await put(marathon, pod("/pod", count=3))
        await deployed(marathon)
        assert {one.id for one in first} < {one.id for one in await instances(marathon)}
        victim = first[0]
        await marathon.instances.ask(KillInstances(frozenset({victim.id})))
        await system.clock.sleep(20)
        assert len(await instances(marathon)) == 3
        assert victim.id not in {one.id for one in await instances(marathon)}
        await put(marathon, pod("/pod", count=0))
        await deployed(marathon)
        assert await instances(marathon) == ()
        await marathon.stop()
        await local.stop()


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_in_the_end_every_container_runs_once_and_nothing_is_left_over(seed: int) -> None:
    """Containers fail and finish, instances are killed and unreachable, the service crashes, the pod is changed."""
    chance = Random(seed)
    service = Service()
    await service.start()
    service.world.startup = lambda app_id: chance.choice([0.05, 0.3, 1.0])
    before = {agent.id: str(agent.free) for agent in service.world.agents.values()}
    count = 3
    await service.put(pod("/pod", count=count))
    for _ in range(12):
        await service.system.clock.sleep(chance.choice([0.0, 0.02, 0.2, 1.5]))
        live = [one.id for one in service.world.live("/pod")]
        match chance.randrange(6):
            case 0 if live:
                service.world.end(chance.choice(live), chance.choice([FAILED, FINISHED]))
            case 1 if live:
                for one in service.world.tasks[chance.choice(live)].group:
                    if one in service.world.tasks:
                        service.world.tell(one, UNREACHABLE)
            case 2:
                found = await service.instances("/pod")
                if found:
                    await service.marathon.instances.ask(KillInstances(frozenset({chance.choice(found).id})))
            case 3:
                await service.restart()
            case 4:
                count = chance.randrange(1, 5)
                await service.put(pod("/pod", count=count, user=chance.choice(["x", "y"])), force=True)
            case _:
                await service.put(pod("/pod", count=count, labels={"n": str(chance.randrange(3))}), force=True)
    for lost in [one.id for one in service.world.live("/pod") if one.state == UNREACHABLE]:
        service.world.tell(lost, RUNNING)
    await service.deployed(within=3600)

    async def settled() -> bool:
        found = await service.instances("/pod")
        known = {one.task_id for instance in found for one in instance.containers if not one.condition.is_terminal}
        alive = {one.id for one in service.world.live("/pod")}
        return known == alive == {one.id for one in service.world.running("/pod")} and len(found) == count

    await service.until(settled, within=3600)
    await service.remove("/pod")
    await service.deployed(within=3600)
    await service.until(lambda: not service.world.live("/pod"))
    assert {agent.id: str(agent.free) for agent in service.world.agents.values()} == before
    await service.kill()
