"""Task statuses that the master itself makes. Pure."""

from __future__ import annotations

from mesos_proto import mesos_pb2, scheduler_pb2

from .task_record import TaskRecord

__all__ = ["made_by_master", "status_of", "update_event"]

Event = scheduler_pb2.Event
TaskStatus = mesos_pb2.TaskStatus


def made_by_master(
    task_id: mesos_pb2.TaskID,
    agent_id: mesos_pb2.AgentID | None,
    state: mesos_pb2.TaskState.ValueType,
    reason: mesos_pb2.TaskStatus.Reason.ValueType,
    message: str,
    now: float,
) -> mesos_pb2.TaskStatus:
    """Without a uuid: nobody acknowledges it. ``now`` in seconds since the epoch."""
    status = TaskStatus(
        task_id=task_id,
        state=state,
        message=message,
        source=TaskStatus.SOURCE_MASTER,
        reason=reason,
        timestamp=now,
    )
    if agent_id is not None:
        status.agent_id.CopyFrom(agent_id)
    return status


def status_of(task: TaskRecord, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType, now: float) -> TaskStatus:
    """What is known of a task, said by the master."""
    task_id, agent_id = mesos_pb2.TaskID(value=task.task_id), mesos_pb2.AgentID(value=task.agent_id)
    status = made_by_master(task_id, agent_id, task.state, reason, message, now)
    latest = task.latest_status
    if latest is not None:
        if latest.HasField("healthy"):
            status.healthy = latest.healthy
        if latest.HasField("check_status"):
            status.check_status.CopyFrom(latest.check_status)
        if latest.HasField("container_status"):
            status.container_status.CopyFrom(latest.container_status)
    return status


def update_event(status: TaskStatus) -> scheduler_pb2.Event:
    event = Event(type=Event.UPDATE)
    event.update.status.CopyFrom(status)
    return event
