"""A master that stands for election, with an election that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors import ActorSystem
from actors.local_mesos.master import Candidate, MemoryRegistry, RegistryError
from mesos_proto import mesos_pb2

OTHER = mesos_pb2.MasterInfo(id="other", ip=1, port=5050, address={"ip": "10.0.0.9", "port": 5051})


class ScriptedElection:
    def __init__(self) -> None:
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.withdrawn = False

    async def leaders(self, info: mesos_pb2.MasterInfo | None) -> AsyncGenerator[mesos_pb2.MasterInfo | None, None]:
        try:
            while True:
                yield {"you": info, "other": OTHER, "nobody": None}[await self.said.get()]
        finally:
            self.withdrawn = True


class HeldRegistry(MemoryRegistry):
    """The leader before has it still, for two attempts."""

    attempts = 0

    async def recover(self) -> Any:
        self.attempts += 1
        if self.attempts <= 2:
            raise RegistryError("held")
        return await super().recover()


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncGenerator[Any, None]:
    async with ActorSystem("test") as system, aiohttp.ClientSession() as session:
        election = ScriptedElection()
        registry = HeldRegistry()
        candidate = await Candidate.stand(system, election, open_registry=lambda: registry)

        async def get(path: str) -> tuple[int, str | None]:
            async with session.get(candidate.url + path, allow_redirects=False) as answer:
                return answer.status, answer.headers.get("Location")

        async def say(who: str, seconds: float = 5.0) -> None:
            election.said.put_nowait(who)
            await system.clock.sleep(seconds)

        yield candidate, say, get
        await candidate.close()
        assert election.withdrawn


async def test_it_answers_only_while_it_leads(stand: Any) -> None:
    candidate, say, get = stand
    assert await get("/master/state") == (503, None)
    await say("you")
    assert await get("/master/state") == (200, None)
    assert candidate.ref is not None
    first = candidate.ref.name
    await say("other")
    assert await get("/master/state?jsonp=f") == (307, "//10.0.0.9:5051/master/state?jsonp=f")
    assert await get("/redirect") == (307, "//10.0.0.9:5051")
    assert await get("/health") == (200, None)
    assert candidate.ref is None
    await say("nobody")
    assert await get("/master/state") == (503, None)
    await say("you")
    assert await get("/master/state") == (200, None)
    assert candidate.ref.name != first  # its ids begin anew, and must not be those of before


async def test_a_new_leader_waits_for_the_registry_of_the_one_before(stand: Any) -> None:
    candidate, say, get = stand
    await say("you", seconds=1.5)
    assert (await get("/master/state"), candidate.ref) == ((503, None), None)
    await say("you", seconds=1.0)
    assert await get("/master/state") == (200, None)
    assert candidate.ref is not None
