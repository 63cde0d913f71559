"""The agent's resources as operations left them, and the operations whose status somebody still waits for.

::

    master ApplyOperation ──► stored with the new resources ──► UpdateOperationStatus(OPERATION_FINISHED)
                              again after 10 s, 20 s, … 10 min, at once with a new master, until …
    master AcknowledgeOperationStatus ──► forgotten

An operation without an id is said once: nobody can acknowledge it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actors.core import ActorContext
from actors.local_mesos.agent._master_link import MasterLink
from actors.local_mesos.agent._records import OperationAcknowledged, OperationRecord, ResourcesRecord
from actors.local_mesos.agent._status import random_uuid
from actors.local_mesos.agent._updates import RETRY_MAX, RETRY_MIN
from actors.local_mesos.agent._write_ahead import WriteAhead
from actors.local_mesos.messages import AcknowledgeOperationStatus, ApplyOperation, UpdateOperationStatus
from mesos_proto import mesos_pb2

__all__ = ["Operations", "SendOperationStatus"]


@dataclass(frozen=True, slots=True)
class SendOperationStatus:
    """From the agent to itself: the status was not acknowledged in time."""

    operation_uuid: bytes
    retry: float


class Operations:
    """Belongs to the agent of ``context``."""

    def __init__(self, context: ActorContext, link: MasterLink, ahead: WriteAhead) -> None:
        self.resources: tuple[mesos_pb2.Resource, ...] = ()
        """All the agent has, with reservations and volumes; empty: as it was when it first registered."""
        self._context = context
        self._link = link
        self._ahead = ahead
        self._waiting: dict[bytes, mesos_pb2.Operation] = {}

    @property
    def waiting(self) -> tuple[mesos_pb2.Operation, ...]:
        """Those whose status is not acknowledged."""
        return tuple(self._waiting.values())

    def restore(self, resources: Iterable[mesos_pb2.Resource], waiting: Iterable[mesos_pb2.Operation]) -> None:
        self.resources = tuple(resources)
        self._waiting = {operation.uuid.value: operation for operation in waiting}

    def apply(self, message: ApplyOperation) -> None:
        if message.operation_uuid in self._waiting:
            return  # its registration did not name it yet, and so it was sent again
        status = mesos_pb2.OperationStatus(state=mesos_pb2.OPERATION_FINISHED)
        operation = mesos_pb2.Operation(
            framework_id=mesos_pb2.FrameworkID(value=message.framework_id),
            agent_id=mesos_pb2.AgentID(value=self._link.agent_id),
            info=message.operation,
            latest_status=status,
            uuid=mesos_pb2.UUID(value=message.operation_uuid),
        )
        self.resources = message.resources
        if not message.operation.HasField("id"):
            self._ahead.then((ResourcesRecord(message.resources),), lambda: self._send(operation))
            return
        operation.latest_status.operation_id.CopyFrom(message.operation.id)
        operation.latest_status.uuid.value = random_uuid(self._context.system).bytes
        self._waiting[message.operation_uuid] = operation
        records = (ResourcesRecord(message.resources), OperationRecord(operation))
        self._ahead.then(records, lambda: self.send_again(SendOperationStatus(message.operation_uuid, RETRY_MIN)))

    def send_again(self, message: SendOperationStatus) -> None:
        operation = self._waiting.get(message.operation_uuid)
        if operation is not None:
            self._send(operation)
            later = SendOperationStatus(message.operation_uuid, min(2 * message.retry, RETRY_MAX))
            self._context.timers.start_single(("operation", message.operation_uuid), later, message.retry)

    def start_over(self) -> None:
        """There is a new registration: whoever waits hears at once."""
        for uuid in list(self._waiting):
            self.send_again(SendOperationStatus(uuid, RETRY_MIN))

    def acknowledged(self, message: AcknowledgeOperationStatus) -> None:
        operation = self._waiting.get(message.operation_uuid)
        if operation is None or operation.latest_status.uuid.value != message.status_uuid:
            return  # repeated, as the status was
        del self._waiting[message.operation_uuid]
        self._context.timers.cancel(("operation", message.operation_uuid))
        self._ahead.then((OperationAcknowledged(message.operation_uuid),))

    def _send(self, operation: mesos_pb2.Operation) -> None:
        framework_id, agent_id = operation.framework_id.value, self._link.agent_id
        status = operation.latest_status
        self._link.send(UpdateOperationStatus(framework_id, agent_id, operation.uuid.value, status))
