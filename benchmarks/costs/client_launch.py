"""What a framework's client costs: tasks launched, one per offer, against a master that only plays its part.

The aim is a tenth of the CPU of pymesos or avmesos, whichever is the better.
"""

from benchmarks import frameworks
from benchmarks.cost import Cost

COST = Cost("client-launch", "tasks launched, one per offer", size=4_000, baseline="http.client and json")


@COST.contender("http.client and json", size=1_000)
def plain(size: int) -> float:
    return frameworks.plain("launches", size)


@COST.contender("pymesos", size=1_000, python=10)
def pymesos(size: int) -> float:
    return frameworks.pymesos("launches", size)


@COST.contender("avmesos", size=400, python=10)
def avmesos(size: int) -> float:
    return frameworks.avmesos("launches", size)


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    return await frameworks.ours("launches", size, "protobuf")


@COST.contender("actors, JSON", ours=True)
async def actors_json(size: int) -> float:
    return await frameworks.ours("launches", size, "json")
