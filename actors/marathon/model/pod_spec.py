"""What clients write of a pod (``/v2/pods``): containers that live and die together on one agent, frozen.

These are the shapes and bounds of single fields; `_pod_rules` has the rules that join several, `pod` what a pod is to
the rest of the service.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from ._wire import Count, Distinct, Flag, Number, Port, Text, TextMap, WireModel
from .app import Artifact, EnvValue, ExecutorResources, ResourceLimits, SecretSource
from .container import DockerPullConfig, LinuxInfo, PersistentVolume
from .network import HOST_NETWORK, Network
from .strategy import KillSelection, Share, UnreachableStrategy

Name = Annotated[Text, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
Path = Annotated[Text, Field(min_length=1, max_length=1024)]
Amount = Annotated[Number, Field(ge=0.0)]


class MesosCommand(WireModel):
    """A line for the shell, or a program with its arguments."""

    shell: Annotated[Text, Field(min_length=1)] | None = None
    argv: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "MesosCommand":
        if (self.shell is None) == (self.argv is None):
            raise ValueError("must have either shell or argv")
        return self


class MesosExec(WireModel):
    """What a container runs; with `override_entrypoint` in the place of its image's entrypoint."""

    command: MesosCommand
    override_entrypoint: Flag | None = None


class Resources(WireModel):
    """What a container takes of the agent; memory and disk in MB."""

    cpus: Amount
    mem: Amount
    disk: Amount = 0.0
    gpus: Count = 0


class Endpoint(WireModel):
    """A port of a container, by a name that is its own in the pod."""

    name: Name
    container_port: Port | None = None
    host_port: Port | None = None
    protocol: tuple[Name, ...] = ()
    labels: TextMap = Field(default_factory=dict)
    network_names: Distinct[Text] = ()

    omit_empty: ClassVar[frozenset[str]] = frozenset({"protocol", "labels", "network_names"})


class Image(WireModel):
    kind: Literal["DOCKER", "APPC"]
    id: Path
    pull_config: DockerPullConfig | None = None
    force_pull: Flag | None = None
    labels: TextMap = Field(default_factory=dict)

    omit_empty: ClassVar[frozenset[str]] = frozenset({"labels"})


class HttpCheck(WireModel):
    endpoint: Name
    path: Path | None = None
    scheme: Literal["HTTP", "HTTPS"] | None = None


class TcpCheck(WireModel):
    endpoint: Name


class ExecCheck(WireModel):
    command: MesosCommand


class ContainerHealthCheck(WireModel):
    """A check of one container, made by Mesos. All times in seconds."""

    http: HttpCheck | None = None
    tcp: TcpCheck | None = None
    exec: ExecCheck | None = None
    grace_period_seconds: Count = 300
    interval_seconds: Count = 60
    max_consecutive_failures: Count = 3
    timeout_seconds: Count = 20
    delay_seconds: Count = 15


class VolumeMount(WireModel):
    """Where a volume of the pod stands in a container."""

    name: Name
    mount_path: Path
    read_only: Flag | None = None


class Lifecycle(WireModel):
    kill_grace_period_seconds: Amount | None = None


class PodContainer(WireModel):
    """One container of a pod."""

    name: Name
    exec: MesosExec | None = None
    resources: Resources
    endpoints: tuple[Endpoint, ...] = ()
    image: Image | None = None
    environment: Mapping[Text, EnvValue] = Field(default_factory=dict)
    user: Text | None = None
    health_check: ContainerHealthCheck | None = None
    check: dict[str, Any] | None = None
    volume_mounts: tuple[VolumeMount, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    labels: TextMap = Field(default_factory=dict)
    lifecycle: Lifecycle | None = None
    tty: Flag | None = None
    linux_info: LinuxInfo | None = None
    resource_limits: ResourceLimits | None = None

    omit_empty: ClassVar[frozenset[str]] = frozenset(
        {"endpoints", "environment", "volume_mounts", "artifacts", "labels"}
    )


class PodVolume(WireModel):
    """A directory that containers of the pod share: of the host, or (neither of these) of the sandbox."""

    name: Name
    host: Annotated[Text, Field(min_length=1)] | None = None
    persistent: PersistentVolume | None = None
    secret: Text | None = None


class Scaling(WireModel):
    kind: Literal["fixed"] = "fixed"
    instances: Count = 1


class PodBackoff(WireModel):
    """How long a failed pod waits before its next launch; seconds."""

    backoff: Amount = 1.0
    backoff_factor: Annotated[Number, Field(ge=1.0)] = 1.15
    max_launch_delay: Amount = 300.0


class PodUpgrade(WireModel):
    minimum_health_capacity: Share = 1.0
    maximum_over_capacity: Share = 1.0


class PodConstraint(WireModel):
    field_name: Text
    operator: Text
    value: Text | None = None


class PodPlacement(WireModel):
    constraints: Distinct[PodConstraint] = ()
    accepted_resource_roles: Distinct[Text] = ()

    omit_empty: ClassVar[frozenset[str]] = frozenset({"constraints", "accepted_resource_roles"})


class PodScheduling(WireModel):
    backoff: PodBackoff = PodBackoff()
    upgrade: PodUpgrade = PodUpgrade()
    placement: PodPlacement = PodPlacement()
    kill_selection: KillSelection = "YOUNGEST_FIRST"
    unreachable_strategy: UnreachableStrategy = UnreachableStrategy()


class PodSpec(WireModel):
    """A pod as clients write it; the field order is that of Marathon's JSON."""

    id: Text
    labels: TextMap = Field(default_factory=dict)
    user: Annotated[Text, Field(min_length=1)] | None = None
    environment: Mapping[Text, EnvValue] = Field(default_factory=dict)
    containers: Annotated[tuple[PodContainer, ...], Field(min_length=1)]
    secrets: Mapping[Text, SecretSource] = Field(default_factory=dict)
    volumes: tuple[PodVolume, ...] = ()
    networks: tuple[Network, ...] = HOST_NETWORK
    scaling: Scaling = Scaling()
    scheduling: PodScheduling = PodScheduling()
    executor_resources: ExecutorResources = ExecutorResources()
    role: Text = "*"

    omit_empty: ClassVar[frozenset[str]] = frozenset({"labels", "environment", "secrets", "volumes"})

    @property
    def host_networking(self) -> bool:
        return all(network.mode == "host" for network in self.networks)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Those of all containers, in their order."""
        return tuple(endpoint for container in self.containers for endpoint in container.endpoints)


__all__ = ["ContainerHealthCheck", "Endpoint", "MesosCommand", "PodContainer", "PodSpec", "Resources", "Scaling"]
