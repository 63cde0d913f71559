"""The tests of this room over each dispatcher with 200 seeds: what `make test-all` adds to those of `make test`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = 200


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("dispatcher", ["run_queue", "task", "threads", "real_threads"])
def test_the_actors_keep_their_promises_over_every_dispatcher_and_with_every_seed(dispatcher: str) -> None:
    room = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", str(room)],
        env=os.environ | {"ACTOR_SEEDS": str(SEEDS), "ACTOR_DISPATCHERS": dispatcher},
        cwd=room.parents[1], capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-60:])
