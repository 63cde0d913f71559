"""How often, how much later, and for what."""

import asyncio

import pytest

from actors.patterns import Backoff, retry

EXACT = Backoff(1, 4, random_factor=0)


class Flaky:
    """Fails so many times, noting when."""

    def __init__(self, system, failures, error=ConnectionError):
        self.system, self.failures, self.error, self.times = system, failures, error, []

    async def __call__(self):
        self.times.append(self.system.clock.time())
        if len(self.times) <= self.failures:
            raise self.error("down")
        return "up"


async def test_it_tries_again_after_growing_delays_and_returns_the_first_result(system):
    flaky = Flaky(system, 4)
    assert await retry(flaky, system=system, backoff=EXACT) == "up"
    assert flaky.times == pytest.approx([0, 1, 3, 7, 11])


async def test_the_last_error_is_raised_with_a_note_of_how_many_attempts_there_were(system):
    flaky = Flaky(system, 9)
    with pytest.raises(ConnectionError) as e:
        await retry(flaky, system=system, attempts=3, backoff=EXACT)
    assert e.value.__notes__ == ["attempt 3 of 3: retry gave up"]
    assert flaky.times == pytest.approx([0, 1, 3])


async def test_an_error_of_another_kind_is_raised_at_once(system):
    flaky = Flaky(system, 1, KeyError)
    with pytest.raises(KeyError):
        await retry(flaky, system=system, retry_on=OSError)
    assert len(flaky.times) == 1


async def test_a_cancellation_is_never_retried(system, testkit):
    flaky = Flaky(system, 1)
    task = asyncio.create_task(retry(flaky, system=system, retry_on=BaseException, backoff=EXACT))
    await testkit.advance(0.5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(flaky.times) == 1

    async def waits():
        flaky.times.append(0)
        await asyncio.Event().wait()

    task = asyncio.create_task(retry(waits, system=system, retry_on=BaseException, backoff=EXACT))
    await testkit.settle()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert len(flaky.times) == 2


async def test_no_attempts_are_refused(system):
    with pytest.raises(ValueError, match="attempts must be an integer of at least 1, not 0"):
        await retry(Flaky(system, 0), system=system, attempts=0)
