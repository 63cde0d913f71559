"""The offers of 5,000 simulated agents: from the subscription until a framework in the same process has all by HTTP.

An allocator makes offers every second; whoever takes longer for all agents falls behind.
"""

from __future__ import annotations

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds

COST = Cost(
    "embedded-offers",
    "offers of 5,000 agents, allocated, sent and read",
    size=5_000,
    baseline="of 500 agents",
    unit="ms",
    is_rate=False,
    scale=1e3,
    limit=1_000,
)


@COST.contender("of 500 agents", size=500)
@COST.contender("actors", ours=True)
async def offers(size: int) -> float:
    from actors import ActorSystem
    from actors.local_mesos import LocalMesos
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers

    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=size, runner="simulated")
        start, seen = cpu_seconds(), 0
        info = FrameworkInfo(name="bench", user="root")
        framework = await Mesos(system).register_framework(local.url, info, reconciliation=None)
        async for event in framework.events:
            if isinstance(event, ResourceOffers):
                seen += len(event.offers)
            if seen >= size:
                break
        seconds = cpu_seconds() - start
        await framework.deactivate()
        await local.stop()
    return seconds
