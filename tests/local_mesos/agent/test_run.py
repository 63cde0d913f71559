"""A task whose description is packed into bytes, because it only runs on, is the same task."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from actors.local_mesos.agent._run import AgentIdentity, Run
from actors.local_mesos.agent._status import task_of
from actors.local_mesos.agent._updates import UpdateStream
from mesos_proto import mesos_pb2
from tests.fuzz.inputs import message

AGENT = AgentIdentity("S0", "127.0.0.1", 5051)
NAMES = ("C", "C.1", "C.G-0")


def any_run(chance: random.Random) -> Run:
    framework = message(mesos_pb2.FrameworkInfo, chance, depth=3)
    framework.id.value = "F"
    return Run(AGENT, framework, message(mesos_pb2.TaskInfo, chance), chance.choice(NAMES))


def everything(run: Run) -> tuple[object, ...]:
    return (
        run.task,
        run.task_id,
        run.executor_id,
        run.shares_executor,
        run.sandbox,
        run.container(),
        run.has_image,
        run.command(),
        run.environment(),
        task_of(run, UpdateStream()),
    )


@given(st.integers(0, 2**64 - 1))
def test_a_packed_task_says_all_that_it_said_before(seed: int) -> None:
    run = any_run(random.Random(seed))
    before = everything(run)
    run.pack()
    assert everything(run) == before
    run.pack()
    assert everything(run) == before


def test_to_read_a_packed_task_does_not_unpack_it() -> None:
    run = any_run(random.Random(0))
    run.pack()
    assert run.task == run.task
    assert run.task is not run.task
