"""An event with 50 offers from JSON to a message and back; in offers per second."""

from typing import Any

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds

COST = Cost(
    "json-codec",
    "offers, from JSON to a message and back",
    size=5_000,
    baseline="google.protobuf.json_format",
    goal=2.0,
)
OFFERS = 50


def _event() -> Any:
    from mesos_proto import Resources, mesos_pb2, scheduler_pb2

    offer = mesos_pb2.Offer(
        id={"value": "0d1b1c1e-0000-4000-8000-000000000000-O1"},
        framework_id={"value": "0d1b1c1e-0000-4000-8000-000000000000-0001"},
        agent_id={"value": "0d1b1c1e-0000-4000-8000-000000000000-S1"},
        hostname="node-1.example.org",
        url={"scheme": "http", "address": {"hostname": "node-1", "ip": "10.0.0.1", "port": 5051}, "path": "/slave(1)"},
        resources=Resources.parse("cpus:8;mem:16384;disk:100000;ports:[31000-32000]").allocated("*").to_protos(),
        allocation_info={"role": "*"},
    )
    return scheduler_pb2.Event(type="OFFERS", offers={"offers": [offer] * OFFERS})


@COST.contender("google.protobuf.json_format")
def google(size: int) -> float:
    from google.protobuf import json_format

    from mesos_proto import scheduler_pb2

    event = _event()
    start = cpu_seconds()
    for _ in range(size // OFFERS):
        text = json_format.MessageToJson(event, preserving_proto_field_name=True, indent=None)
        found = json_format.Parse(text, scheduler_pb2.Event())
    seconds = cpu_seconds() - start
    assert found == event
    return seconds


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    from mesos_proto import json_codec, scheduler_pb2

    event = _event()
    start = cpu_seconds()
    for _ in range(size // OFFERS):
        found = json_codec.loads(scheduler_pb2.Event, json_codec.dumps(event))
    seconds = cpu_seconds() - start
    assert found == event
    return seconds
