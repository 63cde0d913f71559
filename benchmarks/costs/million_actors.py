"""What a million live actors keep in memory, each of which has received one message and now waits.

The baseline makes a tenth of them, for a million tasks and queues take minutes; its figure is scaled up.
"""

import asyncio

from benchmarks.cost import Cost
from benchmarks.plain import QueueActor
from benchmarks.probes import resident_bytes

COST = Cost(
    "million-actors",
    "memory of a million idle actors",
    size=1_000_000,
    baseline="asyncio.Queue",
    unit="GB",
    is_rate=False,
    scale=1e-9,
    limit=2.5,
)
BATCH = 1_000  # actors between two breaths of the loop


@COST.contender("asyncio.Queue", size=100_000)
async def queue(size: int) -> float:
    before = resident_bytes()
    made = []
    for number in range(size):
        made.append(QueueActor())
        made[-1].tell(1)
        if number % BATCH == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    return (resident_bytes() - before) / size * COST.size


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    class Idle(Actor[int]):
        async def receive(self, message: int) -> None:
            pass

    async with ActorSystem() as system:
        before = resident_bytes()
        made = []
        for number in range(size):
            made.append(system.spawn(Idle))
            made[-1].tell(1)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        return (resident_bytes() - before) / size * COST.size
