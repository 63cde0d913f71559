"""The ContainerInfo of an app. Pure; after Marathon's ``mesos/TaskBuilder.scala`` and ``ContainerSerializer.scala``."""

from __future__ import annotations

from collections.abc import Sequence

from actors.marathon.model import App, Container, LinuxInfo
from mesos_proto import mesos_pb2

__all__ = ["build_container", "container_ports", "fill_linux"]

_DockerInfo = mesos_pb2.ContainerInfo.DockerInfo


def container_ports(app: App, host_ports: Sequence[int | None]) -> list[int]:
    """The port, per definition or mapping, on which the task itself listens."""
    if app.host_networking:
        return [port or 0 for port in host_ports]
    return [mapping.container_port or host or 0 for mapping, host in zip(app.port_mappings, host_ports, strict=True)]


def build_container(app: App, host_ports: Sequence[int | None]) -> mesos_pb2.ContainerInfo:
    """The container of one instance of `app` (which has one), with its ports mapped to `host_ports`."""
    container = app.container
    assert container is not None
    info = mesos_pb2.ContainerInfo()
    if container.type == "DOCKER":
        info.type = mesos_pb2.ContainerInfo.DOCKER
        _fill_docker(info, app, container, host_ports)
    else:
        info.type = mesos_pb2.ContainerInfo.MESOS
        _fill_mesos(info, app, container, host_ports)
    for volume in container.volumes:
        if volume.host_path is not None:
            info.volumes.add(
                container_path=volume.container_path,
                host_path=volume.host_path,
                mode=mesos_pb2.Volume.RO if volume.mode == "RO" else mesos_pb2.Volume.RW,
            )
        elif volume.secret is not None:
            source = info.volumes.add(container_path=volume.container_path, mode=mesos_pb2.Volume.RO).source
            source.type = mesos_pb2.Volume.Source.SECRET
            source.secret.type = mesos_pb2.Secret.REFERENCE
            source.secret.reference.name = app.secrets[volume.secret].source
    return info


def _fill_docker(
    info: mesos_pb2.ContainerInfo, app: App, container: Container, host_ports: Sequence[int | None]
) -> None:
    docker = container.docker
    if docker is None:
        return
    info.docker.image = docker.image
    info.docker.force_pull_image = docker.force_pull_image
    info.docker.privileged = docker.privileged
    for parameter in docker.parameters:
        info.docker.parameters.add(key=parameter.key, value=parameter.value)
    if app.host_networking:
        info.docker.network = _DockerInfo.HOST
        return
    named = next((network.name for network in app.networks if network.name is not None), None)
    if named is None:
        info.docker.network = _DockerInfo.BRIDGE
    else:
        info.docker.network = _DockerInfo.USER
        info.network_infos.add(name=named)
    for container_port, host, protocol in _mappings(app, host_ports):
        info.docker.port_mappings.add(host_port=host, container_port=container_port, protocol=protocol)


def _fill_mesos(
    info: mesos_pb2.ContainerInfo, app: App, container: Container, host_ports: Sequence[int | None]
) -> None:
    if container.docker is not None:
        info.mesos.image.type = mesos_pb2.Image.DOCKER
        info.mesos.image.docker.name = container.docker.image
        info.mesos.image.cached = not container.docker.force_pull_image
        if container.docker.pull_config is not None:
            config = info.mesos.image.docker.config
            config.type = mesos_pb2.Secret.REFERENCE
            config.reference.name = app.secrets[container.docker.pull_config.secret].source
    elif container.appc is not None:
        info.mesos.image.type = mesos_pb2.Image.APPC
        info.mesos.image.appc.name = container.appc.image
        info.mesos.image.cached = not container.appc.force_pull_image
    else:
        info.mesos.SetInParent()
    if app.tty:
        info.tty_info.SetInParent()
    if container.linux_info is not None:
        fill_linux(info.linux_info, container.linux_info)
    if app.host_networking:
        return
    for network in app.networks:
        described = info.network_infos.add(name=network.name or "mesos-bridge")
        for key, value in network.labels.items():
            described.labels.labels.add(key=key, value=value)
        for container_port, host, protocol in _mappings(app, host_ports):
            described.port_mappings.add(host_port=host, container_port=container_port, protocol=protocol)


def fill_linux(info: mesos_pb2.LinuxInfo, given: LinuxInfo) -> None:
    """Hand the options of a Linux container on."""
    if given.seccomp is not None:
        info.seccomp.unconfined = given.seccomp.unconfined
        if given.seccomp.profile_name is not None:
            info.seccomp.profile_name = given.seccomp.profile_name
    if given.ipc_info is not None:
        info.ipc_mode = mesos_pb2.LinuxInfo.IpcMode.Value(given.ipc_info.mode)
        if given.ipc_info.shm_size is not None:
            info.shm_size = given.ipc_info.shm_size


def _mappings(app: App, host_ports: Sequence[int | None]) -> list[tuple[int, int, str]]:
    return [
        (container_port, host, protocol)
        for mapping, container_port, host in zip(
            app.port_mappings, container_ports(app, host_ports), host_ports, strict=True
        )
        if host is not None
        for protocol in mapping.protocol.split(",")
    ]
