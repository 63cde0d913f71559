"""An instance and an app's last failure, as the journal keeps them: JSON objects with Marathon's field names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.marathon.instance import ContainerState
from actors.marathon.messages import Condition, Goal, HealthResult, Instance, TaskFailure

__all__ = ["failure_from_payload", "failure_payload", "instance_from_payload", "instance_payload"]


def instance_payload(instance: Instance) -> dict[str, Any]:
    """Everything of `instance` that must survive; what has its default is left out."""
    record: dict[str, Any] = {
        "id": instance.id,
        "appId": instance.app_id,
        "appVersion": instance.app_version,
        "condition": instance.condition.value,
        "goal": None if instance.goal is Goal.RUNNING else instance.goal.value,
        "taskId": instance.task_id,
        "agentId": instance.agent_id,
        "host": instance.host,
        "ports": list(instance.ports),
        "ipAddresses": list(instance.ip_addresses),
        "attributes": dict(instance.attributes),
        "region": instance.region,
        "zone": instance.zone,
        "since": _text(instance.since),
        "stagedAt": _text(instance.staged_at),
        "startedAt": _text(instance.started_at),
        "health": [_health_payload(result) for result in instance.health],
        "containers": [_container_payload(container) for container in instance.containers],
    }
    record = {key: value for key, value in record.items() if value not in (None, [], {})}
    if instance.healthy is not None:
        record["healthy"] = instance.healthy
    return record


def instance_from_payload(record: Mapping[str, Any]) -> Instance:
    """The instance that `instance_payload` wrote."""
    return Instance(
        id=record["id"],
        app_id=record["appId"],
        app_version=record["appVersion"],
        condition=Condition(record["condition"]),
        goal=Goal(record.get("goal", Goal.RUNNING.value)),
        task_id=record.get("taskId"),
        agent_id=record.get("agentId"),
        host=record.get("host"),
        ports=tuple(record.get("ports", ())),
        ip_addresses=tuple(record.get("ipAddresses", ())),
        attributes=record.get("attributes", {}),
        region=record.get("region"),
        zone=record.get("zone"),
        since=_moment(record.get("since")),
        staged_at=_moment(record.get("stagedAt")),
        started_at=_moment(record.get("startedAt")),
        healthy=record.get("healthy"),
        health=tuple(_health_from_payload(result) for result in record.get("health", ())),
        containers=tuple(_container_from_payload(container) for container in record.get("containers", ())),
    )


def failure_payload(failure: TaskFailure) -> dict[str, Any]:
    return {
        "appId": failure.app_id,
        "taskId": failure.task_id,
        "state": failure.state,
        "message": failure.message,
        "host": failure.host,
        "agentId": failure.agent_id,
        "version": failure.version,
        "timestamp": failure.timestamp.isoformat(),
    }


def failure_from_payload(record: Mapping[str, Any]) -> TaskFailure:
    return TaskFailure(
        app_id=record["appId"],
        task_id=record["taskId"],
        state=record["state"],
        message=record["message"],
        host=record["host"],
        agent_id=record.get("agentId"),
        version=record["version"],
        timestamp=datetime.fromisoformat(record["timestamp"]),
    )


def _health_payload(result: HealthResult) -> dict[str, Any]:
    return {
        "alive": result.alive,
        "consecutiveFailures": result.consecutive_failures,
        "firstSuccess": _text(result.first_success),
        "lastSuccess": _text(result.last_success),
        "lastFailure": _text(result.last_failure),
        "lastFailureCause": result.last_failure_cause,
    }


def _health_from_payload(record: Mapping[str, Any]) -> HealthResult:
    return HealthResult(
        alive=record["alive"],
        consecutive_failures=record["consecutiveFailures"],
        first_success=_moment(record["firstSuccess"]),
        last_success=_moment(record["lastSuccess"]),
        last_failure=_moment(record["lastFailure"]),
        last_failure_cause=record["lastFailureCause"],
    )


def _container_payload(container: ContainerState) -> dict[str, Any]:
    return {
        "name": container.name,
        "taskId": container.task_id,
        "condition": container.condition.value,
        "since": _text(container.since),
        "message": container.message,
    }


def _container_from_payload(record: Mapping[str, Any]) -> ContainerState:
    return ContainerState(
        name=record["name"],
        task_id=record["taskId"],
        condition=Condition(record["condition"]),
        since=_moment(record["since"]),
        message=record["message"],
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
