"""What the reconciler holds and asks when there are many tasks."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from actors import ActorSystem
from actors.mesos.calls import TaskToReconcile
from actors.mesos.errors import CallUnconfirmed
from actors.mesos.events import Reregistered, StatusUpdate
from actors.mesos.reconciler import Reconciler, Reconciliation
from mesos_proto import AgentID, FrameworkID, TaskID, TaskStatus, mesos_pb2


def running(task_id: str, agent_id: str) -> StatusUpdate:
    status = mesos_pb2.TaskStatus(state=mesos_pb2.TASK_RUNNING)
    status.task_id.value, status.agent_id.value = task_id, agent_id
    return StatusUpdate(TaskStatus.from_proto(status))


async def test_the_tasks_of_an_agent_share_its_id() -> None:
    async def ask(tasks: Sequence[TaskToReconcile]) -> None:
        raise AssertionError("it was not to reconcile")

    async with ActorSystem() as system:
        reconciler = Reconciler(ask, {}, clock=system.clock, chance=Random(1), settings=None)
        for number in range(3):
            reconciler.observe(running(f"task-{number}", "".join(("agent", "-1"))))
        first, second, third = reconciler.known.values()
        assert first == AgentID("agent-1")
        assert first is second is third


async def test_many_tasks_are_asked_for_in_batches_each_once_and_in_their_order() -> None:
    asked: list[list[str]] = []

    async def ask(tasks: Sequence[TaskToReconcile]) -> None:
        asked.append([task.task_id for task in tasks])
        for task in tasks:
            reconciler.observe(running(task.task_id, "agent-1"))

    names = [f"task-{number}" for number in (7, 3, 9, 1, 5)]
    async with ActorSystem() as system:
        known = {TaskID(name): AgentID("agent-1") for name in names}
        settings = Reconciliation(batch=2)
        reconciler = Reconciler(ask, known, clock=system.clock, chance=Random(1), settings=settings)
        await reconciler._once(settings)
    assert asked == [names[:2], names[2:4], names[4:], []]
    assert reconciler.unanswered == frozenset()


async def test_a_reconciliation_that_was_cut_short_begins_anew_within_seconds_and_not_with_the_next_round() -> None:
    asked: list[tuple[float, list[str]]] = []

    async def ask(tasks: Sequence[TaskToReconcile]) -> None:
        asked.append((system.clock.time() - began, [task.task_id for task in tasks]))
        if len(asked) < 4:
            raise CallUnconfirmed("the connection was reset")
        for task in tasks:
            reconciler.observe(running(task.task_id, "agent-1"))

    async with ActorSystem() as system:
        began = system.clock.time()
        known = {TaskID("task-1"): AgentID("agent-1")}
        reconciler = Reconciler(ask, known, clock=system.clock, chance=Random(1), settings=Reconciliation())
        reconciler.observe(Reregistered(FrameworkID("framework-1"), mesos_pb2.MasterInfo(), 15.0))
        await system.clock.sleep(100.0)
        reconciler.stop()
    assert asked == [(0.0, ["task-1"]), (5.0, ["task-1"]), (15.0, ["task-1"]), (35.0, ["task-1"]), (35.0, [])]
