"""Domain events as Marathon's (``api/v2/json/Formats.scala``): the name of each, and its fields on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.marathon.messages import (
    AppTerminated,
    DeploymentFailed,
    DeploymentInfo,
    DeploymentNodeChanged,
    DeploymentStepFailure,
    DeploymentStepSuccess,
    DeploymentSuccess,
    DomainEvent,
    FailedHealthCheck,
    FrameworkMessageReceived,
    GroupChangeFailed,
    GroupChangeSuccess,
    HealthCheckAdded,
    HealthCheckRemoved,
    HealthStatusChanged,
    Instance,
    InstanceChanged,
    InstanceHealthChanged,
    SchedulerDisconnected,
    SchedulerRegistered,
    SchedulerReregistered,
    TaskStatusChanged,
    UnhealthyInstanceKilled,
    UnknownInstanceTerminated,
)

from ._http import json_text
from .deployment_json import graph_json, plan_json, plan_text, step_json

__all__ = [
    "OURS",
    "WITH_PLAN",
    "ApiPosted",
    "EventStreamAttached",
    "EventStreamDetached",
    "PodCreated",
    "PodDeleted",
    "PodUpdated",
    "event_fields",
    "event_text",
    "event_type",
]


@dataclass(frozen=True, slots=True)
class ApiPosted(DomainEvent):
    """A client created or changed an app. `app` is the definition as JSON."""

    client_ip: str
    uri: str
    app: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodCreated(DomainEvent):
    """A client created a pod."""

    client_ip: str
    uri: str


@dataclass(frozen=True, slots=True)
class PodUpdated(DomainEvent):
    """A client changed a pod."""

    client_ip: str
    uri: str


@dataclass(frozen=True, slots=True)
class PodDeleted(DomainEvent):
    """A client removed a pod."""

    client_ip: str
    uri: str


@dataclass(frozen=True, slots=True)
class EventStreamAttached(DomainEvent):
    """A client listens to the event stream from now on."""

    remote_address: str


@dataclass(frozen=True, slots=True)
class EventStreamDetached(DomainEvent):
    """A client does not listen any more, or was too slow."""

    remote_address: str


_TYPES: dict[type[DomainEvent], str] = {
    ApiPosted: "api_post_event",
    AppTerminated: "app_terminated_event",
    DeploymentFailed: "deployment_failed",
    DeploymentInfo: "deployment_info",
    DeploymentNodeChanged: "deployment_node_changed",
    DeploymentStepFailure: "deployment_step_failure",
    DeploymentStepSuccess: "deployment_step_success",
    DeploymentSuccess: "deployment_success",
    EventStreamAttached: "event_stream_attached",
    EventStreamDetached: "event_stream_detached",
    FailedHealthCheck: "failed_health_check_event",
    FrameworkMessageReceived: "framework_message_event",
    GroupChangeFailed: "group_change_failed",
    GroupChangeSuccess: "group_change_success",
    HealthCheckAdded: "add_health_check_event",
    HealthCheckRemoved: "remove_health_check_event",
    HealthStatusChanged: "health_status_changed_event",
    InstanceChanged: "instance_changed_event",
    InstanceHealthChanged: "instance_health_changed_event",
    PodCreated: "pod_created_event",
    PodDeleted: "pod_deleted_event",
    PodUpdated: "pod_updated_event",
    SchedulerDisconnected: "scheduler_disconnected_event",
    SchedulerRegistered: "scheduler_registered_event",
    SchedulerReregistered: "scheduler_reregistered_event",
    TaskStatusChanged: "status_update_event",
    UnhealthyInstanceKilled: "unhealthy_instance_kill_event",
    UnknownInstanceTerminated: "unknown_instance_terminated_event",
}


EVENT_TYPES = tuple(_TYPES.values())
"""All that a stream may tell."""

OURS = frozenset({"deployment_node_changed"})
"""Types that Marathon has not: told to those who name them, for its clients fail at what they do not know."""

WITH_PLAN = (DeploymentInfo, DeploymentStepSuccess, DeploymentStepFailure, DeploymentSuccess, DeploymentFailed)
"""The events that hold the plan of a deployment."""


def event_type(event: DomainEvent) -> str | None:
    """Marathon's name of `event`; None for one that Marathon's clients do not know."""
    return _TYPES.get(type(event))


def event_text(event: DomainEvent, *, light: bool, more: Mapping[str, Any]) -> str:
    """`event` with `more` fields as JSON text. `light`: plans without their groups."""
    fields = {**event_fields(event), **more}
    if light or not isinstance(event, WITH_PLAN):
        return json_text(fields)
    del fields["plan"]
    return f'{json_text(fields)[:-1]},"plan":{plan_text(event.plan)}}}'


def event_fields(event: DomainEvent) -> dict[str, Any]:
    """The fields of `event` beside ``eventType`` and ``timestamp``; plans without their groups."""
    match event:
        case ApiPosted(client_ip, uri, app):
            return {"clientIp": client_ip, "uri": uri, "appDefinition": app}
        case PodCreated(client_ip, uri) | PodUpdated(client_ip, uri) | PodDeleted(client_ip, uri):
            return {"clientIp": client_ip, "uri": uri}
        case TaskStatusChanged(instance, state, message, task_id):
            return {**_status_update(instance, state, message), "taskId": task_id}
        case InstanceChanged(instance):
            return {
                "instanceId": instance.id,
                "condition": instance.condition.value,
                "runSpecId": instance.app_id,
                "agentId": instance.agent_id,
                "host": instance.host,
                "runSpecVersion": instance.app_version,
            }
        case InstanceHealthChanged(instance, healthy):
            return {
                "instanceId": instance.id,
                "runSpecId": instance.app_id,
                "healthy": healthy,
                "runSpecVersion": instance.app_version,
            }
        case UnknownInstanceTerminated(instance_id, app_id, condition):
            return {"instanceId": instance_id, "runSpecId": app_id, "condition": condition.value}
        case FrameworkMessageReceived(executor_id, agent_id, data):
            # Numbers from -128 on, as Marathon writes them; its documents show base64.
            signed = [byte - 256 if byte > 127 else byte for byte in data]
            return {"executorId": executor_id, "slaveId": agent_id, "message": signed}
        case HealthCheckAdded(app_id, version, check):
            return {"appId": app_id, "version": version, "healthCheck": check.to_wire()}
        case HealthCheckRemoved(app_id) | AppTerminated(app_id):
            return {"appId": app_id}
        case FailedHealthCheck(app_id, instance_id, check):
            return {"appId": app_id, "taskId": instance_id, "instanceId": instance_id, "healthCheck": check.to_wire()}
        case HealthStatusChanged(app_id, instance_id, version, alive):
            return {"appId": app_id, "instanceId": instance_id, "version": version, "alive": alive}
        case UnhealthyInstanceKilled(instance, reason):
            return {
                "appId": instance.app_id,
                "taskId": instance.task_id,
                "instanceId": instance.id,
                "version": instance.app_version,
                "reason": reason,
                "host": instance.host,
                "slaveId": instance.agent_id,
            }
        case GroupChangeSuccess(group_id, version):
            return {"groupId": group_id, "version": version}
        case GroupChangeFailed(group_id, version, reason):
            return {"groupId": group_id, "version": version, "reason": reason}
        case DeploymentSuccess(deployment_id, plan):
            # With its graph: a deployment may be over before anybody could ask for it.
            nodes = [node.id for node in plan.nodes]
            return {
                "id": deployment_id,
                "plan": plan_json(plan),
                "graph": graph_json(plan.nodes, (), nodes),
            }
        case DeploymentFailed(deployment_id, plan, reason):
            return {"id": deployment_id, "plan": plan_json(plan), "reason": reason}
        case DeploymentInfo(plan, step) | DeploymentStepSuccess(plan, step) | DeploymentStepFailure(plan, step):
            return {"plan": plan_json(plan), "currentStep": step_json(step)}
        case DeploymentNodeChanged(deployment_id, node, state, notifies):
            return {"id": deployment_id, "node": node, "state": state, "notifies": list(notifies)}
        case EventStreamAttached(address) | EventStreamDetached(address):
            return {"remoteAddress": address}
        case SchedulerRegistered(framework_id, master):
            return {"frameworkId": framework_id, "master": master}
        case SchedulerReregistered(_, master):
            return {"master": master}
    return {}


def _status_update(instance: Instance, state: str, message: str) -> dict[str, Any]:
    return {
        "slaveId": instance.agent_id,
        "taskId": instance.task_id,
        "taskStatus": state,
        "message": message,
        "appId": instance.app_id,
        "host": instance.host,
        "ipAddresses": [
            {"ipAddress": address, "protocol": "IPv6" if ":" in address else "IPv4"}
            for address in instance.ip_addresses
        ],
        "ports": list(instance.ports),
        "version": instance.app_version,
    }
