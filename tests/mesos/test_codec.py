"""What a master says has to make sense before anybody hears it."""

import pytest

from actors.mesos._codec import Codec
from actors.mesos.errors import StreamLost
from mesos_proto import scheduler_pb2


@pytest.mark.parametrize(
    ("encoding", "data"), [("protobuf", b"\xff"), ("json", b"\xff"), ("json", b""), ("json", b'{"type":')]
)
def test_bytes_that_are_no_event_end_the_stream(encoding: str, data: bytes) -> None:
    with pytest.raises(StreamLost, match=r"do not read as mesos\.v1\.scheduler\.Event"):
        Codec.of(encoding, scheduler_pb2.Event).decode(data)


def test_an_event_without_its_required_fields_ends_the_stream() -> None:
    event = scheduler_pb2.Event(type=scheduler_pb2.Event.UPDATE)
    event.update.SetInParent()
    with pytest.raises(StreamLost, match=r"missing required fields: update\.status"):
        Codec.of("protobuf", scheduler_pb2.Event).decode(event.SerializePartialToString())
