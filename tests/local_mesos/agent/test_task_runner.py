"""What every task runner promises, asked of both twins: real processes, and figures in virtual time."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest

from actors.core import Clock
from actors.local_mesos.process_runner import ProcessRunner
from actors.local_mesos.simulated_runner import Fate, SimulatedRunner, as_written
from actors.local_mesos.task_runner import Exited, Refused, RunnerEvent, Started, TaskCommand, TaskRunner

PATIENCE = 20.0
E = TypeVar("E", Started, Exited, Refused)


class Ear:
    """A listener that can be waited on."""

    def __init__(self) -> None:
        self.heard: list[RunnerEvent] = []
        self._more = asyncio.Event()

    def __call__(self, event: RunnerEvent) -> None:
        self.heard.append(event)
        self._more.set()

    async def until(self, kind: type[E], container_id: str) -> E:
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.heard:
                    if isinstance(event, kind) and event.container_id == container_id:
                        return event
                self._more.clear()
                await self._more.wait()


def with_missing_commands(command: TaskCommand, chance: random.Random) -> Fate:
    if command.argv and "missing" in command.argv[0]:
        return Fate(refused=f"command '{command.argv[0]}' does not exist")
    return as_written(command, chance)


def shell(container_id: str, text: str, **environment: str) -> TaskCommand:
    return TaskCommand(
        container_id, f"slaves/S/frameworks/F/executors/E/runs/{container_id}", shell=text, environment=environment
    )


async def _shell_is_ready(runner: TaskRunner, ear: Ear) -> None:
    """A shell launched before has set its trap by the time that a later one has ended."""
    for number in range(3):
        runner.launch(shell(f"ready-{number}", "sleep 0.05"))
        await ear.until(Exited, f"ready-{number}")


class Contract:
    async def test_a_command_starts_and_its_exit_status_is_told(self, runner: TaskRunner) -> None:
        ear = Ear()
        assert await runner.attach(ear) == ()
        runner.launch(shell("a", "sleep 0.1; exit 3"))
        assert (await ear.until(Started, "a")).pid > 0
        status = (await ear.until(Exited, "a")).status
        assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == 3

    async def test_a_command_without_a_shell_gets_its_own_arguments(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(TaskCommand("a", "slaves/S/frameworks/F/executors/E/runs/a", argv=("sleep", "sleep", "0.05")))
        assert (await ear.until(Exited, "a")).status == 0

    async def test_a_command_that_does_not_exist_is_refused_by_name(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(TaskCommand("a", "slaves/S/frameworks/F/executors/E/runs/a", argv=("/missing/program",)))
        assert "/missing/program" in (await ear.until(Refused, "a")).error
        assert not any(isinstance(event, Started) for event in ear.heard)

    async def test_a_kill_ends_a_command_by_sigterm(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(shell("a", "sleep 1000"))
        await ear.until(Started, "a")
        runner.kill("a", grace=1000)
        assert os.WTERMSIG((await ear.until(Exited, "a")).status) == signal.SIGTERM

    async def test_what_ignores_sigterm_is_killed_when_its_grace_is_over(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(shell("a", "trap '' TERM; sleep 1000"))
        await ear.until(Started, "a")
        await _shell_is_ready(runner, ear)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        runner.kill("a", grace=0.4)
        assert os.WTERMSIG((await ear.until(Exited, "a")).status) == signal.SIGKILL
        assert 0.3 < loop.time() - begun < 5

    async def test_a_second_kill_only_shortens_the_grace(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        for container_id in ("a", "b"):
            runner.launch(shell(container_id, "trap '' TERM; sleep 1000"))
            await ear.until(Started, container_id)
        await _shell_is_ready(runner, ear)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        runner.kill("a", grace=0.3)
        runner.kill("a", grace=1000)
        runner.kill("b", grace=1000)
        runner.kill("b", grace=0.1)
        await ear.until(Exited, "a")
        await ear.until(Exited, "b")
        assert loop.time() - begun < 5

    async def test_a_container_is_launched_once_however_often_it_is_asked_for(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        for _ in range(3):
            runner.launch(shell("a", "true"))
        await ear.until(Exited, "a")
        runner.launch(shell("b", "true"))
        await ear.until(Exited, "b")
        assert sum(isinstance(event, Started) and event.container_id == "a" for event in ear.heard) == 1

    async def test_a_new_listener_finds_what_runs_and_what_ended_meanwhile(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(shell("ends", "sleep 0.2; exit 7"))
        runner.launch(shell("stays", "sleep 1000"))
        started = await ear.until(Started, "stays")
        await ear.until(Started, "ends")
        await runner.detach()
        await asyncio.sleep(0.6)
        assert not any(isinstance(event, Exited) for event in ear.heard), "the old listener hears no more"
        held = {event.container_id: event for event in await runner.attach(Ear())}
        assert held["stays"] == started
        assert isinstance(held["ends"], Exited) and os.WEXITSTATUS(held["ends"].status) == 7

    async def test_what_was_forgotten_is_not_told_again_but_what_runs_cannot_be_forgotten(
        self, runner: TaskRunner
    ) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(shell("ended", "true"))
        runner.launch(shell("runs", "sleep 1000"))
        await ear.until(Exited, "ended")
        await ear.until(Started, "runs")
        runner.forget(["ended", "runs", "unknown"])
        assert [event.container_id for event in await runner.attach(ear)] == ["runs"]

    async def test_a_stop_tells_of_every_end_before_it_returns(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.launch(shell("a", "sleep 1000"))
        runner.launch(shell("b", "trap '' TERM; sleep 1000"))
        await ear.until(Started, "a")
        await ear.until(Started, "b")
        await runner.stop(grace=0.3)
        assert {event.container_id for event in ear.heard if isinstance(event, Exited)} == {"a", "b"}

    async def test_a_kill_of_something_unknown_is_nothing(self, runner: TaskRunner) -> None:
        ear = Ear()
        await runner.attach(ear)
        runner.kill("unknown", grace=0)
        runner.launch(shell("a", "true"))
        await ear.until(Exited, "a")
        runner.kill("a", grace=0)
        assert all(event.container_id == "a" for event in ear.heard)


class TestSimulatedRunner(Contract):
    @pytest.fixture
    async def runner(self) -> AsyncIterator[TaskRunner]:
        runner = SimulatedRunner(Clock(asyncio.get_running_loop()), random.Random(1), with_missing_commands)
        yield runner
        await end(runner)


@pytest.mark.real
class TestProcessRunner(Contract):
    @pytest.fixture
    async def runner(self, tmp_path: Path) -> AsyncIterator[TaskRunner]:
        runner = ProcessRunner(tmp_path / "agent")
        yield runner
        await end(runner)


async def end(runner: TaskRunner) -> None:
    await runner.attach(lambda event: None)
    await runner.stop(grace=0)
