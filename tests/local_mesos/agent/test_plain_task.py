"""A task that its agent runs itself, as an object: what it says, and that a fault of its own ends it alone."""

from __future__ import annotations

from typing import Any

import pytest

from actors.core import ActorSystem
from actors.local_mesos import messages as m
from actors.local_mesos.agent._command_task import PlainTask
from actors.local_mesos.agent._executor_protocol import Kill, KillDecided, NotHeld, Shutdown, Update
from actors.local_mesos.agent._housekeeping import OverMemory
from actors.local_mesos.agent._run import AgentIdentity, Run
from actors.local_mesos.simulated_runner import SimulatedRunner
from actors.local_mesos.task_runner import Exited, Lost, Refused, Started, TaskCommand
from mesos_proto import TaskState
from mesos_proto import mesos_pb2 as pb

from .conftest import AGENT_ID, Bench

Status = pb.TaskStatus
FRAMEWORK = pb.FrameworkInfo(name="f", user="u", id=pb.FrameworkID(value="F"))


class Runner(SimulatedRunner):
    """Keeps what it is asked for, and does nothing of it."""

    def __init__(self, system: ActorSystem) -> None:
        super().__init__(system.clock, system.random)
        self.asked: list[Any] = []

    def launch(self, command: TaskCommand) -> None:
        self.asked.append("launch")

    def kill(self, container_id: str, grace: float) -> None:
        self.asked.append(("kill", grace))


class Made:
    def __init__(self, system: ActorSystem, reached: TaskState | None = None, killed: bool = False) -> None:
        task = pb.TaskInfo(name="t", task_id=pb.TaskID(value="t"), agent_id=pb.AgentID(value=AGENT_ID))
        task.command.value = "x"
        self.runner = Runner(system)
        self.said: list[str] = []
        self.last = Status()
        self.faults: list[Exception] = []
        run = Run(AgentIdentity(AGENT_ID, "127.0.0.1", 0), FRAMEWORK, task, "C")
        self.task = PlainTask(
            run, self.runner, reached, killed, system, self._hear, lambda name, error: self.faults.append(error)
        )
        self.task.begin()

    def _hear(self, message: Update | KillDecided) -> None:
        if isinstance(message, Update):
            self.last = message.status
            self.said.append(pb.TaskState.Name(message.status.state).removeprefix("TASK_"))
        else:
            self.said.append("kill decided")


ENDS = [
    (Exited("C", 0, 0.0), "FINISHED", None),
    (Exited("C", 3 << 8, 0.0), "FAILED", Status.REASON_COMMAND_EXECUTOR_FAILED),
    (Exited("C", 9, 0.0), "FAILED", Status.REASON_COMMAND_EXECUTOR_FAILED),
    (Refused("C", "no such user", 0.0), "FAILED", Status.REASON_COMMAND_EXECUTOR_FAILED),
    (Lost("C", 0.0), "FAILED", Status.REASON_EXECUTOR_TERMINATED),
    (NotHeld(), "FAILED", Status.REASON_EXECUTOR_TERMINATED),
]


@pytest.mark.parametrize(("end", "state", "reason"), ENDS)
async def test_it_starts_runs_and_ends_once(
    system: ActorSystem, end: Any, state: str, reason: Status.Reason | None
) -> None:
    made = Made(system)
    made.task.tell(Started("C", 7, 0.0))
    made.task.tell(end)
    assert made.said == ["STARTING", "RUNNING", state]
    assert (made.last.reason if made.last.HasField("reason") else None) == reason
    for late in (Kill(None), Shutdown(), NotHeld(), OverMemory("C", 2, 1), *(each for each, _, _ in ENDS)):
        made.task.tell(late)
    assert made.said == ["STARTING", "RUNNING", state]
    assert made.runner.asked == ["launch"]
    assert not made.faults


async def test_a_kill_is_decided_before_it_is_done_and_decides_the_end(system: ActorSystem) -> None:
    made = Made(system)
    made.task.tell(Started("C", 7, 0.0))
    made.task.tell(Kill(None))
    made.task.tell(Kill(pb.KillPolicy(grace_period=pb.DurationInfo(nanoseconds=0))))
    made.task.tell(Exited("C", 15, 0.0))
    assert made.said == ["STARTING", "RUNNING", "kill decided", "KILLED"]
    assert made.runner.asked == ["launch", ("kill", 3.0), ("kill", 0.0)]


@pytest.mark.parametrize("reached", [None, TaskState.TASK_STARTING, TaskState.TASK_RUNNING])
async def test_after_a_restart_it_says_what_is_missing_and_nothing_twice(
    system: ActorSystem, reached: TaskState | None
) -> None:
    history = ["STARTING", "RUNNING", "FINISHED"]
    told = {None: 0, TaskState.TASK_STARTING: 1, TaskState.TASK_RUNNING: 2}[reached]
    made = Made(system, reached)
    made.task.tell(Exited("C", 0, 0.0))
    assert made.said == history[told:]


@pytest.mark.parametrize(
    ("task", "suits"),
    [
        ({}, True),
        ({"health_check": pb.HealthCheck()}, False),
        ({"max_completion_time": pb.DurationInfo(nanoseconds=1)}, False),
        ({"command": pb.CommandInfo(uris=[pb.CommandInfo.URI(value="/x")])}, False),
        ({"container": pb.ContainerInfo(type=pb.ContainerInfo.MESOS)}, True),
        (
            {
                "container": pb.ContainerInfo(
                    type=pb.ContainerInfo.DOCKER, docker=pb.ContainerInfo.DockerInfo(image="busybox")
                )
            },
            False,
        ),
    ],
)
def test_it_suits_whoever_needs_no_help_and_no_time(task: dict[str, Any], suits: bool) -> None:
    info = pb.TaskInfo(name="t", task_id=pb.TaskID(value="t"), agent_id=pb.AgentID(value=AGENT_ID), **task)
    assert PlainTask.suits(Run(AgentIdentity(AGENT_ID, "127.0.0.1", 0), FRAMEWORK, info, "C")) is suits


# -- faults


class Faulty(SimulatedRunner):
    """Breaks at what ``at`` names, for the task whose command says ``bad``."""

    def __init__(self, bench: Bench, at: str) -> None:
        super().__init__(bench.system.clock, bench.system.random)
        self._at = at
        self._bad: set[str] = set()

    def launch(self, command: TaskCommand) -> None:
        if command.shell is not None and "bad" in command.shell:
            self._bad.add(command.container_id)
            self._break("launch")
        super().launch(command)

    def kill(self, container_id: str, grace: float) -> None:
        if container_id in self._bad and grace > 0:
            self._break("kill")
        super().kill(container_id, grace)

    def _break(self, here: str) -> None:
        if self._at == here:
            raise RuntimeError(f"a fault at {here}")


@pytest.mark.parametrize(("at", "before"), [("launch", ["TASK_STARTING"]), ("kill", ["TASK_STARTING", "TASK_RUNNING"])])
async def test_a_fault_of_its_own_fails_the_task_and_leaves_the_others_and_the_agent(
    bench: Bench, at: str, before: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    bench.runner = Faulty(bench, at)
    await bench.start()
    bench.run("bad", "bad")
    await bench.until(*before)
    if at == "kill":
        bench.agent.tell(m.KillTask("F", "bad"))
    end = await bench.until("TASK_FAILED")
    assert (end.message, end.reason) == ("Executor terminated", Status.REASON_EXECUTOR_TERMINATED)
    assert f"RuntimeError: a fault at {at}" in caplog.text
    bench.run("sleep 5", "good")
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
    await bench.silence(600)
    assert await bench.runner.attach(lambda event: None) == ()
    assert (await bench.restart()).tasks == ()
