"""The stream of one task's statuses: one in flight, repeated ever more seldom, acknowledged by its uuid."""

from __future__ import annotations

from actors.local_mesos.agent._updates import UpdateStream
from mesos_proto import mesos_pb2


def status(uuid: bytes, state: int = mesos_pb2.TASK_RUNNING) -> mesos_pb2.TaskStatus:
    return mesos_pb2.TaskStatus(task_id=mesos_pb2.TaskID(value="t"), state=state, uuid=uuid)  # type: ignore[arg-type]


def test_only_the_first_status_is_to_be_sent_at_once() -> None:
    stream = UpdateStream()
    assert stream.add(status(b"1"))
    assert not stream.add(status(b"2", mesos_pb2.TASK_FAILED))
    assert stream.in_flight == status(b"1")
    assert stream.latest_state == mesos_pb2.TASK_FAILED


def test_an_acknowledgement_of_another_status_moves_nothing() -> None:
    stream = UpdateStream(pending=[status(b"1"), status(b"2")])
    assert not stream.acknowledge(b"2")
    assert stream.acknowledge(b"1")
    assert not stream.acknowledge(b"1")
    assert stream.in_flight == status(b"2")


def test_retries_double_from_ten_seconds_to_ten_minutes_and_begin_anew_with_each_status() -> None:
    stream = UpdateStream(pending=[status(b"1"), status(b"2")])
    assert [stream.next_retry() for _ in range(8)] == [10, 20, 40, 80, 160, 320, 600, 600]
    stream.acknowledge(b"1")
    assert stream.next_retry() == 10


def test_a_task_is_done_only_when_its_last_status_is_acknowledged() -> None:
    stream = UpdateStream(pending=[status(b"1", mesos_pb2.TASK_FAILED)])
    assert stream.ended
    assert not stream.done
    stream.acknowledge(b"1")
    assert stream.done
