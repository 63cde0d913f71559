"""Sandboxes of the embedded cluster's agents: nothing but two files of each is ever read."""

import os
from pathlib import Path

import pytest

from actors.marathon.api.sandboxes import MAX_CHUNK, LocalSandboxes, SandboxNotFound

pytestmark = pytest.mark.real  # files are read in threads


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, (agent, task, text) in enumerate(
        [("1", "a_b.1", "one\n"), ("2", "a_b.2", "two\n"), ("2", "a_bc.3", "x\n")]
    ):
        executor = tmp_path / f"agent-{agent}" / "slaves" / "S" / "frameworks" / "F" / "executors" / task
        run = executor / "runs" / "r1"
        run.mkdir(parents=True)
        (run / "stdout").write_text(text)
        (run / "secret").write_text("no")
        (executor / "runs" / "latest").symlink_to(run)
        os.utime(executor, (number, number))
    (tmp_path / "stdout").write_text("outside")
    return tmp_path


def write(root: Path, data: bytes) -> None:
    next(root.glob("**/a_b.1/runs/r1/stdout")).write_bytes(data)


async def test_a_file_is_read_from_any_offset(root: Path) -> None:
    sandboxes = LocalSandboxes(root)
    chunk = await sandboxes.read("a_b.2", "stdout", 1, 100)
    assert (chunk.data, chunk.offset, chunk.size) == (b"wo\n", 1, 4)
    assert (await sandboxes.read("a_b.2", "stdout", -2, 100)).data == b"o\n"
    assert (await sandboxes.read("a_b.2", "stdout", 99, 100)).data == b""


async def test_one_answer_is_bounded(root: Path) -> None:
    write(root, b"x" * (MAX_CHUNK + 10))
    assert len((await LocalSandboxes(root).read("a_b.1", "stdout", 0, 10**9)).data) == MAX_CHUNK


async def test_tasks_are_found_by_prefix_oldest_first(root: Path) -> None:
    assert await LocalSandboxes(root).task_ids("a_b.") == ("a_b.1", "a_b.2")


@pytest.mark.parametrize(
    ("task", "file"),
    [
        ("a_b.1", "secret"),
        ("a_b.1", "../../../stdout"),
        ("..", "stdout"),
        ("../a_b.1", "stdout"),
        ("", "stdout"),
        ("no", "stdout"),
    ],
)
async def test_no_other_file_can_be_reached(root: Path, task: str, file: str) -> None:
    with pytest.raises(SandboxNotFound):
        await LocalSandboxes(root).read(task, file, 0, 10)


async def test_a_task_without_that_file_says_why(root: Path) -> None:
    with pytest.raises(SandboxNotFound, match=r"stderr of task a_b\.1 cannot be read: No such file"):
        await LocalSandboxes(root).read("a_b.1", "stderr", 0, 10)
