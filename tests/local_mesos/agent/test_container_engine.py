"""What is made of a task with an image: the engine's command line, and how its container's end is told."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from actors.local_mesos import container_engine
from actors.local_mesos.container_engine import CommandLineEngine, find_engine, published_port
from actors.local_mesos.simulated_runner import Fate, SimulatedRunner, exit_status
from actors.local_mesos.task_runner import NoContainerEngine, TaskCommand, Uncontainable
from mesos_proto import Resources
from mesos_proto import mesos_pb2 as pb

from .conftest import Bench

ENGINE = CommandLineEngine("/bin/docker")
Docker = pb.ContainerInfo.DockerInfo
DOCKER = pb.ContainerInfo(type=pb.ContainerInfo.DOCKER, docker=Docker(image="image"))


def in_docker(**docker: Any) -> pb.ContainerInfo:
    return pb.ContainerInfo(type=pb.ContainerInfo.DOCKER, docker=Docker(image="image", **docker))


def in_mesos(*networks: pb.NetworkInfo) -> pb.ContainerInfo:
    image = pb.Image(type=pb.Image.DOCKER, docker=pb.Image.Docker(name="image"))
    mesos = pb.ContainerInfo.MesosInfo(image=image)
    return pb.ContainerInfo(type=pb.ContainerInfo.MESOS, mesos=mesos, network_infos=networks)


async def line(
    tmp_path: Path, container: pb.ContainerInfo, command: pb.CommandInfo, resources: str = "", **limits: float
) -> str:
    task = pb.TaskInfo(container=container, command=command, resources=Resources.parse(resources).to_protos())
    for name, value in limits.items():
        task.limits[name].value = value
    made = await ENGINE.contain(TaskCommand("C", "sandbox", shell="x", environment={"A": "b"}), task, str(tmp_path))
    assert (made.shell, made.environment, made.argv[:3]) == (None, {}, ("/bin/docker", "/bin/docker", "run"))
    return " ".join(made.argv[3:]).replace(str(tmp_path), "SANDBOX")


@pytest.mark.real  # it makes folders in a thread
async def test_a_container_has_a_name_the_sandbox_and_the_environment(tmp_path: Path) -> None:
    made = await line(tmp_path, DOCKER, pb.CommandInfo(value="true"))
    assert made == (
        "--name mesos-C --network=host --cpu-shares 2 --volume SANDBOX:/mnt/mesos/sandbox:rw --env A=b "
        "--env MESOS_SANDBOX=/mnt/mesos/sandbox --env MESOS_CONTAINER_NAME=mesos-C "
        "--entrypoint /bin/sh image -c true"
    )


@pytest.mark.real
@pytest.mark.parametrize(
    ("container", "command", "end"),
    [
        (DOCKER, pb.CommandInfo(value="a; b"), "--entrypoint /bin/sh image -c a; b"),
        (DOCKER, pb.CommandInfo(value="a", arguments=["b", "c"], shell=False), "image a b c"),
        (DOCKER, pb.CommandInfo(arguments=["b", "c"], shell=False), "image b c"),
        (in_mesos(), pb.CommandInfo(value="a; b"), "--entrypoint /bin/sh image -c a; b"),
        (in_mesos(), pb.CommandInfo(value="a", arguments=["a0", "b"], shell=False), "--entrypoint a image b"),
        (in_mesos(), pb.CommandInfo(arguments=["a0", "b"], shell=False), "image b"),
    ],
)
async def test_commands_and_arguments_are_the_image_s_or_the_task_s(
    tmp_path: Path, container: pb.ContainerInfo, command: pb.CommandInfo, end: str
) -> None:
    assert (await line(tmp_path, container, command)).endswith(f"MESOS_CONTAINER_NAME=mesos-C {end}")


@pytest.mark.real
async def test_requests_share_cpus_and_cap_memory_and_limits_cap_both(tmp_path: Path) -> None:
    command = pb.CommandInfo(value="true")
    assert f"--cpu-shares 512 --memory {64 << 20}b" in await line(tmp_path, DOCKER, command, "cpus:0.5;mem:64")
    limited = await line(tmp_path, DOCKER, command, "cpus:0.5;mem:64", cpus=2, mem=128)
    assert f"--cpu-shares 512 --cpus 2 --memory {128 << 20}b --memory-swap {128 << 20}b" in limited
    assert "--memory" not in await line(tmp_path, DOCKER, command, "cpus:0.5;mem:64", mem=float("inf"))


@pytest.mark.real
async def test_ports_are_published_on_bridges_if_the_task_has_them(tmp_path: Path) -> None:
    command, mapping = pb.CommandInfo(value="true"), Docker.PortMapping(host_port=31000, container_port=80)
    bridge = in_docker(network=Docker.BRIDGE, port_mappings=[mapping])
    assert "--network=bridge --publish 31000:80/tcp" in await line(tmp_path, bridge, command, "ports:[31000-31001]")
    assert published_port(pb.TaskInfo(container=bridge), 80) == 31000
    with pytest.raises(Uncontainable, match=r"port \[31000\] is mapped and not among"):
        await line(tmp_path, bridge, command, "ports:[31001-31001]")
    with pytest.raises(Uncontainable, match="only for BRIDGE"):
        await line(tmp_path, in_docker(port_mappings=[mapping]), command, "ports:[31000-31000]")
    network = pb.NetworkInfo(
        port_mappings=[pb.NetworkInfo.PortMapping(host_port=31000, container_port=53, protocol="udp")]
    )
    made = await line(tmp_path, in_mesos(network), command, "ports:[31000-31000]")
    assert "--network=bridge --publish 31000:53/udp" in made


@pytest.mark.real
async def test_volumes_of_relative_paths_are_in_the_sandbox_on_either_side(tmp_path: Path) -> None:
    container = in_docker()
    container.volumes.add(host_path="/host", container_path="/there", mode=pb.Volume.RO)
    container.volumes.add(host_path="own", container_path="inside", mode=pb.Volume.RW)
    made = await line(tmp_path, container, pb.CommandInfo(value="true"))
    assert "--volume /host:/there:ro --volume SANDBOX/own:/mnt/mesos/sandbox/inside:rw" in made
    assert (tmp_path / "own").is_dir()


@pytest.mark.real
async def test_without_an_engine_that_answers_it_says_what_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2; exit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoContainerEngine) as caught:
        await find_engine()
    assert "'docker ps' fails: Cannot connect to the Docker daemon" in str(caught.value)
    assert "there is no podman command in the PATH" in str(caught.value)
    assert container_engine.PROGRAMS == ("docker", "podman")


# -- the end of a container ----------------------------------------------------------------------------------------


class SlowEngine(SimulatedRunner):
    """Its containers have to be removed, which takes 2 s."""

    async def container_engine(self) -> CommandLineEngine:  # type: ignore[override]
        return self.engine

    class Engine(CommandLineEngine):
        async def contain(self, command: TaskCommand, task: pb.TaskInfo, sandbox: str) -> TaskCommand:
            return command

    engine = Engine("/bin/docker")


def ending(status: int, out_of_memory: bool) -> Any:
    def script(command: TaskCommand, chance: random.Random) -> Fate:
        if command.container_id.endswith(".end"):
            return Fate(runs=2, status=exit_status(0 if out_of_memory else 1))
        return Fate(runs=10, status=status)

    return script


@pytest.mark.parametrize(
    ("status", "out_of_memory", "message", "reason"),
    [
        (3, False, "Container exited with status 3", pb.TaskStatus.REASON_COMMAND_EXECUTOR_FAILED),
        (
            137,
            True,
            "Memory limit exceeded: Requested: 64MB Maximum Used: 64MB",
            pb.TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY,
        ),
        (
            125,
            False,
            "Failed to launch container: 'docker run' exited with status 125; its stderr in the sandbox says why",
            pb.TaskStatus.REASON_CONTAINER_LAUNCH_FAILED,
        ),
    ],
)
async def test_a_container_s_end_is_told_when_it_is_removed(
    bench: Bench, status: int, out_of_memory: bool, message: str, reason: pb.TaskStatus.Reason.ValueType
) -> None:
    clock = bench.system.clock
    bench.runner = SlowEngine(clock, bench.system.random, ending(exit_status(status), out_of_memory))
    await bench.start()
    begun = clock.time()
    bench.run("x", container=DOCKER, resources=Resources.parse("mem:64").to_protos())
    told = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert (told.message, told.reason) == (message, reason)
    assert clock.time() - begun == pytest.approx(12, abs=0.5)


async def test_a_container_that_cannot_be_removed_does_not_hold_up_its_task_for_ever(bench: Bench) -> None:
    def script(command: TaskCommand, chance: random.Random) -> Fate:
        return Fate(terminates=None) if command.container_id.endswith(".end") else Fate(runs=1)

    bench.runner = SlowEngine(bench.system.clock, bench.system.random, script)
    await bench.start()
    begun = bench.system.clock.time()
    bench.run("x", container=DOCKER)
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
    assert bench.system.clock.time() - begun == pytest.approx(61, abs=0.5)


async def test_the_removal_is_taken_up_again_after_a_restart(bench: Bench) -> None:
    bench.runner = SlowEngine(bench.system.clock, bench.system.random, ending(0, False))
    await bench.start()
    bench.run("x", container=DOCKER)
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    runner = bench.runner
    while not any(name.endswith(".end") for name in await runner.usage()):
        await bench.silence(0.5)
    await bench.restart()
    await bench.until("TASK_FINISHED")
