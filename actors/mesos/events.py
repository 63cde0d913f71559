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


def _failure(event: scheduler.Event) -> Event:
    failure = event.failure
    agent_id = AgentID(failure.agent_id.value)
    if not failure.HasField("executor_id"):
        return AgentLost(agent_id)
    return ExecutorLost(
        agent_id, ExecutorID(failure.executor_id.value), failure.status if failure.HasField("status") else None
    )


_FROM_PROTO: dict[int, Callable[[scheduler.Event], Event]] = {
    scheduler.Event.OFFERS: lambda e: ResourceOffers(tuple(map(Offer, e.offers.offers))),
    scheduler.Event.RESCIND: lambda e: OfferRescinded(OfferID(e.rescind.offer_id.value)),
    scheduler.Event.INVERSE_OFFERS: lambda e: InverseOffers(tuple(map(InverseOffer, e.inverse_offers.inverse_offers))),
    scheduler.Event.RESCIND_INVERSE_OFFER: lambda e: InverseOfferRescinded(
        OfferID(e.rescind_inverse_offer.inverse_offer_id.value)
    ),
    scheduler.Event.UPDATE: lambda e: StatusUpdate(TaskStatus(e.update.status)),
    scheduler.Event.UPDATE_OPERATION_STATUS: lambda e: OperationStatusUpdate(e.update_operation_status.status),
    scheduler.Event.MESSAGE: lambda e: FrameworkMessage(
        AgentID(e.message.agent_id.value), ExecutorID(e.message.executor_id.value), e.message.data
    ),
    scheduler.Event.FAILURE: _failure,
    scheduler.Event.ERROR: lambda e: Error(e.error.message),
}


def event_of(message: scheduler.Event) -> Event | None:
    """The event that a message of the stream stands for; None for a type that this API does not know.

    SUBSCRIBED and HEARTBEAT concern the connection alone and are not among these.
    """
    read = _FROM_PROTO.get(message.type)
    return None if read is None else read(message)
