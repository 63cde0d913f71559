"""Containers by command line: a task with an image is ``docker run`` (or ``podman run``) in the foreground.

That process is a task like any other to the task runner: it has the container's output and exit status, passes
SIGTERM on, and outlives a ``kill -9`` of the service. What a process cannot do is done by another command when it has
ended: the container is removed, whatever state it is in, and asked whether it ran out of memory.

::

    contain(command, task)       what to start in place of ``command``
    clean_up(command)            what to start when that has ended; status 0: it was killed for its memory
    inside(command, check)       what to start to have a health check's command run in the container

What Mesos's ``src/docker/docker.cpp`` makes of a ``ContainerInfo``, with the sandbox at ``/mnt/mesos/sandbox``.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from actors.local_mesos.shared_volumes import shared_folder, shared_volumes
from actors.local_mesos.task_runner import NoContainerEngine, TaskCommand, Uncontainable
from mesos_proto import Resources, mesos_pb2

__all__ = ["CommandLineEngine", "find_engine", "has_image", "published_port"]

SANDBOX = "/mnt/mesos/sandbox"
PROGRAMS = ("docker", "podman")
PROBE_TIMEOUT = 20.0  # seconds
CPU_SHARES = 1024  # of one cpu
CPU_SHARES_MIN = 2
MEMORY_MIN = 32 << 20  # bytes
ENGINE_FAILED = 125  # the exit status with which both programs say that it was they who failed
# An engine learns of a kill for memory only where its monitor can watch the control group. So the kernel is asked, too:
# its log names the container. Where that may not be read, the engine's word stands.
CLEAN_UP = """\
said=$("$1" inspect --format '{{.State.OOMKilled}} {{.Id}}' "$2")
case "$said" in
  "true "*) oom=0 ;;
  "false "?*) dmesg | grep -q "oom-kill:.*${said#false }"; oom=$? ;;
  *) oom=1 ;;
esac
"$1" kill "$2"  # of a client that was killed the container lives on, and podman's rm would give it another 10 s
"$1" rm --force "$2"
exit $oom"""

Docker = mesos_pb2.ContainerInfo.DockerInfo
Source = mesos_pb2.Volume.Source


@dataclass(frozen=True, slots=True)
class CommandLineEngine:
    """``program`` is the file of a ``docker`` or ``podman`` command that works."""

    program: str

    async def contain(self, command: TaskCommand, task: mesos_pb2.TaskInfo, sandbox: str) -> TaskCommand:
        await asyncio.to_thread(_make_folders, task.container, sandbox)
        container = task.container
        options = [
            *("--name", _name(command)),
            *_network(task),
            *_limits(task),
            *("--volume", f"{sandbox}:{SANDBOX}:rw"),
            *_volumes(container, sandbox),
            *_environment({**command.environment, "MESOS_SANDBOX": SANDBOX, "MESOS_CONTAINER_NAME": _name(command)}),
        ]
        if container.HasField("hostname"):
            options += ["--hostname", container.hostname]
        if container.docker.privileged:
            options.append("--privileged")
        if container.docker.force_pull_image:
            options.append("--pull=always")
        options += [f"--{parameter.key}={parameter.value}" for parameter in container.docker.parameters]
        return self._in_place_of(command, "run", *options, *_image_and_command(task))

    def clean_up(self, command: TaskCommand) -> TaskCommand:
        argv = ("/bin/sh", "sh", "-c", CLEAN_UP, "sh", self.program, _name(command))
        name, sandbox = f"{command.container_id}.end", f"{command.sandbox}/.engine/run"
        return replace(command, container_id=name, sandbox=sandbox, shell=None, argv=argv, environment={})

    def inside(self, command: TaskCommand, check: TaskCommand) -> TaskCommand:
        argv = ("/bin/sh", "-c", check.shell) if check.shell is not None else (check.argv[0], *check.argv[2:])
        return self._in_place_of(check, "exec", _name(command), *argv)

    def failed(self, exit_code: int) -> str | None:
        """What to say if it was the engine, not the container, that ended so."""
        if exit_code != ENGINE_FAILED:
            return None
        name = os.path.basename(self.program)
        return f"'{name} run' exited with status {exit_code}; its stderr in the sandbox says why"

    def _in_place_of(self, command: TaskCommand, *arguments: str) -> TaskCommand:
        return replace(command, shell=None, argv=(self.program, self.program, *arguments), environment={})


async def find_engine() -> CommandLineEngine:
    """The first of ``docker`` and ``podman`` that is here and answers. Raises ``NoContainerEngine``."""
    problems = []
    for name in PROGRAMS:
        program = shutil.which(name)
        if program is None:
            problems.append(f"there is no {name} command in the PATH")
        elif (problem := await _problem(program)) is not None:
            problems.append(f"'{name} ps' fails: {problem}")
        else:
            return CommandLineEngine(program)
    raise NoContainerEngine(
        f"this agent has no container engine ({'; '.join(problems)}): install one, or give the task a command that "
        "runs on the host, without an image"
    )


async def _problem(program: str) -> str | None:
    """A client without its daemon, or without the rights to it, is of no use."""
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(program, "ps", "-q", stdin=null, stdout=null, stderr=pipe)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            _, said = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return f"no answer within {PROBE_TIMEOUT:g} s"
    return None if process.returncode == 0 else said.decode(errors="replace").strip()[-200:]


def has_image(container: mesos_pb2.ContainerInfo) -> bool:
    return container.HasField("docker") or container.mesos.HasField("image")


def published_port(task: mesos_pb2.TaskInfo, port: int) -> int:
    """Where on this machine a port of the task's is, for its health checks."""
    for mapping in _mappings(task.container):
        if mapping.container_port == port:
            return mapping.host_port
    return port


# -- the command line ----------------------------------------------------------------------------------------------


def _name(command: TaskCommand) -> str:
    return f"mesos-{command.container_id}"


def _environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        yield from ("--env", f"{name}={value}")


def _image_and_command(task: mesos_pb2.TaskInfo) -> list[str]:
    container, command = task.container, task.command
    if container.HasField("docker"):
        image = container.docker.image
        first = [command.value] if command.HasField("value") else []
        if not command.shell:
            return [image, *first, *command.arguments]
    else:
        if container.mesos.image.type != mesos_pb2.Image.DOCKER:
            raise Uncontainable("only images of type DOCKER can be run here")
        image = container.mesos.image.docker.name
        if not command.shell and command.HasField("value"):
            return ["--entrypoint", command.value, image, *command.arguments[1:]]
        if not command.shell:
            return [image, *command.arguments[1:]]
    return ["--entrypoint", "/bin/sh", image, "-c", command.value]


def _network(task: mesos_pb2.TaskInfo) -> Iterator[str]:
    container = task.container
    name = next((info.name for info in container.network_infos if info.name), "")
    if not container.HasField("docker"):
        yield f"--network={name or 'bridge' if container.network_infos else 'host'}"
    elif container.docker.network == Docker.USER:
        if not name:
            raise Uncontainable("a container on a USER network needs its name, in network_infos")
        yield f"--network={name}"
    else:
        yield f"--network={Docker.Network.Name(container.docker.network).lower()}"
    offered = Resources(task.resources).ports
    for mapping in _mappings(container):
        if container.docker.network in (Docker.HOST, Docker.NONE) and container.HasField("docker"):
            raise Uncontainable("port mappings are only for BRIDGE and USER networks")
        if mapping.host_port not in offered:
            raise Uncontainable(f"port [{mapping.host_port}] is mapped and not among the task's resources")
        yield from ("--publish", f"{mapping.host_port}:{mapping.container_port}/{mapping.protocol or 'tcp'}")


def _mappings(
    container: mesos_pb2.ContainerInfo,
) -> list[Docker.PortMapping | mesos_pb2.NetworkInfo.PortMapping]:
    infos = container.network_infos
    return [*container.docker.port_mappings, *(mapping for info in infos for mapping in info.port_mappings)]


def _limits(task: mesos_pb2.TaskInfo) -> Iterator[str]:
    """Requests share the cpus, limits cap them; memory is capped by the limit, or the request without one."""
    resources = Resources(task.resources)
    yield from ("--cpu-shares", str(max(CPU_SHARES_MIN, int(resources.cpus * CPU_SHARES))))
    if "cpus" in task.limits and math.isfinite(task.limits["cpus"].value):
        yield from ("--cpus", f"{task.limits['cpus'].value:.10g}")
    megabytes = task.limits["mem"].value if "mem" in task.limits else resources.mem or math.inf
    if math.isfinite(megabytes):
        memory = max(MEMORY_MIN, int(megabytes * (1 << 20)))
        yield from ("--memory", f"{memory}b", "--memory-swap", f"{memory}b")


def _volumes(container: mesos_pb2.ContainerInfo, sandbox: str) -> Iterator[str]:
    """Relative paths are in the sandbox, on either side."""
    for volume in container.volumes:
        source = volume.source
        if volume.HasField("host_path"):
            origin = os.path.join(sandbox, volume.host_path)  # which is the host path itself if that is absolute
        elif source.type == Source.HOST_PATH:
            origin = source.host_path.path
        elif source.type == Source.SANDBOX_PATH and source.sandbox_path.type == Source.SandboxPath.SELF:
            origin = os.path.join(sandbox, source.sandbox_path.path)
        elif source.type == Source.SANDBOX_PATH:
            origin = shared_folder(sandbox, source.sandbox_path.path)
        elif source.type == Source.DOCKER_VOLUME:
            origin = source.docker_volume.name
        else:
            raise Uncontainable(f"the volume at {volume.container_path} has neither a host path nor a Docker volume")
        mode = "ro" if volume.mode == mesos_pb2.Volume.RO else "rw"
        yield from ("--volume", f"{origin}:{os.path.join(SANDBOX, volume.container_path)}:{mode}")


def _make_folders(container: mesos_pb2.ContainerInfo, sandbox: str) -> None:
    """Those that volumes want in the sandbox, and the sandbox: engines mount only what is there."""
    for path in shared_volumes(container).values():
        os.makedirs(shared_folder(sandbox, path), exist_ok=True)
    for option in ("", *_volumes(container, sandbox)):
        origin = option.partition(":")[0] or sandbox
        if origin == sandbox or origin.startswith(sandbox + os.sep):
            os.makedirs(origin, exist_ok=True)
