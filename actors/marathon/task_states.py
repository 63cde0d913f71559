"""Mesos's task states as Marathon's conditions. Pure; after Marathon's ``TaskConditionMapping.scala``."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from actors.marathon.messages import Condition, Instance
from mesos_proto import mesos_pb2

__all__ = ["alive", "condition_of", "is_stale", "speaks_of_another_attempt"]

_CONDITIONS = {
    mesos_pb2.TASK_STAGING: Condition.STAGING,
    mesos_pb2.TASK_STARTING: Condition.STARTING,
    mesos_pb2.TASK_RUNNING: Condition.RUNNING,
    mesos_pb2.TASK_KILLING: Condition.KILLING,
    mesos_pb2.TASK_FINISHED: Condition.FINISHED,
    mesos_pb2.TASK_FAILED: Condition.FAILED,
    mesos_pb2.TASK_KILLED: Condition.KILLED,
    mesos_pb2.TASK_ERROR: Condition.ERROR,
    mesos_pb2.TASK_DROPPED: Condition.DROPPED,
    mesos_pb2.TASK_UNREACHABLE: Condition.UNREACHABLE,
    mesos_pb2.TASK_GONE: Condition.GONE,
    mesos_pb2.TASK_GONE_BY_OPERATOR: Condition.GONE,
    mesos_pb2.TASK_UNKNOWN: Condition.UNKNOWN,
}

_MAY_COME_BACK = frozenset(
    {
        mesos_pb2.TaskStatus.REASON_RECONCILIATION,
        mesos_pb2.TaskStatus.REASON_AGENT_DISCONNECTED,
        mesos_pb2.TaskStatus.REASON_AGENT_REMOVED,
    }
)


def condition_of(status: mesos_pb2.TaskStatus) -> Condition:
    """What a status says of its instance. TASK_LOST, said by masters to those who cannot tell more, means by its
    reason that the agent is away, that nobody knows the task, or that it is gone."""
    if status.state != mesos_pb2.TASK_LOST:
        return _CONDITIONS[status.state]
    if "Task is unknown" in status.message:
        return Condition.UNKNOWN
    return Condition.UNREACHABLE if status.reason in _MAY_COME_BACK else Condition.GONE


def speaks_of_another_attempt(status: mesos_pb2.TaskStatus) -> bool:
    """Whether a TASK_ERROR concerns a second attempt to use the id of a task which itself goes on."""
    return status.state == mesos_pb2.TASK_ERROR and "duplicate ID" in status.message


_PROGRESS = {
    Condition.PROVISIONED: 0,
    Condition.STAGING: 1,
    Condition.STARTING: 2,
    Condition.RUNNING: 3,
    Condition.KILLING: 4,
}


def is_stale(now: Condition, told: Condition) -> bool:
    """Whether what is `told` is older than what is known `now`: a master's answer to reconciliation may tell less
    than the agent has told since."""
    return now in _PROGRESS and told in _PROGRESS and _PROGRESS[told] < _PROGRESS[now]


def alive(instance: Instance, told: Condition, status: mesos_pb2.TaskStatus, now: datetime) -> Instance:
    """The instance after a status said that it lives: its condition, since when it runs, and its addresses."""
    changes: dict[str, Any] = {}
    since = instance.since
    if instance.condition is not told and not is_stale(instance.condition, told):
        since = now
        changes |= {"condition": told, "since": now}
    if told is Condition.RUNNING and instance.started_at is None:
        changes["started_at"] = since
    addresses = _ip_addresses(status)
    if addresses and addresses != instance.ip_addresses:
        changes["ip_addresses"] = addresses
    return replace(instance, **changes) if changes else instance


def _ip_addresses(status: mesos_pb2.TaskStatus) -> tuple[str, ...]:
    """The addresses of the task's own networks, if the status tells any."""
    return tuple(
        address.ip_address
        for network in status.container_status.network_infos
        for address in network.ip_addresses
        if address.ip_address
    )
