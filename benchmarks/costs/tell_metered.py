"""Messages to one actor as in `tell`, with metrics on; the baseline counts nothing."""

from benchmarks.cost import Cost
from benchmarks.costs import tell
from benchmarks.plain import Countdown
from benchmarks.probes import cpu_seconds

COST = Cost("tell-metered", "messages to one actor, metrics on", size=200_000, baseline="asyncio.Queue", goal=1.0)

COST.contender("asyncio.Queue")(tell.queue)


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem, Settings
    from actors.observability import Metrics

    countdown = Countdown(size)

    class Counter(Actor[int]):
        async def receive(self, message: int) -> None:
            countdown.hit()

    async with ActorSystem(settings=Settings(instrument=Metrics())) as system:
        counter = system.spawn(Counter)
        start = cpu_seconds()
        for _ in range(size):
            counter.tell(1)
        await countdown.done
        return cpu_seconds() - start
