"""What a master tells operators: tasks, agents and frameworks as they come, change and go.

`Snapshot` is the first event of each subscription: all that the master knows. What follows changes it. After
`Disconnected` the next `Snapshot` starts anew: what happened in between is only seen in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mesos_proto import AgentID, FrameworkID, FrameworkInfo, TaskState, TaskStatus, master_pb2, mesos_pb2

__all__ = [
    "AgentAdded",
    "AgentRemoved",
    "Disconnected",
    "Event",
    "FrameworkAdded",
    "FrameworkRemoved",
    "FrameworkUpdated",
    "Snapshot",
    "TaskAdded",
    "TaskUpdated",
    "event_of",
]


@dataclass(frozen=True, slots=True)
class Snapshot:
    state: master_pb2.Response.GetState


@dataclass(frozen=True, slots=True)
class TaskAdded:
    task: mesos_pb2.Task


@dataclass(frozen=True, slots=True)
class TaskUpdated:
    """``state`` is the newest that the agent knows; ``status`` the one that is on its way to the framework."""

    framework_id: FrameworkID
    status: TaskStatus
    state: TaskState


@dataclass(frozen=True, slots=True)
class AgentAdded:
    agent: master_pb2.Response.GetAgents.Agent


@dataclass(frozen=True, slots=True)
class AgentRemoved:
    agent_id: AgentID


@dataclass(frozen=True, slots=True)
class FrameworkAdded:
    framework: master_pb2.Response.GetFrameworks.Framework


@dataclass(frozen=True, slots=True)
class FrameworkUpdated:
    framework: master_pb2.Response.GetFrameworks.Framework


@dataclass(frozen=True, slots=True)
class FrameworkRemoved:
    framework_info: FrameworkInfo


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


Event = (
    Snapshot
    | TaskAdded
    | TaskUpdated
    | AgentAdded
    | AgentRemoved
    | FrameworkAdded
    | FrameworkUpdated
    | FrameworkRemoved
    | Disconnected
)

_FROM_PROTO: dict[int, Callable[[master_pb2.Event], Event]] = {
    master_pb2.Event.SUBSCRIBED: lambda e: Snapshot(e.subscribed.get_state),
    master_pb2.Event.TASK_ADDED: lambda e: TaskAdded(e.task_added.task),
    master_pb2.Event.TASK_UPDATED: lambda e: TaskUpdated(
        FrameworkID(e.task_updated.framework_id.value),
        TaskStatus(e.task_updated.status),
        TaskState(e.task_updated.state),
    ),
    master_pb2.Event.AGENT_ADDED: lambda e: AgentAdded(e.agent_added.agent),
    master_pb2.Event.AGENT_REMOVED: lambda e: AgentRemoved(AgentID(e.agent_removed.agent_id.value)),
    master_pb2.Event.FRAMEWORK_ADDED: lambda e: FrameworkAdded(e.framework_added.framework),
    master_pb2.Event.FRAMEWORK_UPDATED: lambda e: FrameworkUpdated(e.framework_updated.framework),
    master_pb2.Event.FRAMEWORK_REMOVED: lambda e: FrameworkRemoved(
        FrameworkInfo.from_proto(e.framework_removed.framework_info)
    ),
}


def event_of(message: master_pb2.Event) -> Event | None:
    """The event of a message; None for heartbeats and for types that are not known here."""
    read = _FROM_PROTO.get(message.type)
    return None if read is None else read(message)
