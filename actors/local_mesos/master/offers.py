"""Offers: made of what the allocator gives away, and taken back.

::

    allocator ──► make ──► OFFERS to the framework       an agent is offered to one framework at a time
    framework ──► decline, accept the rest of it    ──►  recovered, refused for `filters.refuse_seconds`
    agent gone, deactivated, drained; time-out; …   ──►  RESCIND
    framework gone or failed over                   ──►  recovered without a word
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from mesos_proto import Resources, mesos_pb2, scheduler_pb2

from .cluster import Agent, Capability, Cluster, Framework, Offer

__all__ = ["OfferTimeout", "agent_url", "allocate", "decline", "discard", "refusal_end", "remove", "rescind"]

Event = scheduler_pb2.Event

_LONGEST_REFUSAL = 365 * 24 * 3600.0
_DEFAULT_REFUSAL = 5.0


@dataclass(frozen=True, slots=True)
class OfferTimeout:
    """The offer was out for too long."""

    offer_id: str


def allocate(cluster: Cluster, agents: Iterable[str]) -> None:
    """Offers what is free on these agents."""
    cluster.metrics.count("allocator/mesos/allocation_runs")
    began = cluster.clock.time()
    found = cluster.allocator.allocate(began, agents)
    cluster.metrics.allocation_run.note(cluster.clock.time() - began)
    cluster.metrics.allocation_latency.note(0.0)  # it is made in the turn in which it is asked for
    offers: dict[str, list[mesos_pb2.Offer]] = {}
    for framework_id, role, agent_id, resources in found:
        offer = _make(cluster, cluster.frameworks[framework_id], role, cluster.agents[agent_id], resources)
        offers.setdefault(framework_id, []).append(offer.proto)
    for framework_id, made in offers.items():
        framework = cluster.frameworks[framework_id]
        framework.counts.offers["sent"] += len(made)
        cluster.send(framework, Event(type=Event.OFFERS, offers=Event.Offers(offers=made)))


def _make(cluster: Cluster, framework: Framework, role: str, agent: Agent, bare: Resources) -> Offer:
    resources = bare.allocated(role)
    proto = mesos_pb2.Offer(
        id=mesos_pb2.OfferID(value=cluster.new_offer_id()),
        framework_id=framework.info.id,
        agent_id=agent.info.id,
        hostname=agent.info.hostname,
        url=agent_url(agent),
        attributes=agent.info.attributes,
        executor_ids=[each.executor_id for each in framework.executors.get(agent.id, {}).values()],
    )
    if agent.info.HasField("domain"):
        proto.domain.CopyFrom(agent.info.domain)
    planned = cluster.unavailability(agent)
    if planned is not None:
        proto.unavailability.CopyFrom(planned)
    shown = resources if framework.can(Capability.MULTI_ROLE) else bare
    proto.resources.extend(shown.to_protos(refined_format=framework.can(Capability.RESERVATION_REFINEMENT)))
    if framework.can(Capability.MULTI_ROLE):
        proto.allocation_info.role = role
    offer = Offer(proto.id.value, framework.id, agent.id, role, resources, proto)
    cluster.offers[offer.id] = framework.offers[offer.id] = agent.offers[offer.id] = offer
    if cluster.settings.offer_timeout is not None:
        cluster.timers.start_single(("offer", offer.id), OfferTimeout(offer.id), cluster.settings.offer_timeout)
    return offer


def agent_url(agent: Agent) -> mesos_pb2.URL:
    return mesos_pb2.URL(
        scheme="http",
        address=mesos_pb2.Address(hostname=agent.info.hostname, ip=agent.ip, port=agent.info.port),
        path="/slave(1)",
    )


def remove(cluster: Cluster, offer: Offer) -> None:
    """Out of the tables; its resources stay with the framework until somebody recovers them."""
    del cluster.offers[offer.id]
    del cluster.frameworks[offer.framework_id].offers[offer.id]
    del cluster.agents[offer.agent_id].offers[offer.id]
    if cluster.settings.offer_timeout is not None:
        cluster.timers.cancel(("offer", offer.id))


def discard(cluster: Cluster, offer: Offer) -> None:
    """Taken back without a word."""
    remove(cluster, offer)
    cluster.allocator.recover(offer.framework_id, offer.agent_id, offer.resources)
    cluster.dirty.add(offer.agent_id)


def rescind(cluster: Cluster, offer: Offer) -> None:
    """Taken back, and the framework is told."""
    framework = cluster.frameworks[offer.framework_id]
    discard(cluster, offer)
    framework.counts.offers["rescinded"] += 1
    cluster.send(framework, Event(type=Event.RESCIND, rescind=Event.Rescind(offer_id=offer.proto.id)))


def decline(cluster: Cluster, framework: Framework, offer_ids: Iterable[str], filters: mesos_pb2.Filters) -> None:
    """Offers that are not, or no longer, the framework's are ignored."""
    until = refusal_end(cluster, filters)
    for offer_id in offer_ids:
        offer = framework.offers.get(offer_id)
        if offer is None:
            cluster.log.debug("framework %s declines the unknown offer %s", framework.id, offer_id)
            continue
        remove(cluster, offer)
        framework.counts.offers["declined"] += 1
        cluster.allocator.recover(framework.id, offer.agent_id, offer.resources, until)


def refusal_end(cluster: Cluster, filters: mesos_pb2.Filters) -> float | None:
    """Until when what comes back is not offered to the same framework again; None: at the next allocation."""
    seconds = filters.refuse_seconds if filters.HasField("refuse_seconds") else _DEFAULT_REFUSAL
    if math.isnan(seconds) or seconds < 0:
        seconds = _DEFAULT_REFUSAL
    if seconds == 0:
        return None
    longest = min(seconds, _LONGEST_REFUSAL)
    return cluster.clock.time() + max(longest, cluster.settings.allocation_interval)
