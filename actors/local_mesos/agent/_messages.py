"""What an agent is asked by whoever runs it, and what it tells itself. Its talk with the master is in
``actors.local_mesos.messages``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from actors.local_mesos.task_runner import RunnerEvent
from mesos_proto import executor_pb2, mesos_pb2

__all__ = [
    "AgentSettings",
    "Attached",
    "DescribeAgent",
    "EndTasks",
    "ExecutorCall",
    "ExecutorSaid",
    "ExecutorStopped",
    "ExecutorSubscribe",
    "Register",
    "RunnerStopped",
    "SendUpdates",
    "WhenRegistered",
]


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """``info`` has everything but the id; ``ip`` and ``info.port`` are of the agent's HTTP API. Times in seconds."""

    info: mesos_pb2.AgentInfo
    ip: str = "127.0.0.1"
    registration_backoff: float = 1.0  # doubled up to the next one
    registration_backoff_max: float = 60.0
    sandboxes_kept: float = 7 * 24 * 3600.0  # since something was last written there (Mesos's gc_delay)
    sandboxes_looked_at: float = 3600.0
    memory_looked_at: float = 5.0
    runner_retry: float = 1.0  # between attempts to have a task runner again
    executor_registration_timeout: float = 60.0  # from an executor's start to its SUBSCRIBE
    executor_reregistration_timeout: float = 15.0  # from the agent's restart; executors try every 2 s at most


@dataclass(frozen=True, slots=True)
class WhenRegistered:
    """Answered with the agent's id once the master has it, or with the error that keeps the agent from starting."""


@dataclass(frozen=True, slots=True)
class DescribeAgent:
    """Answered with an ``AgentDescription``."""


@dataclass(frozen=True, slots=True)
class EndTasks:
    """End every task and the task runner. Answered with the number of tasks, when the last status of each is stored."""


@dataclass(frozen=True, slots=True)
class ExecutorCall:
    """A valid call of an executor. Answered with an ``Answer``; 200 to SUBSCRIBE asks for ``ExecutorSubscribe``."""

    call: executor_pb2.Call


@dataclass(frozen=True, slots=True)
class ExecutorSubscribe:
    """The response has begun; events go to ``stream``, which is an ``EventStream``."""

    call: executor_pb2.Call
    stream: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class ExecutorSaid:
    """From an executor's actor: data for the framework."""

    container_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Register:
    backoff: float


@dataclass(frozen=True, slots=True)
class SendUpdates:
    """To itself: some were not acknowledged in time."""


@dataclass(frozen=True, slots=True)
class ExecutorStopped:
    container_id: str


@dataclass(frozen=True, slots=True)
class Attached:
    held: tuple[RunnerEvent, ...]


@dataclass(frozen=True, slots=True)
class RunnerStopped:
    pass
