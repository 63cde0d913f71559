"""What the master and its agents say to each other.

Both are actors; these are all the messages between them. Each carries protobuf messages of the v1 API, which
nobody changes once they are sent.

::

    agent                                       master
    RegisterAgent(info, agent)            ──►   gives it an id, stores it in the registry, watches it
          ◄──  AgentRegistered(agent_id)
    ReregisterAgent(info, tasks, …)       ──►   takes over what still runs there (after a restart of either)
          ◄──  AgentRegistered(agent_id)        or ShutdownAgent when it had been marked gone
          ◄──  ReconcileTasks(…)                which the agent did not name: it says what became of them
          ◄──  RunTask / RunTaskGroup           an accepted offer
    UpdateStatus(…, uuid)                 ──►   to the framework; the agent repeats it (10 s, doubling to 10 min)
          ◄──  AcknowledgeUpdate(…, uuid)       the framework has it: the agent sends the task's next one
          ◄──  KillTask, ShutdownExecutor, ShutdownFramework, FrameworkMessage
          ◄──  ApplyOperation(…, uuid)          RESERVE, CREATE, …: the agent stores its new resources
    UpdateOperationStatus(…, uuid)        ──►   repeated like a task's until acknowledged
          ◄──  AcknowledgeOperationStatus(…)
    UnregisterAgent(agent_id)             ──►   it leaves for good, its tasks are lost

Master and agent watch each other. An agent whose master is ``Terminated`` keeps its tasks and waits for
``MasterChanged``; a master whose agent is ``Terminated`` waits for its re-registration before it calls it lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from mesos_proto import mesos_pb2

__all__ = [
    "AcknowledgeOperationStatus",
    "AcknowledgeUpdate",
    "AgentRegistered",
    "ApplyOperation",
    "ExecutorExited",
    "ExecutorMessage",
    "FrameworkMessage",
    "KillTask",
    "MasterChanged",
    "ReconcileTasks",
    "RegisterAgent",
    "ReregisterAgent",
    "RunTask",
    "RunTaskGroup",
    "ShutdownAgent",
    "ShutdownExecutor",
    "ShutdownFramework",
    "UnregisterAgent",
    "UpdateFramework",
    "UpdateOperationStatus",
    "UpdateStatus",
]


# -- agent → master ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RegisterAgent:
    """A new agent: ``info.id`` is unset, ``info.resources`` is all it has. Answered by ``AgentRegistered``."""

    info: mesos_pb2.AgentInfo
    agent: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class ReregisterAgent:
    """An agent the cluster knows is back (or the master is new). Answered by ``AgentRegistered``.

    ``tasks`` are all that the agent still answers for: the running ones and the ended ones whose last update is
    not acknowledged (``Task.statuses`` ends with the latest; ``status_update_state`` and ``status_update_uuid``
    are of the update in flight). ``resources`` is the total with its reservations and volumes, as the last
    ``ApplyOperation`` left it; empty means as in ``info``. ``operations`` are those whose status is unacknowledged.
    """

    info: mesos_pb2.AgentInfo
    agent: ActorRef[Any]
    frameworks: tuple[mesos_pb2.FrameworkInfo, ...] = ()
    tasks: tuple[mesos_pb2.Task, ...] = ()
    executors: tuple[mesos_pb2.ExecutorInfo, ...] = ()
    resources: tuple[mesos_pb2.Resource, ...] = ()
    operations: tuple[mesos_pb2.Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class UnregisterAgent:
    """The agent stops for good and its tasks with it."""

    agent_id: str


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """A task's next unacknowledged status (``status.uuid`` is set), and the state it has reached by now.

    Repeated with the same uuid until ``AcknowledgeUpdate``: after 10 s, doubling to 10 min.
    """

    framework_id: str
    status: mesos_pb2.TaskStatus
    latest_state: int


@dataclass(frozen=True, slots=True)
class UpdateOperationStatus:
    """What became of an ``ApplyOperation``. ``status.uuid`` is set, and repeated until it is acknowledged, only
    if the operation carried an id; without an id it is said once.
    """

    framework_id: str
    agent_id: str
    operation_uuid: bytes
    status: mesos_pb2.OperationStatus


@dataclass(frozen=True, slots=True)
class ExecutorMessage:
    """An executor's data for its framework; best effort."""

    framework_id: str
    agent_id: str
    executor_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecutorExited:
    """A custom executor ended with this wait status; its tasks' updates come by themselves."""

    framework_id: str
    agent_id: str
    executor_id: str
    status: int


# -- master → agent ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MasterChanged:
    """From whoever runs the cluster: register with this master (None: there is none for now)."""

    master: ActorRef[Any] | None


@dataclass(frozen=True, slots=True)
class AgentRegistered:
    agent_id: str


@dataclass(frozen=True, slots=True)
class ReconcileTasks:
    """The master holds these tasks of the framework for the agent's, and the agent's registration did not name them.

    A launch may have crossed the registration, and only the agent can tell: it answers for each that it does not know
    when this arrives, behind the launch, with ``TASK_DROPPED`` (``SlaveReregisteredMessage.reconciliations`` of Mesos).
    """

    framework: mesos_pb2.FrameworkInfo
    task_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunTask:
    """Start one task; ``task.executor`` or ``task.command`` is set. Its resources carry ``allocation_info``."""

    framework: mesos_pb2.FrameworkInfo
    task: mesos_pb2.TaskInfo


@dataclass(frozen=True, slots=True)
class RunTaskGroup:
    """Start all tasks of a group under one executor, or none."""

    framework: mesos_pb2.FrameworkInfo
    executor: mesos_pb2.ExecutorInfo
    tasks: tuple[mesos_pb2.TaskInfo, ...]


@dataclass(frozen=True, slots=True)
class KillTask:
    framework_id: str
    task_id: str
    kill_policy: mesos_pb2.KillPolicy | None = None


@dataclass(frozen=True, slots=True)
class AcknowledgeUpdate:
    framework_id: str
    task_id: str
    uuid: bytes


@dataclass(frozen=True, slots=True)
class ShutdownFramework:
    """The framework is gone: end its executors and tasks, send no more updates for it."""

    framework_id: str


@dataclass(frozen=True, slots=True)
class ShutdownExecutor:
    framework_id: str
    executor_id: str


@dataclass(frozen=True, slots=True)
class FrameworkMessage:
    """A framework's data for its executor; best effort."""

    framework_id: str
    executor_id: str
    data: bytes


@dataclass(frozen=True, slots=True)
class UpdateFramework:
    """The framework's info changed (UPDATE_FRAMEWORK, or a new subscription)."""

    framework: mesos_pb2.FrameworkInfo


@dataclass(frozen=True, slots=True)
class ApplyOperation:
    """RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME or SHRINK_VOLUME.

    ``resources`` is the agent's whole total once it is applied: the agent stores it, makes or removes the volumes'
    folders, and answers ``UpdateOperationStatus`` with OPERATION_FINISHED or OPERATION_FAILED. ``framework_id`` is
    empty when an operator asked.
    """

    framework_id: str
    operation: mesos_pb2.Offer.Operation
    operation_uuid: bytes
    resources: tuple[mesos_pb2.Resource, ...]


@dataclass(frozen=True, slots=True)
class AcknowledgeOperationStatus:
    framework_id: str
    operation_uuid: bytes
    status_uuid: bytes


@dataclass(frozen=True, slots=True)
class ShutdownAgent:
    """The agent was marked gone or refused: end every task and register no more."""

    reason: str
