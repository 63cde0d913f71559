"""What an operator may change: quotas, weights, reservations, volumes, agents' modes, maintenance.

Every function checks first and changes nothing when it refuses; what is to outlive the master goes to the registry
before the answer goes out. Texts are Mesos's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from actors.local_mesos.messages import ShutdownAgent
from mesos_proto import maintenance_pb2, master_pb2, mesos_pb2, quota_pb2
from mesos_proto.roles import RoleError, validate_role
from mesos_proto.scalars import scalar_text, to_thousandths

from . import agent_operations, agents, draining, inverse_offers, offers
from .allocator import Quota
from .cluster import Agent, Cluster
from .operation_validation import malformed, operation_error
from .operations import conversion_of
from .protocol import Answer
from .quantities import Quantities, quantities_of
from .registry import Entry

__all__ = [
    "deactivate",
    "drain",
    "maintenance_status",
    "mark_gone",
    "operate",
    "reactivate",
    "remove_quota",
    "restore_quota",
    "set_quota",
    "start_maintenance",
    "stop_maintenance",
    "update_quota",
    "update_schedule",
    "update_weights",
]

Operation = mesos_pb2.Offer.Operation
DONE = Answer(200)


# -- weights and quotas


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


def update_quota(cluster: Cluster, configs: Iterable[quota_pb2.QuotaConfig], force: bool) -> Answer:
    checked = list(configs)
    for config in checked:
        error = _quota_error(config)
        if error:
            return Answer(400, error)
    wanted = dict(cluster.quota_configs) | {config.role: config for config in checked}
    if not force:
        guaranteed = Quantities()
        for config in wanted.values():
            guaranteed.count(_amounts(config.guarantees), 1)
        capacity = Quantities()
        for agent in cluster.agents.values():
            capacity.count(quantities_of(agent.total), 1)
        if not capacity.covers(guaranteed):
            return Answer(
                400,
                f"Invalid QuotaConfig: total quota guarantees '{_listed(guaranteed)}' exceed cluster capacity "
                f"'{_listed(capacity)}' (use 'force' flag to bypass this check)",
            )
    for config in checked:
        _set_quota(cluster, config)
    _rescind_for_quotas(cluster)
    return DONE


def _quota_error(config: quota_pb2.QuotaConfig) -> str | None:
    try:
        validate_role(config.role)
    except RoleError as error:
        return f"Invalid QuotaConfig: Invalid 'QuotaConfig.role': {error}"
    if "/" in config.role:
        return f"Updating quota on nested role '{config.role}' is not supported yet"
    for kind, amounts in (("guarantee", config.guarantees), ("limit", config.limits)):
        for name, scalar in amounts.items():
            if not scalar.value >= 0:
                shown = f"{{'{name}': {scalar_text(scalar.value)}}}"
                return f"Invalid QuotaConfig: Invalid {kind} configuration {shown}: Negative values not supported"
    guarantees, limits = _amounts(config.guarantees), _amounts(config.limits)
    if any(guarantees.get(name, 0) > limit for name, limit in limits.items()):
        return (
            f"Invalid QuotaConfig: 'QuotaConfig.guarantees' {_braced(guarantees)} is not contained within the "
            f"'QuotaConfig.limits' {_braced(limits)}"
        )
    return None


def _amounts(values: Mapping[str, mesos_pb2.Value.Scalar]) -> Quantities:
    return Quantities({name: to_thousandths(scalar.value) for name, scalar in values.items()})


def _listed(amounts: Quantities) -> str:
    return "; ".join(f"{name}:{scalar_text(amounts[name] / 1000)}" for name in sorted(amounts))


def _braced(amounts: Quantities) -> str:
    return "{ " + ", ".join(f"{name}: {scalar_text(amounts[name] / 1000)}" for name in sorted(amounts)) + " }"


def restore_quota(cluster: Cluster, config: quota_pb2.QuotaConfig) -> None:
    """Sets what is in the registry already."""
    cluster.quota_configs.pop(config.role, None)
    cluster.quota_configs[config.role] = config
    cluster.allocator.set_quota(config.role, Quota(_amounts(config.guarantees), _amounts(config.limits)))


def _set_quota(cluster: Cluster, config: quota_pb2.QuotaConfig) -> None:
    restore_quota(cluster, config)
    cluster.persist(Entry("quota", config.role, config.SerializeToString()))


def _rescind_for_quotas(cluster: Cluster) -> None:
    """What is out may be more than the new limits allow, or what the new guarantees need."""
    for offer in list(cluster.offers.values()):
        offers.rescind(cluster, offer)


def set_quota(cluster: Cluster, request: quota_pb2.QuotaRequest) -> Answer:
    """The older way: a guarantee that is a limit too."""
    prefix = "Failed to validate set quota request"
    try:
        validate_role(request.role)
    except RoleError as error:
        return Answer(400, f"{prefix}: QuotaInfo with invalid role: {error}")
    if request.role in cluster.quota_configs:
        return Answer(400, f"{prefix}: Cannot set quota for role '{request.role}' which already has quota")
    config = quota_pb2.QuotaConfig(role=request.role)
    for resource in request.guarantee:
        if resource.type != mesos_pb2.Value.SCALAR:
            return Answer(400, f"{prefix}: QuotaInfo must not include non-scalar resources")
        config.guarantees[resource.name].value = resource.scalar.value
        config.limits[resource.name].value = resource.scalar.value
    return update_quota(cluster, [config], request.force)


def remove_quota(cluster: Cluster, role: str) -> Answer:
    if role not in cluster.quota_configs:
        return Answer(400, f"Failed to remove quota: Role '{role}' has no quota set")
    del cluster.quota_configs[role]
    cluster.allocator.remove_quota(role)
    cluster.persist(Entry("quota", role, None))
    cluster.dirty.update(cluster.agents)
    return DONE


# -- reservations and volumes


def operate(
    cluster: Cluster, agent_id: str, operation: mesos_pb2.Offer.Operation, principal: str | None = None
) -> Answer:
    """RESERVE_RESOURCES, CREATE_VOLUMES, …: on what the agent has free, or has only offered (then rescinded)."""
    error = malformed(operation)
    if error:
        return Answer(400, f"Failed to validate master::Call: {error}")
    agent = cluster.agents.get(agent_id)
    if agent is None:
        return Answer(400, "No agent found with specified ID")
    kind = Operation.Type.Name(operation.type)
    used = agent.used().unallocated()
    error = operation_error(operation, agent.total, used, principal, None)
    if error:
        if operation.type == Operation.DESTROY:
            return Answer(400, f"Invalid DESTROY operation: {error}")
        return Answer(400, f"Invalid {kind} operation on agent {agent}: {error}")
    conversion = conversion_of(operation)
    free = agent.total - used
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
        config.max_grace_period.nanoseconds = call.max_grace_period.ToNanoseconds()
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
    error = cluster.maintenance.stop_error(chosen)
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
