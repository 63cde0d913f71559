"""How long the loop is held by a backlog among a million actors, a full garbage collection included.

The collection is forced, in the middle of the backlog: one would come by itself sooner or later.
"""

import asyncio
import gc

from benchmarks.cost import Cost
from benchmarks.plain import Countdown, QueueActor
from benchmarks.probes import longest_hold

COST = Cost(
    "collection",
    "longest hold of the loop by a backlog and a collection among a million actors",
    size=1_000_000,
    baseline="asyncio.Queue, a tenth",
    unit="ms",
    is_rate=False,
    scale=1e3,
    limit=10.0,
    at_most=1,
)
BACKLOG = 200_000
BATCH = 1_000  # actors between two breaths of the loop


@COST.contender("asyncio.Queue, a tenth", size=100_000)
async def queue(size: int) -> float:
    countdown = Countdown(BACKLOG)

    class Counter(QueueActor):
        async def receive(self, message: int) -> None:
            _hit(countdown)

    made = []
    for number in range(size):
        made.append(QueueActor())
        if number % BATCH == 0:
            await asyncio.sleep(0)
    counter = Counter()
    for _ in range(BACKLOG):
        counter.tell(1)
    return await longest_hold(countdown.done)


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    countdown = Countdown(BACKLOG)

    class Idle(Actor[int]):
        async def receive(self, message: int) -> None:
            pass

    class Counter(Actor[int]):
        async def receive(self, message: int) -> None:
            _hit(countdown)

    async with ActorSystem() as system:
        made = []
        for number in range(size):
            made.append(system.spawn(Idle))
            if number % BATCH == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        counter = system.spawn(Counter)
        for _ in range(BACKLOG):
            counter.tell(1)
        return await longest_hold(countdown.done)


def _hit(countdown: Countdown) -> None:
    countdown.hit()
    if countdown.left == BACKLOG // 2:
        gc.collect()
