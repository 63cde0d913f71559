"""One run of a task: its names, its folder, its command line and its environment, as Mesos's agents make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from actors.local_mesos.task_runner import TaskCommand
from mesos_proto import mesos_pb2

__all__ = ["AgentIdentity", "Run", "sandbox_of"]

Capability = mesos_pb2.FrameworkInfo.Capability


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """What tasks are told of their agent; ``ip`` and ``port`` are of its HTTP API (port 0: it has none)."""

    agent_id: str
    ip: str
    port: int


@dataclass(frozen=True, slots=True)
class Run:
    """A task in its container. The executor of a command task has the task's own id."""

    agent: AgentIdentity
    framework: mesos_pb2.FrameworkInfo
    task: mesos_pb2.TaskInfo
    container_id: str

    @property
    def executor_id(self) -> str:
        return self.task.executor.executor_id.value if self.task.HasField("executor") else self.task.task_id.value

    @property
    def sandbox(self) -> str:
        return sandbox_of(self.agent.agent_id, self.framework.id.value, self.executor_id, self.container_id)

    @property
    def framework_hears_of_killing(self) -> bool:
        return any(c.type == Capability.TASK_KILLING_STATE for c in self.framework.capabilities)

    @property
    def framework_is_partition_aware(self) -> bool:
        return any(c.type == Capability.PARTITION_AWARE for c in self.framework.capabilities)

    def command(self) -> TaskCommand:
        """What the task runner is to start."""
        command = self.task.command
        environment = {**self._mesos_environment(), **_variables(command.environment)}
        if command.shell:
            return TaskCommand(self.container_id, self.sandbox, shell=command.value, environment=environment)
        argv = (command.value, *command.arguments)
        return TaskCommand(self.container_id, self.sandbox, argv=argv, environment=environment)

    def _mesos_environment(self) -> Mapping[str, str]:
        """As a real agent's executors find it (``MESOS_SANDBOX`` and ``MESOS_DIRECTORY`` come from the runner)."""
        endpoint = f"{self.agent.ip}:{self.agent.port}"
        environment = {
            "LIBPROCESS_IP": self.agent.ip,
            "LIBPROCESS_PORT": "0",
            "MESOS_AGENT_ENDPOINT": endpoint,
            "MESOS_CHECKPOINT": "1" if self.framework.checkpoint else "0",
            "MESOS_EXECUTOR_ID": self.executor_id,
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": "5secs",
            "MESOS_FRAMEWORK_ID": self.framework.id.value,
            "MESOS_HTTP_COMMAND_EXECUTOR": "1",
            "MESOS_SLAVE_ID": self.agent.agent_id,
            "MESOS_SLAVE_PID": f"slave(1)@{endpoint}",
        }
        if self.framework.checkpoint:
            environment["MESOS_RECOVERY_TIMEOUT"] = "15mins"
            environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = "2secs"
        if self.task.resources and self.task.resources[0].HasField("allocation_info"):
            environment["MESOS_ALLOCATION_ROLE"] = self.task.resources[0].allocation_info.role
        return environment


def sandbox_of(agent_id: str, framework_id: str, executor_id: str, container_id: str) -> str:
    """Relative to the agent's folder, as Mesos lays it out below its work dir."""
    return f"slaves/{agent_id}/frameworks/{framework_id}/executors/{executor_id}/runs/{container_id}"


def _variables(environment: mesos_pb2.Environment) -> Mapping[str, str]:
    """Secrets that nobody resolved are left out, as by Mesos's command executor."""
    secret = mesos_pb2.Environment.Variable.SECRET
    return {variable.name: variable.value for variable in environment.variables if variable.type != secret}
