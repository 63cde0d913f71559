"""What ``mesos-local`` says without starting anything."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from actors.local_mesos.command import _script, main
from actors.local_mesos.task_runner import TaskCommand


def test_help_has_examples_and_exit_codes() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert result.output.count("\n    mesos-local ") == 6
    assert "Exit codes" in result.output


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, actors.local_mesos.command; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert not loaded & {"google.protobuf", "aiohttp", "psutil"}


@pytest.mark.parametrize("spec", ["runs", "speed=3", "runs=a-b", "failing=", "runs=1-2,oops=1"])
def test_a_simulation_that_cannot_be_read_is_wrong_usage(spec: str) -> None:
    result = CliRunner().invoke(main, ["--simulate", spec])
    assert result.exit_code == 2
    assert "--simulate" in result.output


@pytest.mark.parametrize(
    "options", [("--resources", "cpus:x"), ("--attributes", "x"), ("--masters", "3"), ("--zk", "nowhere")]
)
def test_an_option_that_cannot_be_read_is_wrong_usage_and_is_told(options: tuple[str, str], tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--port", "0", "--work-dir", str(tmp_path), *options])
    assert result.exit_code == 2
    assert options[1] in result.stderr


def test_a_simulation_is_drawn_as_it_was_said() -> None:
    script = _script("runs=5-7,failing=1,starts=2,stops=0.5-1")
    fate = script(TaskCommand("c", "s", shell="x"), random.Random(1))
    assert fate.runs is not None and 5 <= fate.runs <= 7
    assert fate.starts_after == 2
    assert fate.terminates is not None and 0.5 <= fate.terminates <= 1
    assert fate.status == 1 << 8
