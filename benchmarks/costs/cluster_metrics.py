"""What a node pays for watching the metrics of 200 others, each told every second, over 200 real connections."""

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds
from benchmarks.run import ROOT

COST = Cost(
    "cluster-metrics",
    "watching the metrics of 200 nodes, told every second",
    size=200,
    baseline="being a member",
    unit="% of a core",
    is_rate=False,
    scale=100,
    limit=5,
    at_most=3,
)
SETTLE = 5.0  # seconds until all are connected and asked
MEASURED = 10.0  # seconds


@COST.contender("being a member")
async def member(size: int) -> float:
    return await observe(size, watches=False)


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    return await observe(size, watches=True)


async def observe(size: int, *, watches: bool) -> float:
    """The part of a core that this process used."""
    from actors import Actor, ActorSystem, Props
    from actors.cluster import Cluster, ClusterMetricsChanged, MemoryCluster, MemoryCoordinator, MetricsSettings
    from actors.remote import Remote

    told: list[int] = []

    class Observer(Actor[Any]):
        def receive(self, message: Any) -> None:
            told.append(len(message.nodes))

    command = [sys.executable, "-m", "benchmarks.metric_nodes", str(size)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as nodes:  # noqa: ASYNC220 - nothing else runs yet
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        place, ids = MemoryCluster(), {}
        for node in json.loads(await asyncio.to_thread(nodes.stdout.readline)):
            joined = place.announce(node["address"], {**node, "system": "app", "roles": ""}, time.monotonic())
            ids[node["address"]] = joined.id
        nodes.stdin.write(json.dumps(ids) + "\n")
        nodes.stdin.flush()
        async with ActorSystem("app") as system:
            await Remote.start(system)
            # Nobody refreshes the other members: the coordinator's own costs are not what is asked here.
            coordinator = MemoryCoordinator(place, ttl=1000.0)
            cluster = await Cluster.join(system, coordinator, metrics=MetricsSettings(interval=1.0))
            if watches:
                cluster.subscribe(system.spawn(Props(Observer)), ClusterMetricsChanged)
            await asyncio.sleep(SETTLE)
            told.clear()
            cpu, wall = cpu_seconds(), time.perf_counter()
            await asyncio.sleep(MEASURED)
            used = (cpu_seconds() - cpu) / (time.perf_counter() - wall)
            # Late ones are counted with the next: what matters is that none was left out.
            assert not watches or (len(told) >= MEASURED - 2 and min(told) == size + 1), told
        nodes.communicate("\n")
    return used
