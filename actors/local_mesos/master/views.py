"""The tables as v1 messages, for the operator API and its events. All are copies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mesos_proto import Resources, master_pb2, mesos_pb2

from .quantities import Quantities, quantities_of

if TYPE_CHECKING:
    from .cluster import Agent, Cluster, Framework

__all__ = ["agent", "agents", "executors", "framework_for_event", "frameworks", "operations", "roles", "state", "tasks"]

Response = master_pb2.Response

AGENT_CAPABILITIES = (
    mesos_pb2.AgentInfo.Capability.MULTI_ROLE,
    mesos_pb2.AgentInfo.Capability.HIERARCHICAL_ROLE,
    mesos_pb2.AgentInfo.Capability.RESERVATION_REFINEMENT,
    mesos_pb2.AgentInfo.Capability.RESOURCE_PROVIDER,
    mesos_pb2.AgentInfo.Capability.RESIZE_VOLUME,
    mesos_pb2.AgentInfo.Capability.AGENT_OPERATION_FEEDBACK,
    mesos_pb2.AgentInfo.Capability.AGENT_DRAINING,
    mesos_pb2.AgentInfo.Capability.TASK_RESOURCE_LIMITS,
)


def time_info(seconds: float) -> mesos_pb2.TimeInfo:
    return mesos_pb2.TimeInfo(nanoseconds=int(seconds * 1e9))


def shown(resources: Resources) -> list[mesos_pb2.Resource]:
    """As the endpoints write them: with ``role`` for old readers and ``reservations`` for new ones."""
    protos = []
    for resource in resources:
        proto = Resources([resource.to_proto()]).to_protos(refined_format=True)[0]
        if len(resource.reservations) < 2:  # of more, old readers can be told none
            proto.role = resource.role
        if resource.is_dynamically_reserved and len(resource.reservations) == 1:
            reservation = resource.reservations[-1]
            proto.reservation.SetInParent()
            if reservation.HasField("principal"):
                proto.reservation.principal = reservation.principal
            if reservation.HasField("labels"):
                proto.reservation.labels.CopyFrom(reservation.labels)
        protos.append(proto)
    return protos


# -- agents


def agent(one: Agent) -> master_pb2.Response.GetAgents.Agent:
    view = Response.GetAgents.Agent(
        agent_info=one.info,
        active=one.active,
        deactivated=one.deactivated,
        version="1.11.0",
        pid=one.pid,
        registered_time=time_info(one.registered_time),
        total_resources=shown(one.total),
        allocated_resources=shown(one.used()),
        offered_resources=shown(one.offered()),
        capabilities=[mesos_pb2.AgentInfo.Capability(type=each) for each in AGENT_CAPABILITIES],
    )
    if one.reregistered_time is not None:
        view.reregistered_time.CopyFrom(time_info(one.reregistered_time))
    if one.drain_info is not None:
        view.drain_info.CopyFrom(one.drain_info)
        view.estimated_drain_start_time.nanoseconds = int(one.drain_start_time or 0) * 1_000_000_000
    return view


def agents(cluster: Cluster) -> master_pb2.Response.GetAgents:
    return Response.GetAgents(
        agents=[agent(each) for each in cluster.agents.values()],
        recovered_agents=list(cluster.recovered_agents.values()),
    )


# -- frameworks


def framework(one: Framework) -> master_pb2.Response.GetFrameworks.Framework:
    view = framework_for_event(one, one.connected)
    view.ClearField("unregistered_time")
    if one.unregistered_time is not None and not one.connected:
        view.unregistered_time.CopyFrom(time_info(one.unregistered_time))
    for offer in one.offers.values():
        shown_offer = view.offers.add()
        shown_offer.CopyFrom(offer.proto)
        del shown_offer.resources[:]
        shown_offer.resources.extend(offer.resources.to_protos(refined_format=True))
    view.inverse_offers.extend(inverse.proto for inverse in one.inverse_offers.values())
    view.allocated_resources.extend(shown(one.used()))
    view.offered_resources.extend(shown(one.offered()))
    view.offer_constraints.CopyFrom(one.offer_constraints)
    return view


def framework_for_event(one: Framework, connected: bool) -> master_pb2.Response.GetFrameworks.Framework:
    """What FRAMEWORK_ADDED and FRAMEWORK_UPDATED say."""
    view = Response.GetFrameworks.Framework(
        framework_info=one.info,
        active=connected,
        connected=connected,
        recovered=one.recovered,
        registered_time=time_info(one.registered_time),
        unregistered_time=time_info(one.unregistered_time or 0.0),
    )
    if one.reregistered_time is not None:
        view.reregistered_time.CopyFrom(time_info(one.reregistered_time))
    return view


def frameworks(cluster: Cluster) -> master_pb2.Response.GetFrameworks:
    return Response.GetFrameworks(
        frameworks=[framework(each) for each in cluster.frameworks.values()],
        completed_frameworks=[framework(each) for each in cluster.completed_frameworks.values()],
    )


# -- what runs


def tasks(cluster: Cluster) -> master_pb2.Response.GetTasks:
    view = Response.GetTasks()
    for each in (*cluster.frameworks.values(), *cluster.completed_frameworks.values()):
        view.tasks.extend(task.message() for task in each.tasks.values())
        view.unreachable_tasks.extend(task.message() for task in each.unreachable_tasks.values())
        view.completed_tasks.extend(task.message() for task in each.completed_tasks)
    return view


def executors(cluster: Cluster) -> master_pb2.Response.GetExecutors:
    view = Response.GetExecutors()
    for each in cluster.frameworks.values():
        for agent_id, by_id in each.executors.items():
            for executor in by_id.values():
                view.executors.add(executor_info=executor, agent_id=mesos_pb2.AgentID(value=agent_id))
    return view


def operations(cluster: Cluster) -> master_pb2.Response.GetOperations:
    return Response.GetOperations(
        operations=[entry.proto for each in cluster.agents.values() for entry in each.operations.values()]
    )


def state(cluster: Cluster) -> master_pb2.Response.GetState:
    return Response.GetState(
        get_tasks=tasks(cluster),
        get_executors=executors(cluster),
        get_frameworks=frameworks(cluster),
        get_agents=agents(cluster),
    )


# -- roles


class Role:
    """What is known of a role, gathered for a view."""

    def __init__(self, name: str, weight: float) -> None:
        self.name = name
        self.weight = weight
        self.frameworks: list[str] = []
        self.allocated = Resources()
        self.offered = Resources()
        self.reserved = Resources()

    @property
    def consumed(self) -> Quantities:
        """What counts against a quota: reservations, and what else is allocated."""
        consumed = quantities_of(self.reserved)
        consumed.count(quantities_of(self.allocated.unreserved()), 1)
        return consumed


def known_roles(cluster: Cluster) -> list[Role]:
    """Those with frameworks, resources, a weight or a quota, and the ones above such; by name."""
    found: dict[str, Role] = {}

    def role_of(name: str) -> Role:
        if name not in found:
            found[name] = Role(name, cluster.allocator.weights.get(name, 1.0))
        return found[name]

    for name in (*cluster.allocator.weights, *cluster.quota_configs):
        role_of(name)
    for framework_ in cluster.frameworks.values():
        used, offered = framework_.used(), framework_.offered()
        held = (name or "*" for name in (*used.allocations(), *offered.allocations()))
        for name in {*framework_.roles, *held}:  # in one that it left, for as long as it holds something there
            role_of(name).frameworks.append(framework_.id)
        _gather(role_of, used, "allocated")
        _gather(role_of, offered, "offered")
    for agent_ in cluster.agents.values():
        for name, part in agent_.total.reservations().items():
            for path in _upwards(name):
                role_of(path).reserved += part
    return [found[name] for name in sorted(found)]


def _gather(role_of: object, resources: Resources, what: str) -> None:
    for name, part in resources.allocations().items():
        for path in _upwards(name or "*"):
            role = role_of(path)  # type: ignore[operator]
            setattr(role, what, getattr(role, what) + part.unallocated())


def _upwards(role: str) -> Iterable[str]:
    """The role and those above it: what it holds counts for all of them."""
    parts = role.split("/")
    return ("/".join(parts[:length]) for length in range(1, len(parts) + 1))


def roles(cluster: Cluster) -> master_pb2.Response.GetRoles:
    view = Response.GetRoles()
    for role in known_roles(cluster):
        amounts = quantities_of(role.allocated)
        amounts.count(quantities_of(role.offered), 1)
        view.roles.add(
            name=role.name,
            weight=role.weight,
            frameworks=[mesos_pb2.FrameworkID(value=each) for each in role.frameworks],
            resources=[scalar(name, amounts[name]) for name in sorted(amounts)],
        )
    return view


def scalar(name: str, thousandths: int) -> mesos_pb2.Resource:
    return mesos_pb2.Resource(
        name=name, type=mesos_pb2.Value.SCALAR, scalar=mesos_pb2.Value.Scalar(value=thousandths / 1000)
    )
