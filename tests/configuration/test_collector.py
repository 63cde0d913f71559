from __future__ import annotations

import gc
import logging
from collections.abc import Iterator

import pytest

from actors.configuration.collector import COLLECT_AFTER, settle_collector


@pytest.fixture(autouse=True)
def collector_as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_the_start_built_is_frozen_and_the_log_says_how_the_rest_is_collected(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        settle_collector()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold() == COLLECT_AFTER
    assert "garbage collector" in caplog.text
    assert f"each {COLLECT_AFTER[1]}th time" in caplog.text
