"""In what a task runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.wrappers._wrapper import Wrapper


class Volume(Wrapper[mesos_pb2.Volume]):
    """A directory of the host, or of the sandbox, inside a container.

    Args:
        container_path: where it appears; a relative path is in the sandbox.
        host_path: what appears there; None: an empty directory in the sandbox.
        read_only: whether the container may write.
    """

    __match_args__ = ("container_path", "host_path")

    def __init__(self, container_path: str, host_path: str | None = None, *, read_only: bool = False) -> None:
        mode = mesos_pb2.Volume.RO if read_only else mesos_pb2.Volume.RW
        self._hold(mesos_pb2.Volume(container_path=container_path, host_path=host_path, mode=mode))

    @property
    def container_path(self) -> str:
        """Where it appears."""
        return self.proto.container_path

    @property
    def host_path(self) -> str | None:
        """What appears there."""
        return self.proto.host_path if self.proto.HasField("host_path") else None

    @property
    def read_only(self) -> bool:
        """Whether the container may not write."""
        return self.proto.mode == mesos_pb2.Volume.RO


class PortMapping(NamedTuple):
    """A port of the host that leads to one of the container."""

    host_port: int
    container_port: int
    protocol: str = "tcp"


class ContainerInfo(Wrapper[mesos_pb2.ContainerInfo]):
    """A container; made by `docker` or `mesos`, after the two containerizers of an agent."""

    __match_args__ = ("type", "image")

    @classmethod
    def docker(
        cls,
        image: str,
        *,
        network: Literal["HOST", "BRIDGE", "NONE", "USER"] = "HOST",
        network_name: str | None = None,
        port_mappings: Iterable[PortMapping] = (),
        volumes: Iterable[Volume] = (),
        privileged: bool = False,
        force_pull_image: bool = False,
        parameters: Mapping[str, str] | None = None,
        hostname: str | None = None,
    ) -> ContainerInfo:
        """A container of the Docker engine.

        Args:
            image: as ``docker run`` takes it.
            network: USER needs a ``network_name``.
            network_name: of a network that the engine knows.
            port_mappings: ports of the offer, on networks other than HOST.
            volumes: directories in it.
            privileged: all devices and capabilities.
            force_pull_image: ask the registry even when the image is there.
            parameters: further options of ``docker run``, without dashes.
            hostname: of the container.
        """
        proto = mesos_pb2.ContainerInfo(type=mesos_pb2.ContainerInfo.DOCKER, hostname=hostname)
        proto.docker.image = image
        proto.docker.network = mesos_pb2.ContainerInfo.DockerInfo.Network.Value(network)
        proto.docker.privileged = privileged
        proto.docker.force_pull_image = force_pull_image
        for mapping in port_mappings:
            proto.docker.port_mappings.add(**mapping._asdict())
        for key, value in (parameters or {}).items():
            proto.docker.parameters.add(key=key, value=value)
        return cls._finished(proto, volumes, network_name)

    @classmethod
    def mesos(
        cls,
        image: str | None = None,
        *,
        network_name: str | None = None,
        volumes: Iterable[Volume] = (),
        cached: bool = True,
        hostname: str | None = None,
    ) -> ContainerInfo:
        """A container of Mesos's own.

        Args:
            image: a Docker image for its root file system; None: the agent's.
            network_name: of a CNI network; None: the host's network.
            volumes: directories in it.
            cached: whether an image that is there will do.
            hostname: of the container; needs a network.
        """
        proto = mesos_pb2.ContainerInfo(type=mesos_pb2.ContainerInfo.MESOS, hostname=hostname)
        proto.mesos.SetInParent()
        if image is not None:
            proto.mesos.image.type = mesos_pb2.Image.DOCKER
            proto.mesos.image.docker.name = image
            proto.mesos.image.cached = cached
        return cls._finished(proto, volumes, network_name)

    @classmethod
    def _finished(
        cls, proto: mesos_pb2.ContainerInfo, volumes: Iterable[Volume], network_name: str | None
    ) -> ContainerInfo:
        proto.volumes.extend(volume.proto for volume in volumes)
        if network_name is not None:
            proto.network_infos.add(name=network_name)
        return cls.from_proto(proto)

    @property
    def type(self) -> str:
        """``DOCKER`` or ``MESOS``."""
        return mesos_pb2.ContainerInfo.Type.Name(self.proto.type)

    @property
    def image(self) -> str | None:
        """The image's name."""
        if self.proto.type == mesos_pb2.ContainerInfo.DOCKER:
            return self.proto.docker.image
        image = self.proto.mesos.image
        return (image.docker.name or image.appc.name) if self.proto.mesos.HasField("image") else None

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """Directories in it."""
        return tuple(map(Volume.from_proto, self.proto.volumes))

    @property
    def port_mappings(self) -> tuple[PortMapping, ...]:
        """Ports of the host that lead into it."""
        mappings = self.proto.docker.port_mappings
        return tuple(PortMapping(each.host_port, each.container_port, each.protocol or "tcp") for each in mappings)
