"""``--launch-rate``: no more instances a second than asked for, and no fewer than the offers take otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.launch_rate import LaunchRate

from .conftest import Service
from .definitions import app


@pytest.mark.parametrize(("rate", "seconds"), [(None, (0, 1)), (10.0, (3.9, 7)), (2.0, (23.9, 28)), (0.5, (97.9, 105))])
async def test_so_many_are_launched_a_second_and_no_fewer(rate: float | None, seconds: tuple[float, float]) -> None:
    service = Service()
    await service.start(launch_rate=rate)
    await service.put(app("/a", instances=30), app("/b", instances=20))
    await service.deployed()
    moments = sorted(service.world.ever.values())
    assert len(moments) == 50
    assert seconds[0] <= moments[-1] - moments[0] <= seconds[1]
    if rate is not None:
        at_once = max(1, int(rate))
        assert all(first < last for first, last in zip(moments, moments[at_once:], strict=False))
    await service.kill()


async def test_while_the_rate_holds_launches_back_no_offers_are_held() -> None:
    service = Service()
    await service.start(launch_rate=0.1)
    await service.put(app("/a", instances=3))
    await service.system.clock.sleep(5)
    assert len(service.world.launched("/a")) == 1
    assert service.world.suppressed
    assert all(agent.offer is None for agent in service.world.agents.values())
    assert await service.deployed() >= 20
    await service.kill()


@given(st.floats(0.05, 500), st.lists(st.tuples(st.floats(0, 10), st.integers(0, 1000)), max_size=30))
def test_in_no_stretch_are_more_allowed_than_the_rate_and_what_may_come_at_once(
    rate: float, asked: list[tuple[float, int]]
) -> None:
    limit, now, made = LaunchRate(rate, 0.0), 0.0, []
    for pause, wanted in asked:
        now += pause
        count = int(min(wanted, limit.allowed(now)))
        limit.used(count)
        made.append((now, count))
        for begin, _ in made:
            assert sum(c for at, c in made if at >= begin) <= max(1, rate) + rate * (now - begin) + 0.001
    delay = limit.delay(now)
    assert (delay is None) == (limit.allowed(now) > 0)
    if delay is not None:
        assert limit.allowed(now + delay) == int(max(1.0, rate) + 1e-6)
