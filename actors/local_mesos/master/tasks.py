"""Tasks in the master's tables: how they come, change and go.

::

    agent UpdateStatus ──► update ──► UPDATE to the framework (again with each repetition of the agent's)
                                      TASK_UPDATED to operators, resources recovered when it is terminal
    framework ACKNOWLEDGE ──► acknowledge ──► to the agent; a terminal task leaves the table with it
    framework KILL ──► kill ──► to the agent (or when it is back); unknown tasks are reconciled

A task's record is a ``TaskRecord``; what is shown to others is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.local_mesos.messages import AcknowledgeUpdate, KillTask, UpdateStatus
from mesos_proto import master_pb2, mesos_pb2, scheduler_pb2

from . import draining
from .cluster import Agent, Cluster, Framework, is_terminal
from .reconciliation import reconcile_one
from .statuses import made_by_master, update_event
from .task_record import TaskRecord

__all__ = ["acknowledge", "add", "drop_from_master", "kill", "lose", "record_of", "update"]

TaskStatus = mesos_pb2.TaskStatus
OperatorEvent = master_pb2.Event


def record_of(info: mesos_pb2.TaskInfo, framework_id: mesos_pb2.FrameworkID) -> TaskRecord:
    """The master's record of a task that is being launched."""
    task = mesos_pb2.Task(name=info.name, state=mesos_pb2.TASK_STAGING)
    task.task_id.CopyFrom(info.task_id)
    task.framework_id.CopyFrom(framework_id)
    task.agent_id.CopyFrom(info.agent_id)
    task.resources.MergeFrom(info.resources)
    if info.HasField("executor"):
        task.executor_id.CopyFrom(info.executor.executor_id)
    for name in ("labels", "discovery", "container", "health_check", "kill_policy"):
        if info.HasField(name):
            getattr(task, name).CopyFrom(getattr(info, name))
    for name in info.limits:
        task.limits[name].CopyFrom(info.limits[name])
    command = info.command if info.HasField("command") else info.executor.command
    if command.HasField("user"):
        task.user = command.user
    return TaskRecord(task)


def add(cluster: Cluster, framework: Framework, agent: Agent, task: TaskRecord) -> None:
    framework.tasks[task.task_id] = task
    agent.tasks.setdefault(framework.id, {})[task.task_id] = task
    if cluster.subscribers:
        added = OperatorEvent.TaskAdded(task=task.message())
        cluster.publish(OperatorEvent(type=OperatorEvent.TASK_ADDED, task_added=added))


# -- an agent's updates


def update(cluster: Cluster, agent: Agent | None, message: UpdateStatus) -> None:
    """A status from an agent: forwarded, and noted if it is new."""
    cluster.metrics.count("master/messages_status_update")
    framework = cluster.frameworks.get(message.framework_id)
    status = message.status
    if framework is None or agent is None:
        cluster.metrics.count("master/invalid_status_updates")
        cluster.log.warning(
            "ignored %s of task %s: %s",
            mesos_pb2.TaskState.Name(status.state),
            status.task_id.value,
            f"framework {message.framework_id} is unknown" if framework is None else "its agent is not registered",
        )
        return
    if agent.drain_info is not None:
        status = draining.reworded(agent, framework, status)
    framework.unacknowledged[status.task_id.value] = status
    cluster.send(framework, update_event(status))
    task = framework.tasks.get(status.task_id.value)
    if task is None:
        cluster.metrics.count("master/invalid_status_updates")
        return
    cluster.metrics.count("master/valid_status_updates")
    latest = status.state if is_terminal(status.state) else mesos_pb2.TaskState.ValueType(message.latest_state)
    _note(cluster, framework, agent, task, status, latest)
    draining.check(cluster, agent)


def _note(
    cluster: Cluster,
    framework: Framework,
    agent: Agent | None,
    task: TaskRecord,
    status: mesos_pb2.TaskStatus,
    latest_state: mesos_pb2.TaskState.ValueType,
) -> None:
    """The record follows; a terminal state gives its resources back at once, though the record stays."""
    before, state, uuid = task.state, status.state, status.uuid
    ended = is_terminal(latest_state) and not is_terminal(before)
    if not is_terminal(before):
        task.state = latest_state
    if uuid:  # an update of the master's own has none, and ends the task
        task.update_state = state
        task.update_uuid = uuid
    is_new = task.note(status)
    if cluster.subscribers and (before != state or is_new):
        updated = OperatorEvent.TaskUpdated(framework_id=framework.info.id, status=status, state=task.state)
        cluster.publish(OperatorEvent(type=OperatorEvent.TASK_UPDATED, task_updated=updated))
    if ended:
        framework.counts.ended[latest_state] += 1
        _count_end(cluster, status, latest_state)
        cluster.release(framework, agent, task.resources)
        if agent is not None and not agent.offers:
            # Where the rest of the agent is out on offer, a crumb at once would only be in the way: both come
            # together at the next second.
            cluster.dirty.add(agent.id)


def _count_end(cluster: Cluster, status: mesos_pb2.TaskStatus, state: mesos_pb2.TaskState.ValueType) -> None:
    """``status`` may be an earlier one, which still waits to be acknowledged."""
    cluster.metrics.count("master/" + mesos_pb2.TaskState.Name(state).lower().replace("task_", "tasks_", 1))
    if status.HasField("reason"):
        name = mesos_pb2.TaskState.Name(status.state).lower()
        source = TaskStatus.Source.Name(status.source).lower()
        reason = TaskStatus.Reason.Name(status.reason).lower().replace("agent", "slave", 1)  # its older name
        cluster.metrics.count(f"master/{name}/{source}/{reason}")


# -- the end of a task's record


def remove(cluster: Cluster, framework: Framework, task: TaskRecord) -> None:
    """Out of the tables, into the framework's completed tasks."""
    _forget(cluster, framework, task)
    completed = framework.completed_tasks
    completed.append(task)
    while len(completed) > cluster.settings.max_completed_tasks_per_framework:
        completed.popleft()


def _forget(cluster: Cluster, framework: Framework, task: TaskRecord) -> None:
    task_id = task.task_id
    framework.tasks.pop(task_id, None)
    framework.unacknowledged.pop(task_id, None)
    agent = cluster.agents.get(task.agent_id)
    if agent is None:
        return
    agent.kills.pop((framework.id, task_id), None)
    tasks = agent.tasks.get(framework.id, {})
    tasks.pop(task_id, None)
    if not tasks:
        agent.tasks.pop(framework.id, None)


def lose(
    cluster: Cluster,
    framework: Framework,
    task: TaskRecord,
    state: mesos_pb2.TaskState.ValueType,
    reason: mesos_pb2.TaskStatus.Reason.ValueType,
    message: str,
    tell: bool = True,
) -> None:
    """The master itself declares a task ended or unreachable, and tells the framework unless it is the cause."""
    agent = cluster.agents.get(task.agent_id)
    ended = is_terminal(task.state)
    task_id, agent_id = mesos_pb2.TaskID(value=task.task_id), mesos_pb2.AgentID(value=task.agent_id)
    status = made_by_master(task_id, agent_id, state, reason, message, cluster.now())
    if not ended:
        if state == mesos_pb2.TASK_UNREACHABLE:
            status.unreachable_time.nanoseconds = int(cluster.now() * 1e9)
            cluster.release(framework, agent, task.resources)
        _note(cluster, framework, agent, task, status, state)
    if state == mesos_pb2.TASK_UNREACHABLE and not ended:
        _forget(cluster, framework, task)
        unreachable = framework.unreachable_tasks
        unreachable[task.task_id] = task
        while len(unreachable) > cluster.settings.max_unreachable_tasks_per_framework:
            unreachable.popitem(last=False)
    else:
        remove(cluster, framework, task)
    if tell and not ended:
        cluster.send(framework, update_event(status))


def drop_from_master(
    cluster: Cluster,
    framework: Framework,
    tasks: Iterable[mesos_pb2.TaskInfo],
    state: mesos_pb2.TaskState.ValueType,
    reason: mesos_pb2.TaskStatus.Reason.ValueType,
    message: str,
) -> None:
    """Tasks that were never launched: the framework is told why."""
    for task in tasks:
        status = made_by_master(task.task_id, task.agent_id, state, reason, message, cluster.now())
        _count_end(cluster, status, state)
        cluster.send(framework, update_event(status))


# -- a framework's calls


def acknowledge(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.Acknowledge) -> None:
    """To the agent. One for an agent that is gone, or for no task, is dropped, as Mesos does."""
    cluster.metrics.count("master/messages_status_update_acknowledgement")
    agent = cluster.agents.get(call.agent_id.value)
    task_id, uuid = call.task_id.value, call.uuid
    if agent is None or not agent.connected:
        cluster.metrics.count("master/invalid_status_update_acknowledgements")
        cluster.log.info(
            "dropped the acknowledgement of task %s by framework %s: agent %s is not there",
            task_id,
            framework.id,
            call.agent_id.value,
        )
        return
    waiting = framework.unacknowledged.get(task_id)
    if waiting is not None and waiting.uuid == uuid:
        del framework.unacknowledged[task_id]
    task = agent.tasks.get(framework.id, {}).get(task_id)
    if task is not None:
        if task.update_uuid is None:
            cluster.metrics.count("master/invalid_status_update_acknowledgements")
            return
        if task.update_uuid == uuid and task.update_state is not None and is_terminal(task.update_state):
            remove(cluster, framework, task)
            draining.check(cluster, agent)
    agent.ref.tell(AcknowledgeUpdate(framework.id, task_id, uuid))
    cluster.metrics.count("master/valid_status_update_acknowledgements")


def kill(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.Kill) -> None:
    cluster.metrics.count("master/messages_kill_task")
    task = framework.tasks.get(call.task_id.value)
    if task is None:
        cluster.log.info("framework %s kills the unknown task %s: reconciled", framework.id, call.task_id.value)
        cluster.metrics.count("master/messages_reconcile_tasks")
        agent_id = call.agent_id if call.HasField("agent_id") else None
        reconcile_one(cluster, framework, call.task_id, agent_id)
        return
    if call.HasField("agent_id") and call.agent_id.value != task.agent_id:
        cluster.log.warning(
            "ignored framework %s killing task %s: it is on agent %s, not on %s",
            framework.id,
            call.task_id.value,
            task.agent_id,
            call.agent_id.value,
        )
        return
    policy = call.kill_policy if call.HasField("kill_policy") else None
    send_kill(cluster, framework.id, task, policy)


def send_kill(cluster: Cluster, framework_id: str, task: TaskRecord, policy: mesos_pb2.KillPolicy | None) -> None:
    """Now, or when its agent is back."""
    agent = cluster.agents[task.agent_id]
    agent.kills[framework_id, task.task_id] = policy
    if agent.connected:
        agent.ref.tell(KillTask(framework_id, task.task_id, policy))
