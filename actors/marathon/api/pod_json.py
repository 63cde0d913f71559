"""The status of pods as Marathon's JSON (``podStatus.raml``)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from actors.marathon.instance import Condition, ContainerState, Goal, Instance
from actors.marathon.model import Pod, PodContainer, version_of

from .task_json import mesos_state

__all__ = ["instance_json", "pod_status_json"]

_PENDING, _STAGING, _STABLE, _DEGRADED, _TERMINAL = "PENDING", "STAGING", "STABLE", "DEGRADED", "TERMINAL"


def pod_status_json(pod: Pod, instances: Iterable[Instance], now: datetime) -> dict[str, Any]:
    """``PodStatus``: the pod's definition, its instances, and whether they are as they should be."""
    shown = [instance_json(pod, instance, now) for instance in instances]
    stable = sum(instance["status"] == _STABLE for instance in shown)
    since = max((instance["statusSince"] for instance in shown), default=pod.version or version_of(now))
    return {
        "id": pod.id,
        "spec": dict(pod.wire),
        "status": _STABLE if stable >= pod.instances and stable == len(shown) else _DEGRADED,
        "statusSince": since,
        "instances": shown,
        "terminationHistory": [],
        "lastUpdated": version_of(now),
        "lastChanged": since,
    }


def instance_json(pod: Pod, instance: Instance, now: datetime) -> dict[str, Any]:
    """``PodInstanceStatus``."""
    since = version_of(instance.since or now)
    optional = {
        "agentHostname": instance.host,
        "agentId": instance.agent_id,
        "agentRegion": instance.region,
        "agentZone": instance.zone,
    }
    containers = {container.name: container for container in pod.spec.containers}
    ports = _host_ports(pod, instance)
    return {
        "id": instance.id,
        "status": _status(instance),
        "statusSince": since,
        "conditions": [],
        **{key: value for key, value in optional.items() if value is not None},
        "resources": {"cpus": pod.cpus, "mem": pod.mem, "disk": pod.disk, "gpus": pod.gpus},
        "networks": _networks(pod, instance),
        "containers": [
            _container(pod, instance, state, containers.get(state.name), ports, now) for state in instance.containers
        ],
        "specReference": f"/v2/pods{pod.id}::versions/{instance.app_version}",
        "localVolumes": [],
        "lastUpdated": version_of(now),
        "lastChanged": since,
        "role": pod.role,
    }


def _status(instance: Instance) -> str:
    match instance.condition:
        case Condition.SCHEDULED:
            return _PENDING
        case Condition.PROVISIONED | Condition.STAGING | Condition.STARTING:
            return _STAGING
        case _ if instance.goal is not Goal.RUNNING or instance.condition is Condition.KILLING:
            return _TERMINAL
        case Condition.RUNNING if instance.healthy or not instance.health:
            return _STABLE
        case Condition.RUNNING | Condition.UNREACHABLE | Condition.UNREACHABLE_INACTIVE:
            return _DEGRADED
    return _TERMINAL


def _host_ports(pod: Pod, instance: Instance) -> dict[str, int]:
    """The host port of each endpoint that has one; none while the instance has no place."""
    given = iter(instance.ports)
    ports = {}
    for endpoint in pod.spec.endpoints:
        port = next(given, None) if endpoint.host_port is not None else None
        if port is not None:
            ports[endpoint.name] = port
    return ports


def _networks(pod: Pod, instance: Instance) -> list[dict[str, Any]]:
    if not instance.ip_addresses:
        return []
    names = [network.name for network in pod.spec.networks if network.name is not None]
    named = {"name": names[0]} if len(names) == 1 else {}
    return [{**named, "addresses": list(instance.ip_addresses)}]


def _container(
    pod: Pod,
    instance: Instance,
    state: ContainerState,
    container: PodContainer | None,
    ports: dict[str, int],
    now: datetime,
) -> dict[str, Any]:
    since = version_of(state.since or instance.since or now)
    check = pod.check_of(state.name)
    alive = instance.health[check].alive if check is not None and check < len(instance.health) else None
    shown: dict[str, Any] = {
        "name": state.name,
        "status": mesos_state(state.condition),
        "statusSince": since,
        "containerId": state.task_id,
        "conditions": [],
        "endpoints": [],
        "lastUpdated": version_of(now),
        "lastChanged": since,
    }
    if state.message:
        shown["message"] = state.message
    if alive is not None:
        condition = {"name": "healthy", "lastChanged": since, "lastUpdated": since, "value": str(alive).lower()}
        shown["conditions"] = [condition]
    if container is not None:  # of an older version that the present one does not know, no more can be told
        shown["resources"] = container.resources.to_wire()
        made = container.health_check
        looked = None if made is None else made.http or made.tcp
        for endpoint in container.endpoints:
            at = {"allocatedHostPort": ports[endpoint.name]} if endpoint.name in ports else {}
            is_checked = looked is not None and looked.endpoint == endpoint.name and alive is not None
            well = {"healthy": alive} if is_checked else {}
            shown["endpoints"].append({"name": endpoint.name, **at, **well})
    if state.condition.is_terminal:
        shown["termination"] = {"message": state.message} if state.message else {}
    return shown
