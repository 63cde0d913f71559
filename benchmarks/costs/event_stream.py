"""A recorded stream of 100,000 events: cut, parsed, and told apart by what they mean.

Eight of ten are updates, one is an offer, one a heartbeat. The baseline does no more than ``json.loads`` for each
record of a stream that is there as a whole.
"""

from __future__ import annotations

import json
from typing import Any

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds
from benchmarks.records import PIECE

COST = Cost("event-stream", "events of a recorded stream, parsed and dispatched", size=100_000, baseline="json.loads")


def _stream(size: int, as_json: bool) -> bytes:
    from benchmarks.scripted_master import recorded
    from mesos_proto import json_codec, recordio, scheduler_pb2

    (offers,) = recorded("launches", 1)
    updates = list(recorded("updates", 800))
    heartbeat = scheduler_pb2.Event(type="HEARTBEAT")
    events = [*updates, *[offers] * 100, *[heartbeat] * 100]
    encode = json_codec.dumps if as_json else scheduler_pb2.Event.SerializeToString
    return b"".join(recordio.encode(encode(event)) for event in events) * (size // len(events))


@COST.contender("json.loads")
def json_loads(size: int) -> float:
    stream = _stream(size, as_json=True)
    start = cpu_seconds()
    position, found = 0, 0
    while position < len(stream):
        newline = stream.find(b"\n", position)
        end = newline + 1 + int(stream[position:newline])
        found += json.loads(stream[newline + 1 : end])["type"] == "UPDATE"
        position = end
    seconds = cpu_seconds() - start
    assert found == size * 8 // 10
    return seconds


def _ours(size: int, encoding: str) -> float:
    from actors.mesos import ResourceOffers, StatusUpdate
    from actors.mesos._codec import Codec
    from actors.mesos.events import event_of
    from mesos_proto import TaskState, recordio, scheduler_pb2

    stream = _stream(size, encoding == "json")
    codec: Any = Codec.of(encoding, scheduler_pb2.Event)
    decoder = recordio.Decoder()
    start = cpu_seconds()
    found = offered = 0
    for at in range(0, len(stream), PIECE):
        for record in decoder.feed(stream[at : at + PIECE]):
            match event_of(codec.decode(record)):
                case StatusUpdate(status):
                    found += status.state is TaskState.TASK_RUNNING
                case ResourceOffers(offers):
                    offered += len(offers)
    seconds = cpu_seconds() - start
    assert (found, offered) == (size * 8 // 10, size // 10)
    return seconds


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    return _ours(size, "protobuf")


@COST.contender("actors, JSON", ours=True)
def actors_json(size: int) -> float:
    return _ours(size, "json")
