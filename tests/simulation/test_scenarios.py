"""Every scenario holds under every seed that is tried, and what must happen sometimes does."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.simulation.coverage import missing, table
from actors.simulation.scenarios import SCENARIOS, freeze
from actors.simulation.search import Found, play, search

SEEDS = 200
PART = 25
PARTS = [(scenario, first) for first in range(0, SEEDS, PART) for scenario in SCENARIOS]


def told(found: Found) -> str:
    return "\n".join(f"{each.scenario} seed {each.seed}: {each.invariant}: {each.text}" for each in found.failures)


@pytest.fixture
def frozen() -> Iterator[None]:
    freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all workers that share this run of the tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "seeds"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.real
@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(("scenario", "first"), PARTS)
def test_every_seed_holds_and_every_fault_and_rare_branch_is_taken(scenario: str, first: int, shared: Path) -> None:
    found = play(scenario, tuple(range(first, first + PART)))
    assert not found.failures, told(found)
    written = shared / f"{scenario}-{first}.writing"
    written.write_bytes(pickle.dumps(found))
    written.rename(written.with_suffix(".found"))
    parts = [*shared.glob("*.found")]
    if len(parts) == len(PARTS):  # this was the last one of all workers: a search that never was somewhere says nothing
        total = Found()
        for each in parts:
            total.add(pickle.loads(each.read_bytes()))
        assert not missing(total), table(total)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(3600)
def test_many_seeds_hold() -> None:
    found = search(SCENARIOS, range(SEEDS, 800))
    assert not found.failures, told(found)
    assert not missing(found), table(found)
