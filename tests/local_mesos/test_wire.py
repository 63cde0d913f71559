"""Master's and agent's messages as bytes."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import ActorRef, ActorSystem
from actors.local_mesos import messages
from actors.local_mesos.wire import WireError, decode, encode
from mesos_proto import mesos_pb2

LOCAL = {"MasterChanged"}  # said by whoever runs the agent
TRAVELLING = [getattr(messages, name) for name in messages.__all__ if name not in LOCAL]
PEER: Any = object()


def example(hint: Any, number: int) -> Any:
    if get_origin(hint) is types.UnionType:
        return None if number % 2 else example(get_args(hint)[0], number)
    if get_origin(hint) is tuple:
        return tuple(example(get_args(hint)[0], number) for _ in range(number))
    if get_origin(hint) is ActorRef:
        return PEER
    if hint is mesos_pb2.Offer.Operation:
        return mesos_pb2.Offer.Operation(type="RESERVE", id={"value": f"op {number}"})
    if isinstance(hint, type) and issubclass(hint, mesos_pb2.TaskStatus):
        return hint(task_id={"value": "t"}, state="TASK_RUNNING", uuid=b"\0\xff")
    return {int: number - 1, str: f"é/{number}", bytes: b"\0" * number}[hint] if hint in (int, str, bytes) else hint()


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("cls", TRAVELLING)
def test_every_message_comes_back_as_it_was(cls: Any, number: int) -> None:
    hints = get_type_hints(cls)
    message = cls(*(example(hints[field.name], number) for field in dataclasses.fields(cls)))
    assert decode(encode(message), PEER) == message


@pytest.mark.parametrize("cls", TRAVELLING)
def test_a_frame_that_is_cut_short_or_too_long_is_refused(cls: Any) -> None:
    hints = get_type_hints(cls)
    frame = encode(cls(*(example(hints[field.name], 2) for field in dataclasses.fields(cls))))
    for broken in (*(frame[:length] for length in range(len(frame))), frame + b"\0"):
        with pytest.raises(WireError):
            decode(broken, PEER)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(frame: bytes) -> None:
    try:
        message = decode(frame, PEER)
    except WireError:
        return
    assert decode(encode(message), PEER) == message


async def test_what_does_not_travel_is_named() -> None:
    async with ActorSystem("test"):
        with pytest.raises(TypeError, match="MasterChanged does not travel"):
            encode(messages.MasterChanged(None))
