"""Frameworks share a Mesos by role and weight."""

import pytest

from actors.local_mesos import LocalMesos
from examples.tenants import PLANS, Plan, play

TASKS = 48  # of a cpu each, on 12 agents


@pytest.fixture
async def large_mesos(system):
    async with await LocalMesos.start(system, port=0, agents=12, runner="simulated") as local:
        yield local


async def test_each_has_its_weights_share_of_what_all_want_and_what_one_leaves_goes_to_the_others(system, large_mesos):
    history = await play(system, large_mesos.url, 72, PLANS)
    assert history.mean("web", 3, 23) == pytest.approx(TASKS, abs=2)
    assert history.mean("web", 31, 35) == pytest.approx(TASKS / 3, abs=2)
    assert history.mean("reports", 31, 35) == pytest.approx(TASKS * 2 / 3, abs=2)
    for role, share in {"web": 1 / 6, "reports": 2 / 6, "training": 3 / 6}.items():
        assert history.mean(role, 44, 58) == pytest.approx(TASKS * share, abs=2)
    assert history.mean("web", 67, 71) == pytest.approx(TASKS / 4, abs=2)
    assert history.mean("training", 67, 71) == pytest.approx(TASKS * 3 / 4, abs=2)


async def test_equal_weights_share_alike(system, large_mesos):
    history = await play(system, large_mesos.url, 20, [Plan(role, 1) for role in ("a", "b", "c", "d")])
    for role in "abcd":
        assert history.mean(role, 12, 19) == pytest.approx(TASKS / 4, abs=2)
