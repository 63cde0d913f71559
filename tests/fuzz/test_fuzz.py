from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.properties import PROPERTIES


@pytest.mark.parametrize("holds", PROPERTIES, ids=lambda holds: holds.__name__)
@settings(max_examples=300)
@given(seed=st.integers(min_value=0, max_value=2**64))
def test_whatever_comes_in(holds: Callable[[random.Random], None], seed: int) -> None:
    holds(random.Random(seed))
