"""May this task be launched? Each rule, its order and its words are a Mesos master's. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from mesos_proto import Resources, mesos_pb2
from mesos_proto.resource import Resource
from mesos_proto.scalars import scalar_text

from .parsed import resources_in
from .process_validation import check_error, command_error, container_error, health_check_error
from .resource_validation import resource_error, resources_error
from .validation import id_error

__all__ = ["LaunchContext", "executor_error", "group_error", "task_error"]

_MIN_CPUS: Final = 0.01
_MIN_MEM: Final = 32


class LaunchContext:
    """What a launch is checked against.

    Args:
        framework_id, agent_id: whose offer it is, and of which agent.
        running, unreachable: ids of the framework's tasks.
        executors: ids of the framework's executors that run on the agent already.
        available: what is left of the offer, marked with its role.
    """

    def __init__(
        self,
        framework_id: str,
        agent_id: str,
        running: Collection[str],
        unreachable: Collection[str],
        executors: Collection[str],
        available: Resources,
    ) -> None:
        self.framework_id = framework_id
        self.agent_id = agent_id
        self.running = running
        self.unreachable = unreachable
        self.executors = executors
        self.available = available


def task_error(task: mesos_pb2.TaskInfo, context: LaunchContext) -> str | None:
    """A task of LAUNCH."""
    error = _malformed(task) or _own_error(task, context)
    if error:
        return error
    total, executor = resources_in(task.resources), resources_in(task.executor.resources)
    if task.HasField("executor") == task.HasField("command"):
        return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
    if task.HasField("executor"):
        error = executor_error(task.executor, context.framework_id) or _custom_executor_error(task.executor)
        if error:
            return error
        if _overlap([total, executor]):
            return f"There are overlapping resources in the task resources {total} and executor resources {executor}"
        if task.executor.executor_id.value not in context.executors:
            total += executor
    if not context.available.contains(total):
        return f"Total resources {total} required by task and its executor is more than available {context.available}"
    if _share_cgroups(task.container) is False:
        return "Only tasks in a task group may have 'share_cgroups' set to 'false'"
    return None


def _malformed(task: mesos_pb2.TaskInfo) -> str | None:
    return next(filter(None, map(resource_error, (*task.resources, *task.executor.resources))), None)


def _own_error(task: mesos_pb2.TaskInfo, context: LaunchContext) -> str | None:
    """All but the executor."""
    task_id = task.task_id.value
    error = id_error(task_id)
    if error:
        return error
    if task_id in context.running:
        return f"Task has duplicate ID: {task_id}"
    if task_id in context.unreachable:
        return f"Task reuses the ID of an unreachable task: {task_id}"
    if task.agent_id.value != context.agent_id:
        return f"Task uses invalid agent {task.agent_id.value} while agent {context.agent_id} is expected"
    if task.kill_policy.grace_period.nanoseconds < 0:
        return "Task's 'kill_policy.grace_period' must be non-negative"
    if task.max_completion_time.nanoseconds < 0:
        return "Task's `max_completion_time` must be non-negative"
    if task.HasField("check"):
        error = check_error(task.check)
        if error:
            return f"Task uses invalid check: {error}"
    if task.HasField("health_check"):
        error = health_check_error(task.health_check)
        if error:
            return f"Task uses invalid health check: {error}"
    if not task.resources:
        return "Task uses no resources"
    error = _task_resources_error(task.resources)
    if error:
        return error
    if task.HasField("command"):
        error = command_error(task.command)
        if error:
            return f"Task's `CommandInfo` is invalid: {error}"
    if task.HasField("container"):
        error = container_error(task.container)
        if error:
            return f"Task's `ContainerInfo` is invalid: {error}"
    return _limits_error(task)


def _task_resources_error(resources: Sequence[mesos_pb2.Resource]) -> str | None:
    error = resources_error(resources)
    if error:
        return f"Task uses invalid resources: {error}"
    error = _roles_error(resources)
    if error:
        return f"Invalid task resources: {error}"
    for name in {resource.name for resource in resources if resource.HasField("revocable")}:
        if any(resource.name == name and not resource.HasField("revocable") for resource in resources):
            return (
                "Task mixes revocable and non-revocable resources: Cannot use both revocable and non-revocable "
                f"'{name}' at the same time"
            )
    return None


def _roles_error(resources: Iterable[mesos_pb2.Resource]) -> str | None:
    roles: list[str] = []
    for resource in resources:
        if not resource.HasField("allocation_info"):
            return f"The resource {Resource(resource)} is not allocated to a role"
        if resource.allocation_info.role not in roles:
            roles.append(resource.allocation_info.role)
    if len(roles) > 1:
        return (
            f"The resources have multiple allocation roles ('{roles[1]}' and '{roles[0]}') but only one allocation "
            "role is allowed"
        )
    return None


def _limits_error(task: mesos_pb2.TaskInfo) -> str | None:
    if not task.limits:
        return None
    if set(task.limits) - {"cpus", "mem"}:
        return "Only cpus and mem may be included in a task's resource limits"
    names = {resource.name for resource in task.resources}
    wanted = resources_in(task.resources)
    if "cpus" in task.limits:
        if "cpus" not in names:
            return "When a CPU limit is specified, a CPU request must also be specified"
        if task.limits["cpus"].value < wanted.cpus:
            return "The cpu limit must be greater than or equal to the cpu request"
    if "mem" in task.limits:
        if "mem" not in names:
            return "When a memory limit is specified, a memory request must also be specified"
        limit = task.limits["mem"].value
        if not math.isinf(limit) and limit < wanted.mem:
            return "The memory limit must be greater than or equal to the memory request"
    return None


# -- executors


def executor_error(executor: mesos_pb2.ExecutorInfo, framework_id: str) -> str | None:
    """What holds for every executor."""
    kind = mesos_pb2.ExecutorInfo
    if executor.type == kind.CUSTOM and not executor.HasField("command"):
        return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
    if executor.type == kind.DEFAULT:
        if executor.HasField("command"):
            return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"
        if executor.HasField("container") and executor.container.type != mesos_pb2.ContainerInfo.MESOS:
            return "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor"
    error = id_error(executor.executor_id.value)
    if error:
        return error
    if executor.shutdown_grace_period.nanoseconds < 0:
        return "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
    if executor.HasField("command"):
        error = command_error(executor.command)
        if error:
            return f"Executor's `CommandInfo` is invalid: {error}"
    if executor.HasField("container"):
        error = container_error(executor.container)
        if error:
            return f"Executor's `ContainerInfo` is invalid: {error}"
    if not executor.HasField("framework_id"):
        return "'ExecutorInfo.framework_id' must be set"
    if executor.framework_id.value != framework_id:
        return (
            f"ExecutorInfo has an invalid FrameworkID (Actual: {executor.framework_id.value} vs Expected: "
            f"{framework_id})"
        )
    if executor.resources:
        error = _roles_error(executor.resources)
        if error:
            return f"Invalid executor resources: {error}"
    return None


def _custom_executor_error(executor: mesos_pb2.ExecutorInfo) -> str | None:
    """What holds besides for the executor of a task that is launched alone."""
    if executor.HasField("type") and executor.type != mesos_pb2.ExecutorInfo.CUSTOM:
        return "'ExecutorInfo.type' must be 'CUSTOM'"
    if not executor.HasField("command"):
        return "'ExecutorInfo.command' must be set"
    resources = resources_in(executor.resources)
    if any(resource.is_shared for resource in resources):
        return f"Executor resources {resources} should not contain any shared resources"
    if _share_cgroups(executor.container) is True:
        return "The 'share_cgroups' field cannot be set to 'true' on executor containers"
    return None


# -- groups


def group_error(
    tasks: Iterable[mesos_pb2.TaskInfo], executor: mesos_pb2.ExecutorInfo, context: LaunchContext
) -> str | None:
    """A LAUNCH_GROUP: one bad task voids it."""
    tasks = list(tasks)
    for task in tasks:
        error = _malformed(task) or _own_error(task, context) or _grouped_error(task)
        if error:
            return f"Task '{task.task_id.value}' is invalid: {error}"
    error = executor_error(executor, context.framework_id) or _group_executor_error(tasks, executor)
    if error:
        return error
    parts = [resources_in(task.resources) for task in tasks]
    own = resources_in(executor.resources)
    if _overlap([*parts, own]):
        shown = "{ " + ", ".join(str(part) for part in parts) + " }"
        return (
            f"There are overlapping resources in the task group's task resources {shown} and/or executor resources "
            f"{own}"
        )
    total = sum(parts, Resources())
    if executor.executor_id.value not in context.executors:
        total += own
    if not context.available.contains(total):
        return (
            f"Total resources {total} required by task group and its executor are more than available "
            f"{context.available}"
        )
    return _group_cgroups_error(tasks, executor)


def _grouped_error(task: mesos_pb2.TaskInfo) -> str | None:
    if not task.HasField("executor"):
        return "'TaskInfo.executor' must be set"
    container = task.container
    check = task.health_check
    if container.network_infos and check.type in (mesos_pb2.HealthCheck.HTTP, mesos_pb2.HealthCheck.TCP):
        return "HTTP and TCP health checks are not supported for nested containers not joining parent's network"
    if task.HasField("container") and container.type == mesos_pb2.ContainerInfo.DOCKER:
        return "Docker ContainerInfo is not supported on the task"
    if task.limits and _share_cgroups(container) is not False:
        return (
            "Resource limits may only be set for tasks within a task group when the 'share_cgroups' field is set to "
            "'false'."
        )
    return None


def _group_executor_error(tasks: list[mesos_pb2.TaskInfo], executor: mesos_pb2.ExecutorInfo) -> str | None:
    if not executor.HasField("type"):
        return "'ExecutorInfo.type' must be set"
    if executor.type == mesos_pb2.ExecutorInfo.UNKNOWN:
        return "Unknown executor type"
    if executor.HasField("container") and executor.container.type == mesos_pb2.ContainerInfo.DOCKER:
        return "Docker ContainerInfo is not supported on the executor"
    name = executor.executor_id.value
    for task in tasks:
        if task.executor != executor:
            return f"The `ExecutorInfo` of task '{task.task_id.value}' is different from executor '{name}'"
    resources = resources_in(executor.resources)
    if resources.cpus < _MIN_CPUS:
        shown = scalar_text(resources.cpus) if resources.cpus else "None"
        return f"Executor '{name}' uses less CPUs ({shown}) than the minimum required ({_MIN_CPUS})"
    if resources.mem < _MIN_MEM:
        shown = f"{scalar_text(resources.mem)}MB" if resources.mem else "None"
        return f"Executor '{name}' uses less memory ({shown}) than the minimum required ({_MIN_MEM}MB)"
    if not resources.disk:
        return f"Executor '{name}' uses no disk"
    return None


def _group_cgroups_error(tasks: list[mesos_pb2.TaskInfo], executor: mesos_pb2.ExecutorInfo) -> str | None:
    if _share_cgroups(executor.container) is True:
        return "The 'share_cgroups' field cannot be set to 'true' on executor containers"
    if len({_share_cgroups(task.container) is not False for task in tasks}) > 1:
        return (
            "If set, the value of 'share_cgroups' must be the same for all tasks in each task group and under a "
            "single executor"
        )
    return None


def _share_cgroups(container: mesos_pb2.ContainerInfo) -> bool | None:
    """What the container says; None when it says nothing."""
    return container.linux_info.share_cgroups if container.linux_info.HasField("share_cgroups") else None


def _overlap(parts: list[Resources]) -> bool:
    """Whether two of them hold the same port, or the same item of a set."""
    held: dict[str, int] = {}
    for part in parts:
        for resource in part:
            if not isinstance(resource.amount, int):
                held[resource.name] = held.get(resource.name, 0) + len(resource.amount)
    together = sum(parts, Resources())
    united: dict[str, int] = {}
    for resource in together:
        if not isinstance(resource.amount, int):
            united[resource.name] = united.get(resource.name, 0) + len(resource.amount)
    return held != united
