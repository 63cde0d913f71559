"""The offers of 5,000 simulated agents: from the subscription until a framework in the same process has all by HTTP.

An allocator makes offers every second; whoever takes longer for all agents falls behind.
``python -m benchmarks.costs.embedded_offers 50000`` does it for a number of one's own, and tells the longest event.
"""

from __future__ import annotations

import sys

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


async def run(size: int) -> tuple[float, int]:
    """Seconds of CPU, and the bytes of the offers in the longest event."""
    from actors import ActorSystem
    from actors.local_mesos import LocalMesos
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers

    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=size, runner="simulated")
        start, seen, longest = cpu_seconds(), 0, 0
        info = FrameworkInfo(name="bench", user="root")
        framework = await Mesos(system).register_framework(local.url, info, reconciliation=None)
        async for event in framework.events:
            if isinstance(event, ResourceOffers):
                seen += len(event.offers)
                longest = max(longest, sum(offer.proto.ByteSize() for offer in event.offers))
            if seen >= size:
                break
        seconds = cpu_seconds() - start
        await framework.deactivate()
        await local.stop()
    return seconds, longest


@COST.contender("of 500 agents", size=500)
@COST.contender("actors", ours=True)
async def offers(size: int) -> float:
    return (await run(size))[0]


if __name__ == "__main__":
    import asyncio

    count = int(sys.argv[1])
    took, bytes_ = asyncio.run(run(count))
    print(f"{took:.2f} s of CPU for the offers of {count:,} agents; the longest event has {bytes_:,} bytes of offers")
