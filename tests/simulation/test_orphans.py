"""A search that is killed leaves no process behind that goes on playing seeds."""

import subprocess
import sys
import time

import pytest

from tests.integration.processes import descendants_of


@pytest.mark.parametrize(
    "asked",
    [["--scenario", "crashes"], ["--safeguards", "--match", "store"]],
    ids=["a search", "a search for each safeguard"],
)
def test_the_processes_of_a_search_end_with_it_also_by_kill_9(asked):
    command = [sys.executable, "-m", "actors.simulation", *asked, "--seeds", "1000000", "--jobs", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as search:
        while len(begun := descendants_of(search.pid)) < 2:
            assert search.poll() is None
            time.sleep(0.05)
        search.kill()
    deadline = time.monotonic() + 60
    try:
        while left := [each.command for each in begun if each.lives]:  # nobody is told when what is not his child ends
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
    finally:
        for each in begun:
            each.kill()
