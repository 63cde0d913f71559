"""Every scenario holds under every seed that is tried, and what must happen sometimes does."""

from __future__ import annotations

import pytest

from actors.simulation.coverage import missing, table
from actors.simulation.scenarios import SCENARIOS
from actors.simulation.search import Found, search


def told(found: Found) -> str:
    return "\n".join(f"{each.scenario} seed {each.seed}: {each.invariant}: {each.text}" for each in found.failures)


@pytest.mark.real
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_lean_share_of_seeds_holds(scenario: str) -> None:
    found = search([scenario], range(60))
    assert not found.failures, told(found)


@pytest.mark.slow
@pytest.mark.real
@pytest.mark.timeout(3600)
def test_many_seeds_hold_and_every_fault_and_rare_branch_is_taken() -> None:
    found = search(SCENARIOS, range(60, 800))
    assert not found.failures, told(found)
    assert not missing(found), table(found)
