"""CPU per task to end 1,000 real processes: of the service and its task runners from DELETE to all gone."""

from benchmarks.cost import Cost
from benchmarks.processes import start_and_end
from benchmarks.service import Service

COST = Cost(
    "destroy-processes",
    "CPU to end a process, of 1,000",
    size=1_000,
    baseline="subprocess.Popen",
    unit="ms",
    is_rate=False,
    scale=1e3,
    surcharge=2.0,
)


@COST.contender("subprocess.Popen")
def bare(size: int) -> float:
    return start_and_end(size)[1].cpu / size


@COST.contender("marathon", ours=True)
def marathon(size: int) -> float:
    with Service("process") as service:
        service.deploy(size)
        return service.destroy().cpu / size
