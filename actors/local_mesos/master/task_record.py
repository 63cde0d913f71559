"""What the master keeps of a task: of a million, so as little as can be, and the rest in bytes.

A ``mesos_pb2.Task`` with its two statuses takes three times as much memory; it is made when somebody asks to see it.
"""

from __future__ import annotations

from sys import intern

from mesos_proto import mesos_pb2

from .parsed import resources_in

__all__ = ["TaskRecord"]

Task = mesos_pb2.Task
TaskStatus = mesos_pb2.TaskStatus


class TaskRecord:
    """Only the master changes it, and only in its turns.

    ``update_state`` and ``update_uuid`` are of the status that was told last: None while nothing was, and for a status
    that nobody acknowledges.
    """

    __slots__ = (
        "_form",
        "_last_state",
        "_statuses",
        "agent_id",
        "framework_id",
        "resources",
        "state",
        "task_id",
        "update_state",
        "update_uuid",
    )

    def __init__(self, task: mesos_pb2.Task) -> None:
        """Of a task that begins, or that an agent reports. ``task`` is used up."""
        self.task_id = task.task_id.value
        self.agent_id = intern(task.agent_id.value)
        self.framework_id = intern(task.framework_id.value)
        self.state = task.state
        self.resources = resources_in(task.resources)
        self.update_state = task.status_update_state if task.HasField("status_update_state") else None
        self.update_uuid = task.status_update_uuid if task.HasField("status_update_uuid") else None
        self._statuses: tuple[bytes, ...] = ()
        self._last_state: mesos_pb2.TaskState.ValueType | None = None
        if task.statuses:
            self._statuses = tuple(status.SerializeToString() for status in task.statuses)
            self._last_state = task.statuses[-1].state
            task.ClearField("statuses")
        self._form = task.SerializeToString()

    def note(self, status: mesos_pb2.TaskStatus) -> bool:
        """Into its history, in place of one that said the same state. Returns whether it said something new."""
        if status.HasField("data"):
            kept = TaskStatus()
            kept.CopyFrom(status)
            kept.ClearField("data")
            status = kept
        before = self._statuses
        is_new = self._last_state != status.state
        self._statuses = (*(before if is_new else before[:-1]), status.SerializeToString())
        self._last_state = status.state
        return is_new

    @property
    def statuses(self) -> list[mesos_pb2.TaskStatus]:
        """One for each state that it was in."""
        return [TaskStatus.FromString(status) for status in self._statuses]

    @property
    def latest_status(self) -> mesos_pb2.TaskStatus | None:
        return TaskStatus.FromString(self._statuses[-1]) if self._statuses else None

    @property
    def began(self) -> float:
        """When the first status was said, in seconds since the epoch; infinite before that."""
        return TaskStatus.FromString(self._statuses[0]).timestamp if self._statuses else float("inf")

    def message(self) -> mesos_pb2.Task:
        """All of it, for others."""
        task = Task.FromString(self._form)
        task.state = self.state
        task.statuses.extend(self.statuses)
        if self.update_state is not None:
            task.status_update_state = self.update_state
        if self.update_uuid is not None:
            task.status_update_uuid = self.update_uuid
        return task
