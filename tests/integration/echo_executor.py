"""An executor whose tasks are only words: it runs and ends them as it is told, and echoes what the framework says."""

from typing import Any

from actors import Actor
from actors.mesos.executor import (
    FrameworkMessage,
    KillTask,
    LaunchTask,
    SendMessage,
    ShutdownExecutor,
    Subscribed,
    UpdateTask,
    run_executor,
)
from mesos_proto import TaskState


class Echo(Actor):
    def __init__(self) -> None:
        self.subscriptions = 0

    def receive(self, message: Any) -> None:
        match message:
            case Subscribed():
                self.subscriptions += 1
            case LaunchTask(task):
                self.reply(UpdateTask(task.task_id, TaskState.TASK_RUNNING, data=task.data))
            case KillTask(task_id):
                self.reply(UpdateTask(task_id, TaskState.TASK_KILLED))
            case FrameworkMessage(data):
                self.reply(SendMessage(b"%d:%b" % (self.subscriptions, data)))
            case ShutdownExecutor():
                self.context.stop(self.ref)


if __name__ == "__main__":
    run_executor(Echo)
