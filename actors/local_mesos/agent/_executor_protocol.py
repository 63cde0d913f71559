"""What an agent and its executors say to each other. There are three kinds: one for each command task, the default
executor for task groups, and a framework's own.

::

    agent                                        executor
    Kill, Shutdown, NotHeld                ──►   (of a command task)
          ◄──  Update, KillDecided

    Launch(members)                        ──►   (one that tasks share)
    ForTask(container_id, Kill | NotHeld)  ──►
    ForTask(container_id, Kept)            ──►   its status is stored
    Shutdown, NotHeld                      ──►
          ◄──  Update, KillDecided
          ◄──  ExecutorEnded                     for the agent to say of the tasks that are left
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.core import ActorRef
from actors.local_mesos.agent._run import Run
from mesos_proto import TaskState, executor_pb2, mesos_pb2

__all__ = [
    "ExecutorEnded",
    "ForTask",
    "Kept",
    "Kill",
    "KillDecided",
    "Launch",
    "Member",
    "NotHeld",
    "Send",
    "Shutdown",
    "Subscribe",
    "Update",
]


@dataclass(frozen=True, slots=True)
class Kill:
    """From the agent; without a policy the task's own counts."""

    policy: mesos_pb2.KillPolicy | None = None


@dataclass(frozen=True, slots=True)
class Shutdown:
    """From the agent: end the task, or all tasks, because its framework or its agent ends."""


@dataclass(frozen=True, slots=True)
class NotHeld:
    """From the agent: the task runner knows nothing of the container."""


@dataclass(frozen=True, slots=True)
class KillDecided:
    """To the agent: however the task ends now, it was killed."""

    container_id: str


@dataclass(frozen=True, slots=True)
class Update:
    """To the agent: the task's next status."""

    container_id: str
    status: mesos_pb2.TaskStatus


@dataclass(frozen=True, slots=True)
class Member:
    """A task of a shared executor. ``reached`` and ``killed`` are of before the agent was restarted, as is
    ``stored``: the uuids of its statuses.
    """

    run: Run
    reached: TaskState | None = None
    killed: bool = False
    stored: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class Launch:
    """``group``: all of them or none, and they end together."""

    members: tuple[Member, ...]
    group: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """The checkpoint has the status of that uuid."""

    uuid: bytes


@dataclass(frozen=True, slots=True)
class ForTask:
    container_id: str
    message: Kill | NotHeld | Kept | Shutdown


@dataclass(frozen=True, slots=True)
class Send:
    """The framework's data for its executor."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A valid SUBSCRIBE; events go to ``stream`` (an ``EventStream``)."""

    call: executor_pb2.Call
    stream: ActorRef[object]
    framework: mesos_pb2.FrameworkInfo
    agent: mesos_pb2.AgentInfo


@dataclass(frozen=True, slots=True)
class ExecutorEnded:
    """Nothing is left of it. ``status`` is a wait status (-1: nobody knows); ``message`` and ``reason`` are for the
    tasks that it leaves behind.
    """

    container_id: str
    status: int
    message: str
    reason: mesos_pb2.TaskStatus.Reason.ValueType
