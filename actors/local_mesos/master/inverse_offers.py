"""Inverse offers: an agent with planned maintenance is asked back from each framework that holds something of it.

A framework answers ACCEPT_INVERSE_OFFERS or DECLINE_INVERSE_OFFERS; the answer is kept for the operator
(GET_MAINTENANCE_STATUS) and the question is put again when the answer's filter has run out.
"""

from __future__ import annotations

from collections.abc import Iterable

from mesos_proto import allocator_pb2, mesos_pb2, scheduler_pb2

from .cluster import Cluster, Framework, InverseOffer
from .offers import agent_url, refusal_end

__all__ = ["answer", "ask_back", "discard", "rescind"]

Event = scheduler_pb2.Event
Status = allocator_pb2.InverseOfferStatus


def ask_back(cluster: Cluster) -> None:
    """An inverse offer for each framework on an agent with planned maintenance, unless it has one or refused it."""
    if not cluster.maintenance.schedule.windows:
        return  # asked after every change, of which thousands of agents make many
    asked: dict[str, list[mesos_pb2.InverseOffer]] = {}
    now = cluster.clock.time()
    for agent in cluster.agents.values():
        planned = cluster.unavailability(agent)
        if planned is None or not agent.active:
            continue
        out = {inverse.framework_id for inverse in agent.inverse_offers.values()}
        on_it = {offer.framework_id for offer in agent.offers.values()}
        on_it |= {framework_id for framework_id, tasks in agent.tasks.items() if tasks}
        for framework_id in sorted(on_it - out):
            framework = cluster.frameworks.get(framework_id)
            if framework is None or not framework.connected or agent.inverse_refusals.get(framework_id, 0.0) > now:
                continue
            proto = mesos_pb2.InverseOffer(
                id=mesos_pb2.OfferID(value=cluster.new_offer_id()),
                url=agent_url(agent),
                framework_id=framework.info.id,
                agent_id=agent.info.id,
                unavailability=planned,
            )
            inverse = InverseOffer(proto.id.value, framework_id, agent.id, proto)
            cluster.inverse_offers[inverse.id] = inverse
            framework.inverse_offers[inverse.id] = agent.inverse_offers[inverse.id] = inverse
            asked.setdefault(framework_id, []).append(proto)
    for framework_id, protos in asked.items():
        event = Event(type=Event.INVERSE_OFFERS, inverse_offers=Event.InverseOffers(inverse_offers=protos))
        cluster.send(cluster.frameworks[framework_id], event)


def discard(cluster: Cluster, inverse: InverseOffer) -> None:
    """Taken back without a word."""
    del cluster.inverse_offers[inverse.id]
    del cluster.frameworks[inverse.framework_id].inverse_offers[inverse.id]
    del cluster.agents[inverse.agent_id].inverse_offers[inverse.id]


def rescind(cluster: Cluster, inverse: InverseOffer) -> None:
    framework = cluster.frameworks[inverse.framework_id]
    discard(cluster, inverse)
    rescinded = Event.RescindInverseOffer(inverse_offer_id=inverse.proto.id)
    cluster.send(framework, Event(type=Event.RESCIND_INVERSE_OFFER, rescind_inverse_offer=rescinded))


def answer(
    cluster: Cluster, framework: Framework, offer_ids: Iterable[str], filters: mesos_pb2.Filters, accepted: bool
) -> None:
    """ACCEPT_INVERSE_OFFERS or DECLINE_INVERSE_OFFERS; what is not the framework's is ignored."""
    kind = Status.ACCEPT if accepted else Status.DECLINE
    for offer_id in offer_ids:
        inverse = framework.inverse_offers.get(offer_id)
        if inverse is None:
            cluster.log.debug("framework %s answers the unknown inverse offer %s", framework.id, offer_id)
            continue
        agent = cluster.agents[inverse.agent_id]
        discard(cluster, inverse)
        said_at = mesos_pb2.TimeInfo(nanoseconds=int(cluster.now() * 1e9))
        agent.inverse_statuses[framework.id] = Status(status=kind, framework_id=framework.info.id, timestamp=said_at)
        agent.inverse_refusals[framework.id] = refusal_end(cluster, filters) or 0.0
