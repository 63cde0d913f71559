"""The offers of 5,000 simulated agents: from the subscription until a framework in the same process has all by HTTP.

An allocator makes offers every second; whoever takes longer for all agents falls behind.
``python -m benchmarks.costs.embedded_offers 50000`` does it for a number of one's own, with a registry on disk, and
tells how long the agents took to register, and the longest event.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

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


class Figures(NamedTuple):
    """Seconds of CPU; ``registering`` also by the clock."""

    offers: float
    longest: int
    """Bytes of the offers in one event."""
    registering: float
    registering_on_the_clock: float


async def run(size: int, registry: Path | None = None) -> Figures:
    from actors import ActorSystem
    from actors.local_mesos import LocalMesos
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers

    async with ActorSystem() as system:
        began, start = time.perf_counter(), cpu_seconds()
        local = await LocalMesos.start(system, port=0, agents=size, runner="simulated", registry=registry)
        took, registering = time.perf_counter() - began, cpu_seconds() - start
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
    return Figures(seconds, longest, registering, took)


@COST.contender("of 500 agents", size=500)
@COST.contender("actors", ours=True)
async def offers(size: int) -> float:
    return (await run(size)).offers


if __name__ == "__main__":
    import asyncio

    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(count, Path(folder)))
    took = f"{figures.registering_on_the_clock:.1f} s ({figures.registering:.1f} s of CPU)"
    print(
        f"{count:,} agents registered in {took}; "
        f"their offers took {figures.offers:.2f} s of CPU, the longest event has {figures.longest:,} bytes of offers"
    )
