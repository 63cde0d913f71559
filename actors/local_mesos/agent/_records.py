"""The records of an agent's checkpoint, what they say together, and their bytes.

Each record is: the length of its header, the length of its message, the checksum of both (little endian, 32 bits
each), the header in JSON, the message in protobuf.
"""

from __future__ import annotations

import json
import logging
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mesos_proto import mesos_pb2

__all__ = [
    "MAGIC",
    "AgentRecord",
    "CheckpointBroken",
    "ExecutorRecord",
    "ExecutorRemoved",
    "FrameworkRecord",
    "KillOrdered",
    "OperationAcknowledged",
    "OperationRecord",
    "Record",
    "Recovered",
    "RecoveredTask",
    "ResourcesRecord",
    "TaskRecord",
    "TaskRemoved",
    "UpdateAcknowledged",
    "UpdateRecord",
    "decode",
    "encode",
]

log = logging.getLogger(__name__)

MAGIC = b"mesos-agent-checkpoint 1\n"
_FRAME = struct.Struct("<III")


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """The agent registered; ``info`` has its id."""

    info: mesos_pb2.AgentInfo


@dataclass(frozen=True, slots=True)
class FrameworkRecord:
    info: mesos_pb2.FrameworkInfo


@dataclass(frozen=True, slots=True)
class ExecutorRecord:
    """An executor that tasks share is wanted, in this container. Written before it starts."""

    framework_id: str
    container_id: str
    info: mesos_pb2.ExecutorInfo


@dataclass(frozen=True, slots=True)
class ExecutorRemoved:
    """It ended, and what its end means for its tasks is stored; or its framework is gone."""

    container_id: str


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task was accepted, to run in this container. Written before anything of it starts."""

    framework_id: str
    container_id: str
    info: mesos_pb2.TaskInfo


@dataclass(frozen=True, slots=True)
class UpdateRecord:
    """A status (with its uuid) that the framework is to hear of. Written before it is sent."""

    container_id: str
    status: mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class UpdateAcknowledged:
    container_id: str


@dataclass(frozen=True, slots=True)
class KillOrdered:
    """Its end will be TASK_KILLED, even if it comes when this agent's next incarnation listens."""

    container_id: str


@dataclass(frozen=True, slots=True)
class TaskRemoved:
    """Its last update is acknowledged, or its framework is gone."""

    container_id: str


@dataclass(frozen=True, slots=True)
class ResourcesRecord:
    """All the agent has, with reservations and volumes, since the last operation on it."""

    resources: tuple[mesos_pb2.Resource, ...]


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An operation was applied, and its ``latest_status`` is to be heard of."""

    operation: mesos_pb2.Operation


@dataclass(frozen=True, slots=True)
class OperationAcknowledged:
    operation_uuid: bytes


Record = (
    AgentRecord
    | FrameworkRecord
    | ExecutorRecord
    | ExecutorRemoved
    | TaskRecord
    | UpdateRecord
    | UpdateAcknowledged
    | KillOrdered
    | TaskRemoved
    | ResourcesRecord
    | OperationRecord
    | OperationAcknowledged
)


@dataclass(slots=True)
class RecoveredTask:
    """``acknowledged`` is the last status that was, ``pending`` are those that were not, in order."""

    framework_id: str
    container_id: str
    info: mesos_pb2.TaskInfo
    acknowledged: mesos_pb2.TaskStatus | None = None
    pending: list[mesos_pb2.TaskStatus] = field(default_factory=list)
    kill_ordered: bool = False


@dataclass(slots=True)
class Recovered:
    """What the records say, put together. ``agent`` is None if it never registered."""

    agent: mesos_pb2.AgentInfo | None = None
    frameworks: dict[str, mesos_pb2.FrameworkInfo] = field(default_factory=dict)
    executors: dict[str, ExecutorRecord] = field(default_factory=dict)  # by container id
    tasks: dict[str, RecoveredTask] = field(default_factory=dict)  # by container id, in the order of their launch
    resources: tuple[mesos_pb2.Resource, ...] = ()
    operations: dict[bytes, mesos_pb2.Operation] = field(default_factory=dict)

    def apply(self, record: Record) -> None:
        match record:
            case AgentRecord(info):
                self.agent = info
            case FrameworkRecord(info):
                self.frameworks[info.id.value] = info
            case ExecutorRecord(container_id=container_id):
                self.executors[container_id] = record
            case ExecutorRemoved(container_id):
                self.executors.pop(container_id, None)
            case TaskRecord(framework_id, container_id, info):
                self.tasks[container_id] = RecoveredTask(framework_id, container_id, info)
            case UpdateRecord(container_id, status) if container_id in self.tasks:
                self.tasks[container_id].pending.append(status)
            case UpdateAcknowledged(container_id) if container_id in self.tasks:
                self.tasks[container_id].acknowledged = self.tasks[container_id].pending.pop(0)
            case KillOrdered(container_id) if container_id in self.tasks:
                self.tasks[container_id].kill_ordered = True
            case TaskRemoved(container_id):
                self.tasks.pop(container_id, None)
            case ResourcesRecord(resources):
                self.resources = resources
            case OperationRecord(operation):
                self.operations[operation.uuid.value] = operation
            case OperationAcknowledged(operation_uuid):
                self.operations.pop(operation_uuid, None)

    def copy(self) -> Recovered:
        copy = Recovered()
        for record in self.records():
            copy.apply(record)
        return copy

    def records(self) -> Iterator[Record]:
        """The fewest records that say the same. Frameworks without tasks and executors are left out."""
        if self.agent is not None:
            yield AgentRecord(self.agent)
        if self.resources:
            yield ResourcesRecord(self.resources)
        for operation in self.operations.values():
            yield OperationRecord(operation)
        wanted = {task.framework_id for task in self.tasks.values()}
        wanted |= {executor.framework_id for executor in self.executors.values()}
        for framework_id, info in self.frameworks.items():
            if framework_id in wanted:
                yield FrameworkRecord(info)
        yield from self.executors.values()
        for task in self.tasks.values():
            yield TaskRecord(task.framework_id, task.container_id, task.info)
            if task.acknowledged is not None:
                yield UpdateRecord(task.container_id, task.acknowledged)
                yield UpdateAcknowledged(task.container_id)
            for status in task.pending:
                yield UpdateRecord(task.container_id, status)
            if task.kill_ordered:
                yield KillOrdered(task.container_id)


class CheckpointBroken(RuntimeError):
    """The file is not a checkpoint, or is damaged in its middle. The message names it and the way out."""


def encode(records: Iterable[Record]) -> bytes:
    out = bytearray()
    for record in records:
        header: dict[str, str]
        message = b""
        match record:
            case AgentRecord(info):
                header, message = {"is": "agent"}, info.SerializeToString()
            case FrameworkRecord(framework):
                header, message = {"is": "framework"}, framework.SerializeToString()
            case ExecutorRecord(framework_id, container_id, executor):
                header = {"is": "executor", "framework": framework_id, "container": container_id}
                message = executor.SerializeToString()
            case ExecutorRemoved(container_id):
                header = {"is": "executor removed", "container": container_id}
            case TaskRecord(framework_id, container_id, task):
                header = {"is": "task", "framework": framework_id, "container": container_id}
                message = task.SerializeToString()
            case UpdateRecord(container_id, status):
                header, message = {"is": "update", "container": container_id}, status.SerializeToString()
            case UpdateAcknowledged(container_id):
                header = {"is": "acknowledged", "container": container_id}
            case KillOrdered(container_id):
                header = {"is": "kill", "container": container_id}
            case TaskRemoved(container_id):
                header = {"is": "removed", "container": container_id}
            case ResourcesRecord(resources):
                header = {"is": "resources"}
                message = mesos_pb2.Offer.Operation.Reserve(resources=resources).SerializeToString()
            case OperationRecord(operation):
                header, message = {"is": "operation"}, operation.SerializeToString()
            case OperationAcknowledged(operation_uuid):
                header = {"is": "operation acknowledged", "operation": operation_uuid.hex()}
        body = json.dumps(header).encode()
        out += _FRAME.pack(len(body), len(message), zlib.crc32(message, zlib.crc32(body))) + body + message
    return bytes(out)


def decode(data: bytes, path: Path) -> Iterator[Record]:
    """A record that was cut short at the end is said and left out: whatever it was, it was never acted upon."""
    if data and not data.startswith(MAGIC):
        raise CheckpointBroken(
            f"{path} is not an agent's checkpoint of this version; start with another --work-dir, or remove the file "
            "to begin as a new agent (its tasks then end)"
        )
    at = len(MAGIC)
    while at < len(data):
        start = at
        if len(data) - at >= _FRAME.size:
            header_size, message_size, checksum = _FRAME.unpack_from(data, at)
            at += _FRAME.size
            header = data[at : at + header_size]
            message = data[at + header_size : at + header_size + message_size]
            at += header_size + message_size
            if header and at <= len(data) and zlib.crc32(message, zlib.crc32(header)) == checksum:
                yield _record(json.loads(header), message)
                continue
            if at < len(data):
                raise CheckpointBroken(
                    f"{path} is damaged at byte {start} of {len(data)}; restore it, or remove it to begin as a new "
                    "agent (its tasks then end)"
                )
        log.warning("%s ends with a record that was cut short (byte %d); it is left out", path, start)
        return


def _record(header: dict[str, str], message: bytes) -> Record:
    match header["is"]:
        case "agent":
            return AgentRecord(mesos_pb2.AgentInfo.FromString(message))
        case "framework":
            return FrameworkRecord(mesos_pb2.FrameworkInfo.FromString(message))
        case "executor":
            executor = mesos_pb2.ExecutorInfo.FromString(message)
            return ExecutorRecord(header["framework"], header["container"], executor)
        case "executor removed":
            return ExecutorRemoved(header["container"])
        case "task":
            task = mesos_pb2.TaskInfo.FromString(message)
            return TaskRecord(header["framework"], header["container"], task)
        case "update":
            return UpdateRecord(header["container"], mesos_pb2.TaskStatus.FromString(message))
        case "acknowledged":
            return UpdateAcknowledged(header["container"])
        case "kill":
            return KillOrdered(header["container"])
        case "removed":
            return TaskRemoved(header["container"])
        case "resources":
            return ResourcesRecord(tuple(mesos_pb2.Offer.Operation.Reserve.FromString(message).resources))
        case "operation":
            return OperationRecord(mesos_pb2.Operation.FromString(message))
        case "operation acknowledged":
            return OperationAcknowledged(bytes.fromhex(header["operation"]))
        case other:
            raise CheckpointBroken(f"the checkpoint has a record this version does not know: {other!r}")
