"""Containers of apps: Docker and Mesos images, volumes, port mappings."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from ._wire import Count, Flag, Text, TextMap, Whole, WireModel
from .network import PortMapping


class DockerParameter(WireModel):
    key: Annotated[Text, Field(min_length=1)]
    value: Text


class DockerPullConfig(WireModel):
    secret: Text


class DockerContainer(WireModel):
    """A Docker image, run by Docker or by Mesos's own containerizer."""

    force_pull_image: Flag = False
    image: Annotated[Text, Field(min_length=1)]
    parameters: tuple[DockerParameter, ...] = ()
    privileged: Flag = False
    pull_config: DockerPullConfig | None = None

    deprecated_fields: ClassVar[frozenset[str]] = frozenset({"network", "portMappings"})


class AppcContainer(WireModel):
    image: Annotated[Text, Field(min_length=1)]
    id: Text | None = None
    labels: TextMap = Field(default_factory=dict)
    force_pull_image: Flag = False


class PersistentVolume(WireModel):
    """Space that outlives a task, in MB."""

    type: Literal["root", "path", "mount"] = "root"
    size: Annotated[Whole, Field(ge=1)]
    max_size: Count | None = None
    profile_name: Text | None = None
    constraints: tuple[tuple[Text, ...], ...] = ()

    omit_empty: ClassVar[frozenset[str]] = frozenset({"constraints"})


class ExternalVolume(WireModel):
    name: Text | None = None
    provider: Text | None = None
    size: Count | None = None
    options: TextMap = Field(default_factory=dict)
    shared: Flag = False

    omit_empty: ClassVar[frozenset[str]] = frozenset({"options"})


class Volume(WireModel):
    """A path inside the container: of the host, persistent, external, or a secret's content."""

    container_path: Annotated[Text, Field(min_length=1)]
    host_path: Text | None = None
    mode: Literal["RO", "RW"] | None = None
    persistent: PersistentVolume | None = None
    external: ExternalVolume | None = None
    secret: Text | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> "Volume":
        kinds = [k for k in (self.host_path, self.persistent, self.external, self.secret) if k is not None]
        if len(kinds) != 1:
            raise ValueError("a volume must define exactly one of hostPath, persistent, external, secret")
        if self.persistent is not None and self.mode == "RO":
            raise ValueError("a persistent volume must have the mode RW")
        return self


class Seccomp(WireModel):
    """Which system calls the container may make: those of a profile on the agent, or (unconfined) all."""

    profile_name: Text | None = None
    unconfined: Flag = False


class IpcInfo(WireModel):
    """The container's namespace of interprocess communication, and the size of its /dev/shm in MB."""

    mode: Literal["PRIVATE", "SHARE_PARENT"]
    shm_size: Count | None = None


class LinuxInfo(WireModel):
    """Options of Linux containers of the Mesos containerizer."""

    seccomp: Seccomp | None = None
    ipc_info: IpcInfo | None = None


class Container(WireModel):
    """What a task runs in. `port_mappings` counts only on networks other than the host's."""

    type: Literal["MESOS", "DOCKER"] = "DOCKER"
    docker: DockerContainer | None = None
    appc: AppcContainer | None = None
    volumes: tuple[Volume, ...] = ()
    port_mappings: tuple[PortMapping, ...] | None = None
    linux_info: LinuxInfo | None = None

    @property
    def has_image(self) -> bool:
        if self.type == "DOCKER":
            return self.docker is not None and self.appc is None
        return (self.docker is None) != (self.appc is None)

    @property
    def image(self) -> str | None:
        chosen = self.docker or self.appc
        return None if chosen is None else chosen.image
