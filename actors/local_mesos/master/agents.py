"""Agents: registering, coming back, being lost.

::

    RegisterAgent ────────► a new id, in the registry; its resources are offered
    ReregisterAgent ──────► its tasks, and frameworks that this master has not seen yet, are taken over
    its actor ends ───────► disconnected: offers rescinded; tasks of frameworks that do not checkpoint are lost
      for 75 s ───────────► unreachable: TASK_UNREACHABLE (TASK_LOST without PARTITION_AWARE), FAILURE
    UnregisterAgent ──────► removed, its tasks are lost
    MARK_AGENT_GONE ──────► removed for ever, TASK_GONE_BY_OPERATOR
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from actors.local_mesos.messages import (
    AgentRegistered,
    ExecutorExited,
    KillTask,
    ReconcileTasks,
    RegisterAgent,
    ReregisterAgent,
    ShutdownAgent,
    ShutdownFramework,
)
from mesos_proto import Resources, master_pb2, mesos_pb2, scheduler_pb2

from . import agent_operations, draining, frameworks, inverse_offers, offers, tasks, views
from .cluster import Agent, Cluster, Framework, Operation, is_terminal
from .parsed import resources_in
from .registry import Entry
from .statuses import status_of, update_event
from .task_record import TaskRecord

__all__ = ["AgentTimeout", "RecoveryTimeout", "disconnect", "executor_exited", "register", "remove", "reregister"]

Event = scheduler_pb2.Event
OperatorEvent = master_pb2.Event
TaskStatus = mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class AgentTimeout:
    """The agent was away for too long."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class RecoveryTimeout:
    """Agents of the run before had their time to come back."""


def register(cluster: Cluster, message: RegisterAgent) -> AgentRegistered | ShutdownAgent | None:
    """What to tell the agent once the registry has it; None: it asks again, and will be told anyway."""
    cluster.metrics.count("master/messages_register_slave")
    known = cluster.agent_of(message.agent)
    if known is not None:
        return AgentRegistered(known.id) if known.admitted else None
    before = cluster.agent_at(message.info.hostname, message.info.port)
    if before is not None and not before.connected:
        # The same place with a new agent on it: the old one will not come back.
        remove(cluster, before, "a new agent registered at the same address")
    info = mesos_pb2.AgentInfo()
    info.CopyFrom(message.info)
    info.id.value = cluster.new_agent_id()
    _tidy(info)
    refusal = _refusal(cluster, info)
    if refusal is not None:
        return refusal
    agent = Agent(info, message.agent, resources_in(info.resources), cluster.now())
    _admit(cluster, agent, [])
    cluster.metrics.count("master/slave_registrations")
    return AgentRegistered(agent.id)


def _tidy(info: mesos_pb2.AgentInfo) -> None:
    """As agents of Mesos describe themselves: what is reserved for nobody has no role."""
    for resource in info.resources:
        if resource.role == "*":
            resource.ClearField("role")


def _refusal(cluster: Cluster, info: mesos_pb2.AgentInfo) -> ShutdownAgent | None:
    if info.id.value in cluster.gone_agents:
        return ShutdownAgent(f"Agent {info.id.value} was marked gone")
    machine = mesos_pb2.MachineID(hostname=info.hostname, ip=Agent(info, None, Resources(), 0.0).ip)  # type: ignore[arg-type]
    if cluster.maintenance.is_down(machine):
        return ShutdownAgent(f"Machine {info.hostname} is down for maintenance")
    return None


def _admit(cluster: Cluster, agent: Agent, used: list[tuple[str, Resources]]) -> None:
    cluster.enter(agent)
    cluster.allocator.add_agent(agent.id, agent.total, used)
    cluster.allocator.set_active(agent.id, False)
    cluster.persist(Entry("agent", agent.id, agent.info.SerializeToString()))
    if cluster.subscribers:
        added = OperatorEvent.AgentAdded()
        added.agent.CopyFrom(views.agent(agent))
        cluster.publish(OperatorEvent(type=OperatorEvent.AGENT_ADDED, agent_added=added))
    cluster.log.info("agent %s registered with %s", agent, agent.total)


def reregister(cluster: Cluster, message: ReregisterAgent) -> AgentRegistered | ShutdownAgent:
    cluster.metrics.count("master/messages_reregister_slave")
    info = message.info
    refusal = _refusal(cluster, info)
    if refusal is not None:
        return refusal
    known = cluster.agents.get(info.id.value)
    if known is not None:
        _return(cluster, known, message)
        return AgentRegistered(known.id)
    agent_info = mesos_pb2.AgentInfo()
    agent_info.CopyFrom(info)
    now = cluster.now()
    agent = Agent(agent_info, message.agent, Resources(message.resources or info.resources), now)
    agent.reregistered_time = now
    cluster.recovered_agents.pop(agent.id, None)
    was_unreachable = cluster.unreachable_agents.pop(agent.id, None) is not None
    if was_unreachable:
        cluster.persist(Entry("unreachable", agent.id, None))
    _restore_mode(cluster, agent)
    completed = _frameworks_of(cluster, message)
    used = _take_over(cluster, agent, message, completed)
    _admit(cluster, agent, used)
    for framework_id in completed:
        agent.ref.tell(ShutdownFramework(framework_id))
    cluster.metrics.count("master/slave_reregistrations")
    _tell_resurrected(cluster, agent)
    return AgentRegistered(agent.id)


def _restore_mode(cluster: Cluster, agent: Agent) -> None:
    """An operator's word outlives the agent's absence, and the master's."""
    mode = cluster.agent_modes.get(agent.id)
    if mode is None:
        return
    agent.deactivated = True
    if mode.HasField("config"):
        agent.drain_info = mesos_pb2.DrainInfo(state=mode.state, config=mode.config)


def _frameworks_of(cluster: Cluster, message: ReregisterAgent) -> set[str]:
    """The agent's frameworks are known from now on; returns the ones that are over."""
    for framework in message.frameworks:
        if framework.id.value not in cluster.completed_frameworks:
            frameworks.recover(cluster, framework)
    there = {task.framework_id.value for task in message.tasks}
    there |= {executor.framework_id.value for executor in message.executors}
    there |= {framework.id.value for framework in message.frameworks}
    return there & set(cluster.completed_frameworks)


def _take_over(
    cluster: Cluster, agent: Agent, message: ReregisterAgent, completed: set[str]
) -> list[tuple[str, Resources]]:
    """Enters what runs on the agent into the tables; returns what it holds."""
    used: list[tuple[str, Resources]] = []
    for reported in message.tasks:
        framework = cluster.frameworks.get(reported.framework_id.value)
        if framework is None:
            if reported.framework_id.value not in completed:
                cluster.log.warning(
                    "agent %s runs task %s of framework %s, which nobody knows: it keeps running unseen",
                    agent.id,
                    reported.task_id.value,
                    reported.framework_id.value,
                )
            continue
        copy = mesos_pb2.Task()
        copy.CopyFrom(reported)
        _mark_allocated(copy, framework.roles)
        task = TaskRecord(copy)
        framework.unreachable_tasks.pop(task.task_id, None)
        framework.tasks[task.task_id] = task
        agent.tasks.setdefault(framework.id, {})[task.task_id] = task
        if not is_terminal(task.state):
            held = task.resources
            cluster.hold(framework, agent, held)
            used.append((framework.id, held))
    for operation in message.operations:
        record = Operation(operation, operation.framework_id.value, agent.id)
        agent.operations[operation.uuid.value] = record
        if record.framework_id in cluster.frameworks:
            cluster.frameworks[record.framework_id].operations[operation.uuid.value] = record
    for executor in message.executors:
        owner = cluster.frameworks.get(executor.framework_id.value)
        if owner is not None:
            owner.executors.setdefault(agent.id, {})[executor.executor_id.value] = executor
            agent.executors.setdefault(owner.id, {})[executor.executor_id.value] = executor
            held = resources_in(executor.resources)
            cluster.hold(owner, agent, held)
            used.append((owner.id, held))
    return used


def _mark_allocated(task: mesos_pb2.Task, roles: Iterable[str]) -> None:
    role = next(iter(roles), "*")
    for resource in task.resources:
        if not resource.HasField("allocation_info"):
            resource.allocation_info.role = role


def _tell_resurrected(cluster: Cluster, agent: Agent) -> None:
    """Frameworks that are connected learn what still runs: they may hold it for lost."""
    for task in agent.all_tasks():
        framework = cluster.frameworks.get(task.framework_id)
        if framework is not None and not is_terminal(task.state):
            status = status_of(task, "Agent reregistered", TaskStatus.REASON_AGENT_REREGISTERED, cluster.now())
            cluster.send(framework, update_event(status))


def _return(cluster: Cluster, agent: Agent, message: ReregisterAgent) -> None:
    """An agent that is registered is back before its time was over, with what is left of its tasks."""
    cluster.replace_ref(agent, message.agent)
    agent.connected = True
    agent.reregistered_time = cluster.now()
    cluster.timers.cancel(("agent", agent.id))
    cluster.metrics.count("master/slave_reregistrations")
    unheard = agent_operations.unknown_to(agent, {operation.uuid.value for operation in message.operations})
    if message.resources and not unheard:
        agent.total = Resources(message.resources)
        cluster.allocator.update_total(agent.id, agent.total)
    agent_operations.send_again(agent, unheard)
    if agent.info.attributes != message.info.attributes:
        cluster.allocator.clear_filters(agent.id)
    agent.info.CopyFrom(message.info)
    there = {(task.framework_id.value, task.task_id.value) for task in message.tasks}
    for framework_id, held in agent.tasks.items():
        # Not lost yet: a launch may have crossed the registration, or its repetition. The agent says.
        unnamed = tuple(task_id for task_id in held if (framework_id, task_id) not in there)
        if unnamed and framework_id in cluster.frameworks:
            agent.ref.tell(ReconcileTasks(cluster.frameworks[framework_id].info, unnamed))
    for framework_id in {framework_id for framework_id, _ in there} & set(cluster.completed_frameworks):
        agent.ref.tell(ShutdownFramework(framework_id))
    for (framework_id, task_id), policy in agent.kills.items():
        agent.ref.tell(KillTask(framework_id, task_id, policy))
    draining.check(cluster, agent)
    cluster.log.info("agent %s is back", agent)


def admitted(cluster: Cluster, ref: ActorRef[Any]) -> None:
    """The agent knows that it is registered: its resources may be offered."""
    agent = cluster.agent_of(ref)
    if agent is not None:
        agent.admitted = True
        cluster.allocator.set_active(agent.id, agent.active)
        cluster.dirty.add(agent.id)


# -- the end


def disconnect(cluster: Cluster, agent: Agent) -> None:
    """Its actor has ended. It has `agent_timeout` to come back."""
    agent.connected = False
    withdraw(cluster, agent)
    for framework in list(cluster.frameworks.values()):
        if framework.info.checkpoint:
            continue
        for task in list(agent.tasks.get(framework.id, {}).values()):
            state = mesos_pb2.TASK_GONE if framework.partition_aware else mesos_pb2.TASK_LOST
            reason = TaskStatus.REASON_AGENT_DISCONNECTED
            tasks.lose(cluster, framework, task, state, reason, f"Agent {agent.info.hostname} disconnected")
        _drop_executors(cluster, agent, framework)
    cluster.timers.start_single(("agent", agent.id), AgentTimeout(agent.id), cluster.settings.agent_timeout)
    cluster.log.warning("agent %s disconnected; it has %g s to come back", agent, cluster.settings.agent_timeout)


def withdraw(cluster: Cluster, agent: Agent) -> None:
    """Nothing of it is offered any more."""
    cluster.allocator.set_active(agent.id, False)
    for offer in list(agent.offers.values()):
        offers.rescind(cluster, offer)
    for inverse in list(agent.inverse_offers.values()):
        inverse_offers.rescind(cluster, inverse)


def _drop_executors(cluster: Cluster, agent: Agent, framework: Framework) -> None:
    for executor in agent.executors.pop(framework.id, {}).values():
        cluster.release(framework, agent, resources_in(executor.resources))
    framework.executors.pop(agent.id, None)


def remove(
    cluster: Cluster,
    agent: Agent,
    why: str,
    state: mesos_pb2.TaskState.ValueType | None = None,
    reason: mesos_pb2.TaskStatus.Reason.ValueType = TaskStatus.REASON_AGENT_REMOVED,
) -> None:
    """Out of the tables. ``state`` is what its tasks become; None: lost (GONE for partition-aware frameworks)."""
    cluster.allocator.set_active(agent.id, False)
    cluster.timers.cancel(("agent", agent.id))
    for framework in list(cluster.frameworks.values()):
        became = _became(framework.partition_aware, state)
        for task in list(agent.tasks.get(framework.id, {}).values()):
            tasks.lose(cluster, framework, task, became, reason, why)
        _drop_executors(cluster, agent, framework)
    withdraw(cluster, agent)
    _end_operations(cluster, agent, state)
    cluster.allocator.remove_agent(agent.id)
    cluster.drop(agent)
    cluster.dirty.discard(agent.id)
    cluster.persist(Entry("agent", agent.id, None))
    if state != mesos_pb2.TASK_GONE_BY_OPERATOR:
        cluster.metrics.count("master/slave_removals")
    for framework in cluster.frameworks.values():
        cluster.send(framework, Event(type=Event.FAILURE, failure=Event.Failure(agent_id=agent.info.id)))
    if state is None:
        # A real master does not announce agents that are unreachable or marked gone.
        removed = OperatorEvent.AgentRemoved(agent_id=agent.info.id)
        cluster.publish(OperatorEvent(type=OperatorEvent.AGENT_REMOVED, agent_removed=removed))
    cluster.log.warning("agent %s is removed: %s", agent, why)


def _became(partition_aware: bool, state: mesos_pb2.TaskState.ValueType | None) -> mesos_pb2.TaskState.ValueType:
    if not partition_aware:
        return mesos_pb2.TASK_LOST
    return mesos_pb2.TASK_GONE if state is None else state


def _end_operations(cluster: Cluster, agent: Agent, state: mesos_pb2.TaskState.ValueType | None) -> None:
    """Whoever waits for an operation on the agent is told that no answer will come."""
    ended = {
        mesos_pb2.TASK_UNREACHABLE: mesos_pb2.OPERATION_UNREACHABLE,
        mesos_pb2.TASK_GONE_BY_OPERATOR: mesos_pb2.OPERATION_GONE_BY_OPERATOR,
    }.get(state or mesos_pb2.TASK_GONE, mesos_pb2.OPERATION_DROPPED)
    for uuid, operation in agent.operations.items():
        framework = cluster.frameworks.get(operation.framework_id)
        if framework is None:
            continue
        framework.operations.pop(uuid, None)
        if operation.has_id:
            status = mesos_pb2.OperationStatus(
                operation_id=operation.proto.info.id, state=ended, agent_id=agent.info.id
            )
            told = Event.UpdateOperationStatus(status=status)
            cluster.send(framework, Event(type=Event.UPDATE_OPERATION_STATUS, update_operation_status=told))


def lost(cluster: Cluster, agent: Agent) -> None:
    """It was away for too long: unreachable, until it comes back after all."""
    cluster.unreachable_agents[agent.id] = cluster.now()
    cluster.persist(Entry("unreachable", agent.id, repr(cluster.now()).encode()))
    cluster.metrics.count("master/slave_removals/reason_unhealthy")
    cluster.metrics.count("master/slave_unreachable_completed")
    why = f"Agent {agent.info.hostname} is unreachable"
    remove(cluster, agent, why, mesos_pb2.TASK_UNREACHABLE)


def give_up_recovery(cluster: Cluster) -> None:
    """Agents of the run before that have not come back are unreachable."""
    for agent_id in list(cluster.recovered_agents):
        del cluster.recovered_agents[agent_id]
        cluster.unreachable_agents[agent_id] = cluster.now()
        cluster.persist(Entry("agent", agent_id, None), Entry("unreachable", agent_id, repr(cluster.now()).encode()))
        cluster.metrics.count("master/recovery_slave_removals")


def executor_exited(cluster: Cluster, message: ExecutorExited) -> None:
    cluster.metrics.count("master/messages_exited_executor")
    agent = cluster.agents.get(message.agent_id)
    framework = cluster.frameworks.get(message.framework_id)
    if agent is None or framework is None:
        return
    executor = agent.executors.get(framework.id, {}).pop(message.executor_id, None)
    framework.executors.get(agent.id, {}).pop(message.executor_id, None)
    if executor is not None:
        cluster.release(framework, agent, resources_in(executor.resources))
        cluster.dirty.add(agent.id)
    failure = Event.Failure(
        agent_id=agent.info.id,
        executor_id=mesos_pb2.ExecutorID(value=message.executor_id),
        status=message.status,
    )
    cluster.send(framework, Event(type=Event.FAILURE, failure=failure))
