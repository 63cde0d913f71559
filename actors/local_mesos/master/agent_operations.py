"""Operations on an agent's resources: sent to it, followed until their status is acknowledged.

::

    ACCEPT / an operator ──► apply ──► ApplyOperation to the agent; the master counts on its success at once
    the agent registers again ──► send_again ──► those that it did not name: they may have crossed it
    agent UpdateOperationStatus ──► updated ──► UPDATE_OPERATION_STATUS, if the operation carries an id
    framework ACKNOWLEDGE_OPERATION_STATUS ──► acknowledged ──► to the agent; the record goes
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from actors.local_mesos.messages import AcknowledgeOperationStatus, ApplyOperation, UpdateOperationStatus
from mesos_proto import mesos_pb2, scheduler_pb2

from .cluster import Agent, Cluster, Framework, Operation
from .operations import Conversion

__all__ = ["acknowledged", "apply", "refuse", "send_again", "unknown_to", "updated"]

Event = scheduler_pb2.Event


def apply(
    cluster: Cluster,
    framework: Framework | None,
    agent: Agent,
    operation: mesos_pb2.Offer.Operation,
    conversion: Conversion,
) -> None:
    """The agent's resources are the converted ones from now on."""
    bare = Conversion(conversion.consumed.unallocated(), conversion.converted.unallocated())
    agent.total = bare.apply(agent.total)
    cluster.allocator.update_total(agent.id, agent.total)
    record = mesos_pb2.Operation(
        agent_id=agent.info.id,
        info=operation,
        latest_status=mesos_pb2.OperationStatus(state=mesos_pb2.OPERATION_PENDING),
        uuid=mesos_pb2.UUID(value=cluster.new_uuid()),
    )
    if operation.HasField("id"):
        record.latest_status.operation_id.CopyFrom(operation.id)
    entry = Operation(record, framework.id if framework is not None else "", agent.id)
    agent.operations[record.uuid.value] = entry
    if framework is not None:
        record.framework_id.CopyFrom(framework.info.id)
        framework.operations[record.uuid.value] = entry
    if agent.connected:
        _send(agent, entry)
    kind = mesos_pb2.Offer.Operation.Type.Name(operation.type).lower()
    cluster.metrics.count_operation(kind, "total")


def unknown_to(agent: Agent, named: Container[bytes]) -> list[Operation]:
    """Those that the agent may not have heard of, as it names only ``named``."""
    pending = mesos_pb2.OPERATION_PENDING
    return [
        entry
        for uuid, entry in agent.operations.items()
        if entry.proto.latest_status.state == pending and uuid not in named
    ]


def send_again(agent: Agent, entries: Iterable[Operation]) -> None:
    """What an operation leaves goes with it: to an agent that did hear of it, it changes nothing."""
    for entry in entries:
        _send(agent, entry)


def _send(agent: Agent, entry: Operation) -> None:
    resources = tuple(agent.total.to_protos(refined_format=True))
    agent.ref.tell(ApplyOperation(entry.framework_id, entry.proto.info, entry.proto.uuid.value, resources))


def refuse(cluster: Cluster, framework: Framework, operation: mesos_pb2.Offer.Operation, error: str) -> None:
    """The framework is told if the operation carries an id; without one the failure is silent."""
    kind = mesos_pb2.Offer.Operation.Type.Name(operation.type).lower()
    cluster.metrics.count_operation(kind, "total")
    cluster.metrics.count_operation(kind, "error")
    cluster.log.info("refused %s of framework %s: %s", kind, framework.id, error)
    if not operation.HasField("id"):
        return
    status = mesos_pb2.OperationStatus(operation_id=operation.id, state=mesos_pb2.OPERATION_ERROR, message=error)
    _tell(cluster, framework, status)


def updated(cluster: Cluster, message: UpdateOperationStatus) -> None:
    cluster.metrics.count("master/messages_operation_status_update")
    agent = cluster.agents.get(message.agent_id)
    entry = agent.operations.get(message.operation_uuid) if agent is not None else None
    if agent is None or entry is None:
        cluster.metrics.count("master/invalid_operation_status_updates")
        if agent is not None and message.status.HasField("uuid"):
            # Nobody will ever acknowledge it: its framework is gone, or it has been acknowledged before.
            agent.ref.tell(
                AcknowledgeOperationStatus(message.framework_id, message.operation_uuid, message.status.uuid.value)
            )
        return
    cluster.metrics.count("master/valid_operation_status_updates")
    status = mesos_pb2.OperationStatus()
    status.CopyFrom(message.status)
    status.agent_id.CopyFrom(agent.info.id)
    status.ClearField("converted_resources")
    if entry.has_id:
        status.operation_id.CopyFrom(entry.proto.info.id)
    if entry.proto.latest_status != status:
        entry.proto.latest_status.CopyFrom(status)
        entry.proto.statuses.add().CopyFrom(status)
        kind = mesos_pb2.Offer.Operation.Type.Name(entry.proto.info.type).lower()
        state = mesos_pb2.OperationState.Name(status.state).removeprefix("OPERATION_").lower()
        cluster.metrics.count_operation(kind, state)
    if not entry.has_id:
        _forget(cluster, entry)
        return
    framework = cluster.frameworks.get(entry.framework_id)
    if framework is not None:
        _tell(cluster, framework, status)


def acknowledged(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.AcknowledgeOperationStatus) -> None:
    cluster.metrics.count("master/messages_operation_status_update_acknowledgement")
    for uuid, entry in framework.operations.items():
        status = entry.proto.latest_status
        if entry.proto.info.id.value == call.operation_id.value and status.uuid.value == call.uuid:
            agent = cluster.agents.get(entry.agent_id)
            if agent is not None and agent.connected:
                agent.ref.tell(AcknowledgeOperationStatus(framework.id, uuid, call.uuid))
            _forget(cluster, entry)
            cluster.metrics.count("master/valid_operation_status_update_acknowledgements")
            return
    cluster.metrics.count("master/invalid_operation_status_update_acknowledgements")


def _forget(cluster: Cluster, entry: Operation) -> None:
    uuid = entry.proto.uuid.value
    agent = cluster.agents.get(entry.agent_id)
    if agent is not None:
        agent.operations.pop(uuid, None)
    framework = cluster.frameworks.get(entry.framework_id)
    if framework is not None:
        framework.operations.pop(uuid, None)


def _tell(cluster: Cluster, framework: Framework, status: mesos_pb2.OperationStatus) -> None:
    told = Event.UpdateOperationStatus(status=status)
    cluster.send(framework, Event(type=Event.UPDATE_OPERATION_STATUS, update_operation_status=told))
