"""One event with an offer of each of 5,000 agents: parsed, looked at, and a task launched on each, calls included.

An allocator makes offers every second; a framework that takes longer falls behind.
"""

from __future__ import annotations

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds

COST = Cost(
    "many-offers",
    "offers of 5,000 agents, a task launched on each",
    size=5_000,
    baseline="parse alone",
    unit="ms",
    is_rate=False,
    scale=1e3,
    limit=1_000,
)


def _record(size: int) -> bytes:
    from benchmarks import scripted_master
    from mesos_proto import scheduler_pb2

    merged = scheduler_pb2.Event(type="OFFERS")
    for event in scripted_master.recorded("launches", size):
        merged.offers.offers.extend(event.offers.offers)
    return merged.SerializeToString()


@COST.contender("parse alone")
def parse_alone(size: int) -> float:
    from mesos_proto import scheduler_pb2

    record = _record(size)
    start = cpu_seconds()
    event = scheduler_pb2.Event.FromString(record)
    seconds = cpu_seconds() - start
    assert len(event.offers.offers) == size
    return seconds


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    from actors.mesos import AcceptOffers, Launch, ResourceOffers
    from actors.mesos._codec import Codec
    from actors.mesos.events import event_of
    from mesos_proto import CommandInfo, Resources, TaskInfo, scheduler_pb2

    record = _record(size)
    codec = Codec.of("protobuf", scheduler_pb2.Event)
    needed, command = Resources.parse("cpus:0.1;mem:32"), CommandInfo(value="sleep 100")
    start = cpu_seconds()
    event = event_of(codec.decode(record))
    assert isinstance(event, ResourceOffers)
    written = 0
    for number, offer in enumerate(event.offers):
        if offer.resources.contains(needed.allocated("*")):
            task = TaskInfo(
                name="bench", task_id=f"task-{number}", agent_id=offer.agent_id, resources=needed, command=command
            )
            written += bool(AcceptOffers([offer.id], [Launch([task])]).to_wire())
    seconds = cpu_seconds() - start
    assert written == size
    return seconds
