"""Statuses and tasks in Mesos's messages."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from actors.core import ActorSystem
from actors.local_mesos.agent._run import AgentIdentity, Run
from actors.local_mesos.agent._updates import UpdateStream
from mesos_proto import TaskState, mesos_pb2

__all__ = ["complete", "new_status", "random_uuid", "task_of"]


def random_uuid(system: ActorSystem) -> UUID:
    """From the system's own source of chance, so that a seed decides it."""
    return UUID(bytes=_random_bytes(system))


def _random_bytes(system: ActorSystem) -> bytes:
    """Of a uuid, version 4 of RFC 4122: every status has one, and ``UUID`` would take longer than all the rest."""
    drawn = system.random.getrandbits(128)
    return (drawn & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62).to_bytes(16, "big")


def new_status(
    system: ActorSystem,
    run: Run,
    state: TaskState,
    source: mesos_pb2.TaskStatus.Source.ValueType,
    message: str | None = None,
    reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None,
) -> mesos_pb2.TaskStatus:
    """A status with a uuid and the time, that says where the task runs."""
    # A copy with some fields set takes a quarter of the time that a message takes to be made of its parts.
    status = mesos_pb2.TaskStatus()
    status.CopyFrom(_form(run.agent))
    status.task_id.value = run.task_id
    status.executor_id.value = run.executor_id
    status.container_status.container_id.CopyFrom(run.container())
    status.state = state.value
    status.source = source
    status.uuid = _random_bytes(system)
    status.timestamp = system.clock.wall()
    if message is not None:
        status.message = message
    if reason is not None:
        status.reason = reason
    return status


@lru_cache(maxsize=8192)
def _form(agent: AgentIdentity) -> mesos_pb2.TaskStatus:
    """What all statuses of an agent's tasks have alike. Nobody may change it."""
    form = mesos_pb2.TaskStatus()
    form.agent_id.value = agent.agent_id
    form.container_status.network_infos.add().ip_addresses.add().ip_address = agent.ip
    return form


def complete(system: ActorSystem, run: Run, status: mesos_pb2.TaskStatus) -> mesos_pb2.TaskStatus:
    """An executor's status with what its agent adds (``Slave::statusUpdate`` in Mesos's ``src/slave/slave.cpp``)."""
    whole = mesos_pb2.TaskStatus()
    whole.CopyFrom(status)
    whole.agent_id.value = run.agent.agent_id
    whole.executor_id.value = run.executor_id
    if not whole.HasField("timestamp"):
        whole.timestamp = system.clock.wall()
    given = whole.container_status
    if not given.network_infos:
        given.network_infos.extend(_form(run.agent).container_status.network_infos)
    given.container_id.CopyFrom(run.container())
    return whole


def task_of(run: Run, updates: UpdateStream) -> mesos_pb2.Task:
    """What a re-registering agent says of a task: its latest state, and the update it waits to have acknowledged."""
    info, latest, in_flight = run.task, updates.latest_state, updates.in_flight
    task = mesos_pb2.Task(
        name=info.name,
        task_id=info.task_id,
        framework_id=run.framework.id,
        agent_id=mesos_pb2.AgentID(value=run.agent.agent_id),
        state=latest if latest is not None else TaskState.TASK_STAGING.value,
        resources=info.resources,
        limits=info.limits,
        statuses=[status for status in (updates.acknowledged, *updates.pending) if status is not None],
    )
    for field in ("labels", "discovery", "container", "health_check", "kill_policy"):
        if info.HasField(field):
            getattr(task, field).CopyFrom(getattr(info, field))
    if info.HasField("executor"):
        task.executor_id.CopyFrom(info.executor.executor_id)
    if info.command.HasField("user"):
        task.user = info.command.user
    if in_flight is not None:
        task.status_update_state = in_flight.state
        task.status_update_uuid = in_flight.uuid
    return task
