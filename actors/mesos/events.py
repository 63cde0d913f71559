"""What a master tells a framework, as classes that ``match`` understands.

====================  ==================================================================================================
`Registered`          first subscription; keep ``framework_id``, it finds the tasks again
`Reregistered`        subscribed again under the same id: every offer from before is void, pending updates come again
`ResourceOffers`      resources to use (``driver.accept_offers``) or to give back (``driver.decline_offer``)
`OfferRescinded`      this offer is gone; what was launched on it comes back as TASK_LOST or TASK_DROPPED
`InverseOffers`       the master would like an agent back for maintenance
`InverseOfferRescinded`  it no longer would
`StatusUpdate`        a task changed (or an answer to reconciliation): store it, then ``driver.acknowledge(status)``
`OperationStatusUpdate`  an operation that has an id changed: store it, then ``driver.acknowledge_operation(status)``
`FrameworkMessage`    bytes from an executor; best effort, may be lost
`AgentLost`           the agent was removed; its tasks get updates of their own, before or after this
`ExecutorLost`        an executor ended; likewise
`Error`               the master complains; the subscription is usually over
`Disconnected`        the stream is lost; calls fail until `Reregistered`, tasks go on meanwhile
====================  ==================================================================================================

All are immutable. Field names follow Mesos's v1 scheduler API.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mesos_proto import AgentID, ExecutorID, FrameworkID, InverseOffer, Offer, OfferID, TaskStatus, mesos_pb2
from mesos_proto import scheduler_pb2 as scheduler

from .errors import StreamLost

__all__ = [
    "AgentLost",
    "Disconnected",
    "Error",
    "Event",
    "ExecutorLost",
    "FrameworkMessage",
    "InverseOfferRescinded",
    "InverseOffers",
    "OfferRescinded",
    "OperationStatusUpdate",
    "Registered",
    "Reregistered",
    "ResourceOffers",
    "StatusUpdate",
    "Subscribed",
]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription stands. ``heartbeat_interval`` is in seconds. Comes as `Registered` or `Reregistered`."""

    framework_id: FrameworkID
    master_info: mesos_pb2.MasterInfo
    heartbeat_interval: float


@dataclass(frozen=True, slots=True)
class Registered(Subscribed):
    """The first subscription of a framework that had no id."""


@dataclass(frozen=True, slots=True)
class Reregistered(Subscribed):
    """A subscription under an id that the framework already had: after an interruption, or in a new process."""


@dataclass(frozen=True, slots=True)
class ResourceOffers:
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class OfferRescinded:
    offer_id: OfferID


@dataclass(frozen=True, slots=True)
class InverseOffers:
    inverse_offers: tuple[InverseOffer, ...]


@dataclass(frozen=True, slots=True)
class InverseOfferRescinded:
    inverse_offer_id: OfferID


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    status: TaskStatus


@dataclass(frozen=True, slots=True)
class OperationStatusUpdate:
    status: mesos_pb2.OperationStatus


@dataclass(frozen=True, slots=True)
class FrameworkMessage:
    agent_id: AgentID
    executor_id: ExecutorID
    data: bytes


@dataclass(frozen=True, slots=True)
class AgentLost:
    agent_id: AgentID


@dataclass(frozen=True, slots=True)
class ExecutorLost:
    """``status`` is the exit status as ``wait(2)`` gives it, or None when the agent does not know it."""

    agent_id: AgentID
    executor_id: ExecutorID
    status: int | None


@dataclass(frozen=True, slots=True)
class Error:
    message: str


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


Event = (
    Subscribed
    | ResourceOffers
    | OfferRescinded
    | InverseOffers
    | InverseOfferRescinded
    | StatusUpdate
    | OperationStatusUpdate
    | FrameworkMessage
    | AgentLost
    | ExecutorLost
    | Error
    | Disconnected
)


def text(value: str) -> str:
    """An id as it is on the wire. Of what is no UTF-8 protobuf makes bytes, whatever its types say.

    Raises `StreamLost`: it is none.
    """
    if type(value) is not str or not value:
        raise nonsense(f"an id reads {value!r}")
    return value


def nonsense(what: str) -> StreamLost:
    """What came reads as the protocol's, and no master says such a thing: it was damaged on its way."""
    return StreamLost(f"the master's stream makes no sense any more: {what}")


def _offers(event: scheduler.Event) -> Event:
    offers = tuple(map(Offer, event.offers.offers))
    for offer in offers:
        text(offer.proto.id.value)
        text(offer.proto.agent_id.value)
    return ResourceOffers(offers)


def _inverse_offers(event: scheduler.Event) -> Event:
    offers = tuple(map(InverseOffer, event.inverse_offers.inverse_offers))
    for offer in offers:
        text(offer.proto.id.value)
    return InverseOffers(offers)


def _update(event: scheduler.Event) -> Event:
    proto = event.update.status
    text(proto.task_id.value)
    if proto.HasField("agent_id"):
        text(proto.agent_id.value)
    elif proto.uuid:
        raise nonsense(f"the update {proto.uuid.hex()} of task {proto.task_id.value} names no agent")
    return StatusUpdate(TaskStatus(proto))


def _message(event: scheduler.Event) -> Event:
    message = event.message
    return FrameworkMessage(
        AgentID(text(message.agent_id.value)), ExecutorID(text(message.executor_id.value)), message.data
    )


def _failure(event: scheduler.Event) -> Event:
    failure = event.failure
    agent_id = AgentID(text(failure.agent_id.value))
    if not failure.HasField("executor_id"):
        return AgentLost(agent_id)
    return ExecutorLost(
        agent_id, ExecutorID(text(failure.executor_id.value)), failure.status if failure.HasField("status") else None
    )


_FROM_PROTO: dict[int, tuple[str, Callable[[scheduler.Event], Event]]] = {
    scheduler.Event.OFFERS: ("offers", _offers),
    scheduler.Event.RESCIND: ("rescind", lambda e: OfferRescinded(OfferID(text(e.rescind.offer_id.value)))),
    scheduler.Event.INVERSE_OFFERS: ("inverse_offers", _inverse_offers),
    scheduler.Event.RESCIND_INVERSE_OFFER: (
        "rescind_inverse_offer",
        lambda e: InverseOfferRescinded(OfferID(text(e.rescind_inverse_offer.inverse_offer_id.value))),
    ),
    scheduler.Event.UPDATE: ("update", _update),
    scheduler.Event.UPDATE_OPERATION_STATUS: (
        "update_operation_status",
        lambda e: OperationStatusUpdate(e.update_operation_status.status),
    ),
    scheduler.Event.MESSAGE: ("message", _message),
    scheduler.Event.FAILURE: ("failure", _failure),
    scheduler.Event.ERROR: ("error", lambda e: Error(e.error.message)),
}


def event_of(message: scheduler.Event) -> Event | None:
    """The event that a message of the stream stands for; None for a type that this API does not know.

    SUBSCRIBED and HEARTBEAT concern the connection alone and are not among these.

    Raises `StreamLost`: it lacks what its type says, or an id is none.
    """
    known = _FROM_PROTO.get(message.type)
    if known is None:
        return None
    field, read = known
    if not message.HasField(field):  # type: ignore[arg-type]
        raise nonsense(f"an event of type {scheduler.Event.Type.Name(message.type)} without its {field}")
    return read(message)
