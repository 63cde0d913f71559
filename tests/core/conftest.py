from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from actors import ActorSystem, Settings

# The order of the ready actors: as they came (None), then as each seed chooses. `ACTOR_SEEDS=200` runs each test of
# this room in 200 orders; the few that always run keep the suite short.
ORDERS = [None, *range(int(os.environ.get("ACTOR_SEEDS", "2")))]


@pytest_asyncio.fixture(params=ORDERS, ids=lambda seed: "as they came" if seed is None else f"seed {seed}")
async def system(request: pytest.FixtureRequest) -> AsyncIterator[ActorSystem]:
    seed: int | None = request.param
    settings = Settings() if seed is None else Settings(chooser=random.Random(seed).randrange, seed=seed)
    async with ActorSystem("test", settings) as it:
        yield it
