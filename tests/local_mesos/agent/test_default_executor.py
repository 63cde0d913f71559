"""Task groups: all start or none, each task is a process of its own, and one that fails takes the others with it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from actors.local_mesos import messages as m
from actors.local_mesos.simulated_runner import Fate, as_written
from actors.local_mesos.task_runner import TaskCommand
from mesos_proto import mesos_pb2 as pb

from .conftest import AGENT_ID, Bench

Status = pb.TaskStatus
EXECUTOR = pb.ExecutorInfo(type=pb.ExecutorInfo.DEFAULT, executor_id=pb.ExecutorID(value="E"))


def launch_group(bench: Bench, **commands: Any) -> None:
    tasks = tuple(
        pb.TaskInfo(
            name=name,
            task_id=pb.TaskID(value=name),
            agent_id=pb.AgentID(value=AGENT_ID),
            command=pb.CommandInfo(value=command),
        )
        for name, command in commands.items()
    )
    bench.agent.tell(m.RunTaskGroup(bench.framework, EXECUTOR, tasks), bench.master)


async def states_until(bench: Bench, count: int) -> dict[str, list[str]]:
    """What is said of each task, in ``count`` updates."""
    said: dict[str, list[str]] = {}
    for _ in range(count):
        update = await bench.next(m.UpdateStatus)
        said.setdefault(update.status.task_id.value, []).append(pb.TaskState.Name(update.status.state))
        bench.acknowledge(update)
    return said


async def test_the_tasks_of_a_group_run_and_finish_each_by_itself(bench: Bench) -> None:
    await bench.start()
    launch_group(bench, a="sleep 5", b="sleep 50")
    whole_life = ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert await states_until(bench, 6) == {"a": whole_life, "b": whole_life}
    assert await bench.next(m.ExecutorExited) == m.ExecutorExited("F", AGENT_ID, "E", 0)


async def test_their_containers_are_nested_in_the_executor_s(bench: Bench) -> None:
    seen: list[TaskCommand] = []

    def script(command: TaskCommand, chance: random.Random) -> Fate:
        seen.append(command)
        return as_written(command, chance)

    bench.script(script)
    await bench.start()
    launch_group(bench, a="sleep 5", b="sleep 50")
    update = await bench.next(m.UpdateStatus)
    own = update.status.container_status.container_id
    assert update.status.executor_id.value == "E"
    assert f"executors/E/runs/{own.parent.value}/containers/{own.value}" in seen[0].sandbox
    assert seen[0].environment["MESOS_EXECUTOR_ID"] == "E"


async def test_one_that_fails_takes_its_group_with_it_and_no_other(bench: Bench) -> None:
    await bench.start()
    launch_group(bench, a="sleep 5; false", b="sleep 1000", c="sleep 1000")
    launch_group(bench, other="sleep 100")
    said = await states_until(bench, 12)
    assert {name: states[-1] for name, states in said.items()} == {
        "a": "TASK_FAILED",
        "b": "TASK_KILLED",
        "c": "TASK_KILLED",
        "other": "TASK_FINISHED",
    }


async def test_a_killed_task_takes_its_group_with_it(bench: Bench) -> None:
    await bench.start()
    launch_group(bench, a="sleep 1000", b="sleep 1000")
    await states_until(bench, 4)
    bench.agent.tell(m.KillTask("F", "b"))
    assert await states_until(bench, 2) == {"a": ["TASK_KILLED"], "b": ["TASK_KILLED"]}


async def test_a_group_of_which_one_cannot_run_here_does_not_start(bench: Bench) -> None:
    await bench.start()
    image = pb.ContainerInfo(
        type=pb.ContainerInfo.MESOS, mesos=pb.ContainerInfo.MesosInfo(image=pb.Image(type=pb.Image.APPC))
    )
    tasks = tuple(
        pb.TaskInfo(
            name=name,
            task_id=pb.TaskID(value=name),
            agent_id=pb.AgentID(value=AGENT_ID),
            command=pb.CommandInfo(value="sleep 1000"),
            container=image if name == "b" else None,
        )
        for name in "ab"
    )
    bench.agent.tell(m.RunTaskGroup(bench.framework, EXECUTOR, tasks), bench.master)
    assert await states_until(bench, 2) == {"a": ["TASK_FAILED"], "b": ["TASK_FAILED"]}
    assert await bench.runner.usage() == {}


async def test_a_framework_s_end_ends_its_groups(bench: Bench) -> None:
    await bench.start()
    launch_group(bench, a="sleep 1000", b="sleep 1000")
    await states_until(bench, 4)
    bench.agent.tell(m.ShutdownFramework("F"))
    await bench.next(m.ExecutorExited, within=10)
    assert await bench.runner.usage() == {}


async def test_a_restarted_agent_goes_on_with_its_groups(bench: Bench) -> None:
    await bench.start()
    launch_group(bench, a="sleep 100; false", b="sleep 1000")
    await states_until(bench, 4)
    registration = await bench.restart()
    assert [executor.executor_id.value for executor in registration.executors] == ["E"]
    assert await states_until(bench, 2) == {"a": ["TASK_FAILED"], "b": ["TASK_KILLED"]}


async def test_the_rest_of_a_group_ends_although_the_agent_was_killed_in_between(bench: Bench) -> None:
    def script(command: TaskCommand, chance: random.Random) -> Fate:
        return Fate(terminates=None if command.shell == "stubborn" else 0.0)

    bench.script(script)
    await bench.start()
    launch_group(bench, a="server", b="stubborn")
    await states_until(bench, 4)
    bench.agent.tell(m.KillTask("F", "a"))
    assert await states_until(bench, 1) == {"a": ["TASK_KILLED"]}
    await bench.restart()
    await asyncio.sleep(10)
    assert await states_until(bench, 1) == {"b": ["TASK_KILLED"]}
