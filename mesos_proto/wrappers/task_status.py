"""What has become of a task."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.wrappers._wrapper import Wrapper, readable
from mesos_proto.wrappers.ids import AgentID, ExecutorID, TaskID
from mesos_proto.wrappers.labels import labels_of

Source: TypeAlias = mesos_pb2.TaskStatus.Source.ValueType
Reason: TypeAlias = mesos_pb2.TaskStatus.Reason.ValueType


class TaskState(IntEnum):
    """In the order in which a task may go through them; the numbers are the protocol's."""

    TASK_STAGING = mesos_pb2.TASK_STAGING
    TASK_STARTING = mesos_pb2.TASK_STARTING
    TASK_RUNNING = mesos_pb2.TASK_RUNNING
    TASK_KILLING = mesos_pb2.TASK_KILLING
    TASK_FINISHED = mesos_pb2.TASK_FINISHED
    TASK_FAILED = mesos_pb2.TASK_FAILED
    TASK_KILLED = mesos_pb2.TASK_KILLED
    TASK_ERROR = mesos_pb2.TASK_ERROR
    TASK_LOST = mesos_pb2.TASK_LOST
    TASK_DROPPED = mesos_pb2.TASK_DROPPED
    TASK_UNREACHABLE = mesos_pb2.TASK_UNREACHABLE
    TASK_GONE = mesos_pb2.TASK_GONE
    TASK_GONE_BY_OPERATOR = mesos_pb2.TASK_GONE_BY_OPERATOR
    TASK_UNKNOWN = mesos_pb2.TASK_UNKNOWN

    @property
    def is_terminal(self) -> bool:
        """Whether the task is over. LOST counts, though without PARTITION_AWARE such a task may still come back."""
        return self in _TERMINAL


_TERMINAL: Final = frozenset(
    (
        TaskState.TASK_FINISHED,
        TaskState.TASK_FAILED,
        TaskState.TASK_KILLED,
        TaskState.TASK_ERROR,
        TaskState.TASK_LOST,
        TaskState.TASK_DROPPED,
        TaskState.TASK_GONE,
        TaskState.TASK_GONE_BY_OPERATOR,
    )
)
_STATES: Final = {int(state): state for state in TaskState}  # `TaskState(number)` takes four times as long


class TaskStatus(Wrapper[mesos_pb2.TaskStatus]):
    """A status update, as it was received."""

    __match_args__ = ("task_id", "state")

    task_id: TaskID
    """Whose."""
    state: TaskState
    """Which."""
    agent_id: AgentID | None
    """Where it runs."""
    uuid: bytes | None
    """Of this update, the same at each repetition; None: it must not be acknowledged."""

    def __init__(self, proto: mesos_pb2.TaskStatus) -> None:
        # What is asked of every update is read at once, for half of what asking one by one costs.
        keep = object.__setattr__
        keep(self, "proto", proto)
        keep(self, "task_id", TaskID(proto.task_id.value))
        keep(self, "state", _STATES[proto.state])
        keep(self, "agent_id", AgentID(proto.agent_id.value) if proto.HasField("agent_id") else None)
        keep(self, "uuid", proto.uuid or None)

    _hold = __init__

    @classmethod
    def of(
        cls,
        *,
        task_id: str,
        state: TaskState,
        message: str | None = None,
        reason: Reason | None = None,
        source: Source | None = None,
        agent_id: str | None = None,
        executor_id: str | None = None,
        uuid: bytes | None = None,
        timestamp: float | None = None,
        healthy: bool | None = None,
        data: bytes | None = None,
    ) -> TaskStatus:
        """An update to send.

        Args:
            task_id: whose.
            state: which.
            message: for people.
            reason: for programs (``mesos_pb2.TaskStatus.REASON_…``).
            source: who says so; for an executor ``SOURCE_EXECUTOR``.
            agent_id: where it runs.
            executor_id: under whom it runs.
            uuid: 16 bytes; without them it is neither acknowledged nor repeated.
            timestamp: seconds since 1970.
            healthy: what health checks say.
            data: whatever the executor wants to tell.
        """
        return cls(
            mesos_pb2.TaskStatus(
                task_id=mesos_pb2.TaskID(value=task_id),
                state=mesos_pb2.TaskState.ValueType(state),
                message=message,
                reason=reason,
                source=source,
                agent_id=None if agent_id is None else mesos_pb2.AgentID(value=agent_id),
                executor_id=None if executor_id is None else mesos_pb2.ExecutorID(value=executor_id),
                uuid=uuid,
                timestamp=timestamp,
                healthy=healthy,
                data=data,
            )
        )

    @property
    def message(self) -> str:
        """For people; empty when there is none. Bytes that are no UTF-8, as of a task's output, are replaced."""
        message: str | bytes = self.proto.message
        return readable(message)

    @property
    def source(self) -> Source | None:
        """Who says so: master, agent or executor."""
        return self.proto.source if self.proto.HasField("source") else None

    @property
    def reason(self) -> Reason | None:
        """Why, for programs: ``mesos_pb2.TaskStatus.REASON_…``."""
        return self.proto.reason if self.proto.HasField("reason") else None

    @property
    def reason_name(self) -> str | None:
        """The reason's name: ``REASON_RECONCILIATION`` …"""
        return None if self.reason is None else mesos_pb2.TaskStatus.Reason.Name(self.reason)

    @property
    def executor_id(self) -> ExecutorID | None:
        """Under whom it runs."""
        return ExecutorID(self.proto.executor_id.value) if self.proto.HasField("executor_id") else None

    @property
    def timestamp(self) -> float | None:
        """When it was made, in seconds since 1970."""
        return self.proto.timestamp if self.proto.HasField("timestamp") else None

    @property
    def healthy(self) -> bool | None:
        """What the agent's health checks say; None: they have not said."""
        return self.proto.healthy if self.proto.HasField("healthy") else None

    @property
    def data(self) -> bytes:
        """What the executor tells; empty when nothing."""
        return self.proto.data

    @property
    def labels(self) -> dict[str, str]:
        """Free labels."""
        return labels_of(self.proto.labels)

    @property
    def container_status(self) -> mesos_pb2.ContainerStatus | None:
        """Of its container: id, addresses, process."""
        return self.proto.container_status if self.proto.HasField("container_status") else None

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        """Under which its container is reached."""
        networks = self.proto.container_status.network_infos
        return tuple(address.ip_address for network in networks for address in network.ip_addresses)
