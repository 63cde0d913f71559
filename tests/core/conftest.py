from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from actors import ActorSystem


@pytest_asyncio.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with ActorSystem("test") as it:
        yield it
