"""`App`: the definition of a long-running app, frozen, with the fields of Marathon's ``/v2/apps``.

    wire (JSON)  ── parse_app ──▶  App  ── to_wire ──▶  wire
    journal      ── from_wire ──▶  App

An `App` is always canonical: its id is absolute, deprecated fields are translated, networks and ports are filled in.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PlainSerializer, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from ._wire import Count, Distinct, Flag, Number, Text, TextMap, WireModel
from .container import Container
from .errors import from_pydantic
from .health import HealthCheck, ReadinessCheck
from .network import HOST_NETWORK, Network, PortDefinition, PortMapping
from .strategy import KillSelection, Residency, UnreachableStrategy, UpgradeStrategy, VersionInfo

SINGLE_INSTANCE_LABEL = "MARATHON_SINGLE_INSTANCE_APP"


class Artifact(WireModel):
    """Something the agent fetches into the sandbox before the task starts."""

    uri: Annotated[Text, Field(min_length=1)]
    extract: Flag = True
    executable: Flag = False
    cache: Flag = False
    dest_path: Text | None = None


class SecretRef(WireModel):
    """An environment variable whose value is the app's secret of this name."""

    secret: Text


class SecretSource(WireModel):
    source: Annotated[Text, Field(min_length=1)]


class ExecutorResources(WireModel):
    """Resources of a custom executor, beside the task's."""

    cpus: Number = 0.1
    mem: Number = 32.0
    disk: Number = 10.0


class ResourceLimits(WireModel):
    """How far a task may burst above its request; a number or ``"unlimited"``."""

    cpus: Number | Literal["unlimited"] | None = None
    mem: Number | Literal["unlimited"] | None = None


def _env_value(value: Any) -> str | SecretRef:
    if isinstance(value, str | SecretRef):
        return value
    if isinstance(value, Mapping):
        return SecretRef.model_validate(value)
    raise PydanticCustomError("string_type", "must be a string or an object that names a secret")


EnvValue = Annotated[
    str | SecretRef,
    PlainValidator(_env_value),
    PlainSerializer(lambda value: value if isinstance(value, str) else value.to_wire()),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "properties": {"secret": {"type": "string"}}}]}),
]


class App(WireModel):
    """An app as Marathon knows it (spec of ``/v2/apps``); the field order is that of Marathon's JSON."""

    id: Text
    accepted_resource_roles: Distinct[Text] = ()
    args: tuple[Text, ...] = ()
    backoff_factor: Annotated[Number, Field(ge=1.0)] = 1.15
    backoff_seconds: Count = 1
    cmd: Annotated[Text, Field(min_length=1)] | None = None
    constraints: Distinct[tuple[Text, ...]] = ()
    container: Container | None = None
    cpus: Annotated[Number, Field(ge=0.001)] = 1.0
    dependencies: Distinct[Text] = ()
    deployment_timeout_seconds: Annotated[Count, Field(ge=1)] | None = None
    disk: Annotated[Number, Field(ge=0.0)] = 0.0
    env: Mapping[Text, EnvValue] = Field(default_factory=dict)
    executor: Annotated[Text, Field(pattern=r"^(//cmd|/?[^/]+(/[^/]+)*|)$")] = ""
    fetch: tuple[Artifact, ...] = ()
    health_checks: Distinct[HealthCheck] = ()
    instances: Count = 1
    labels: TextMap = Field(default_factory=dict)
    max_launch_delay_seconds: Count = 300
    mem: Annotated[Number, Field(ge=0.0)] = 128.0
    gpus: Count = 0
    networks: tuple[Network, ...] = HOST_NETWORK
    port_definitions: tuple[PortDefinition, ...] | None = None
    readiness_checks: tuple[ReadinessCheck, ...] = ()
    residency: Residency | None = None
    require_ports: Flag = False
    secrets: Mapping[Text, SecretSource] = Field(default_factory=dict)
    task_kill_grace_period_seconds: Count | None = None
    upgrade_strategy: UpgradeStrategy = UpgradeStrategy()
    user: Text | None = None
    version: Text | None = None
    version_info: VersionInfo | None = None
    kill_selection: KillSelection = "YOUNGEST_FIRST"
    unreachable_strategy: UnreachableStrategy = UnreachableStrategy()
    check: dict[str, Any] | None = None
    tty: Flag | None = None
    role: Text = "*"
    executor_resources: ExecutorResources | None = None
    resource_limits: ResourceLimits | None = None

    deprecated_fields: ClassVar[frozenset[str]] = frozenset({"ports", "uris", "ipAddress"})
    omit_empty: ClassVar[frozenset[str]] = frozenset(
        {
            "accepted_resource_roles",
            "args",
            "constraints",
            "dependencies",
            "env",
            "fetch",
            "health_checks",
            "readiness_checks",
            "secrets",
        }
    )

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "App":
        """An app from what `to_wire` wrote, without the translations of `parse_app`.

        Raises `ValidationFailed` when a field is of the wrong type or out of bounds.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise from_pydantic(error) from None

    def replace(self, **changes: Any) -> "App":
        copy = super().replace(**changes)
        for cached in _CACHED:  # the copy must not answer with what was worked out from the original
            copy.__dict__.pop(cached, None)
        return copy

    @cached_property
    def wire(self) -> Mapping[str, Any]:
        """The app as clients see it, made once, for listings of thousands of apps. Not to be changed."""
        wire = self.to_wire()
        if self.version_info is not None:
            wire["versionInfo"].pop("lastRestartAt", None)
        return wire

    @cached_property
    def wire_text(self) -> str:
        """`wire` as compact JSON text."""
        return json.dumps(self.wire, separators=(",", ":"), ensure_ascii=False)

    @property
    def is_single_instance(self) -> bool:
        """Whether two instances must never run side by side."""
        return self.labels.get(SINGLE_INSTANCE_LABEL) == "true"

    @cached_property
    def host_networking(self) -> bool:
        return all(network.mode == "host" for network in self.networks)

    @cached_property
    def port_mappings(self) -> tuple[PortMapping, ...]:
        """The container's mappings; empty with host networking."""
        if self.host_networking or self.container is None:
            return ()
        return self.container.port_mappings or ()

    @cached_property
    def service_ports(self) -> tuple[int, ...]:
        """The ports that load balancers listen on, one per definition or mapping."""
        if self.host_networking:
            return tuple(definition.port for definition in self.port_definitions or ())
        return tuple(mapping.service_port for mapping in self.port_mappings)

    @cached_property
    def wanted_host_ports(self) -> tuple[int | None, ...]:
        """Per port the host port it must have, 0 for any, None for none."""
        if self.host_networking:
            return tuple(definition.port if self.require_ports else 0 for definition in self.port_definitions or ())
        return tuple(mapping.host_port for mapping in self.port_mappings)

    @property
    def port_names(self) -> tuple[str | None, ...]:
        source = (self.port_definitions or ()) if self.host_networking else self.port_mappings
        return tuple(port.name for port in source)

    @property
    def last_config_change_at(self) -> str | None:
        """The version from which on instances are up to date: of the last change of more than the count, or restart."""
        if self.version_info is None:
            return self.version
        return max(self.version_info.last_config_change_at, self.version_info.last_restart_at or "")

    def same_config(self, other: "App") -> bool:
        """Whether the two differ in nothing but the instance count and versions: no instance needs replacing."""
        unversioned = {"version": None, "version_info": None, "instances": 0}
        return self.replace(**unversioned) == other.replace(**unversioned)

    def same_definition(self, other: "App") -> bool:
        """Whether the two differ in nothing but versions."""
        return self.instances == other.instances and self.same_config(other)


_CACHED = tuple(name for name, value in vars(App).items() if isinstance(value, cached_property))
