"""Exponential back-off of launches."""

from __future__ import annotations

import pytest

from actors.marathon.backoff import Backoff

from .definitions import V1, V2, app


def test_the_first_failure_waits_backoff_seconds_and_each_further_one_longer() -> None:
    backoff, definition = Backoff(), app("/a", backoffSeconds=2, backoffFactor=3, maxLaunchDelaySeconds=100)
    waits = []
    for _ in range(6):
        backoff.failed("/a", V1, now=0.0)
        waits.append(backoff.left(definition, now=0.0))
    assert waits == [2, 6, 18, 54, 100, 100]


def test_a_launch_begins_the_wait_anew() -> None:
    backoff, definition = Backoff(), app("/a", backoffSeconds=10)
    backoff.failed("/a", V1, now=0.0)
    assert backoff.left(definition, now=10.0) == 0
    backoff.launched("/a", now=10.0)
    assert backoff.left(definition, now=12.0) == pytest.approx(8)


def test_what_an_older_configuration_did_is_forgotten_with_it() -> None:
    backoff = Backoff()
    backoff.failed("/a", V1, now=0.0)
    assert backoff.left(app("/a", V1), now=0.0) == 1
    assert backoff.left(app("/a", V2), now=0.0) == 0
    backoff.failed("/a", V2, now=0.0)
    assert backoff.left(app("/a", V2), now=0.0) == 1
    backoff.failed("/a", V1, now=0.0)
    assert backoff.left(app("/a", V2), now=0.0) == 1


def test_without_a_failure_for_the_longest_delay_all_is_forgotten() -> None:
    backoff, definition = Backoff(), app("/a", maxLaunchDelaySeconds=60)
    backoff.failed("/a", V1, now=0.0)
    backoff.launched("/a", now=61.0)
    assert backoff.left(definition, now=61.0) == 0


def test_ten_thousand_failures_are_still_a_number() -> None:
    backoff, definition = Backoff(), app("/a", backoffFactor=1000)
    for _ in range(10_000):
        backoff.failed("/a", V1, now=0.0)
    assert backoff.left(definition, now=0.0) == 300


def test_what_rounding_leaves_of_a_delay_is_no_delay() -> None:
    backoff, definition = Backoff(), app("/a", backoffSeconds=1)
    backoff.failed("/a", V1, now=10.05)
    assert backoff.left(definition, now=10.05 + 1 - 1e-12) == 0
