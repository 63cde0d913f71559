"""A task to launch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.resources import Resources
from mesos_proto.wire import delimited, id_field, tag
from mesos_proto.wrappers._wrapper import Wrapper, kept
from mesos_proto.wrappers.command_info import CommandInfo
from mesos_proto.wrappers.container_info import ContainerInfo
from mesos_proto.wrappers.durations import duration_of, duration_proto
from mesos_proto.wrappers.executor_info import ExecutorInfo
from mesos_proto.wrappers.health_check import HealthCheck
from mesos_proto.wrappers.ids import AgentID, TaskID
from mesos_proto.wrappers.labels import labels_of, labels_proto

_NAME = tag(mesos_pb2.TaskInfo, "name")
_TASK_ID = tag(mesos_pb2.TaskInfo, "task_id")
_AGENT_ID = tag(mesos_pb2.TaskInfo, "agent_id")
_RESOURCES = tag(mesos_pb2.TaskInfo, "resources")
_COMMAND = tag(mesos_pb2.TaskInfo, "command")
_NOTHING = (None,) * 9


class TaskInfo(Wrapper[mesos_pb2.TaskInfo]):
    """A task with a command, or one that an executor runs.

    Args:
        name: for pages.
        task_id: new, as long as the master remembers the old one; without slashes.
        agent_id: of the offer.
        resources: out of the offer, as `Resources` or as text (``cpus:0.1;mem:64``).
        command: what to run; or
        executor: who runs it.
        container: in which the command runs.
        health_check: by the agent.
        labels: free.
        discovery: how others find it.
        kill_policy: how long a killed task may take to end before it is killed hard; Mesos's default is 3 seconds.
        max_completion_time: after which it is killed as failed.
        limits: how much of a resource it may take beyond what it reserves, by name; ``inf`` is no limit.
        data: for the executor.

    Raises:
        ValueError: neither or both of command and executor.
    """

    __match_args__ = ("task_id", "name")

    _wire = b""

    def __init__(
        self,
        *,
        name: str,
        task_id: str,
        agent_id: str,
        resources: Resources | str,
        command: CommandInfo | None = None,
        executor: ExecutorInfo | None = None,
        container: ContainerInfo | None = None,
        health_check: HealthCheck | None = None,
        labels: Mapping[str, str] | None = None,
        discovery: mesos_pb2.DiscoveryInfo | None = None,
        kill_policy: timedelta | None = None,
        max_completion_time: timedelta | None = None,
        limits: Mapping[str, float] | None = None,
        data: bytes | None = None,
    ) -> None:
        if (command is None) == (executor is None):
            raise ValueError(f"task {task_id!r} needs either a command or an executor: Mesos refuses both and neither")
        keep = object.__setattr__
        keep(self, "task_id", task_id if isinstance(task_id, TaskID) else TaskID(task_id))
        keep(self, "agent_id", agent_id if isinstance(agent_id, AgentID) else AgentID(agent_id))
        resources = Resources.parse(resources) if isinstance(resources, str) else resources
        wire = (
            delimited(_NAME, str.encode(name))
            + id_field(_TASK_ID, task_id)
            + id_field(_AGENT_ID, agent_id)
            + resources.to_wire(_RESOURCES)
            + (b"" if command is None else delimited(_COMMAND, command.proto.SerializeToString()))
        )
        more = (executor, container, health_check, labels, discovery, kill_policy, max_completion_time, limits, data)
        if more == _NOTHING:
            keep(self, "_wire", wire)
            return
        proto = mesos_pb2.TaskInfo.FromString(wire)
        if executor is not None:
            proto.executor.CopyFrom(executor.proto)
        if container is not None:
            proto.container.CopyFrom(container.proto)
        if health_check is not None:
            proto.health_check.CopyFrom(health_check.proto)
        if labels is not None:
            proto.labels.CopyFrom(labels_proto(labels))
        if discovery is not None:
            proto.discovery.CopyFrom(discovery)
        if kill_policy is not None:
            proto.kill_policy.grace_period.CopyFrom(duration_proto(kill_policy))
        if max_completion_time is not None:
            proto.max_completion_time.CopyFrom(duration_proto(max_completion_time))
        if limits is not None:
            for limited, limit in limits.items():
                proto.limits[limited].value = limit
        if data is not None:
            proto.data = data
        self._hold(proto)

    @kept
    def proto(self) -> mesos_pb2.TaskInfo:
        """Its message. Of a plain task it is read when first asked for: who only launches it never does."""
        proto = mesos_pb2.TaskInfo.FromString(self._wire)
        object.__setattr__(self, "_wire", b"")
        return proto

    def to_wire(self) -> bytes:
        """Its message's bytes."""
        return self._wire or self.proto.SerializeToString()

    @property
    def name(self) -> str:
        """For pages."""
        return self.proto.name

    @kept
    def task_id(self) -> TaskID:
        """Unique in the framework."""
        return TaskID(self.proto.task_id.value)

    @kept
    def agent_id(self) -> AgentID:
        """Where it is to run."""
        return AgentID(self.proto.agent_id.value)

    @cached_property
    def resources(self) -> Resources:
        """What it takes."""
        return Resources(self.proto.resources)

    @property
    def command(self) -> CommandInfo | None:
        """What it runs."""
        return CommandInfo.from_proto(self.proto.command) if self.proto.HasField("command") else None

    @property
    def executor(self) -> ExecutorInfo | None:
        """Who runs it."""
        return ExecutorInfo.from_proto(self.proto.executor) if self.proto.HasField("executor") else None

    @property
    def container(self) -> ContainerInfo | None:
        """In which it runs."""
        return ContainerInfo.from_proto(self.proto.container) if self.proto.HasField("container") else None

    @property
    def health_check(self) -> HealthCheck | None:
        """By the agent."""
        return HealthCheck.from_proto(self.proto.health_check) if self.proto.HasField("health_check") else None

    @property
    def labels(self) -> dict[str, str]:
        """Free labels."""
        return labels_of(self.proto.labels)

    @property
    def discovery(self) -> mesos_pb2.DiscoveryInfo | None:
        """How others find it."""
        return self.proto.discovery if self.proto.HasField("discovery") else None

    @property
    def kill_policy(self) -> timedelta | None:
        """How long it may take to end when killed."""
        if not self.proto.kill_policy.HasField("grace_period"):
            return None
        return duration_of(self.proto.kill_policy.grace_period)

    @property
    def max_completion_time(self) -> timedelta | None:
        """After which it is killed as failed."""
        return duration_of(self.proto.max_completion_time) if self.proto.HasField("max_completion_time") else None

    @property
    def limits(self) -> dict[str, float]:
        """How much it may take, by resource."""
        return {name: scalar.value for name, scalar in self.proto.limits.items()}

    @property
    def data(self) -> bytes:
        """For the executor; empty when nothing."""
        return self.proto.data
