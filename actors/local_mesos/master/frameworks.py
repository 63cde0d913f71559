"""Frameworks: subscribing, failing over, going away for a while or for good.

::

    SUBSCRIBE without id ──────────► new framework            SUBSCRIBED, HEARTBEAT, OFFERS
    SUBSCRIBE with a known id ─────► the same, failed over    old stream: ERROR "Framework failed over", end
    SUBSCRIBE with an unknown id ──► recovered under that id  (after a restart of the master)
    SUBSCRIBE that is refused ─────► ERROR, end of the stream, HTTP 200
    its stream ends ───────────────► disconnected; removed after failover_timeout (0: at once)
    TEARDOWN, time-out ────────────► removed: tasks killed; kept among the completed ones, its id is barred
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from actors.local_mesos.messages import ShutdownFramework, UpdateFramework
from mesos_proto import Resources, master_pb2, mesos_pb2, scheduler_pb2
from mesos_proto.scalars import to_thousandths

from . import constraints, inverse_offers, offers, tasks, views
from .cluster import Capability, Cluster, Framework
from .parsed import resources_in
from .protocol import Answer, Subscribe
from .quantities import Quantities
from .statuses import update_event
from .stream import EndStream, SendEvent, StartHeartbeats
from .validation import framework_error, framework_update_error

__all__ = ["FailoverTimeout", "disconnect", "recover", "remove", "subscribe", "update"]

Event = scheduler_pb2.Event
OperatorEvent = master_pb2.Event


@dataclass(frozen=True, slots=True)
class FailoverTimeout:
    """The framework stayed away for longer than it said it would."""

    framework_id: str


def subscribe(cluster: Cluster, request: Subscribe) -> None:
    call = request.call.subscribe
    info = mesos_pb2.FrameworkInfo()
    info.CopyFrom(call.framework_info)
    error = (
        framework_error(info, call.suppressed_roles)
        or constraints.constraints_error(call.offer_constraints)
        or _identity_error(cluster, info)
    )
    if error:
        cluster.log.info("refused the subscription of framework %r: %s", info.name, error)
        request.stream.tell(SendEvent(Event(type=Event.ERROR, error=Event.Error(message=error))))
        request.stream.tell(EndStream())
        return
    framework = cluster.frameworks.get(info.id.value) if info.HasField("id") and info.id.value else None
    if framework is None:
        cluster.metrics.count("master/messages_register_framework")
        framework = _add(cluster, info)
    else:
        cluster.metrics.count("master/messages_reregister_framework")
        _fail_over(cluster, framework, info)
    framework.stream, framework.stream_id = request.stream, request.stream_id
    framework.offer_constraints.CopyFrom(call.offer_constraints)
    cluster.timers.cancel(("failover", framework.id))
    offer_to(cluster, framework, call.suppressed_roles, active=True)
    subscribed = Event.Subscribed(
        framework_id=framework.info.id,
        heartbeat_interval_seconds=cluster.settings.heartbeat_interval,
        master_info=cluster.master,
    )
    cluster.send(framework, Event(type=Event.SUBSCRIBED, subscribed=subscribed))
    framework.counts.calls[request.call.type] += 1
    framework.counts.events[Event.HEARTBEAT] += 1  # the first; of the others only the stream knows
    request.stream.tell(StartHeartbeats(cluster.settings.heartbeat_interval))
    for status in list(framework.unacknowledged.values()):
        cluster.send(framework, update_event(status))
    cluster.dirty.add_all(cluster.agents)


def _identity_error(cluster: Cluster, info: mesos_pb2.FrameworkInfo) -> str | None:
    if info.id.value in cluster.completed_frameworks:
        return "Framework has been removed"
    known = cluster.frameworks.get(info.id.value)
    if known is not None:
        old = known.info
        if old.HasField("principal") != info.HasField("principal") or old.principal != info.principal:
            return "Changing framework's principal is not allowed."
    return None


def _add(cluster: Cluster, info: mesos_pb2.FrameworkInfo) -> Framework:
    if not info.id.value:
        info.id.value = cluster.new_framework_id()
    framework = Framework(info, cluster.now())
    framework.reregistered_time = framework.registered_time
    cluster.frameworks[framework.id] = framework
    added = OperatorEvent.FrameworkAdded()
    added.framework.CopyFrom(views.framework_for_event(framework, connected=True))
    cluster.publish(OperatorEvent(type=OperatorEvent.FRAMEWORK_ADDED, framework_added=added))
    cluster.log.info("framework %s (%s) subscribed", framework.id, info.name)
    return framework


def recover(cluster: Cluster, info: mesos_pb2.FrameworkInfo) -> Framework:
    """A framework that an agent knows and this master does not: it may come back until its time is over."""
    known = cluster.frameworks.get(info.id.value)
    if known is not None:
        return known
    framework = Framework(info, cluster.now())
    framework.recovered = True
    cluster.frameworks[framework.id] = framework
    offer_to(cluster, framework, (), active=False)
    patience = max(info.failover_timeout, cluster.settings.agent_reregister_timeout)
    cluster.timers.start_single(("failover", framework.id), FailoverTimeout(framework.id), patience)
    return framework


def _fail_over(cluster: Cluster, framework: Framework, info: mesos_pb2.FrameworkInfo) -> None:
    """All that was out with the old subscription is void; user and checkpoint stay what they were."""
    if framework.stream is not None:
        cluster.send(framework, Event(type=Event.ERROR, error=Event.Error(message="Framework failed over")))
        framework.stream.tell(EndStream())
        framework.stream = None
    take_back(cluster, framework)
    info.user, info.checkpoint = framework.info.user, framework.info.checkpoint
    _replace_info(cluster, framework, info)
    framework.recovered = False
    framework.reregistered_time = cluster.now()
    cluster.log.info("framework %s (%s) subscribed again", framework.id, info.name)


def _replace_info(cluster: Cluster, framework: Framework, info: mesos_pb2.FrameworkInfo) -> None:
    framework.info = info
    for agent in cluster.agents.values():
        if agent.connected and (framework.id in agent.tasks or framework.id in agent.executors):
            agent.ref.tell(UpdateFramework(info))
    updated = OperatorEvent.FrameworkUpdated()
    updated.framework.CopyFrom(views.framework_for_event(framework, connected=True))
    cluster.publish(OperatorEvent(type=OperatorEvent.FRAMEWORK_UPDATED, framework_updated=updated))


def take_back(cluster: Cluster, framework: Framework) -> None:
    """All offers and inverse offers, without a word."""
    for offer in list(framework.offers.values()):
        offers.discard(cluster, offer)
    for inverse in list(framework.inverse_offers.values()):
        inverse_offers.discard(cluster, inverse)


def offer_to(cluster: Cluster, framework: Framework, suppressed: Any, active: bool) -> None:
    """Tells the allocator what the framework is and wants."""
    cluster.allocator.set_framework(
        framework.id,
        framework.roles,
        suppressed,
        active,
        _understood_by(cluster, framework),
        _least_wanted(framework.info),
    )


def _least_wanted(info: mesos_pb2.FrameworkInfo) -> dict[str, list[Quantities]]:
    """Its ``offer_filters``: how much an offer for a role must have at least. Without any, any offer will do."""
    return {
        role: [
            Quantities({name: to_thousandths(scalar.value) for name, scalar in least.quantities.items()})
            for least in filters.min_allocatable_resources.quantities
        ]
        for role, filters in info.offer_filters.items()
        if filters.HasField("min_allocatable_resources")
    }


def _understood_by(cluster: Cluster, framework: Framework) -> Callable[[str, str, Resources], Resources]:
    """What of an agent the framework can be offered, given what it declared that it understands."""
    gpus = framework.can(Capability.GPU_RESOURCES)
    shared = framework.can(Capability.SHARED_RESOURCES)
    revocable = framework.can(Capability.REVOCABLE_RESOURCES)
    refinement = framework.can(Capability.RESERVATION_REFINEMENT)

    def part(role: str, agent_id: str, resources: Resources) -> Resources:
        agent = cluster.agents[agent_id]
        if not gpus and agent.total.gpus:
            return Resources()
        if not constraints.matches(framework.offer_constraints, role, agent.info):
            return Resources()
        return resources.filter(
            lambda each: (
                (shared or not each.is_shared)
                and (revocable or not each.is_revocable)
                and (refinement or len(each.reservations) < 2)
            )
        )

    return part


def update(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.UpdateFramework) -> Answer:
    """UPDATE_FRAMEWORK: 200, or 400 and nothing has changed."""
    info = mesos_pb2.FrameworkInfo()
    info.CopyFrom(call.framework_info)
    error = framework_error(info, call.suppressed_roles)
    if error:
        return Answer(400, f"Supplied FrameworkInfo is not valid: {error}")
    error = constraints.constraints_error(call.offer_constraints)
    if error:
        return Answer(400, f"'UpdateFramework.offer_constraints' are not valid: {error}")
    error = framework_update_error(framework.info, info)
    if error:
        return Answer(400, f"FrameworkInfo update is not valid: {error}")
    _replace_info(cluster, framework, info)
    framework.offer_constraints.CopyFrom(call.offer_constraints)
    for offer in list(framework.offers.values()):
        if offer.role not in framework.roles:
            offers.rescind(cluster, offer)
    offer_to(cluster, framework, call.suppressed_roles, active=True)
    cluster.dirty.add_all(cluster.agents)
    return Answer(200)


# -- the end


def disconnect(cluster: Cluster, framework: Framework) -> None:
    """Its stream is gone: no offers, and its time to come back begins."""
    framework.stream = framework.stream_id = None
    take_back(cluster, framework)
    cluster.allocator.set_framework_active(framework.id, False)
    timeout = framework.info.failover_timeout
    cluster.log.info("framework %s disconnected; it has %g s to come back", framework.id, max(0.0, timeout))
    if timeout <= 0:
        remove(cluster, framework)
        return
    cluster.timers.start_single(("failover", framework.id), FailoverTimeout(framework.id), timeout)


def remove(cluster: Cluster, framework: Framework) -> None:
    """For good: its tasks are killed, its stream ends, its id is barred."""
    take_back(cluster, framework)
    cluster.timers.cancel(("failover", framework.id))
    if framework.stream is not None:
        framework.stream.tell(EndStream())
        framework.stream = framework.stream_id = None
    for agent in cluster.agents.values():
        if agent.connected:
            agent.ref.tell(ShutdownFramework(framework.id))
    for task in list(framework.tasks.values()):
        tasks.lose(
            cluster,
            framework,
            task,
            mesos_pb2.TASK_KILLED,
            mesos_pb2.TaskStatus.REASON_FRAMEWORK_REMOVED,
            f"Framework {framework.id} removed",
            tell=False,
        )
    for agent_id, executors in framework.executors.items():
        agent_ = cluster.agents.get(agent_id)
        if agent_ is not None:
            agent_.executors.pop(framework.id, None)
            for executor in executors.values():
                cluster.release(framework, agent_, resources_in(executor.resources))
            cluster.dirty.add(agent_id)
    framework.executors.clear()
    for uuid, operation in framework.operations.items():
        owner = cluster.agents.get(operation.agent_id)
        if owner is not None:
            owner.operations.pop(uuid, None)
    framework.operations.clear()
    cluster.allocator.remove_framework(framework.id)
    del cluster.frameworks[framework.id]
    framework.unregistered_time = cluster.now()
    cluster.completed_frameworks[framework.id] = framework
    while len(cluster.completed_frameworks) > cluster.settings.max_completed_frameworks:
        cluster.completed_frameworks.popitem(last=False)
    removed = OperatorEvent.FrameworkRemoved(framework_info=framework.info)
    cluster.publish(OperatorEvent(type=OperatorEvent.FRAMEWORK_REMOVED, framework_removed=removed))
    cluster.log.info("framework %s (%s) is removed", framework.id, framework.info.name)


def end_stream_of(cluster: Cluster, ref: ActorRef[Any]) -> Framework | None:
    """The framework whose current stream this is; None for a stream that was replaced before it ended."""
    for framework in cluster.frameworks.values():
        if framework.stream is ref:
            return framework
    return None
