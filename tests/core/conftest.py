"""In which worlds the tests of this room run: over each in-process dispatcher, and in the order that each seed chooses.

| dispatcher | what a seed orders |
|---|---|
| run_queue | which ready actor runs next; without a seed they run as they came |
| task | which of the loop's tasks goes on next |
| threads | which handler's thread ends next, and which ready actor runs next; the threads are the virtual loop's |
| real_threads | nothing: these threads are real |

`ACTOR_SEEDS=200` runs each test with 200 seeds, and `ACTOR_DISPATCHERS=task,threads` over these only. The few worlds
that always run keep the suite short; `test_all_worlds.py` runs all of them.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from actors import ActorSystem, Settings
from actors.testkit import VirtualLoop
from tests.core.real_threads import real_threads

SEEDS = os.environ.get("ACTOR_SEEDS")
DISPATCHERS = os.environ.get("ACTOR_DISPATCHERS", "run_queue,task,threads,real_threads").split(",")


class World(NamedTuple):
    dispatcher: str
    seed: int | None

    def __str__(self) -> str:
        return self.dispatcher if self.seed is None else f"{self.dispatcher} seed {self.seed}"


#: What a dispatcher cannot be held to in these worlds, and why.
ANY_ORDER = "a seed lets the loop's callbacks run in any order, which is no fair one"
HOPS = "each of its 100,000 messages goes to a thread and back, which takes seconds and shows nothing else"
FUTURES = "an asyncio task waits for futures and for nothing else"
CANNOT = {
    ("test_an_ask_between_actors_makes_no_future", "task"): FUTURES,
    ("test_a_backlog_lets_other_callbacks_run", "threads"): HOPS,
    ("test_a_backlog_lets_other_callbacks_run", "real_threads"): HOPS,
    ("test_the_end_of_many_children_lets_other_callbacks_run", "task"): ANY_ORDER,
    ("test_the_end_of_many_children_lets_other_callbacks_run", "threads"): ANY_ORDER,
}


def worlds() -> Iterator[World]:
    for dispatcher in DISPATCHERS:
        if dispatcher in ("run_queue", "real_threads"):
            yield World(dispatcher, None)
        if dispatcher != "real_threads":
            few = 2 if dispatcher == "run_queue" else 1
            for seed in range(few if SEEDS is None else int(SEEDS)):
                yield World(dispatcher, seed)


@pytest.fixture(params=list(worlds()), ids=str)
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.param
    reason = CANNOT.get((request.node.originalname, found.dispatcher))
    if reason is not None:
        pytest.skip(reason)
    return found


@pytest_asyncio.fixture
async def settings(world: World) -> AsyncIterator[Callable[..., Settings]]:
    """Makes the settings of a system in this world: ``settings(ask_timeout=1)``."""
    loop = asyncio.get_running_loop()
    own: dict[str, Any] = {"dispatcher": world.dispatcher.removeprefix("real_")}
    if world.seed is not None:
        own |= {"chooser": random.Random(world.seed).randrange, "seed": world.seed}
        if isinstance(loop, VirtualLoop):
            loop.reseed(world.seed, "fifo" if world.dispatcher == "run_queue" else "seeded")
    real = world.dispatcher == "real_threads" and isinstance(loop, VirtualLoop)
    with real_threads(loop) if real else nullcontext():  # type: ignore[arg-type]
        yield lambda **others: Settings(**(own | others))


@pytest_asyncio.fixture
async def system(settings: Callable[..., Settings]) -> AsyncIterator[ActorSystem]:
    async with ActorSystem("test", settings()) as it:
        yield it
