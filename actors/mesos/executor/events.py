"""What an agent tells an executor, and what an executor tells its agent, as immutable messages.

=====================  ===============================================================================================
`Subscribed`           the agent knows us (again after its restart); who we are, and for whom we work
`LaunchTask`           run this task, and say TASK_RUNNING once it does
`LaunchTaskGroup`      run these together
`KillTask`             end this task, and say TASK_KILLED once it has
`FrameworkMessage`     bytes from the scheduler
`Disconnected`         the agent is away; tasks go on, updates wait
`ShutdownExecutor`     end everything: the agent kills what is left after ``grace`` seconds
`Error`                the agent complains
=====================  ===============================================================================================

Back: `UpdateTask` (kept and repeated until the framework has acknowledged it) and `SendMessage` (best effort).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mesos_proto import ExecutorInfo, FrameworkInfo, TaskID, TaskInfo, TaskState, mesos_pb2

__all__ = [
    "Disconnected",
    "Error",
    "Event",
    "FrameworkMessage",
    "KillTask",
    "LaunchTask",
    "LaunchTaskGroup",
    "SendMessage",
    "ShutdownExecutor",
    "Subscribed",
    "UpdateTask",
]


@dataclass(frozen=True, slots=True)
class Subscribed:
    executor_info: ExecutorInfo
    framework_info: FrameworkInfo
    agent_info: mesos_pb2.AgentInfo


@dataclass(frozen=True, slots=True)
class LaunchTask:
    task: TaskInfo


@dataclass(frozen=True, slots=True)
class LaunchTaskGroup:
    tasks: tuple[TaskInfo, ...]


@dataclass(frozen=True, slots=True)
class KillTask:
    """``kill_policy``: the time between asking the task to end and making it; None leaves it to the task's own."""

    task_id: TaskID
    kill_policy: timedelta | None = None


@dataclass(frozen=True, slots=True)
class FrameworkMessage:
    data: bytes


@dataclass(frozen=True, slots=True)
class Disconnected:
    reason: str


@dataclass(frozen=True, slots=True)
class ShutdownExecutor:
    """``reason`` says who wants it: the agent, or nobody any more."""

    reason: str
    grace: float


@dataclass(frozen=True, slots=True)
class Error:
    message: str


Event = (
    Subscribed | LaunchTask | LaunchTaskGroup | KillTask | FrameworkMessage | Disconnected | ShutdownExecutor | Error
)


@dataclass(frozen=True, slots=True)
class UpdateTask:
    """What has become of a task. TASK_STAGING is not an executor's to say."""

    task_id: TaskID
    state: TaskState
    message: str | None = None
    reason: mesos_pb2.TaskStatus.Reason.ValueType | None = None
    healthy: bool | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class SendMessage:
    """Bytes for the scheduler; best effort."""

    data: bytes
