"""Every event of the scheduler API arrives as its class, whichever way it was written on the wire."""

from typing import Any

import pytest

from actors import ActorSystem
from actors.mesos import (
    AgentLost,
    ConnectionSettings,
    Error,
    Event,
    ExecutorLost,
    FrameworkMessage,
    InverseOfferRescinded,
    InverseOffers,
    OfferRescinded,
    OperationStatusUpdate,
    ResourceOffers,
    StatusUpdate,
)
from mesos_proto import (
    AgentID,
    ExecutorID,
    InverseOffer,
    Offer,
    OfferID,
    TaskStatus,
    mesos_pb2,
    scheduler_pb2,
)
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import offer, registered, status

INVERSE = mesos_pb2.InverseOffer(
    id=mesos_pb2.OfferID(value="I1"),
    framework_id=mesos_pb2.FrameworkID(value="F1"),
    agent_id=mesos_pb2.AgentID(value="A1"),
    unavailability=mesos_pb2.Unavailability(start=mesos_pb2.TimeInfo(nanoseconds=1)),
)
OPERATION = mesos_pb2.OperationStatus(
    operation_id=mesos_pb2.OperationID(value="op"), state=mesos_pb2.OPERATION_FINISHED, message="done"
)
RUNNING = status("t", "TASK_RUNNING", b"0123456789abcdef", data=b"\x00\xff")
A, E = AgentID("A1"), ExecutorID("E1")
_AGENT, _EXECUTOR = {"agent_id": {"value": "A1"}}, {"executor_id": {"value": "E1"}}

EVENTS: list[tuple[dict[str, Any], Event]] = [
    ({"type": "OFFERS", "offers": {"offers": [offer("O1")]}}, ResourceOffers((Offer(offer("O1")),))),
    ({"type": "RESCIND", "rescind": {"offer_id": {"value": "O0"}}}, OfferRescinded(OfferID("O0"))),
    (
        {"type": "INVERSE_OFFERS", "inverse_offers": {"inverse_offers": [INVERSE]}},
        InverseOffers((InverseOffer(INVERSE),)),
    ),
    (
        {"type": "RESCIND_INVERSE_OFFER", "rescind_inverse_offer": {"inverse_offer_id": {"value": "I1"}}},
        InverseOfferRescinded(OfferID("I1")),
    ),
    ({"type": "UPDATE", "update": {"status": RUNNING}}, StatusUpdate(TaskStatus(RUNNING))),
    (
        {"type": "UPDATE_OPERATION_STATUS", "update_operation_status": {"status": OPERATION}},
        OperationStatusUpdate(OPERATION),
    ),
    (
        {"type": "MESSAGE", "message": {**_AGENT, **_EXECUTOR, "data": b"\x00\xff"}},
        FrameworkMessage(A, E, b"\x00\xff"),
    ),
    ({"type": "FAILURE", "failure": _AGENT}, AgentLost(A)),
    ({"type": "FAILURE", "failure": {**_AGENT, **_EXECUTOR}}, ExecutorLost(A, E, None)),
    ({"type": "FAILURE", "failure": {**_AGENT, **_EXECUTOR, "status": 9}}, ExecutorLost(A, E, 9)),
    ({"type": "ERROR", "error": {"message": "something"}}, Error("something")),
]


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
async def test_every_event_arrives_as_its_class(system: ActorSystem, master: ScriptedMaster, encoding: str) -> None:
    settings = ConnectionSettings(encoding=encoding)
    framework, stream = await registered(system, master, settings=settings)
    assert stream.request.content_type == {"protobuf": "application/x-protobuf", "json": "application/json"}[encoding]
    for fields, _ in EVENTS:
        await stream.send(scheduler_pb2.Event(**fields))
    for _, expected in EVENTS:
        assert await anext(framework.events) == expected
    await framework.deactivate()


def test_no_type_of_event_is_forgotten() -> None:
    concern_the_connection = {"UNKNOWN", "SUBSCRIBED", "HEARTBEAT"}
    here = {fields["type"] for fields, _ in EVENTS}
    assert here | concern_the_connection == set(scheduler_pb2.Event.Type.keys())
