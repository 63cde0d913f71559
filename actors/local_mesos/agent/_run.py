"""One run of a task or of an executor: its names, its folder, its command line and its environment, as Mesos's agents
make them.

A container's id tells whose it is: ``C`` is of a command task or of an executor that tasks share, ``C.N`` is of a task
of the latter, ``C.G-0``, ``C.G-1``, … are of the group ``G`` of such tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actors.local_mesos.container_engine import has_image
from actors.local_mesos.task_runner import TaskCommand
from mesos_proto import TaskState, mesos_pb2

__all__ = ["AgentIdentity", "ExecutorRun", "Run", "group_of", "outer", "sandbox_of"]

SHUTDOWN_GRACE = 5.0  # seconds from SHUTDOWN to SIGKILL, unless the executor's info has its own

Capability = mesos_pb2.FrameworkInfo.Capability
DEFAULT_EXECUTOR = mesos_pb2.ExecutorInfo.DEFAULT


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """What tasks are told of their agent; ``ip`` and ``port`` are of its HTTP API (port 0: it has none)."""

    agent_id: str
    ip: str
    port: int


class Run:
    """A task in its container. The executor of a command task has the task's own id. Nobody changes it."""

    __slots__ = ("_task", "agent", "container_id", "framework", "shares_executor", "task_id")

    def __init__(
        self, agent: AgentIdentity, framework: mesos_pb2.FrameworkInfo, task: mesos_pb2.TaskInfo, container_id: str
    ) -> None:
        self.agent = agent
        self.framework = framework
        self.container_id = container_id
        self.task_id = task.task_id.value
        self.shares_executor = task.HasField("executor")
        self._task: mesos_pb2.TaskInfo | bytes = task

    @property
    def task(self) -> mesos_pb2.TaskInfo:
        return mesos_pb2.TaskInfo.FromString(self._task) if isinstance(self._task, bytes) else self._task

    def pack(self) -> None:
        """Nobody asks for the task for a while: in bytes it takes a tenth of the memory."""
        if not isinstance(self._task, bytes):
            self._task = self._task.SerializeToString()

    @property
    def executor_id(self) -> str:
        return self.task.executor.executor_id.value if self.shares_executor else self.task_id

    @property
    def sandbox(self) -> str:
        """A task of the default executor has a folder in the executor's; other executors' tasks have theirs alone."""
        own, _, nested = self.container_id.partition(".")
        folder = sandbox_of(self.agent.agent_id, self.framework.id.value, self.executor_id, own)
        return f"{folder}/containers/{nested}" if nested and self._is_nested else folder

    @property
    def _is_nested(self) -> bool:
        return self.task.executor.type == DEFAULT_EXECUTOR

    def container(self) -> mesos_pb2.ContainerID:
        """As statuses name it."""
        own, _, nested = self.container_id.partition(".")
        parent = mesos_pb2.ContainerID(value=own)
        return mesos_pb2.ContainerID(value=nested, parent=parent) if nested and self._is_nested else parent

    @property
    def has_image(self) -> bool:
        """A container engine runs it, and limits its memory."""
        return has_image(self.task.container)

    @property
    def framework_hears_of_killing(self) -> bool:
        return any(c.type == Capability.TASK_KILLING_STATE for c in self.framework.capabilities)

    @property
    def dropped(self) -> TaskState:
        """What a task becomes that never started, in the framework's words."""
        aware = any(c.type == Capability.PARTITION_AWARE for c in self.framework.capabilities)
        return TaskState.TASK_DROPPED if aware else TaskState.TASK_LOST

    def command(self) -> TaskCommand:
        """What the task runner is to start."""
        return _command(self.container_id, self.sandbox, self.task.command, self.environment())

    def environment(self) -> Mapping[str, str]:
        """Mesos's own variables and the task's."""
        mesos = _mesos_environment(self.agent, self.framework, self.executor_id, SHUTDOWN_GRACE, self.task.resources)
        return {**mesos, **_variables(self.task.command.environment)}


@dataclass(frozen=True, slots=True)
class ExecutorRun:
    """An executor that tasks share, in its container."""

    agent: AgentIdentity
    framework: mesos_pb2.FrameworkInfo
    info: mesos_pb2.ExecutorInfo
    container_id: str

    @property
    def executor_id(self) -> str:
        return self.info.executor_id.value

    @property
    def is_default(self) -> bool:
        return self.info.type == DEFAULT_EXECUTOR

    @property
    def sandbox(self) -> str:
        return sandbox_of(self.agent.agent_id, self.framework.id.value, self.executor_id, self.container_id)

    @property
    def shutdown_grace(self) -> float:
        """Seconds."""
        given = self.info.HasField("shutdown_grace_period")
        return self.info.shutdown_grace_period.nanoseconds / 1e9 if given else SHUTDOWN_GRACE

    def command(self) -> TaskCommand:
        mesos = _mesos_environment(
            self.agent, self.framework, self.executor_id, self.shutdown_grace, self.info.resources
        )
        environment = {**mesos, **_variables(self.info.command.environment)}
        return _command(self.container_id, self.sandbox, self.info.command, environment)


def outer(container_id: str) -> str:
    """The container that the agent made, of whatever runs in it."""
    return container_id.partition(".")[0]


def group_of(container_id: str) -> str | None:
    """None if it is of a task by itself."""
    group, dash, _ = container_id.partition(".")[2].partition("-")
    return group if dash else None


def sandbox_of(agent_id: str, framework_id: str, executor_id: str, container_id: str) -> str:
    """Relative to the agent's folder, as Mesos lays it out below its work dir."""
    return f"slaves/{agent_id}/frameworks/{framework_id}/executors/{executor_id}/runs/{container_id}"


def _command(
    container_id: str, sandbox: str, command: mesos_pb2.CommandInfo, environment: Mapping[str, str]
) -> TaskCommand:
    if command.shell:
        return TaskCommand(container_id, sandbox, shell=command.value, environment=environment)
    return TaskCommand(container_id, sandbox, argv=(command.value, *command.arguments), environment=environment)


def _mesos_environment(
    agent: AgentIdentity,
    framework: mesos_pb2.FrameworkInfo,
    executor_id: str,
    shutdown_grace: float,
    resources: Iterable[mesos_pb2.Resource],
) -> dict[str, str]:
    """As a real agent's executors find it (``MESOS_SANDBOX`` and ``MESOS_DIRECTORY`` come from the runner)."""
    endpoint = f"{agent.ip}:{agent.port}"
    environment = {
        "LIBPROCESS_IP": agent.ip,
        "LIBPROCESS_PORT": "0",
        "MESOS_AGENT_ENDPOINT": endpoint,
        "MESOS_CHECKPOINT": "1" if framework.checkpoint else "0",
        "MESOS_EXECUTOR_ID": executor_id,
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": f"{shutdown_grace:.10g}secs",
        "MESOS_FRAMEWORK_ID": framework.id.value,
        "MESOS_HTTP_COMMAND_EXECUTOR": "1",
        "MESOS_SLAVE_ID": agent.agent_id,
        "MESOS_SLAVE_PID": f"slave(1)@{endpoint}",
    }
    if framework.checkpoint:
        environment["MESOS_RECOVERY_TIMEOUT"] = "15mins"
        environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = "2secs"
    roles = [resource.allocation_info.role for resource in resources if resource.HasField("allocation_info")]
    if roles:
        environment["MESOS_ALLOCATION_ROLE"] = roles[0]
    return environment


def _variables(environment: mesos_pb2.Environment) -> Mapping[str, str]:
    """Secrets that nobody resolved are left out, as by Mesos's command executor."""
    secret = mesos_pb2.Environment.Variable.SECRET
    return {variable.name: variable.value for variable in environment.variables if variable.type != secret}
