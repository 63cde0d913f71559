"""Messages from one process to an actor in another, over loopback: until the last was handled there."""

from benchmarks import remote_peers as peers
from benchmarks.cost import Cost

COST = Cost(
    "remote-one-way",
    "messages to an actor in another process",
    size=200_000,
    baseline="streams of JSON",
    goal=1.5,
    limit=150,
    at_most=3,
)

COST.contender("streams of JSON")(peers.plain_one_way)
COST.contender("actors", ours=True)(peers.actors_one_way)
COST.contender("xoscar", size=20_000)(peers.xoscar_one_way)


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
async def uvloop(size: int) -> float:
    return await peers.actors_one_way(size, "uvloop")


@COST.contender("thespian", size=2_000)
def thespian(size: int) -> float:
    return peers.in_loopback_alone("tell", size)
