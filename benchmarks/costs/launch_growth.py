"""Whether an instance costs the same among 10,000 as among 1,000: CPU from POST to all running, on simulated agents.

An instance's launch has two status updates and their acknowledgements in it, each stored.
"""

from benchmarks.cost import Cost
from benchmarks.service import Service

COST = Cost(
    "launch-growth",
    "CPU to launch an instance on simulated agents",
    size=1_000,
    baseline="of 1,000",
    unit="ms",
    is_rate=False,
    scale=1e3,
    goal=1.25,
)


@COST.contender("of 1,000")
@COST.contender("of 10,000", size=10_000, ours=True)
def marathon(size: int) -> float:
    with Service("simulated") as service:
        return service.deploy(size).cpu / size
