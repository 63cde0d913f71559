"""Reconciliation: what the master knows of the tasks, and operations, that a framework asks about.

=====================================  =========================  ==========================
explicitly asked for                   partition-aware framework  any other
=====================================  =========================  ==========================
known                                  its latest state           its latest state
on an agent that is still recovering   (no answer yet)            (no answer yet)
on a registered agent, but unknown     TASK_GONE                  TASK_LOST
on an unreachable agent                TASK_UNREACHABLE           TASK_LOST
on an agent marked gone                TASK_GONE_BY_OPERATOR      TASK_LOST
anything else                          TASK_UNKNOWN               TASK_LOST
=====================================  =========================  ==========================

With no tasks in the call: every task that is known and not yet removed. No answer carries a uuid.
"""

from __future__ import annotations

from mesos_proto import mesos_pb2, scheduler_pb2

from .cluster import Cluster, Framework
from .statuses import made_by_master, status_of, update_event
from .task_record import TaskRecord

__all__ = ["reconcile", "reconcile_one", "reconcile_operations"]

Event = scheduler_pb2.Event
TaskStatus = mesos_pb2.TaskStatus
OperationStatus = mesos_pb2.OperationStatus


def reconcile(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.Reconcile) -> None:
    cluster.metrics.count("master/messages_reconcile_tasks")
    if call.tasks:
        for task in call.tasks:
            agent_id = task.agent_id if task.HasField("agent_id") else None
            reconcile_one(cluster, framework, task.task_id, agent_id)
        return
    for known in list(framework.tasks.values()):
        _tell_latest(cluster, framework, known)


def _tell_latest(cluster: Cluster, framework: Framework, task: TaskRecord) -> None:
    reason = TaskStatus.REASON_RECONCILIATION
    status = status_of(task, "Reconciliation: Latest task state", reason, cluster.now())
    cluster.send(framework, update_event(status))


def reconcile_one(
    cluster: Cluster, framework: Framework, task_id: mesos_pb2.TaskID, agent_id: mesos_pb2.AgentID | None
) -> None:
    task = framework.tasks.get(task_id.value)
    if task is not None:
        _tell_latest(cluster, framework, task)
        return
    where = agent_id.value if agent_id is not None else ""
    if where in cluster.recovered_agents or (not where and cluster.recovered_agents):
        # Its agent may come back with it: an answer now could be wrong a moment later.
        cluster.log.info("no answer about task %s yet: agents are still to come back", task_id.value)
        return
    since: float | None = None
    unreachable = framework.unreachable_tasks.get(task_id.value)
    if where in cluster.agents:
        state, message = mesos_pb2.TASK_GONE, "Task is unknown to the agent"
    elif unreachable is not None or where in cluster.unreachable_agents:
        state, message = mesos_pb2.TASK_UNREACHABLE, "Task is unreachable"
        latest = unreachable.latest_status if unreachable is not None else None
        if unreachable is not None and latest is not None:
            agent_id = mesos_pb2.AgentID(value=unreachable.agent_id)
            since = latest.unreachable_time.nanoseconds / 1e9
        else:
            since = cluster.unreachable_agents[where]
    elif where in cluster.gone_agents:
        state, message = mesos_pb2.TASK_GONE_BY_OPERATOR, "Task is gone"
    else:
        state, message = mesos_pb2.TASK_UNKNOWN, "Task is unknown"
    if not framework.partition_aware:
        state = mesos_pb2.TASK_LOST
    status = made_by_master(
        task_id, agent_id, state, TaskStatus.REASON_RECONCILIATION, f"Reconciliation: {message}", cluster.now()
    )
    if since is not None:
        status.unreachable_time.nanoseconds = int(since * 1e9)
    cluster.send(framework, update_event(status))


# -- operations


def reconcile_operations(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.ReconcileOperations) -> None:
    cluster.metrics.count("master/messages_reconcile_operations")
    by_id = {each.proto.info.id.value: each for each in framework.operations.values() if each.has_id}
    if not call.operations:
        for operation in by_id.values():
            _tell(cluster, framework, _known(operation.proto))
        return
    for asked in call.operations:
        operation_id = asked.operation_id
        known = by_id.get(operation_id.value)
        if known is not None:
            _tell(cluster, framework, _known(known.proto))
            continue
        where = asked.agent_id.value if asked.HasField("agent_id") else ""
        status = OperationStatus(operation_id=operation_id)
        if where:
            status.agent_id.CopyFrom(asked.agent_id)
        if where in cluster.agents:
            status.state, message = mesos_pb2.OPERATION_UNKNOWN, "Operation is unknown"
        elif where in cluster.recovered_agents:
            status.state, message = mesos_pb2.OPERATION_RECOVERING, "Agent is recovering"
        elif where in cluster.unreachable_agents:
            status.state, message = mesos_pb2.OPERATION_UNREACHABLE, "Agent is unreachable"
        elif where in cluster.gone_agents:
            status.state, message = mesos_pb2.OPERATION_GONE_BY_OPERATOR, "Agent marked gone by operator"
        elif where:
            status.state, message = mesos_pb2.OPERATION_UNKNOWN, "Both operation and agent are unknown"
        else:
            status.state, message = mesos_pb2.OPERATION_UNKNOWN, "Operation is unknown and no 'agent_id' was provided"
        status.message = f"Reconciliation: {message}"
        _tell(cluster, framework, status)


def _known(operation: mesos_pb2.Operation) -> mesos_pb2.OperationStatus:
    status = OperationStatus()
    status.CopyFrom(operation.latest_status)
    status.ClearField("uuid")
    return status


def _tell(cluster: Cluster, framework: Framework, status: mesos_pb2.OperationStatus) -> None:
    update = Event.UpdateOperationStatus(status=status)
    cluster.send(framework, Event(type=Event.UPDATE_OPERATION_STATUS, update_operation_status=update))
