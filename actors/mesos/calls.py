"""What a framework asks of its master: each call of the v1 scheduler API as an immutable message.

The driver makes them (``driver.kill_task(…)`` is ``driver.call(KillTask(…))``), and a `SchedulerActor` takes them as
messages. `to_proto` makes the message for the wire, without the framework's id, which the connection adds; it raises
`InvalidCall`, naming field and rule, for what the master would pass over in silence. `to_wire` is that message's bytes;
the calls that a busy framework makes all the time write them without the message.

202 from the master means "taken", not "done": what became of a call is told by events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from mesos_proto import AgentID, ExecutorID, Filters, FrameworkInfo, OfferID, OperationID, TaskID, TaskStatus, mesos_pb2
from mesos_proto import scheduler_pb2 as scheduler
from mesos_proto.wire import delimited, id_field, tag

from .errors import InvalidCall
from .operations import Operation

__all__ = [
    "NAMES",
    "AcceptInverseOffers",
    "AcceptOffers",
    "Acknowledge",
    "AcknowledgeOperation",
    "Call",
    "DeclineInverseOffers",
    "DeclineOffers",
    "KillTask",
    "OperationToReconcile",
    "ReconcileOperations",
    "ReconcileTasks",
    "RequestResources",
    "ReviveOffers",
    "SendFrameworkMessage",
    "ShutdownExecutor",
    "SuppressOffers",
    "TaskToReconcile",
    "Teardown",
    "UpdateFramework",
]

_Call = scheduler.Call


_ACCEPT = _Call(type=_Call.ACCEPT).SerializeToString() + tag(_Call, "accept")
_ACCEPT_OFFER_IDS = tag(_Call.Accept, "offer_ids")
_ACCEPT_OPERATIONS = tag(_Call.Accept, "operations")
_ACCEPT_FILTERS = tag(_Call.Accept, "filters")
_ACKNOWLEDGE = _Call(type=_Call.ACKNOWLEDGE).SerializeToString() + tag(_Call, "acknowledge")
_ACKNOWLEDGE_AGENT_ID = tag(_Call.Acknowledge, "agent_id")
_ACKNOWLEDGE_TASK_ID = tag(_Call.Acknowledge, "task_id")
_ACKNOWLEDGE_UUID = tag(_Call.Acknowledge, "uuid")


class _Plain:
    """A call whose bytes are made by way of its message."""

    __slots__ = ()

    def to_proto(self) -> scheduler.Call:
        raise NotImplementedError

    def to_wire(self) -> bytes:
        return self.to_proto().SerializeToString()


def _checked_offers(call: str, field: str, ids: Sequence[str]) -> Sequence[str]:
    if isinstance(ids, str):
        raise InvalidCall(f"{call}: {field} is the string {ids!r}; give a list of offer ids")
    if not ids:
        raise InvalidCall(f"{call}: {field} is empty; name at least one offer")
    if len(ids) > 1 and len(set(ids)) != len(ids):
        raise InvalidCall(f"{call}: {field} names an offer twice, which would void the whole call: {', '.join(ids)}")
    return ids


def _offers(call: str, field: str, ids: Sequence[str]) -> list[mesos_pb2.OfferID]:
    return [mesos_pb2.OfferID(value=offer_id) for offer_id in _checked_offers(call, field, ids)]


def _required(call: str, field: str, value: str | None) -> str:
    if not value:
        raise InvalidCall(f"{call}: {field} is missing; Mesos needs it")
    return value


@dataclass(frozen=True, slots=True)
class AcceptOffers:
    """Use offers of one agent and one role. One that is no longer valid voids the whole call."""

    offer_ids: Sequence[OfferID]
    operations: Sequence[Operation]
    filters: Filters | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.ACCEPT)
        call.accept.offer_ids.extend(_offers("AcceptOffers", "offer_ids", self.offer_ids))
        call.accept.operations.extend(operation.to_proto() for operation in self.operations)
        if self.filters is not None:
            call.accept.filters.CopyFrom(self.filters.proto)
        return call

    def to_wire(self) -> bytes:
        ids = _checked_offers("AcceptOffers", "offer_ids", self.offer_ids)
        parts = [id_field(_ACCEPT_OFFER_IDS, offer_id) for offer_id in ids]
        parts += [delimited(_ACCEPT_OPERATIONS, operation.to_wire()) for operation in self.operations]
        if self.filters is not None:
            parts.append(delimited(_ACCEPT_FILTERS, self.filters.proto.SerializeToString()))
        return delimited(_ACCEPT, b"".join(parts))


@dataclass(frozen=True, slots=True)
class DeclineOffers(_Plain):
    """Give offers back. ``filters.refuse_seconds`` (default 5) keeps the same resources away for so long."""

    offer_ids: Sequence[OfferID]
    filters: Filters | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.DECLINE)
        call.decline.offer_ids.extend(_offers("DeclineOffers", "offer_ids", self.offer_ids))
        if self.filters is not None:
            call.decline.filters.CopyFrom(self.filters.proto)
        return call


@dataclass(frozen=True, slots=True)
class AcceptInverseOffers(_Plain):
    inverse_offer_ids: Sequence[OfferID]
    filters: Filters | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.ACCEPT_INVERSE_OFFERS)
        ids = _offers("AcceptInverseOffers", "inverse_offer_ids", self.inverse_offer_ids)
        call.accept_inverse_offers.inverse_offer_ids.extend(ids)
        if self.filters is not None:
            call.accept_inverse_offers.filters.CopyFrom(self.filters.proto)
        return call


@dataclass(frozen=True, slots=True)
class DeclineInverseOffers(_Plain):
    inverse_offer_ids: Sequence[OfferID]
    filters: Filters | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.DECLINE_INVERSE_OFFERS)
        ids = _offers("DeclineInverseOffers", "inverse_offer_ids", self.inverse_offer_ids)
        call.decline_inverse_offers.inverse_offer_ids.extend(ids)
        if self.filters is not None:
            call.decline_inverse_offers.filters.CopyFrom(self.filters.proto)
        return call


@dataclass(frozen=True, slots=True)
class ReviveOffers(_Plain):
    """Want offers (again) for these roles, all when empty; clears earlier filters."""

    roles: Sequence[str] = ()

    def to_proto(self) -> scheduler.Call:
        return _Call(type=_Call.REVIVE, revive=_Call.Revive(roles=self.roles))


@dataclass(frozen=True, slots=True)
class SuppressOffers(_Plain):
    """Want no offers for these roles, all when empty. Holds over interruptions of the stream."""

    roles: Sequence[str] = ()

    def to_proto(self) -> scheduler.Call:
        return _Call(type=_Call.SUPPRESS, suppress=_Call.Suppress(roles=self.roles))


@dataclass(frozen=True, slots=True)
class KillTask(_Plain):
    """End a task. A task that the master does not know is answered as by reconciliation.

    ``kill_policy`` is the time between SIGTERM and SIGKILL; it can shorten a kill that is under way.
    """

    task_id: TaskID
    agent_id: AgentID | None = None
    kill_policy: timedelta | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.KILL)
        call.kill.task_id.value = _required("KillTask", "task_id", self.task_id)
        if self.agent_id:
            call.kill.agent_id.value = self.agent_id
        if self.kill_policy is not None:
            call.kill.kill_policy.grace_period.nanoseconds = self.kill_policy // timedelta(microseconds=1) * 1_000
        return call


@dataclass(frozen=True, slots=True)
class ShutdownExecutor(_Plain):
    """End an executor and all its tasks. Best effort."""

    executor_id: ExecutorID
    agent_id: AgentID

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.SHUTDOWN)
        call.shutdown.executor_id.value = _required("ShutdownExecutor", "executor_id", self.executor_id)
        call.shutdown.agent_id.value = _required("ShutdownExecutor", "agent_id", self.agent_id)
        return call


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """This status is safe with us; the agent may send the task's next one. One without uuid wants none."""

    status: TaskStatus

    def to_proto(self) -> scheduler.Call:
        agent_id, task_id, uuid = self._checked()
        call = _Call(type=_Call.ACKNOWLEDGE)
        call.acknowledge.agent_id.value = agent_id
        call.acknowledge.task_id.value = task_id
        call.acknowledge.uuid = uuid
        return call

    def to_wire(self) -> bytes:
        agent_id, task_id, uuid = self._checked()
        return delimited(
            _ACKNOWLEDGE,
            id_field(_ACKNOWLEDGE_AGENT_ID, agent_id)
            + id_field(_ACKNOWLEDGE_TASK_ID, task_id)
            + delimited(_ACKNOWLEDGE_UUID, uuid),
        )

    def _checked(self) -> tuple[str, str, bytes]:
        status = self.status
        task_id, uuid = status.task_id, status.uuid
        if not uuid:
            raise InvalidCall(f"Acknowledge: the status of {task_id} has no uuid, so nobody waits for it")
        return _required("Acknowledge", "status.agent_id", status.agent_id), task_id, uuid


@dataclass(frozen=True, slots=True)
class AcknowledgeOperation(_Plain):
    """This operation's status is safe with us. One without uuid wants no acknowledgement."""

    status: mesos_pb2.OperationStatus

    def to_proto(self) -> scheduler.Call:
        status = self.status
        if not status.HasField("uuid") or not status.HasField("operation_id"):
            raise InvalidCall("AcknowledgeOperation: the status lacks uuid or operation_id, so nobody waits for it")
        call = _Call(type=_Call.ACKNOWLEDGE_OPERATION_STATUS)
        acknowledge = call.acknowledge_operation_status
        acknowledge.operation_id.CopyFrom(status.operation_id)
        acknowledge.uuid = status.uuid.value
        if status.HasField("agent_id"):
            acknowledge.agent_id.CopyFrom(status.agent_id)
        if status.HasField("resource_provider_id"):
            acknowledge.resource_provider_id.CopyFrom(status.resource_provider_id)
        return call


@dataclass(frozen=True, slots=True)
class TaskToReconcile:
    """With ``agent_id`` the master can tell a gone task from an unknown one."""

    task_id: TaskID
    agent_id: AgentID | None = None


@dataclass(frozen=True, slots=True)
class ReconcileTasks(_Plain):
    """Ask for the latest state of these tasks; of all that the master knows when empty ("implicit")."""

    tasks: Sequence[TaskToReconcile] = ()

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.RECONCILE)
        call.reconcile.SetInParent()
        for task in self.tasks:
            asked = call.reconcile.tasks.add()
            asked.task_id.value = _required("ReconcileTasks", "task_id", task.task_id)
            if task.agent_id:
                asked.agent_id.value = task.agent_id
        return call


@dataclass(frozen=True, slots=True)
class OperationToReconcile:
    operation_id: OperationID
    agent_id: AgentID | None = None
    resource_provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReconcileOperations(_Plain):
    """Ask for the latest state of these operations; of all that the master knows when empty."""

    operations: Sequence[OperationToReconcile] = ()

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.RECONCILE_OPERATIONS)
        call.reconcile_operations.SetInParent()
        for operation in self.operations:
            asked = call.reconcile_operations.operations.add()
            asked.operation_id.value = _required("ReconcileOperations", "operation_id", operation.operation_id)
            if operation.agent_id:
                asked.agent_id.value = operation.agent_id
            if operation.resource_provider_id:
                asked.resource_provider_id.value = operation.resource_provider_id
        return call


@dataclass(frozen=True, slots=True)
class SendFrameworkMessage(_Plain):
    """Bytes for an executor. Best effort: sent once, may be lost."""

    executor_id: ExecutorID
    agent_id: AgentID
    data: bytes

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.MESSAGE)
        call.message.executor_id.value = _required("SendFrameworkMessage", "executor_id", self.executor_id)
        call.message.agent_id.value = _required("SendFrameworkMessage", "agent_id", self.agent_id)
        call.message.data = self.data
        return call


@dataclass(frozen=True, slots=True)
class RequestResources(_Plain):
    """Say what would be welcome. Mesos's own allocator passes over it."""

    requests: Sequence[mesos_pb2.Request]

    def to_proto(self) -> scheduler.Call:
        return _Call(type=_Call.REQUEST, request=_Call.Request(requests=self.requests))


@dataclass(frozen=True, slots=True)
class UpdateFramework(_Plain):
    """Change the framework while it runs: roles, failover timeout, labels, … (not user, checkpoint or principal)."""

    info: FrameworkInfo
    suppressed_roles: Sequence[str] = ()
    offer_constraints: scheduler.OfferConstraints | None = None

    def to_proto(self) -> scheduler.Call:
        call = _Call(type=_Call.UPDATE_FRAMEWORK)
        call.update_framework.framework_info.CopyFrom(self.info.proto)
        call.update_framework.suppressed_roles.extend(self.suppressed_roles)
        if self.offer_constraints is not None:
            call.update_framework.offer_constraints.CopyFrom(self.offer_constraints)
        return call


@dataclass(frozen=True, slots=True)
class Teardown(_Plain):
    """End the framework: the master kills all its tasks and forgets its id."""

    def to_proto(self) -> scheduler.Call:
        return _Call(type=_Call.TEARDOWN)


Call = (
    AcceptOffers
    | DeclineOffers
    | AcceptInverseOffers
    | DeclineInverseOffers
    | ReviveOffers
    | SuppressOffers
    | KillTask
    | ShutdownExecutor
    | Acknowledge
    | AcknowledgeOperation
    | ReconcileTasks
    | ReconcileOperations
    | SendFrameworkMessage
    | RequestResources
    | UpdateFramework
    | Teardown
)

NAMES: Final[Mapping[type[Call], str]] = {
    AcceptOffers: "ACCEPT",
    DeclineOffers: "DECLINE",
    AcceptInverseOffers: "ACCEPT_INVERSE_OFFERS",
    DeclineInverseOffers: "DECLINE_INVERSE_OFFERS",
    ReviveOffers: "REVIVE",
    SuppressOffers: "SUPPRESS",
    KillTask: "KILL",
    ShutdownExecutor: "SHUTDOWN",
    Acknowledge: "ACKNOWLEDGE",
    AcknowledgeOperation: "ACKNOWLEDGE_OPERATION_STATUS",
    ReconcileTasks: "RECONCILE",
    ReconcileOperations: "RECONCILE_OPERATIONS",
    SendFrameworkMessage: "MESSAGE",
    RequestResources: "REQUEST",
    UpdateFramework: "UPDATE_FRAMEWORK",
    Teardown: "TEARDOWN",
}
"""As Mesos writes them."""
