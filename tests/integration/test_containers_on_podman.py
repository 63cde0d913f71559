"""Tasks in containers on the embedded Mesos, with a real podman."""

import asyncio
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors import ActorSystem
from actors.mesos import Framework, Mesos, Reregistered
from mesos_proto import CommandInfo, TaskID, TaskInfo, TaskState, mesos_pb2
from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.ports import free_port
from tests.integration.real_podman import IMAGE, podman, real_podman_or_skip
from tests.integration.service import eventually
from tests.integration.test_framework_on_mesos import INFO, offers_of, reach, system, until, update_of

__all__ = ["system"]  # the fixture

pytestmark = pytest.mark.real
Docker = mesos_pb2.ContainerInfo.DockerInfo


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[EmbeddedMesos]:
    real_podman_or_skip()
    resources = f"cpus:4;mem:4096;disk:10240;ports:[{port}-{port}]"
    with EmbeddedMesos(tmp_path_factory.mktemp("mesos"), resources=resources) as mesos:
        yield mesos


@pytest.fixture
async def framework(mesos: EmbeddedMesos, system: ActorSystem) -> Framework:
    return await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)


def in_docker(volumes: list[mesos_pb2.Volume] | None = None, **docker: Any) -> mesos_pb2.ContainerInfo:
    return mesos_pb2.ContainerInfo(
        type=mesos_pb2.ContainerInfo.DOCKER, docker=Docker(image=IMAGE, **docker), volumes=volumes or []
    )


async def launch(
    framework: Framework,
    name: str,
    command: CommandInfo,
    container: mesos_pb2.ContainerInfo,
    resources: str = "cpus:0.5;mem:64",
    health_check: mesos_pb2.HealthCheck | None = None,
) -> None:
    (offer,) = await offers_of(framework)
    task = TaskInfo(name=name, task_id=name, agent_id=offer.agent_id, resources=resources, command=command).proto
    task.container.CopyFrom(container)
    if health_check is not None:
        task.health_check.CopyFrom(health_check)
    await framework.driver.launch_tasks([TaskInfo.from_proto(task)], [offer.id])


def sandbox(mesos: EmbeddedMesos, task: str) -> Path:
    (run,) = mesos.work_dir.glob(f"agent-1/slaves/*/frameworks/*/executors/{task}/runs/latest")
    return run


def containers(mesos: EmbeddedMesos) -> list[str]:
    """Those of this cluster's tasks. Others may have theirs."""
    runs = {run.name for run in mesos.work_dir.glob("agent-1/slaves/*/frameworks/*/executors/*/runs/*")}
    names = podman("ps", "--all", "--format", "{{.Names}}").split()
    return [name for name in names if name.removeprefix("mesos-") in runs]


async def test_a_container_has_its_environment_its_volumes_and_the_sandbox(
    mesos: EmbeddedMesos, framework: Framework, tmp_path: Path
) -> None:
    (tmp_path / "in").write_text("from the host")
    volumes = [
        mesos_pb2.Volume(host_path=str(tmp_path), container_path="/data", mode=mesos_pb2.Volume.RO),
        mesos_pb2.Volume(host_path="own", container_path="/own", mode=mesos_pb2.Volume.RW),
    ]
    text = "echo $GREETING $(cat /data/in); echo kept > $MESOS_SANDBOX/kept; echo own > /own/file; touch /data/no"
    await launch(framework, "volumes", CommandInfo(text, environment={"GREETING": "hello"}), in_docker(volumes))
    status = await reach_the_end(framework, "volumes")
    assert (status.state, status.message) == (TaskState.TASK_FAILED, "Container exited with status 1"), "read-only"
    folder = sandbox(mesos, "volumes")
    assert (folder / "stdout").read_text() == "hello from the host\n"
    assert (folder / "kept").read_text() == "kept\n"
    assert (folder / "own" / "file").read_text() == "own\n"
    assert containers(mesos) == []
    await framework.shutdown()


async def test_a_bridged_container_is_reached_and_checked_at_its_port_and_limited_and_killed(
    mesos: EmbeddedMesos, framework: Framework, port: int
) -> None:
    mapping = Docker.PortMapping(host_port=port, container_port=8080)
    check = mesos_pb2.HealthCheck(
        type=mesos_pb2.HealthCheck.HTTP,
        http=mesos_pb2.HealthCheck.HTTPCheckInfo(port=8080, path="/page"),
        delay_seconds=0,
        interval_seconds=0.5,
        grace_period_seconds=30,
    )
    await launch(
        framework,
        "web",
        CommandInfo("cd $MESOS_SANDBOX; echo served > page; exec httpd -f -p 8080"),
        in_docker(network=Docker.BRIDGE, port_mappings=[mapping]),
        f"cpus:0.5;mem:64;ports:[{port}-{port}]",
        health_check=check,
    )
    while not (status := await update_of(framework, "web")).healthy:
        assert not status.state.is_terminal, status
    assert await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/page") == "served\n"
    (container,) = containers(mesos)
    limits = "{{.HostConfig.Memory}} {{.HostConfig.CpuShares}}"
    assert podman("inspect", "--format", limits, container) == f"{64 << 20} 512"
    await framework.driver.kill_task(TaskID("web"))
    await reach(framework, "web", TaskState.TASK_KILLED)
    assert containers(mesos) == []
    await framework.shutdown()


@pytest.mark.parametrize("command", ["exec tail /dev/zero", "tail /dev/zero", "tail /dev/zero; exit 3"])
async def test_a_container_that_is_killed_for_its_memory_says_so(
    mesos: EmbeddedMesos, framework: Framework, command: str
) -> None:
    """Also where podman does not: it notices only what the kernel tells its monitor."""
    name = f"hungry-{len(command)}"
    await launch(framework, name, CommandInfo(command), in_docker())
    status = await reach_the_end(framework, name)
    assert status.state is TaskState.TASK_FAILED
    assert status.reason_name == "REASON_CONTAINER_LIMITATION_MEMORY"
    assert status.message == "Memory limit exceeded: Requested: 64MB Maximum Used: 64MB"
    assert containers(mesos) == []
    await framework.shutdown()


@pytest.mark.parametrize(("command", "state"), [("tail /dev/zero; exit 0", "FINISHED"), ("exit 137", "FAILED")])
async def test_other_ends_of_a_container_are_not_blamed_on_its_memory(
    framework: Framework, command: str, state: str
) -> None:
    name = f"other-{state}"
    await launch(framework, name, CommandInfo(command), in_docker())
    status = await reach_the_end(framework, name)
    assert status.state is TaskState[f"TASK_{state}"]
    assert status.reason_name != "REASON_CONTAINER_LIMITATION_MEMORY"
    await framework.shutdown()


@pytest.fixture
def mortal_mesos(tmp_path: Path) -> Iterator[EmbeddedMesos]:
    """One that the test may kill."""
    real_podman_or_skip()
    with EmbeddedMesos(tmp_path) as mesos:
        yield mesos


async def test_a_mesos_image_outlives_the_agent_on_the_host_s_network(
    mortal_mesos: EmbeddedMesos, system: ActorSystem
) -> None:
    mesos = mortal_mesos
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    image = mesos_pb2.Image(type=mesos_pb2.Image.DOCKER, docker=mesos_pb2.Image.Docker(name=IMAGE))
    container = mesos_pb2.ContainerInfo(
        type=mesos_pb2.ContainerInfo.MESOS, mesos=mesos_pb2.ContainerInfo.MesosInfo(image=image)
    )
    await launch(framework, "long", CommandInfo("trap 'exit 7' TERM; sleep 1000 & wait"), container)
    await reach(framework, "long", TaskState.TASK_RUNNING)
    before = await asyncio.to_thread(eventually, "there is a container", lambda: containers(mesos))
    mesos.kill()
    await asyncio.to_thread(mesos.start)
    await until(framework, Reregistered)
    assert containers(mesos) == before
    await framework.driver.kill_task(TaskID("long"))
    status = await reach(framework, "long", TaskState.TASK_KILLED)
    assert status.message == "Command exited with status 7", "SIGTERM came through"
    assert containers(mesos) == []
    await framework.shutdown()


async def test_an_image_that_is_not_there_fails_the_task_and_says_where_to_look(
    mesos: EmbeddedMesos, framework: Framework
) -> None:
    container = in_docker()
    container.docker.image = "localhost/no-such-image:1"
    await launch(framework, "missing", CommandInfo("true"), container)
    status = await reach_the_end(framework, "missing")
    assert status.message is not None
    assert "'podman run' exited with status 125; its stderr in the sandbox says why" in status.message
    assert "no-such-image" in (sandbox(mesos, "missing") / "stderr").read_text()
    await framework.shutdown()


async def reach_the_end(framework: Framework, task_id: str) -> Any:
    while not (status := await update_of(framework, task_id)).state.is_terminal:
        pass
    return status


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        text: str = answer.read().decode()
        return text
