"""What an agent finds again: after an orderly end, after kill -9 in the middle of a write, after damage."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.local_mesos.agent import Checkpoint, CheckpointBroken, FileCheckpoint, MemoryCheckpoint
from actors.local_mesos.agent import _checkpoint as checkpoint_module
from actors.local_mesos.agent._records import (
    MAGIC,
    AgentRecord,
    ExecutorRecord,
    ExecutorRemoved,
    FrameworkRecord,
    KillOrdered,
    Record,
    Recovered,
    TaskRecord,
    TaskRemoved,
    UpdateAcknowledged,
    UpdateRecord,
    decode,
    encode,
)
from mesos_proto import mesos_pb2 as pb

AGENT = AgentRecord(pb.AgentInfo(hostname="h", id=pb.AgentID(value="S0")))
FRAMEWORK = FrameworkRecord(pb.FrameworkInfo(name="f", user="u", id=pb.FrameworkID(value="F"), checkpoint=True))


def task(name: str) -> TaskRecord:
    info = pb.TaskInfo(name=name, task_id=pb.TaskID(value=name), agent_id=pb.AgentID(value="S0"))
    return TaskRecord("F", f"c-{name}", info)


def update(name: str, state: pb.TaskState) -> UpdateRecord:
    return UpdateRecord(f"c-{name}", pb.TaskStatus(task_id=pb.TaskID(value=name), state=state, uuid=name.encode()))


def executor(name: str) -> ExecutorRecord:
    return ExecutorRecord("F", f"e-{name}", pb.ExecutorInfo(executor_id=pb.ExecutorID(value=name)))


LIFE: list[Record] = [
    AGENT,
    FRAMEWORK,
    executor("a"),
    executor("b"),
    ExecutorRemoved("e-b"),
    task("a"),
    update("a", pb.TASK_STARTING),
    task("b"),
    UpdateAcknowledged("c-a"),
    update("a", pb.TASK_RUNNING),
    KillOrdered("c-a"),
    TaskRemoved("c-b"),
    update("a", pb.TASK_KILLED),
]


def state_after(records: list[Record]) -> Recovered:
    state = Recovered()
    for record in records:
        state.apply(record)
    return state


@pytest.fixture(params=["file", "memory"])
def checkpoint(request: pytest.FixtureRequest, tmp_path: Path) -> Checkpoint:
    return FileCheckpoint(tmp_path / "meta" / "checkpoint") if request.param == "file" else MemoryCheckpoint()


async def test_the_next_agent_finds_what_is_not_over(checkpoint: Checkpoint) -> None:
    assert (await checkpoint.recover()).agent is None
    await checkpoint.append(LIFE[:4])
    await checkpoint.append(LIFE[4:])
    found = await checkpoint.recover()
    assert found.agent is not None and found.agent.id.value == "S0"
    assert list(found.tasks) == ["c-a"]
    a = found.tasks["c-a"]
    assert a.acknowledged is not None and a.acknowledged.state == pb.TASK_STARTING
    assert [status.state for status in a.pending] == [pb.TASK_RUNNING, pb.TASK_KILLED]
    assert a.kill_ordered
    assert found.frameworks["F"].name == "f"


async def test_another_process_finds_it_in_the_file(tmp_path: Path) -> None:
    first = FileCheckpoint(tmp_path / "checkpoint")
    await first.recover()
    await first.append(LIFE)
    second = FileCheckpoint(tmp_path / "checkpoint")  # the first was killed: it is not even closed
    assert await second.recover() == state_after(LIFE)
    first.close()
    second.close()


@given(cut=st.integers(min_value=0))
def test_a_write_cut_short_anywhere_leaves_what_was_before_it(cut: int) -> None:
    data = MAGIC + encode(LIFE)
    data = data[: max(len(MAGIC), len(data) - cut % len(data))]
    found = list(decode(data, Path("checkpoint")))
    assert found == LIFE[: len(found)]
    assert len(MAGIC + encode(LIFE[: len(found) + 1])) > len(data) or len(found) == len(LIFE)


def test_damage_in_the_middle_is_refused_with_the_place_and_the_way_out() -> None:
    data = bytearray(MAGIC + encode(LIFE))
    data[len(MAGIC) + 20] ^= 0xFF
    with pytest.raises(CheckpointBroken, match=rf"damaged at byte {len(MAGIC)} .* remove it"):
        list(decode(bytes(data), Path("checkpoint")))


async def test_a_file_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_text("something precious")
    with pytest.raises(CheckpointBroken, match="not an agent's checkpoint"):
        await FileCheckpoint(tmp_path / "checkpoint").recover()
    assert (tmp_path / "checkpoint").read_text() == "something precious"


async def test_a_disk_that_takes_half_a_record_leaves_no_half_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    await checkpoint.recover()
    await checkpoint.append(LIFE[:3])
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
    with pytest.raises(OSError, match="disk full"):
        await checkpoint.append(LIFE[3:5])
    monkeypatch.undo()
    await checkpoint.append(LIFE[3:])
    assert await checkpoint.recover() == state_after(LIFE)
    checkpoint.close()


async def test_the_past_takes_no_room_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "_REWRITE_AT", 4096)
    checkpoint = FileCheckpoint(tmp_path / "checkpoint")
    await checkpoint.recover()
    await checkpoint.append([AGENT, FRAMEWORK])
    for number in range(500):
        await checkpoint.append([task(str(number)), TaskRemoved(f"c-{number}")])
    assert (tmp_path / "checkpoint").stat().st_size < 2 * 4096
    checkpoint.close()
