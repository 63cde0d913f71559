"""Instances as the ``tasks`` of Marathon's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from actors import Clock
from actors.marathon.messages import Condition, HealthResult, Instance, TaskCounts, TaskFailure
from actors.marathon.model import App, version_of

from ._http import json_text

__all__ = ["TURN", "counts_json", "failure_json", "is_task", "mesos_state", "task_json", "tasks_text"]

TURN = 400
"""Tasks after which others are let in: about five milliseconds."""

_STATES = {
    Condition.STARTING: "TASK_STARTING",
    Condition.RUNNING: "TASK_RUNNING",
    Condition.KILLING: "TASK_KILLING",
    Condition.UNREACHABLE: "TASK_UNREACHABLE",
    Condition.UNREACHABLE_INACTIVE: "TASK_UNREACHABLE",
    Condition.FINISHED: "TASK_FINISHED",
    Condition.KILLED: "TASK_KILLED",
    Condition.FAILED: "TASK_FAILED",
    Condition.ERROR: "TASK_ERROR",
    Condition.GONE: "TASK_GONE",
    Condition.DROPPED: "TASK_DROPPED",
    Condition.UNKNOWN: "TASK_UNKNOWN",
}


def mesos_state(condition: Condition) -> str:
    """Mesos's name of a condition; what Mesos has not heard of yet counts as staging."""
    return _STATES.get(condition, "TASK_STAGING")


def is_task(instance: Instance) -> bool:
    """Whether the instance is shown as a task: one that only waits for an offer is not, nor are those of pods."""
    waits = instance.task_id is None or instance.condition is Condition.SCHEDULED
    return not waits and not instance.containers


def counts_json(counts: TaskCounts) -> dict[str, int]:
    """The counts as fields of an app."""
    return {
        "tasksStaged": counts.staged,
        "tasksRunning": counts.running,
        "tasksHealthy": counts.healthy,
        "tasksUnhealthy": counts.unhealthy,
    }


def task_json(instance: Instance, app: App | None) -> dict[str, Any]:
    """One task. `app` gives the service ports; None when the app is gone."""
    task: dict[str, Any] = {
        "appId": instance.app_id,
        "healthCheckResults": [_health(instance.id, result) for result in instance.health if result.alive is not None],
        "host": instance.host or "",
        "id": instance.task_id,
        "ipAddresses": [
            {"ipAddress": address, "protocol": "IPv6" if ":" in address else "IPv4"}
            for address in instance.ip_addresses
        ],
        "ports": list(instance.ports),
        "servicePorts": list(app.service_ports) if app is not None else [],
        "state": mesos_state(instance.condition),
        "version": instance.app_version,
        "localVolumes": [],
    }
    optional = {
        "slaveId": instance.agent_id,
        "stagedAt": _moment(instance.staged_at),
        "startedAt": _moment(instance.started_at),
        "region": instance.region,
        "zone": instance.zone,
        "role": app.role if app is not None else None,
    }
    task.update((key, value) for key, value in optional.items() if value is not None)
    return task


async def tasks_text(instances: Iterable[Instance], apps: Mapping[str, App], clock: Clock) -> str:
    """``{"tasks": […]}``. Lets others in between, for there may be thousands."""
    texts: list[str] = []
    for instance in instances:
        if is_task(instance):
            texts.append(json_text(task_json(instance, apps.get(instance.app_id))))
            if len(texts) % TURN == 0:
                await clock.sleep(0)
    return f'{{"tasks":[{",".join(texts)}]}}'


def failure_json(failure: TaskFailure) -> dict[str, Any]:
    """``lastTaskFailure``."""
    return {
        "appId": failure.app_id,
        "host": failure.host,
        "message": failure.message,
        "state": failure.state,
        "taskId": failure.task_id,
        "timestamp": version_of(failure.timestamp),
        "version": failure.version,
        "slaveId": failure.agent_id,
    }


def _health(instance_id: str, result: HealthResult) -> dict[str, Any]:
    health: dict[str, Any] = {"alive": result.alive, "consecutiveFailures": result.consecutive_failures}
    optional = {
        "firstSuccess": _moment(result.first_success),
        "lastSuccess": _moment(result.last_success),
        "lastFailure": _moment(result.last_failure),
        "lastFailureCause": result.last_failure_cause,
    }
    health.update((key, value) for key, value in optional.items() if value is not None)
    health["instanceId"] = instance_id
    return health


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else version_of(moment)
