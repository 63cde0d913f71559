"""Events in words, for people who watch them go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["sentence_of"]


def sentence_of(kind: str, data: Mapping[str, Any]) -> str:
    """What `marathon events` says of an event beside its type. An unknown one is told by its plain fields."""
    match kind:
        case "status_update_event":
            why = f": {data['message']}" if data.get("message") else ""
            return f"{data['taskId']} is {data['taskStatus']} on {data['host']}{why}"
        case "instance_changed_event":
            return f"{data['instanceId']} is {data['condition']}"
        case "instance_health_changed_event":
            return f"{data['instanceId']} is {_health(data['healthy'])}"
        case "health_status_changed_event":
            return f"{data['instanceId']} is {_health(data['alive'])}"
        case "deployment_node_changed":
            told = f" → {', '.join(data['notifies'])}" if data["notifies"] else ""
            return f"{data['node']} is {data['state']}{told}"
        case "deployment_failed":
            return f"{data['id']}: {data.get('reason', '')}"
        case "deployment_info" | "deployment_step_success" | "deployment_step_failure":
            actions = ", ".join(
                f"{each['action']} {each.get('app') or each['pod']}" for each in data["currentStep"]["actions"]
            )
            return f"{data['plan']['id']}: {actions}"
        case "api_post_event":
            return f"{data['appDefinition']['id']} by {data['clientIp']}"
        case "unhealthy_instance_kill_event":
            return f"{data['instanceId']} is killed: {data['reason']}"
    known = {"eventType", "timestamp"}
    plain = {name: value for name, value in data.items() if name not in known and isinstance(value, str | int | float)}
    return " ".join(f"{name}={value}" for name, value in plain.items())


def _health(healthy: bool | None) -> str:
    return "of unknown health" if healthy is None else "healthy" if healthy else "unhealthy"
