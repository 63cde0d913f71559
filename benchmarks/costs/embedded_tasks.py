"""What a task costs in the embedded Mesos, from offer to acknowledged end, client included: few tasks and many.

All tasks of a run stay in the master's books, running, until the last is launched; a cost that grows with their number
shows as a ratio below 1. ``python -m benchmarks.costs.embedded_tasks 1000000`` does it for a number of one's own.
"""

from __future__ import annotations

import sys

from benchmarks.cost import Cost
from benchmarks.frameworks import tasks_for
from benchmarks.probes import cpu_seconds

COST = Cost("embedded-tasks", "tasks run by the embedded Mesos", size=10_000, baseline="10,000 at once", goal=0.8)
AGENTS = 100


async def run(size: int) -> float:
    from actors import ActorSystem
    from actors.configuration.collector import settle_collector
    from actors.local_mesos import Fate, LocalMesos, always
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
    from mesos_proto import CommandInfo, Resources, TaskState

    needed, command = Resources.parse("cpus:0.01;mem:1"), CommandInfo(value="sleep 100")
    each = -(-size // AGENTS)
    async with ActorSystem() as system:
        local = await LocalMesos.start(
            system,
            port=0,
            agents=AGENTS,
            resources=f"cpus:{each * 0.01:.2f};mem:{each}",
            runner="simulated",
            script=always(Fate(runs=None)),
        )
        settle_collector()  # as the command does
        info = FrameworkInfo(name="bench", user="root")
        framework = await Mesos(system).register_framework(local.url, info, reconciliation=None)
        start = cpu_seconds()
        launched = running = 0
        async for event in framework.events:
            match event:
                case ResourceOffers(offers):
                    for offer in offers:
                        fitting = min(round(offer.resources.cpus * 100), size - launched, 100)
                        tasks = tasks_for(offer, launched, fitting, needed, command)
                        launched += fitting
                        await framework.driver.launch_tasks(tasks, [offer.id])
                case StatusUpdate(status):
                    await framework.driver.acknowledge(status)
                    running += status.state is TaskState.TASK_RUNNING
            if running == size:
                break
        seconds = cpu_seconds() - start
        await framework.deactivate()
        await local.stop(keep_tasks=True)  # to end them all is not what is measured
    return seconds


@COST.contender("10,000 at once")
async def ten_thousand(size: int) -> float:
    return await run(size)


@COST.contender("100,000 at once", size=100_000, ours=True)
async def hundred_thousand(size: int) -> float:
    return await run(size)


if __name__ == "__main__":
    import asyncio

    count = int(sys.argv[1])
    print(f"{asyncio.run(run(count)) / count * 1e6:.0f} µs of CPU for each of {count:,} tasks")
