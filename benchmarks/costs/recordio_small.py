"""Records of 100 bytes cut out of a stream that arrives in pieces of 64 KB; in MB of records per second."""

from benchmarks.cost import Cost
from benchmarks.records import cut_at_once, decode

COST = Cost(
    "recordio-100B",
    "RecordIO, records of 100 bytes",
    size=20_000_000,
    baseline="find and slice",
    unit="MB/s",
    scale=1e-6,
    limit=20.0,
)
RECORD = b"x" * 100


@COST.contender("find and slice")
def find_and_slice(size: int) -> float:
    return cut_at_once(RECORD, size)


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    return decode(RECORD, size)
