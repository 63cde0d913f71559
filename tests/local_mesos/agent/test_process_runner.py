"""What only real processes can show: groups, folders, environment, outputs, and who survives whose kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.local_mesos.process_runner import ProcessRunner
from actors.local_mesos.runner import _sandbox
from actors.local_mesos.runner._journal import Journal
from actors.local_mesos.task_runner import (
    Exited,
    Lost,
    Refused,
    RunnerEvent,
    RunnerLost,
    RunnerUnusable,
    Started,
    TaskCommand,
)

pytestmark = pytest.mark.real


class Ear:
    def __init__(self) -> None:
        self.heard: list[RunnerEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: RunnerEvent) -> None:
        self.heard.append(event)
        self._more.set()

    async def until(self, *kinds: type[RunnerEvent], of: str = "c1") -> RunnerEvent:
        async with asyncio.timeout(90):
            while True:
                for event in self.heard:
                    if isinstance(event, kinds) and getattr(event, "container_id", of) == of:
                        return event
                self._more.clear()
                await self._more.wait()


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[ProcessRunner]:
    runner = ProcessRunner(tmp_path / "agent", {"PATH": os.environ["PATH"], "FROM_SERVICE": "yes", "MESOS_OTHER": "x"})
    yield runner
    await runner.attach(lambda event: None)
    await runner.stop(grace=0)


def command(text: str, **environment: str) -> TaskCommand:
    return TaskCommand("c1", "slaves/S/frameworks/F/executors/E/runs/c1", shell=text, environment=environment)


def output(runner: ProcessRunner, name: str = "stdout") -> str:
    return Path(runner.sandbox_path(command("").sandbox), name).read_text()


async def run(runner: ProcessRunner, text: str, **environment: str) -> Exited:
    ear = Ear()
    await runner.attach(ear)
    runner.launch(command(text, **environment))
    exited = await ear.until(Exited, Refused)
    assert isinstance(exited, Exited), exited
    return exited


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # the latter if it went while it was read
        return False
    return state != "Z"


async def until_dead(pid: int) -> None:
    async with asyncio.timeout(90):
        while alive(pid):  # noqa: ASYNC110 - nobody tells of a process that is not a child
            await asyncio.sleep(0.02)


async def test_a_command_works_in_the_tasks_sandbox_with_its_outputs_in_a_folder_of_their_own(
    runner: ProcessRunner,
) -> None:
    await run(runner, "echo of the task; touch ready")
    ear = Ear()
    await runner.attach(ear)
    check = replace(command("pwd; ls ready"), container_id="c1.check-1", outputs=".checks")
    runner.launch(check)
    ended = await ear.until(Exited, Refused, of=check.container_id)
    assert isinstance(ended, Exited) and ended.status == 0
    assert output(runner, ".checks/stdout").splitlines() == [runner.sandbox_path(check.sandbox), "ready"]
    assert output(runner) == "of the task\n"


async def test_outputs_are_in_the_sandbox_which_is_the_working_directory(runner: ProcessRunner) -> None:
    await run(runner, "pwd; echo oops >&2; ls")
    sandbox = runner.sandbox_path(command("").sandbox)
    assert output(runner).splitlines() == [sandbox, "stderr", "stdout"]
    assert output(runner, "stderr") == "oops\n"
    assert os.readlink(Path(sandbox).parent / "latest") == "c1"


async def test_the_environment_is_the_service_s_below_the_task_s_and_names_the_sandbox(runner: ProcessRunner) -> None:
    await run(runner, "env", PORT0="31000", PATH="/usr/bin:/bin")
    found = dict(line.split("=", 1) for line in output(runner).splitlines())
    assert found["MESOS_SANDBOX"] == found["MESOS_DIRECTORY"] == found["PWD"]
    assert (found["PORT0"], found["FROM_SERVICE"], found["PATH"]) == ("31000", "yes", "/usr/bin:/bin")
    assert "MESOS_OTHER" not in found


async def test_a_task_is_a_session_of_its_own_with_signals_as_by_default(runner: ProcessRunner) -> None:
    await run(runner, "exec sed -n -e 's/^SigIgn:\\s*//p' /proc/self/status")
    assert int(output(runner), 16) & 0x7FFFFFFF == 0  # above are the C library's own
    ear = Ear()
    await runner.attach(ear)
    runner.launch(TaskCommand("c2", "slaves/S/frameworks/F/executors/E/runs/c2", shell="sleep 1000"))
    started = await ear.until(Started, of="c2")
    assert isinstance(started, Started)
    assert os.getsid(started.pid) == os.getpgid(started.pid) == started.pid


async def test_what_a_command_left_in_its_group_ends_with_it(runner: ProcessRunner) -> None:
    await run(runner, "sleep 1000 & echo $!")
    assert not alive(int(output(runner)))


async def test_what_left_the_group_is_found_and_ended_too(runner: ProcessRunner) -> None:
    await run(runner, "setsid sleep 1000 & echo $!; sleep 0.2")
    await until_dead(int(output(runner)))


async def test_a_killed_group_has_its_grace_even_when_its_leader_is_gone(runner: ProcessRunner) -> None:
    slow = "trap 'sleep 0.4; echo last words; exit' TERM; echo ready; while :; do sleep 0.05; done"
    ear = Ear()
    await runner.attach(ear)
    runner.launch(command(f"sh -c '{slow.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}' & wait"))
    await ear.until(Started)
    while "ready" not in output(runner):  # noqa: ASYNC110 - written by another process
        await asyncio.sleep(0.02)
    runner.kill("c1", grace=20)
    await ear.until(Exited)
    assert "last words" in output(runner)


async def test_a_long_output_is_rotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_sandbox, "OUTPUT_LIMIT", 10)
    out = tmp_path / "stdout"
    with out.open("ab", buffering=0) as task:
        task.write(b"0123456789")
        _sandbox.rotate(str(out))
        task.write(b"ab")
        _sandbox.rotate(str(out))
    assert (tmp_path / "stdout.1").read_bytes() == b"0123456789"
    assert out.read_bytes() == b"ab"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("no-such-program",), r"'no-such-program' was not found in the task's PATH \(.*bin"),
        (("/no/such/program",), "'/no/such/program' does not exist"),
        (("/etc/passwd",), "'/etc/passwd' is not an executable file"),
        (("/etc",), "'/etc' is not an executable file"),
    ],
)
async def test_a_program_that_cannot_be_executed_is_refused(
    runner: ProcessRunner, argv: tuple[str, ...], expected: str
) -> None:
    ear = Ear()
    await runner.attach(ear)
    runner.launch(TaskCommand("c1", "slaves/S/frameworks/F/executors/E/runs/c1", argv=argv))
    refused = await ear.until(Refused)
    assert isinstance(refused, Refused)
    assert re.search(expected, refused.error)


async def test_a_folder_deeper_than_a_socket_s_address_will_do(tmp_path: Path) -> None:
    runner = ProcessRunner(tmp_path.joinpath(*["a-rather-long-name"] * 10))
    assert (await run(runner, "true")).status == 0
    await runner.stop(grace=0)


async def test_tasks_and_runner_survive_a_service_that_is_killed(runner: ProcessRunner, tmp_path: Path) -> None:
    service = """
import asyncio, sys, os, signal
from pathlib import Path
from actors.local_mesos.process_runner import ProcessRunner
from actors.local_mesos.task_runner import Started, TaskCommand

async def main():
    runner = ProcessRunner(Path(sys.argv[1]))
    started = []
    def hear(event):
        started.append(event)
        if len(started) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
    await runner.attach(hear)
    for name, text in (("stays", "sleep 1000"), ("ends", f"echo $$ > {sys.argv[1]}.ends; sleep 0.2; exit 5")):
        runner.launch(TaskCommand(name, f"slaves/S/frameworks/F/executors/E/runs/{name}", shell=text))
    await asyncio.sleep(30)

asyncio.run(main())
"""
    service_process = await asyncio.create_subprocess_exec(sys.executable, "-c", service, str(tmp_path / "agent"))
    assert await service_process.wait() == -signal.SIGKILL

    def the_second_has_ended() -> bool:
        """And its runner knows: before that it is a zombie."""
        pid = tmp_path / "agent.ends"
        return pid.exists() and pid.read_text().endswith("\n") and not Path("/proc", pid.read_text().strip()).exists()

    async with asyncio.timeout(90):
        while not the_second_has_ended():  # noqa: ASYNC110 - nobody tells of a process that is not a child
            await asyncio.sleep(0.02)
    held = {event.container_id: event for event in await runner.attach(Ear()) if isinstance(event, Started | Exited)}
    assert isinstance(held["ends"], Exited) and os.WEXITSTATUS(held["ends"].status) == 5
    assert isinstance(held["stays"], Started) and alive(held["stays"].pid)


async def test_a_runner_that_is_killed_is_noticed_and_its_tasks_end_with_the_next(runner: ProcessRunner) -> None:
    ear = Ear()
    await runner.attach(ear)
    runner.launch(command("exit 3"))
    await ear.until(Exited)
    runner.launch(TaskCommand("c2", "slaves/S/frameworks/F/executors/E/runs/c2", shell="setsid sleep 1000 & wait"))
    second = await _started(ear, "c2")
    os.kill(_parent(second.pid), signal.SIGKILL)
    lost = await ear.until(RunnerLost)
    assert isinstance(lost, RunnerLost)
    held = {event.container_id: event for event in await runner.attach(Ear()) if isinstance(event, Exited | Lost)}
    assert isinstance(held["c1"], Exited), "its exit status was kept"
    assert isinstance(held["c2"], Lost)
    await until_dead(second.pid)


async def test_sigterm_to_the_runner_ends_its_tasks(runner: ProcessRunner) -> None:
    ear = Ear()
    await runner.attach(ear)
    runner.launch(command("sleep 1000"))
    started = await ear.until(Started)
    assert isinstance(started, Started)
    os.kill(_parent(started.pid), signal.SIGTERM)
    exited = await ear.until(Exited)
    assert isinstance(exited, Exited)
    assert os.WTERMSIG(exited.status) == signal.SIGTERM
    await ear.until(RunnerLost)


async def test_a_folder_that_is_a_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((RunnerUnusable, OSError), match="file"):
        await ProcessRunner(tmp_path / "file").attach(Ear())


async def test_usage_is_of_all_the_processes_of_a_task(runner: ProcessRunner) -> None:
    ear = Ear()
    await runner.attach(ear)
    runner.launch(command("sleep 1000 & while :; do :; done"))
    await ear.until(Started)
    async with asyncio.timeout(90):
        while (used := (await runner.usage())["c1"]).user < 0.05 or used.processes < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    exact = (await runner.usage(exact=["c1"]))["c1"]
    assert 0 < exact.memory < used.memory, "shared pages count once"


async def test_old_sandboxes_are_removed_but_not_those_in_use_or_young(runner: ProcessRunner) -> None:
    await run(runner, "true")
    runs = Path(runner.sandbox_path("slaves/S/frameworks/F/executors"))
    for executor, name in (("E", "old"), ("E2", "kept"), ("E3", "only")):
        folder = runs / executor / "runs" / name
        folder.mkdir(parents=True)
        (folder / "stdout").write_text("x")
        for path in (folder / "stdout", folder):
            os.utime(path, (1, 1))
    assert await runner.remove_sandboxes(older_than=50, keep={"kept"}) == 2
    assert sorted(path.name for path in runs.glob("*/runs/*")) == ["c1", "kept", "latest"]  # noqa: ASYNC240
    assert not (runs / "E3").exists()


def test_the_runner_is_small_and_imports_nothing_of_ours() -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import runner._runner; print(*sorted(sys.modules))"
    folder = Path(_sandbox.__file__).parents[1]
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, folder], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert not loaded & {"asyncio", "actors", "google", "logging", "subprocess", "typing_extensions"}


def test_a_journal_line_that_was_cut_short_costs_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "runner.journal"
    path.write_text(json.dumps({"is": "started", "id": "a", "pid": 1, "at": 0}) + '\n{"is": "exi')
    assert list(Journal(str(path)).load()) == ["a"]
    assert "cut short" in capsys.readouterr().err


def test_a_journal_is_rewritten_without_what_was_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal = Journal(str(tmp_path / "runner.journal"))
    journal.rewrite([])
    for number in range(1500):
        journal.append([{"is": "exited", "id": str(number), "status": 0, "at": 0}] * 2)
        journal.append([{"is": "forgotten", "ids": [str(number)]}])
    assert journal.worth_rewriting(held=0)
    journal.append([{"is": "exited", "id": "last", "status": 0, "at": 0}])
    assert list(journal.load()) == ["last"]
    assert not capsys.readouterr().err


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def _started(ear: Ear, container_id: str) -> Started:
    async with asyncio.timeout(90):
        while True:
            for event in ear.heard:
                if isinstance(event, Started) and event.container_id == container_id:
                    return event
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _no_process_left(tmp_path: Path) -> Iterator[None]:
    """Nothing that a test's tasks or runners started is still there afterwards."""
    yield
    here, deadline = str(tmp_path).encode(), time.monotonic() + 10
    while left := _processes_with(here):
        assert time.monotonic() < deadline, f"processes are left: {left}"
        time.sleep(0.05)  # one that was killed is there for another moment


def _processes_with(text: bytes) -> dict[str, bytes]:
    """Whose command line or environment has the text: the command lines by the pids."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command, environment = (entry / "cmdline").read_bytes(), (entry / "environ").read_bytes()
            except OSError:
                continue
            if text in command + environment:
                found[entry.name] = command
    return found
