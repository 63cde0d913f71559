"""1,000 instances of an app on simulated agents, from the POST to all running; over HTTP, the journal synced."""

from benchmarks.cost import Cost
from benchmarks.processes import start_with_asyncio
from benchmarks.service import Service

COST = Cost(
    "launch-simulated",
    "1,000 instances on simulated agents, from POST to all running",
    size=1_000,
    baseline="asyncio, real processes",
    unit="s",
    is_rate=False,
    scale=1.0,
    limit=2.0,
)


@COST.contender("asyncio, real processes")
async def bare(size: int) -> float:
    return (await start_with_asyncio(size)).seconds


@COST.contender("marathon", ours=True)
def marathon(size: int) -> float:
    with Service("simulated") as service:
        return service.deploy(size).seconds
