"""Tasks a second through ``mesos-local`` in a process of its own: offered, launched, three statuses each acknowledged.

The framework does not wait for the answers to its calls. `CPU of one core` is what both processes together may take for
a task to reach 3,750 a second on two cores; beside it, what each takes.
"""

from __future__ import annotations

import re
import subprocess
import sys

import psutil

from benchmarks.cost import Cost
from benchmarks.frameworks import tasks_for
from benchmarks.probes import cpu_seconds

COST = Cost(
    "embedded-throughput",
    "CPU for a task of mesos-local over HTTP",
    size=20_000,
    baseline="framework",
    unit="µs",
    is_rate=False,
    scale=1e6,
    limit=267,
)
AGENTS = 100
EACH = 100  # tasks of one launch


async def run(size: int) -> tuple[float, float]:
    """Seconds of CPU for each task: of mesos-local, of the framework."""
    mesos, url = _start()
    try:
        process = psutil.Process(mesos.pid)
        began, own = sum(process.cpu_times()[:2]), cpu_seconds()
        await _frameworks_part(url, size)
        return (sum(process.cpu_times()[:2]) - began) / size, (cpu_seconds() - own) / size
    finally:
        mesos.terminate()
        mesos.wait(60)


def _start() -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "actors.local_mesos.command", "--port", "0", "--agents", str(AGENTS)]
    command += ["--simulate", "runs=0-0.001", "--resources", "cpus:4;mem:4000"]
    mesos = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert mesos.stdout is not None
    said = re.search(r"http://\S+", mesos.stdout.readline())
    assert said is not None
    return mesos, said[0]


async def _frameworks_part(url: str, size: int) -> None:
    from actors import ActorSystem
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
    from mesos_proto import CommandInfo, Filters, Resources, TaskState

    needed, command, wanting = Resources.parse("cpus:0.01;mem:1"), CommandInfo(value="true"), Filters(refuse_seconds=0)
    async with ActorSystem() as system:
        info = FrameworkInfo(name="bench", user="root")
        framework = await Mesos(system).register_framework(url, info, reconciliation=None)
        launched = finished = 0
        async for event in framework.events:
            match event:
                case ResourceOffers(offers):
                    for offer in offers:
                        fitting = min(round(offer.resources.cpus * 100), size - launched, EACH)
                        tasks = tasks_for(offer, launched, fitting, needed, command)
                        launched += fitting
                        framework.driver.launch_tasks(tasks, [offer.id], wanting)
                case StatusUpdate(status):
                    framework.driver.acknowledge(status)
                    finished += status.state is TaskState.TASK_FINISHED
            if finished == size:
                break
        await framework.shutdown()


@COST.contender("framework")
async def framework(size: int) -> float:
    return (await run(size))[1]


@COST.contender("mesos-local", ours=True)
async def mesos(size: int) -> float:
    return (await run(size))[0]
