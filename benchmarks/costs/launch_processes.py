"""CPU per task of 1,000 real processes: of the service and its task runners from POST to all running.

The bare loops give their processes nothing: no session, folder, outputs, environment, record, or API.

It is measured twice. On a disk with ext4 the figure depends on what was deleted lately, by the repetition before and by
anybody else: the kernel seeks each new inode past the ones that were freed in the last seconds, which took more than
half of all CPU samples in one profile. With the sandboxes on tmpfs that is left out, and so is every other cost of
making files on a disk.
"""

from benchmarks.cost import Cost
from benchmarks.processes import start_and_end, start_with_asyncio
from benchmarks.service import Service

COST = Cost(
    "launch-processes",
    "CPU to launch a process, of 1,000",
    size=1_000,
    baseline="subprocess.Popen",
    unit="ms",
    is_rate=False,
    scale=1e3,
    surcharge=2.0,
)


@COST.contender("subprocess.Popen")
def bare(size: int) -> float:
    return start_and_end(size)[0].cpu / size


@COST.contender("asyncio")
async def bare_asyncio(size: int) -> float:
    return (await start_with_asyncio(size)).cpu / size


@COST.contender("marathon", ours=True)
def marathon(size: int) -> float:
    with Service("process") as service:
        return service.deploy(size).cpu / size


@COST.contender("marathon, sandboxes on tmpfs", ours=True)
def in_memory(size: int) -> float:
    with Service("process", in_memory=True) as service:
        return service.deploy(size).cpu / size
