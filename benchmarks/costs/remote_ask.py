"""Questions to an actor in another process, over loopback, each awaited before the next."""

from benchmarks import remote_peers as peers
from benchmarks.cost import Cost

COST = Cost(
    "remote-ask",
    "questions to an actor in another process, each awaited",
    size=10_000,
    baseline="streams of JSON",
    goal=1.0,
    limit=6,
    at_most=3,
)

COST.contender("streams of JSON")(peers.plain_ask)
COST.contender("actors", ours=True)(peers.actors_ask)
COST.contender("xoscar", size=5_000)(peers.xoscar_ask)


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
async def uvloop(size: int) -> float:
    return await peers.actors_ask(size, "uvloop")


@COST.contender("thespian", size=1_000)
def thespian(size: int) -> float:
    return peers.in_loopback_alone("ask", size)
