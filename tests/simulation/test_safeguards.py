"""The list of safeguards is true: each is where it is said to be, and the search misses it soon."""

from __future__ import annotations

import subprocess
import sys

import pytest

from actors.simulation.safeguards import SAFEGUARDS, weakened


@pytest.mark.parametrize("name", SAFEGUARDS)
def test_each_safeguard_is_where_the_list_says(name: str) -> None:
    compile(weakened(SAFEGUARDS[name]), SAFEGUARDS[name].module, "exec")


@pytest.mark.parametrize("name", ["the framework's id is kept", "a dependent waits for its dependencies"])
def test_the_search_finds_that_a_safeguard_is_gone(name: str) -> None:
    command = [sys.executable, "-m", "actors.simulation", "--without", name, "--seeds", "60"]
    command += ["--scenario", SAFEGUARDS[name].scenario, "--until-found", "--jobs", "1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    assert f"{SAFEGUARDS[name].scenario} seed" in ended.stdout
