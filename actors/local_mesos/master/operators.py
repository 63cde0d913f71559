"""What an operator may change: weights, reservations, volumes, agents' modes, maintenance.

Every function checks first and changes nothing when it refuses; what is to outlive the master goes to the registry
before the answer goes out. Texts are Mesos's.
"""

from __future__ import annotations

from collections.abc import Iterable

from actors.local_mesos.messages import ShutdownAgent
from mesos_proto import maintenance_pb2, master_pb2, mesos_pb2
from mesos_proto.roles import RoleError, validate_role
from mesos_proto.scalars import scalar_text

from . import agent_operations, agents, draining, inverse_offers, offers
from .cluster import Agent, Cluster
from .operation_validation import malformed, operation_error
from .operations import conversion_of
from .protocol import Answer
from .registry import Entry

__all__ = [
    "deactivate",
    "drain",
    "maintenance_status",
    "mark_gone",
    "operate",
    "reactivate",
    "start_maintenance",
    "stop_maintenance",
    "update_schedule",
    "update_weights",
]

Operation = mesos_pb2.Offer.Operation
DONE = Answer(200)


# -- weights


def update_weights(cluster: Cluster, weights: Iterable[mesos_pb2.WeightInfo]) -> Answer:
    prefix = "Failed to validate update weights request JSON"
    checked = list(weights)
    for info in checked:
        try:
            validate_role(info.role)
        except RoleError as error:
            return Answer(400, f"{prefix}: Invalid role '{info.role}': {error}")
        if not info.weight > 0:
            weight = scalar_text(info.weight)
            return Answer(400, f"{prefix} for role '{info.role}': Invalid weight '{weight}': Weights must be positive")
    for info in checked:
        cluster.allocator.set_weight(info.role, info.weight)
        cluster.persist(Entry("weight", info.role, repr(info.weight).encode()))
    if checked:
        # What is out was shared by the old weights.
        for offer in list(cluster.offers.values()):
            offers.rescind(cluster, offer)
    return DONE


# -- reservations and volumes


def operate(
    cluster: Cluster, agent_id: str, operation: mesos_pb2.Offer.Operation, principal: str | None = None
) -> Answer:
    """RESERVE_RESOURCES, CREATE_VOLUMES, …: on what the agent has free, or has only offered (then rescinded)."""
    error = malformed(operation)
    if error:
        return Answer(400, _said_of_call(operation, error))
    agent = cluster.agents.get(agent_id)
    if agent is None:
        return Answer(400, "No agent found with specified ID")
    kind = Operation.Type.Name(operation.type)
    used = agent.used().unallocated()
    error = operation_error(operation, agent.total, used, principal, None)
    if error:
        where = "" if operation.type in (Operation.UNRESERVE, Operation.DESTROY) else f" on agent {agent}"
        return Answer(400, f"Invalid {kind} operation{where}: {error}")
    conversion = conversion_of(operation)
    free = agent.total - used
    free = free.unshared() + free.shared()
    for offer in list(agent.offers.values()):
        if cluster.allocator.available(agent.id).contains(conversion.consumed):
            break
        offers.rescind(cluster, offer)
    error = conversion.error(free)
    if error:
        return Answer(409, error)
    agent_operations.apply(cluster, None, agent, operation, conversion)
    cluster.dirty.add(agent.id)
    return Answer(202)


def _said_of_call(operation: mesos_pb2.Offer.Operation, error: str) -> str:
    """Mesos looks at the resources of each call in another place."""
    if operation.type in (Operation.RESERVE, Operation.UNRESERVE):
        return f"Failed to validate master::Call: {error}"
    if operation.type in (Operation.GROW_VOLUME, Operation.SHRINK_VOLUME):
        return error.partition(" is invalid: ")[2]
    return error


# -- agents


def deactivate(cluster: Cluster, agent_id: str) -> Answer:
    if agent_id not in cluster.agents and agent_id not in cluster.recovered_agents:
        return Answer(400, "Unknown agent")
    _remember_mode(cluster, agent_id, cluster.agent_modes.get(agent_id) or mesos_pb2.DrainInfo(state=mesos_pb2.UNKNOWN))
    agent = cluster.agents.get(agent_id)
    if agent is not None:
        agent.deactivated = True
        agents.withdraw(cluster, agent)
    return DONE


def drain(cluster: Cluster, call: master_pb2.Call.DrainAgent) -> Answer:
    agent_id = call.agent_id.value
    if agent_id not in cluster.agents and agent_id not in cluster.recovered_agents:
        return Answer(400, "Unknown agent")
    config = mesos_pb2.DrainConfig(mark_gone=call.mark_gone)
    if call.HasField("max_grace_period"):
        given = call.max_grace_period
        # What is more than 64 bits hold turns over, as in the real master.
        config.max_grace_period.nanoseconds = (given.seconds * 10**9 + given.nanos + 2**63) % 2**64 - 2**63
    info = mesos_pb2.DrainInfo(state=mesos_pb2.DRAINING, config=config)
    _remember_mode(cluster, agent_id, info)
    agent = cluster.agents.get(agent_id)
    if agent is not None:
        agent.deactivated = True
        agent.drain_info = info
        agent.drain_start_time = cluster.now()
        agents.withdraw(cluster, agent)
        draining.kill_all(agent, config)
        draining.check(cluster, agent)
    return DONE


def reactivate(cluster: Cluster, agent_id: str) -> Answer:
    if agent_id not in cluster.agent_modes:
        return Answer(400, "Agent is not deactivated")
    agent = cluster.agents.get(agent_id)
    if agent is not None and agent.drain_info is not None and agent.drain_info.state == mesos_pb2.DRAINING:
        return Answer(400, "Agent is still in the DRAINING state")
    del cluster.agent_modes[agent_id]
    cluster.persist(Entry("mode", agent_id, None))
    if agent is not None:
        agent.deactivated = False
        agent.drain_info = agent.drain_start_time = None
        cluster.allocator.set_active(agent.id, agent.active)
        cluster.dirty.add(agent.id)
    return DONE


def _remember_mode(cluster: Cluster, agent_id: str, info: mesos_pb2.DrainInfo) -> None:
    cluster.agent_modes[agent_id] = info
    cluster.persist(Entry("mode", agent_id, info.SerializePartialToString()))


def mark_gone(cluster: Cluster, agent_id: str) -> Answer:
    if agent_id in cluster.gone_agents:
        return DONE
    agent = cluster.agents.get(agent_id)
    if agent is None and agent_id not in cluster.recovered_agents and agent_id not in cluster.unreachable_agents:
        return Answer(404, f"Agent '{agent_id}' not found")
    cluster.gone_agents[agent_id] = cluster.now()
    cluster.recovered_agents.pop(agent_id, None)
    cluster.unreachable_agents.pop(agent_id, None)
    cluster.agent_modes.pop(agent_id, None)
    cluster.persist(
        Entry("agent", agent_id, None),
        Entry("unreachable", agent_id, None),
        Entry("mode", agent_id, None),
        Entry("gone", agent_id, repr(cluster.now()).encode()),
    )
    if agent is not None:
        _send_away(cluster, agent, "Agent has been marked gone")
    return DONE


def _send_away(cluster: Cluster, agent: Agent, why: str) -> None:
    reason = mesos_pb2.TaskStatus.REASON_AGENT_REMOVED_BY_OPERATOR
    agents.remove(cluster, agent, why, mesos_pb2.TASK_GONE_BY_OPERATOR, reason)
    if agent.connected:
        agent.ref.tell(ShutdownAgent(why))


# -- maintenance


def update_schedule(cluster: Cluster, schedule: maintenance_pb2.Schedule) -> Answer:
    error = cluster.maintenance.schedule_error(schedule)
    if error:
        return Answer(400, error)
    before = {agent.id: cluster.unavailability(agent) for agent in cluster.agents.values()}
    cluster.maintenance.replace(schedule)
    _keep_maintenance(cluster)
    for agent in cluster.agents.values():
        if cluster.unavailability(agent) == before[agent.id]:
            continue
        # Offers say when their agent is unavailable: what is out says it wrongly.
        agent.inverse_statuses.clear()
        agent.inverse_refusals.clear()
        for offer in list(agent.offers.values()):
            offers.rescind(cluster, offer)
        for inverse in list(agent.inverse_offers.values()):
            inverse_offers.rescind(cluster, inverse)
        cluster.allocator.clear_filters(agent.id)
        cluster.dirty.add(agent.id)
    return DONE


def start_maintenance(cluster: Cluster, machines: Iterable[mesos_pb2.MachineID]) -> Answer:
    chosen = list(machines)
    error = cluster.maintenance.start_error(chosen, [agent.machine for agent in cluster.agents.values()])
    if error:
        return Answer(400, error)
    cluster.maintenance.bring_down(chosen)
    _keep_maintenance(cluster)
    for agent in list(cluster.agents.values()):
        if cluster.maintenance.is_down(agent.machine):
            agents.remove(cluster, agent, "Operator initiated 'Machine DOWN'")
            if agent.connected:
                agent.ref.tell(ShutdownAgent("Operator initiated 'Machine DOWN'"))
    return DONE


def stop_maintenance(cluster: Cluster, machines: Iterable[mesos_pb2.MachineID]) -> Answer:
    chosen = list(machines)
    error = cluster.maintenance.stop_error(chosen, [agent.machine for agent in cluster.agents.values()])
    if error:
        return Answer(400, error)
    cluster.maintenance.bring_up(chosen)
    _keep_maintenance(cluster)
    return DONE


def _keep_maintenance(cluster: Cluster) -> None:
    down = maintenance_pb2.ClusterStatus(down_machines=cluster.maintenance.down)
    cluster.persist(
        Entry("maintenance", "schedule", cluster.maintenance.schedule.SerializeToString()),
        Entry("maintenance", "down", down.SerializeToString()),
    )


def maintenance_status(cluster: Cluster) -> maintenance_pb2.ClusterStatus:
    status = maintenance_pb2.ClusterStatus(down_machines=cluster.maintenance.down)
    for machine in cluster.maintenance.draining:
        draining_machine = status.draining_machines.add(id=machine)
        for agent in cluster.agents.values():
            if agent.machine == machine:
                draining_machine.statuses.extend(agent.inverse_statuses.values())
    return status
