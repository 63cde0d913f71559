"""Which tasks an agent does not take, and what it says of them."""

from __future__ import annotations

from actors.local_mesos.agent._run import Run
from actors.local_mesos.container_engine import has_image
from mesos_proto import TaskState, mesos_pb2

__all__ = ["Refusal", "why_not", "with_executor"]

TaskStatus = mesos_pb2.TaskStatus
Refusal = tuple[TaskState, str, mesos_pb2.TaskStatus.Reason.ValueType]


def why_not(run: Run, stopping: bool, executor_ends: bool = False) -> Refusal | None:
    """None if this task can run here."""
    if stopping:
        return run.dropped, "The agent is stopping", TaskStatus.REASON_AGENT_DISCONNECTED
    if executor_ends:
        return run.dropped, "Executor terminating/terminated", TaskStatus.REASON_EXECUTOR_TERMINATED
    image = run.task.container.mesos.image
    if image.HasField("type") and image.type != mesos_pb2.Image.DOCKER:
        text = f"This agent runs images of type DOCKER only, not {mesos_pb2.Image.Type.Name(image.type)}"
        return TaskState.TASK_FAILED, text, TaskStatus.REASON_CONTAINER_LAUNCH_FAILED
    if run.shares_executor and has_image(run.task.executor.container):
        text = "This agent runs executors as processes: give the executor's container no image"
        return TaskState.TASK_FAILED, text, TaskStatus.REASON_CONTAINER_LAUNCH_FAILED
    return None


def with_executor(task: mesos_pb2.TaskInfo, executor: mesos_pb2.ExecutorInfo) -> mesos_pb2.TaskInfo:
    """A task of a group, as if it named the group's executor itself."""
    whole = mesos_pb2.TaskInfo()
    whole.CopyFrom(task)
    whole.executor.CopyFrom(executor)
    return whole
