"""`Pod`: a run specification whose instances are several containers, launched as one task group.

    wire (JSON)  ── parse_pod ──▶  Pod  ── wire ──▶  wire
    journal      ── run_spec_of ─▶ Pod or App  ── to_wire ──▶  journal

To deployments, launch queue and matching a pod is an app: they see its count, what an instance takes of an agent, its
ports, placement, upgrades and back-off, all derived from its `spec`. Only who makes Mesos's messages of it, who follows
its containers, and the API know better.
"""

import math
import shlex
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from . import _pod_rules, path_id
from .app import App
from .errors import ValidationFailed, Violation, WrongType, from_pydantic
from .health import HealthCheck
from .pod_spec import ContainerHealthCheck, PodContainer, PodSpec, Scaling
from .strategy import UpgradeStrategy, VersionInfo

# What a spec says of these does not count, and must not make two of them differ.
_UNSCALED, _ROLE = Scaling(), "*"


class Pod(App):
    """See the head of this module. The `spec`'s scaling and role do not count: `instances` does, which scaling changes,
    and `role`, which its group may give it."""

    spec: PodSpec

    @classmethod
    def of(cls, spec: PodSpec, *, version: str | None = None, version_info: VersionInfo | None = None) -> "Pod":
        """The pod that `spec` describes; it is trusted."""
        amounts = [container.resources for container in spec.containers]
        scheduling, executor = spec.scheduling, spec.executor_resources
        named_role = {"role": spec.role} if "role" in spec.model_fields_set else {}
        pod = cls(
            id=spec.id,
            spec=spec.replace(scaling=_UNSCALED, role=_ROLE),
            instances=spec.scaling.instances,
            cpus=max(0.001, _total(executor.cpus, *(one.cpus for one in amounts))),
            mem=_total(executor.mem, *(one.mem for one in amounts)),
            disk=_total(executor.disk, *(one.disk for one in amounts)),
            gpus=sum(one.gpus for one in amounts),
            labels=spec.labels,
            networks=spec.networks,
            port_definitions=(),
            constraints=tuple(
                (one.field_name, one.operator) if one.value is None else (one.field_name, one.operator, one.value)
                for one in scheduling.placement.constraints
            ),
            accepted_resource_roles=scheduling.placement.accepted_resource_roles,
            backoff_seconds=math.ceil(scheduling.backoff.backoff),
            backoff_factor=scheduling.backoff.backoff_factor,
            max_launch_delay_seconds=math.ceil(scheduling.backoff.max_launch_delay),
            upgrade_strategy=UpgradeStrategy(
                minimum_health_capacity=scheduling.upgrade.minimum_health_capacity,
                maximum_over_capacity=scheduling.upgrade.maximum_over_capacity,
            ),
            kill_selection=scheduling.kill_selection,
            unreachable_strategy=scheduling.unreachable_strategy,
            version=version,
            version_info=version_info,
            **named_role,
        )
        # One for each container that has one, in their order, equal ones too: results are kept by their place.
        checks = [_as_health_check(spec, one.health_check) for one in spec.containers if one.health_check is not None]
        return pod.replace(health_checks=tuple(checks))

    def to_wire(self) -> dict[str, Any]:
        wire = {
            **self.spec.to_wire(),
            "scaling": Scaling(instances=self.instances).to_wire(),
            "role": self.role,
        }
        if self.version is not None:
            wire["version"] = self.version
        if self.version_info is not None:
            wire["versionInfo"] = self.version_info.to_wire()
        return wire

    @cached_property
    def wire(self) -> Mapping[str, Any]:
        return {key: value for key, value in self.to_wire().items() if key != "versionInfo"}

    def replace(self, **changes: Any) -> "Pod":
        copy = super().replace(**changes)
        assert isinstance(copy, Pod)
        return copy

    @property
    def service_ports(self) -> tuple[int, ...]:
        return ()

    @property
    def port_names(self) -> tuple[str | None, ...]:
        return tuple(endpoint.name for endpoint in self.spec.endpoints)

    @property
    def wanted_host_ports(self) -> tuple[int | None, ...]:
        return tuple(endpoint.host_port for endpoint in self.spec.endpoints)

    def check_of(self, container_name: str) -> int | None:
        """The place of a container's check among `health_checks`; None when it has none."""
        checked = [container.name for container in self.spec.containers if container.health_check is not None]
        return checked.index(container_name) if container_name in checked else None


def parse_pod(data: Any, pod_id: str | None = None) -> Pod:
    """The pod that `data` (decoded JSON) describes; `pod_id` is the one in the request's path, if any.

    Raises `WrongType` or `ValidationFailed`.
    """
    if not isinstance(data, Mapping):
        raise WrongType([Violation("/", ("error.expected.jsobject", "must be an object"))])
    given = {key: value for key, value in data.items() if value is not None}
    stated = given.get("id", pod_id)
    if isinstance(stated, str):
        path_id.check(stated)
        given["id"] = path_id.absolute(stated)
    if not given.get("networks"):
        given.pop("networks", None)
    try:
        spec = PodSpec.model_validate(given)
    except ValidationError as error:
        raise from_pydantic(error) from None
    if pod_id is not None and spec.id != pod_id:
        raise ValidationFailed.at("/id", f"'{pod_id}' does not match definition's id ('{spec.id}')")
    _pod_rules.check(spec)
    return Pod.of(_with_host_ports(spec))


def run_spec_of(data: Mapping[str, Any]) -> App:
    """A `Pod` or an `App` from what its `to_wire` wrote. Raises `ValidationFailed`."""
    if "containers" not in data:
        return App.from_wire(data)
    try:
        info = data.get("versionInfo")
        return Pod.of(
            PodSpec.model_validate(data),
            version=data.get("version"),
            version_info=None if info is None else VersionInfo.model_validate(info),
        )
    except ValidationError as error:
        raise from_pydantic(error) from None


def _total(*amounts: float) -> float:
    """The exact sum, in Mesos's thousandths."""
    return sum(round(amount * 1000) for amount in amounts) / 1000


def _with_host_ports(spec: PodSpec) -> PodSpec:
    """On a named network an endpoint without a host port has none; elsewhere it has any."""
    if any(network.mode == "container" for network in spec.networks):
        return spec
    return spec.replace(containers=tuple(_reachable(container) for container in spec.containers))


def _reachable(container: PodContainer) -> PodContainer:
    endpoints = (one if one.host_port is not None else one.replace(host_port=0) for one in container.endpoints)
    return container.replace(endpoints=tuple(endpoints))


def _as_health_check(spec: PodSpec, check: ContainerHealthCheck) -> HealthCheck:
    """The check as one of an app that Mesos makes."""
    given: dict[str, Any] = {
        "gracePeriodSeconds": check.grace_period_seconds,
        "intervalSeconds": max(1, check.interval_seconds),
        "maxConsecutiveFailures": check.max_consecutive_failures,
        "timeoutSeconds": check.timeout_seconds,
        "delaySeconds": check.delay_seconds,
    }
    names = [endpoint.name for endpoint in spec.endpoints]
    if check.http is not None:
        given |= {"protocol": "MESOS_HTTPS" if check.http.scheme == "HTTPS" else "MESOS_HTTP"}
        given |= {"path": check.http.path, "portIndex": names.index(check.http.endpoint)}
    elif check.tcp is not None:
        given |= {"protocol": "MESOS_TCP", "portIndex": names.index(check.tcp.endpoint)}
    elif check.exec is not None:
        command = check.exec.command
        line = command.shell if command.shell is not None else shlex.join(command.argv or ())
        given |= {"protocol": "COMMAND", "command": {"value": line}}
    return HealthCheck.model_validate(given)
