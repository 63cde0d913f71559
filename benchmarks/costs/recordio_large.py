"""Records of 4 KB cut out of a stream that arrives in pieces of 64 KB; in MB of records per second."""

from benchmarks.cost import Cost
from benchmarks.records import cut_at_once, decode

COST = Cost(
    "recordio-4KB",
    "RecordIO, records of 4 KB",
    size=200_000_000,
    baseline="find and slice",
    unit="MB/s",
    scale=1e-6,
    limit=200.0,
)
RECORD = b"x" * 4096


@COST.contender("find and slice")
def find_and_slice(size: int) -> float:
    return cut_at_once(RECORD, size)


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    return decode(RECORD, size)
