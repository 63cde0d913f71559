"""An executor: counts primes, many tasks in one process. Agents start it; `examples.primes` is its framework.

A task's data are two numbers, ``b"FIRST STOP"``. How many primes there are from FIRST up to STOP, which is left out,
comes back as the data of TASK_FINISHED.
"""

import asyncio
from typing import Any

from actors import Actor
from actors.mesos.executor import KillTask, LaunchTask, ShutdownExecutor, UpdateTask, run_executor
from mesos_proto import TaskID, TaskInfo, TaskState


class Primes(Actor):
    def __init__(self) -> None:
        self.running: set[TaskID] = set()

    def receive(self, message: Any) -> None:
        match message:
            case LaunchTask(task):
                self.running.add(task.task_id)
                self.reply(UpdateTask(task.task_id, TaskState.TASK_RUNNING))
                self.context.pipe_to(work(task))
            case UpdateTask(task_id) if task_id in self.running:  # of `work`; one that was killed is not awaited
                self.running.remove(task_id)
                self.context.parent.tell(message, self.ref)
            case KillTask(task_id) if task_id in self.running:
                self.running.remove(task_id)
                self.reply(UpdateTask(task_id, TaskState.TASK_KILLED))
            case ShutdownExecutor():
                self.context.stop(self.ref)


async def work(task: TaskInfo) -> UpdateTask:
    try:
        first, stop = map(int, (task.data or b"").split())
    except ValueError:
        said = f"its data has to be two numbers, not {task.data!r}"
        return UpdateTask(task.task_id, TaskState.TASK_FAILED, message=said)
    found = await asyncio.to_thread(primes, first, stop)
    return UpdateTask(task.task_id, TaskState.TASK_FINISHED, data=str(found).encode())


def primes(first: int, stop: int) -> int:
    return sum(
        all(number % factor for factor in range(2, int(number**0.5) + 1)) for number in range(max(first, 2), stop)
    )


if __name__ == "__main__":
    run_executor(Primes)
