"""Offers as ``/v2/queue?embed=lastUnusedOffers`` shows them (``Formats.scala``, ``offer.raml``)."""

from __future__ import annotations

from typing import Any

from actors.marathon.messages import UnusedOffer
from actors.marathon.model import version_of
from mesos_proto import mesos_pb2

__all__ = ["unused_offer_json"]


def unused_offer_json(unused: UnusedOffer) -> dict[str, Any]:
    """An offer that could not be used, why, and when."""
    return {"offer": _offer(unused.offer.proto), "reason": [unused.reason], "timestamp": version_of(unused.at)}


def _offer(offer: mesos_pb2.Offer) -> dict[str, Any]:
    return {
        "id": offer.id.value,
        "hostname": offer.hostname,
        "agentId": offer.agent_id.value,
        "resources": [
            {"name": resource.name, "role": _role(resource), **_value(resource)} for resource in offer.resources
        ],
        "attributes": [{"name": attribute.name, **_value(attribute)} for attribute in offer.attributes],
    }


def _role(resource: mesos_pb2.Resource) -> str:
    return resource.reservations[-1].role if resource.reservations else resource.role or "*"


def _value(holder: mesos_pb2.Resource | mesos_pb2.Attribute) -> dict[str, Any]:
    match holder.type:
        case mesos_pb2.Value.SCALAR:
            return {"scalar": holder.scalar.value}
        case mesos_pb2.Value.RANGES:
            return {"ranges": [{"begin": span.begin, "end": span.end} for span in holder.ranges.range]}
        case mesos_pb2.Value.SET:
            return {"set": list(holder.set.item)}
    return {"text": holder.text.value} if isinstance(holder, mesos_pb2.Attribute) else {}
