"""What must hold whatever comes in. Each takes its input from ``chance`` alone, and fails by raising."""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from google.protobuf.message import DecodeError, Message

from actors.local_mesos.master import operator_calls, validation
from actors.local_mesos.master._http import texts_are_utf8
from actors.local_mesos.master.process_validation import command_error, container_error, health_check_error
from actors.mesos import Acknowledge
from actors.mesos._codec import Codec
from actors.mesos.calls import AcceptOffers
from actors.mesos.errors import StreamLost
from actors.mesos.events import event_of
from actors.mesos.operations import Launch
from mesos_proto import (
    CommandInfo,
    OfferID,
    ResourceError,
    Resources,
    TaskInfo,
    TaskStatus,
    executor_pb2,
    json_codec,
    master_pb2,
    mesos_pb2,
    recordio,
    scheduler_pb2,
)
from mesos_proto.json_codec import JsonError
from mesos_proto.wrappers._wrapper import kept
from tests.fuzz.inputs import damaged, message, mistyped

_MESSAGES: tuple[type[Message], ...] = (
    scheduler_pb2.Event,
    scheduler_pb2.Call,
    executor_pb2.Event,
    executor_pb2.Call,
    master_pb2.Call,
    master_pb2.Event,
)
_LIMIT = 10_000


def framing_says_the_same_however_it_is_cut(chance: random.Random) -> None:
    stream = b"".join(recordio.encode(chance.randbytes(chance.choice((0, 1, 9, 100, 2000)))) for _ in range(5))
    if chance.random() < 0.7:
        stream = damaged(stream, chance)
    whole, cut = recordio.Decoder(_LIMIT), recordio.Decoder(_LIMIT)
    expected = _fed(whole, [stream])
    pieces, at = [], 0
    while at < len(stream):
        step = chance.choice((1, 2, 3, 17, 1000))
        pieces.append(stream[at : at + step])
        at += step
    assert _fed(cut, pieces) == expected
    assert len(cut._unfinished) <= _LIMIT + recordio.MAX_LENGTH_DIGITS + 1


def _fed(decoder: recordio.Decoder, pieces: list[bytes]) -> tuple[list[bytes], bool, bool]:
    records: list[bytes] = []
    for piece in pieces:
        try:
            records += decoder.feed(piece)
        except recordio.RecordIOError as error:
            return [*records, *error.records], True, False
    return records, False, decoder.at_boundary


def protobuf_is_read_or_refused(chance: random.Random) -> None:
    cls = chance.choice(_MESSAGES)
    data = damaged(message(cls, chance).SerializeToString(), chance)
    with suppress(StreamLost):
        _look_at(Codec.of("protobuf", cls).decode(data))


def json_is_read_or_refused(chance: random.Random) -> None:
    cls = chance.choice(_MESSAGES)
    good = message(cls, chance)
    data = mistyped(good, chance) if chance.random() < 0.6 else damaged(json_codec.dumps(good), chance)
    with suppress(JsonError):
        json_codec.loads(cls, data)
    with suppress(StreamLost):
        _look_at(Codec.of("json", cls).decode(data))


def json_comes_back_as_it_went(chance: random.Random) -> None:
    cls = chance.choice(_MESSAGES)
    good = message(cls, chance)
    text = json_codec.dumps(good)
    again = json_codec.loads(cls, text)
    assert json_codec.dumps(again) == text


def _look_at(read: Message) -> None:
    """As a handler does: everything that the events of a framework show."""
    if isinstance(read, scheduler_pb2.Event):
        event = event_of(read)
        for name in getattr(event, "__dataclass_fields__", {}):
            shown = getattr(event, name)
            for each in shown if isinstance(shown, tuple) else (shown,):
                _properties(each)
    read.SerializeToString()
    json_codec.dumps(read)


def _properties(wrapper: Any) -> None:
    for name, member in inspect.getmembers(type(wrapper)):
        if isinstance(member, property | kept) and not name.startswith("_"):
            # What is there may mean nothing: a resource of no type, a time out of all calendars.
            with suppress(ResourceError, ValueError, OverflowError):
                getattr(wrapper, name)
    repr(wrapper)


def calls_are_valid_or_refused_with_a_reason(chance: random.Random) -> None:
    call, operation = scheduler_pb2.Call(), master_pb2.Call()
    with suppress(DecodeError):
        call.ParseFromString(_maybe_damaged(message(scheduler_pb2.Call, chance), chance))
        if call.IsInitialized() and texts_are_utf8(call):
            _reason(validation.call_error(call, chance.choice((None, "a", ""))))
    with suppress(DecodeError):
        operation.ParseFromString(_maybe_damaged(message(master_pb2.Call, chance), chance))
        if operation.IsInitialized() and texts_are_utf8(operation):
            _reason(operator_calls.call_error(operation))
    _reason(command_error(message(mesos_pb2.CommandInfo, chance)))
    _reason(container_error(message(mesos_pb2.ContainerInfo, chance)))
    _reason(health_check_error(message(mesos_pb2.HealthCheck, chance)))


def resources_add_up_or_are_refused(chance: random.Random) -> None:
    protos = [message(mesos_pb2.Resource, chance, depth=3) for _ in range(3)]
    try:
        one, other = Resources(protos[:2]), Resources(protos[2:])
    except ResourceError:
        return
    assert (one + other) - other == one


def what_is_joined_from_bytes_is_its_message(chance: random.Random) -> None:
    """A task, an acceptance and an acknowledgement, which are written without being built."""
    name, task_id, agent_id = (_text(chance) for _ in range(3))
    try:
        resources = Resources([message(mesos_pb2.Resource, chance, depth=3)])
    except ResourceError:
        resources = Resources.parse("cpus:0.1")
    command = message(mesos_pb2.CommandInfo, chance)
    task = TaskInfo(
        name=name, task_id=task_id, agent_id=agent_id, resources=resources, command=CommandInfo.from_proto(command)
    )
    built = mesos_pb2.TaskInfo(name=name, resources=resources.to_protos(), command=command)
    built.task_id.value, built.agent_id.value = task_id, agent_id
    assert task.proto == built
    accept = AcceptOffers([OfferID(_text(chance))], [Launch([task] * chance.randint(0, 3))])
    status = message(mesos_pb2.TaskStatus, chance, depth=2)
    status.task_id.value, status.agent_id.value, status.uuid = task_id, agent_id, chance.randbytes(16)
    for call in (accept, Acknowledge(TaskStatus(status))):
        assert scheduler_pb2.Call.FromString(call.to_wire()) == call.to_proto()


def _text(chance: random.Random) -> str:
    """Around the lengths at which the length itself takes one byte more."""
    return chance.choice("aé\x00\U0001f600") * chance.choice((1, 5, 63, 124, 125, 126, 127, 128, 1023, 1024, 16384))


def _maybe_damaged(made: Message, chance: random.Random) -> bytes:
    data = made.SerializeToString()
    return damaged(data, chance) if chance.random() < 0.3 else data


def _reason(said: str | None) -> None:
    assert said is None or said


PROPERTIES: tuple[Callable[[random.Random], None], ...] = (
    framing_says_the_same_however_it_is_cut,
    protobuf_is_read_or_refused,
    json_is_read_or_refused,
    json_comes_back_as_it_went,
    calls_are_valid_or_refused_with_a_reason,
    resources_add_up_or_are_refused,
    what_is_joined_from_bytes_is_its_message,
)
