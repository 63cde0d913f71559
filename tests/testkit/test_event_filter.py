import asyncio
import logging

import pytest

from actors.testkit import EventFilter

log = logging.getLogger("actors.some.room")


async def test_one_record_is_expected_by_default():
    async with EventFilter(message="lost the master") as found:
        log.warning("lost the %s", "master")
    assert found.records[0].levelno == logging.WARNING


async def test_fewer_or_more_records_fail_and_the_others_are_shown():
    with pytest.raises(AssertionError, match=r"(?s)message 'x' was to be logged 1 times, but was 0.*WARNING.*other"):
        async with EventFilter(message="x"):
            log.warning("other")
    with pytest.raises(AssertionError, match="1 times, but was 2 times"):
        async with EventFilter(start="x"):
            log.warning("x1")
            log.warning("x2")


async def test_it_waits_three_seconds_for_what_is_logged_late():
    loop = asyncio.get_running_loop()
    async with EventFilter(pattern="la.e"):
        loop.call_later(2.9, log.error, "late")
    assert loop.time() == pytest.approx(2.9)
    with pytest.raises(AssertionError):
        async with EventFilter(pattern="la.e"):
            loop.call_later(3.1, log.error, "late")
    await asyncio.sleep(1)


async def test_level_logger_and_error_narrow_it():
    async with EventFilter(level=logging.ERROR, logger="actors.some"):
        log.warning("x")
        log.error("x")
        logging.getLogger("actors.other").error("x")
    async with EventFilter(error=ValueError, message="the value"):
        try:
            raise ValueError("the value")
        except ValueError:
            log.exception("it failed")
        log.error("the value")


async def test_debug_records_are_seen_though_the_logger_would_drop_them():
    async with EventFilter(message="detail"):
        log.debug("detail")


async def test_without_a_number_nothing_is_awaited_and_anything_goes():
    async with EventFilter(occurrences=None) as found:
        log.warning("x")
        log.warning("y")
    assert len(found.records) == 2
    assert asyncio.get_running_loop().time() == 0


async def test_without_async_it_says_what_to_write():
    with pytest.raises(TypeError, match="write `async with`"), EventFilter():
        pass


async def test_none_may_be_demanded():
    async with EventFilter(level=logging.ERROR, occurrences=0):
        log.warning("x")
    with pytest.raises(AssertionError, match="0 times, but was 1"):
        async with EventFilter(level=logging.ERROR, occurrences=0):
            log.error("x")


async def test_an_error_of_the_block_comes_out_unchanged():
    with pytest.raises(KeyError):
        async with EventFilter(message="x"):
            raise KeyError("k")
