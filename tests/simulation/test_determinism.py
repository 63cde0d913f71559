"""A run depends on its plan alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from actors.simulation.scenarios import SCENARIOS, run


def trace(scenario: str, seed: int) -> str:
    outcome = run(SCENARIOS[scenario], SCENARIOS[scenario].plan(seed))
    return "\n".join(map(str, outcome.trace))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(scenario: str) -> None:
    first = trace(scenario, 5)
    assert first.count("\n") > 30
    assert trace(scenario, 5) == first
    assert trace(scenario, 6) != first


def test_it_gives_the_same_trace_in_another_process_with_another_hash_seed() -> None:
    code = "from tests.simulation.test_determinism import trace; print(trace('crashes', 5))"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.rstrip("\n")
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1] == trace("crashes", 5)
