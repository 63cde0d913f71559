"""Who runs tasks on an agent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.resources import Resources
from mesos_proto.wrappers._wrapper import Wrapper
from mesos_proto.wrappers.command_info import CommandInfo
from mesos_proto.wrappers.container_info import ContainerInfo
from mesos_proto.wrappers.durations import duration_of, duration_proto
from mesos_proto.wrappers.ids import ExecutorID, FrameworkID
from mesos_proto.wrappers.labels import labels_of, labels_proto


class ExecutorInfo(Wrapper[mesos_pb2.ExecutorInfo]):
    """An executor of one's own (with a command), or Mesos's default one for task groups (without).

    Args:
        executor_id: the same id with another definition is refused while it runs on the agent.
        command: starts the executor; None: the default executor.
        framework_id: whose it is; needed in task groups.
        resources: for the executor itself, beside its tasks'; as `Resources` or as text.
        container: in which it runs.
        name: for pages.
        data: whatever the executor is to be told.
        shutdown_grace_period: how long it may take to end before it is killed.
        labels: free.
    """

    __match_args__ = ("executor_id",)

    def __init__(
        self,
        *,
        executor_id: str,
        command: CommandInfo | None = None,
        framework_id: str | None = None,
        resources: Resources | str = "",
        container: ContainerInfo | None = None,
        name: str | None = None,
        data: bytes | None = None,
        shutdown_grace_period: timedelta | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        resources = Resources.parse(resources) if isinstance(resources, str) else resources
        kind = mesos_pb2.ExecutorInfo.DEFAULT if command is None else mesos_pb2.ExecutorInfo.CUSTOM
        self._hold(
            mesos_pb2.ExecutorInfo(
                type=kind,
                executor_id=mesos_pb2.ExecutorID(value=executor_id),
                command=None if command is None else command.proto,
                framework_id=None if framework_id is None else mesos_pb2.FrameworkID(value=framework_id),
                resources=resources.to_protos(),
                container=None if container is None else container.proto,
                name=name,
                data=data,
                shutdown_grace_period=None if shutdown_grace_period is None else duration_proto(shutdown_grace_period),
                labels=None if labels is None else labels_proto(labels),
            )
        )

    @property
    def executor_id(self) -> ExecutorID:
        """Unique per framework and agent."""
        return ExecutorID(self.proto.executor_id.value)

    @property
    def framework_id(self) -> FrameworkID | None:
        """Whose it is."""
        return FrameworkID(self.proto.framework_id.value) if self.proto.HasField("framework_id") else None

    @property
    def command(self) -> CommandInfo | None:
        """What starts it; None: Mesos's default executor."""
        return CommandInfo.from_proto(self.proto.command) if self.proto.HasField("command") else None

    @property
    def container(self) -> ContainerInfo | None:
        """In which it runs."""
        return ContainerInfo.from_proto(self.proto.container) if self.proto.HasField("container") else None

    @cached_property
    def resources(self) -> Resources:
        """For itself."""
        return Resources(self.proto.resources)

    @property
    def name(self) -> str | None:
        """For pages."""
        return self.proto.name if self.proto.HasField("name") else None

    @property
    def data(self) -> bytes:
        """What it is told; empty when nothing."""
        return self.proto.data

    @property
    def shutdown_grace_period(self) -> timedelta | None:
        """How long it may take to end."""
        if not self.proto.HasField("shutdown_grace_period"):
            return None
        return duration_of(self.proto.shutdown_grace_period)

    @property
    def labels(self) -> dict[str, str]:
        """Free labels."""
        return labels_of(self.proto.labels)
