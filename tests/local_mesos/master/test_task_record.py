"""What the master keeps of a task in bytes is what it kept before in a message."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from actors.local_mesos.master.task_record import TaskRecord
from mesos_proto import Resources, mesos_pb2
from tests.fuzz.inputs import message

RESOURCES = ("", "cpus:1;mem:32", "cpus:0.1;ports:[31000-31004]", "gpus:2;disk:10")
STATES = (mesos_pb2.TASK_STAGING, mesos_pb2.TASK_STARTING, mesos_pb2.TASK_RUNNING, mesos_pb2.TASK_LOST)


class Plain:
    """The same, kept as the message that it is for others."""

    def __init__(self, task: mesos_pb2.Task) -> None:
        self.task = mesos_pb2.Task()
        self.task.CopyFrom(task)

    def note(self, status: mesos_pb2.TaskStatus) -> bool:
        history = self.task.statuses
        repeated = bool(history) and history[-1].state == status.state
        if repeated:
            del history[-1]
        history.add().CopyFrom(status)
        history[-1].ClearField("data")
        return not repeated

    def told(self, status: mesos_pb2.TaskStatus) -> None:
        self.task.status_update_state = status.state
        self.task.status_update_uuid = status.uuid


def any_task(chance: random.Random) -> mesos_pb2.Task:
    task = message(mesos_pb2.Task, chance)
    del task.resources[:]  # what adds up to nothing is refused before a record is made
    task.resources.extend(Resources.parse(chance.choice(RESOURCES)).to_protos())
    return task


def any_status(chance: random.Random) -> mesos_pb2.TaskStatus:
    status = message(mesos_pb2.TaskStatus, chance)
    status.state = chance.choice(STATES)
    return status


@given(st.integers(0, 2**64 - 1), st.integers(0, 6))
def test_a_record_shows_the_task_as_a_message_that_lived_through_the_same(seed: int, count: int) -> None:
    chance = random.Random(seed)
    task = any_task(chance)
    plain = Plain(task)
    record = TaskRecord(task)
    assert record.message() == plain.task
    for _ in range(count):
        status = any_status(chance)
        before = status.SerializeToString(deterministic=True)
        if status.uuid:
            plain.told(status)
            record.update_state, record.update_uuid = status.state, status.uuid
        record.state = plain.task.state = status.state
        assert record.note(status) == plain.note(status)
        assert status.SerializeToString(deterministic=True) == before, "it goes on to the framework, data and all"
        assert record.message() == plain.task
    assert record.statuses == list(plain.task.statuses)
    assert record.latest_status == (plain.task.statuses[-1] if plain.task.statuses else None)
    assert record.began == (plain.task.statuses[0].timestamp if plain.task.statuses else float("inf"))


@given(st.integers(0, 2**64 - 1))
def test_the_names_and_resources_at_hand_are_those_of_the_message(seed: int) -> None:
    task = any_task(random.Random(seed))
    record = TaskRecord(task)
    shown = record.message()
    assert (record.task_id, record.agent_id, record.framework_id, record.state) == (
        shown.task_id.value,
        shown.agent_id.value,
        shown.framework_id.value,
        shown.state,
    )
    assert record.resources == Resources(shown.resources)


def test_what_is_shown_is_a_copy() -> None:
    chance = random.Random(1)
    record = TaskRecord(any_task(chance))
    record.note(any_status(chance))
    shown, first = record.message(), record.message()
    shown.Clear()
    record.statuses[0].Clear()
    assert record.message() == first
