"""Statuses and tasks in Mesos's messages."""

from __future__ import annotations

from uuid import UUID

from actors.core import ActorSystem
from actors.local_mesos.agent._run import Run
from actors.local_mesos.agent._updates import UpdateStream
from mesos_proto import TaskState, mesos_pb2

__all__ = ["complete", "new_status", "random_uuid", "task_of"]


def random_uuid(system: ActorSystem) -> UUID:
    """From the system's own source of chance, so that a seed decides it."""
    return UUID(bytes=system.random.randbytes(16), version=4)


def new_status(
    system: ActorSystem,
    run: Run,
    state: TaskState,
    source: mesos_pb2.TaskStatus.Source.ValueType,
    message: str | None = None,
    reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None,
) -> mesos_pb2.TaskStatus:
    """A status with a uuid and the time, that says where the task runs."""
    return mesos_pb2.TaskStatus(
        task_id=run.task.task_id,
        state=state.value,
        source=source,
        agent_id=mesos_pb2.AgentID(value=run.agent.agent_id),
        executor_id=mesos_pb2.ExecutorID(value=run.executor_id),
        uuid=random_uuid(system).bytes,
        timestamp=system.clock.wall(),
        container_status=_container_status(run),
        message=message,
        reason=reason,
    )


def complete(system: ActorSystem, run: Run, status: mesos_pb2.TaskStatus) -> mesos_pb2.TaskStatus:
    """An executor's status with what its agent adds (``Slave::statusUpdate`` in Mesos's ``src/slave/slave.cpp``)."""
    whole = mesos_pb2.TaskStatus()
    whole.CopyFrom(status)
    whole.agent_id.value = run.agent.agent_id
    whole.executor_id.value = run.executor_id
    if not whole.HasField("timestamp"):
        whole.timestamp = system.clock.wall()
    given, own = whole.container_status, _container_status(run)
    if not given.network_infos:
        given.network_infos.extend(own.network_infos)
    given.container_id.CopyFrom(own.container_id)
    return whole


def _container_status(run: Run) -> mesos_pb2.ContainerStatus:
    address = mesos_pb2.NetworkInfo.IPAddress(ip_address=run.agent.ip)
    network = mesos_pb2.NetworkInfo(ip_addresses=[address])
    return mesos_pb2.ContainerStatus(container_id=run.container(), network_infos=[network])


def task_of(run: Run, updates: UpdateStream) -> mesos_pb2.Task:
    """What a re-registering agent says of a task: its latest state, and the update it waits to have acknowledged."""
    info, latest, in_flight = run.task, updates.latest, updates.in_flight
    task = mesos_pb2.Task(
        name=info.name,
        task_id=info.task_id,
        framework_id=run.framework.id,
        agent_id=mesos_pb2.AgentID(value=run.agent.agent_id),
        state=latest.state if latest is not None else TaskState.TASK_STAGING.value,
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
