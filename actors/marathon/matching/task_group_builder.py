"""The executor and the tasks of one instance of a pod. Pure; after Marathon's ``mesos/TaskGroupBuilder.scala``.

    Pod ─▶ one TaskInfo per container, and Mesos's default executor, in whose network and sandbox they live

Each container takes its own share of what the instance was given, the executor the rest and the ports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.marathon.matching.container_builder import fill_linux
from actors.marathon.matching.environment import enforcement_variable, label_variables, variable_name
from actors.marathon.matching.offer_pool import Placement
from actors.marathon.matching.task_builder import fill_artifacts, fill_environment
from actors.marathon.model import ContainerHealthCheck, Endpoint, MesosCommand, Pod, PodContainer
from mesos_proto import mesos_pb2

__all__ = ["build_task_group"]

Ports = Sequence[tuple[Endpoint, int | None]]
"""Endpoints, each with the host port that it got."""


def build_task_group(
    pod: Pod,
    offer: mesos_pb2.Offer,
    placement: Placement,
    instance_id: str,
    task_ids: Mapping[str, str],
    env_prefix: str = "",
    *,
    enforce_role: bool = False,
) -> tuple[mesos_pb2.ExecutorInfo, list[mesos_pb2.TaskInfo]]:
    """What Mesos is to run; `task_ids` has the task of each container by its name."""
    ports = list(zip(pod.spec.endpoints, placement.host_ports, strict=True))
    left = _Share(placement.resources)
    tasks = []
    for container in pod.spec.containers:
        task = mesos_pb2.TaskInfo(name=container.name)
        task.task_id.value = task_ids[container.name]
        task.agent_id.CopyFrom(offer.agent_id)
        amounts = container.resources
        task.resources.extend(left.take(cpus=amounts.cpus, mem=amounts.mem, disk=amounts.disk, gpus=amounts.gpus))
        _fill_command(task.command, container)
        task.command.user = container.user or pod.spec.user or ""
        if not task.command.user:
            task.command.ClearField("user")
        given = {
            "HOST": offer.hostname,
            **_about(pod, container, instance_id, task.task_id.value),
            **_endpoint_variables(pod, ports, env_prefix),
            **enforcement_variable(enforce_role),
        }
        secrets = {name: secret.source for name, secret in pod.spec.secrets.items()}
        fill_environment(task.command, {**given, **pod.spec.environment, **container.environment}, secrets)
        _fill_container(task, pod, container, secrets)
        if container.health_check is not None:
            _fill_health_check(task.health_check, container.health_check, pod, ports)
        grace = container.lifecycle.kill_grace_period_seconds if container.lifecycle is not None else None
        if grace is not None:
            task.kill_policy.grace_period.nanoseconds = round(grace * 1_000_000_000)
        for key, value in container.labels.items():
            task.labels.labels.add(key=key, value=value)
        own = {endpoint.name for endpoint in container.endpoints}
        _fill_discovery(task, pod, [(endpoint, port) for endpoint, port in ports if endpoint.name in own])
        tasks.append(task)
    return _executor(pod, offer, instance_id, left.rest(), ports), tasks


class _Share:
    """The resources of the instance, being handed out."""

    def __init__(self, resources: Sequence[mesos_pb2.Resource]) -> None:
        self._left: list[tuple[mesos_pb2.Resource, int]] = []
        self._others: list[mesos_pb2.Resource] = []
        for resource in resources:
            if resource.type == mesos_pb2.Value.SCALAR:
                self._left.append((resource, round(resource.scalar.value * 1000)))
            else:
                self._others.append(resource)

    def take(self, **amounts: float) -> list[mesos_pb2.Resource]:
        taken = []
        for name, amount in amounts.items():
            needed = round(amount * 1000)
            for index, (resource, left) in enumerate(self._left):
                share = min(needed, left) if resource.name == name else 0
                if share > 0:
                    needed -= share
                    self._left[index] = (resource, left - share)
                    taken.append(_part(resource, share))
        return taken

    def rest(self) -> list[mesos_pb2.Resource]:
        return [*(_part(resource, left) for resource, left in self._left if left > 0), *self._others]


def _part(resource: mesos_pb2.Resource, thousandths: int) -> mesos_pb2.Resource:
    part = mesos_pb2.Resource()
    part.CopyFrom(resource)
    part.scalar.value = thousandths / 1000
    return part


def _executor(
    pod: Pod, offer: mesos_pb2.Offer, instance_id: str, resources: Sequence[mesos_pb2.Resource], ports: Ports
) -> mesos_pb2.ExecutorInfo:
    executor = mesos_pb2.ExecutorInfo(type=mesos_pb2.ExecutorInfo.DEFAULT)
    executor.executor_id.value = _executor_id(instance_id)
    executor.framework_id.CopyFrom(offer.framework_id)
    executor.resources.extend(resources)
    for key, value in pod.spec.labels.items():
        executor.labels.labels.add(key=key, value=value)
    if pod.spec.host_networking:
        return executor
    executor.container.type = mesos_pb2.ContainerInfo.MESOS
    for network in pod.spec.networks:
        joined = executor.container.network_infos.add(name=network.name or "mesos-bridge")
        for key, value in network.labels.items():
            joined.labels.labels.add(key=key, value=value)
        for endpoint, host in ports:
            if host is None or (endpoint.network_names and network.name not in endpoint.network_names):
                continue
            for protocol in endpoint.protocol or ("tcp",):
                joined.port_mappings.add(
                    host_port=host, container_port=endpoint.container_port or host, protocol=protocol
                )
    return executor


def _executor_id(instance_id: str) -> str:
    """``instance-<app>.<uuid>``, as Marathon names it."""
    app, _, unique = instance_id.rpartition(".instance-")
    return f"instance-{app}.{unique}"


def _fill_command(command: mesos_pb2.CommandInfo, container: PodContainer) -> None:
    command.shell = False
    if container.exec is not None:
        _fill_line(command, container.exec.command)
        if container.exec.command.argv and (container.exec.override_entrypoint or container.image is None):
            command.value = container.exec.command.argv[0]
    fill_artifacts(command, container.artifacts)


def _fill_line(command: mesos_pb2.CommandInfo, line: MesosCommand) -> None:
    if line.shell is not None:
        command.shell = True
        command.value = line.shell
    else:
        command.shell = False
        command.arguments.extend(line.argv or ())


def _about(pod: Pod, container: PodContainer, instance_id: str, task_id: str) -> dict[str, str]:
    amounts = container.resources
    return {
        "MESOS_TASK_ID": task_id,
        "MESOS_EXECUTOR_ID": _executor_id(instance_id),
        "MARATHON_APP_ID": pod.id,
        "MARATHON_APP_VERSION": pod.version or "",
        "MARATHON_CONTAINER_ID": container.name,
        "MARATHON_CONTAINER_RESOURCE_CPUS": str(amounts.cpus),
        "MARATHON_CONTAINER_RESOURCE_MEM": str(amounts.mem),
        "MARATHON_CONTAINER_RESOURCE_DISK": str(amounts.disk),
        "MARATHON_CONTAINER_RESOURCE_GPUS": str(amounts.gpus),
        **label_variables({**pod.spec.labels, **container.labels}),
    }


def _endpoint_variables(pod: Pod, ports: Ports, prefix: str) -> dict[str, str]:
    variables = {}
    for endpoint, host in ports:
        name = variable_name(endpoint.name)
        own = _listens_on(pod, endpoint, host)
        if own is not None:
            variables[f"{prefix}ENDPOINT_{name}"] = str(own)
        if host is not None:
            variables[f"{prefix}EP_HOST_{name}"] = str(host)
        if endpoint.container_port is not None:
            variables[f"{prefix}EP_CONTAINER_{name}"] = str(endpoint.container_port or host or 0)
    return variables


def _listens_on(pod: Pod, endpoint: Endpoint, host: int | None) -> int | None:
    return host if pod.spec.host_networking else endpoint.container_port or host


def _fill_container(task: mesos_pb2.TaskInfo, pod: Pod, container: PodContainer, secrets: Mapping[str, str]) -> None:
    info = mesos_pb2.ContainerInfo(type=mesos_pb2.ContainerInfo.MESOS)
    volumes = {volume.name: volume for volume in pod.spec.volumes}
    for mount in container.volume_mounts:
        volume = volumes[mount.name]
        mode = mesos_pb2.Volume.RO if mount.read_only else mesos_pb2.Volume.RW
        made = info.volumes.add(container_path=mount.mount_path, mode=mode)
        if volume.host is not None:
            made.host_path = volume.host
        elif volume.secret is not None:
            made.mode = mesos_pb2.Volume.RO
            made.source.type = mesos_pb2.Volume.Source.SECRET
            made.source.secret.type = mesos_pb2.Secret.REFERENCE
            made.source.secret.reference.name = secrets[volume.secret]
        else:
            made.source.type = mesos_pb2.Volume.Source.SANDBOX_PATH
            made.source.sandbox_path.type = mesos_pb2.Volume.Source.SandboxPath.PARENT
            made.source.sandbox_path.path = f"volumes/{volume.name}"
    if container.image is not None:
        _fill_image(info.mesos.image, container, secrets)
    if container.tty:
        info.tty_info.SetInParent()
    if container.linux_info is not None:
        fill_linux(info.linux_info, container.linux_info)
    if len(info.ListFields()) > 1:  # more than the type
        task.container.CopyFrom(info)


def _fill_image(image: mesos_pb2.Image, container: PodContainer, secrets: Mapping[str, str]) -> None:
    given = container.image
    assert given is not None
    if given.force_pull is not None:
        image.cached = not given.force_pull
    if given.kind == "APPC":
        image.type = mesos_pb2.Image.APPC
        image.appc.name = given.id
        for key, value in {"os": "linux", "arch": "amd64", **given.labels}.items():
            image.appc.labels.labels.add(key=key, value=value)
        return
    image.type = mesos_pb2.Image.DOCKER
    image.docker.name = given.id
    if given.pull_config is not None:
        image.docker.config.type = mesos_pb2.Secret.REFERENCE
        image.docker.config.reference.name = secrets[given.pull_config.secret]


def _fill_health_check(proto: mesos_pb2.HealthCheck, check: ContainerHealthCheck, pod: Pod, ports: Ports) -> None:
    proto.delay_seconds = check.delay_seconds
    proto.interval_seconds = check.interval_seconds
    proto.timeout_seconds = check.timeout_seconds
    proto.grace_period_seconds = check.grace_period_seconds
    proto.consecutive_failures = check.max_consecutive_failures
    listening = {endpoint.name: _listens_on(pod, endpoint, host) or 0 for endpoint, host in ports}
    if check.http is not None:
        proto.type = mesos_pb2.HealthCheck.HTTP
        proto.http.port = listening[check.http.endpoint]
        proto.http.scheme = (check.http.scheme or "HTTP").lower()
        proto.http.path = check.http.path or "/"
    elif check.tcp is not None:
        proto.type = mesos_pb2.HealthCheck.TCP
        proto.tcp.port = listening[check.tcp.endpoint]
    elif check.exec is not None:
        proto.type = mesos_pb2.HealthCheck.COMMAND
        _fill_line(proto.command, check.exec.command)
        if check.exec.command.argv:
            proto.command.value = check.exec.command.argv[0]


def _fill_discovery(task: mesos_pb2.TaskInfo, pod: Pod, ports: Ports) -> None:
    task.discovery.visibility = mesos_pb2.DiscoveryInfo.FRAMEWORK
    task.discovery.name = ".".join(reversed(pod.id.strip("/").split("/")))
    for endpoint, host in ports:
        for protocol in endpoint.protocol or ("tcp",):
            described = task.discovery.ports.ports.add(
                number=_listens_on(pod, endpoint, host) or 0, name=endpoint.name, protocol=protocol
            )
            for key, value in endpoint.labels.items():
                described.labels.labels.add(key=key, value=value)
