"""What can be done with an offer: the operations of ACCEPT.

``driver.accept_offers(offer_ids, [Reserve(resources), Create(volumes), Launch([task])])`` does them in order, and later
ones may use what earlier ones made (not the results of `GrowVolume` and `ShrinkVolume`). What is left of the offers
counts as declined.

An ``operation_id`` asks for feedback: an `OperationStatusUpdate` follows. Without one, a failed operation is silent.
Launches take none; their feedback is the tasks' updates. Mesos: scheduler HTTP API, "ACCEPT".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mesos_proto import ExecutorInfo, OperationID, Resources, TaskInfo, mesos_pb2
from mesos_proto.wire import delimited, tag

__all__ = [
    "Create",
    "Destroy",
    "GrowVolume",
    "Launch",
    "LaunchGroup",
    "Operation",
    "Reserve",
    "ShrinkVolume",
    "Unreserve",
]

_Type = mesos_pb2.Offer.Operation
_LAUNCH = _Type(type=_Type.LAUNCH).SerializeToString() + tag(_Type, "launch")
_LAUNCH_TASK_INFOS = tag(_Type.Launch, "task_infos")


class _Plain:
    """An operation whose bytes are made by way of its message."""

    __slots__ = ()

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        raise NotImplementedError

    def to_wire(self) -> bytes:
        return self.to_proto().SerializeToString()


def _operation(kind: mesos_pb2.Offer.Operation.Type.ValueType, operation_id: str | None) -> mesos_pb2.Offer.Operation:
    operation = mesos_pb2.Offer.Operation(type=kind)
    if operation_id is not None:
        operation.id.value = operation_id
    return operation


@dataclass(frozen=True, slots=True)
class Launch:
    """Start tasks, each with a command or an executor. Each is judged by itself: a bad one gets TASK_ERROR."""

    tasks: tuple[TaskInfo, ...]

    def __init__(self, tasks: Iterable[TaskInfo]) -> None:
        object.__setattr__(self, "tasks", tuple(tasks))

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.LAUNCH, None)
        operation.launch.task_infos.extend(task.proto for task in self.tasks)
        return operation

    def to_wire(self) -> bytes:
        tasks = [delimited(_LAUNCH_TASK_INFOS, task.to_wire()) for task in self.tasks]
        return delimited(_LAUNCH, b"".join(tasks))


@dataclass(frozen=True, slots=True)
class LaunchGroup(_Plain):
    """Start a group of tasks under one executor, all or none; when one fails, the others are killed."""

    executor: ExecutorInfo
    tasks: tuple[TaskInfo, ...]

    def __init__(self, executor: ExecutorInfo, tasks: Iterable[TaskInfo]) -> None:
        object.__setattr__(self, "executor", executor)
        object.__setattr__(self, "tasks", tuple(tasks))

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.LAUNCH_GROUP, None)
        operation.launch_group.executor.CopyFrom(self.executor.proto)
        operation.launch_group.task_group.tasks.extend(task.proto for task in self.tasks)
        return operation


@dataclass(frozen=True, slots=True)
class Reserve(_Plain):
    """Reserve ``resources`` (which carry the new reservation). ``source``: what they are now, if not unreserved."""

    resources: Resources
    source: Resources | None = None
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.RESERVE, self.operation_id)
        operation.reserve.resources.extend(self.resources.to_protos())
        if self.source is not None:
            operation.reserve.source.extend(self.source.to_protos())
        return operation


@dataclass(frozen=True, slots=True)
class Unreserve(_Plain):
    """Give up the last reservation on ``resources``."""

    resources: Resources
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.UNRESERVE, self.operation_id)
        operation.unreserve.resources.extend(self.resources.to_protos())
        return operation


@dataclass(frozen=True, slots=True)
class Create(_Plain):
    """Make persistent ``volumes`` out of reserved disk."""

    volumes: Resources
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.CREATE, self.operation_id)
        operation.create.volumes.extend(self.volumes.to_protos())
        return operation


@dataclass(frozen=True, slots=True)
class Destroy(_Plain):
    """Remove persistent ``volumes`` with what is in them. Other offers that hold them are rescinded."""

    volumes: Resources
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.DESTROY, self.operation_id)
        operation.destroy.volumes.extend(self.volumes.to_protos())
        return operation


@dataclass(frozen=True, slots=True)
class GrowVolume(_Plain):
    """Add disk (``addition``, one resource with the volume's reservation) to a ``volume``."""

    volume: mesos_pb2.Resource
    addition: mesos_pb2.Resource
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.GROW_VOLUME, self.operation_id)
        operation.grow_volume.volume.CopyFrom(self.volume)
        operation.grow_volume.addition.CopyFrom(self.addition)
        return operation


@dataclass(frozen=True, slots=True)
class ShrinkVolume(_Plain):
    """Take ``subtract`` megabytes from a ``volume``."""

    volume: mesos_pb2.Resource
    subtract: float
    operation_id: OperationID | None = None

    def to_proto(self) -> mesos_pb2.Offer.Operation:
        operation = _operation(_Type.SHRINK_VOLUME, self.operation_id)
        operation.shrink_volume.volume.CopyFrom(self.volume)
        operation.shrink_volume.subtract.value = self.subtract
        return operation


Operation = Launch | LaunchGroup | Reserve | Unreserve | Create | Destroy | GrowVolume | ShrinkVolume
