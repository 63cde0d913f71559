from __future__ import annotations

import contextlib
import json
import math
import sys
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from mesos_proto import json_codec, master_pb2, mesos_pb2, scheduler_pb2
from mesos_proto.json_codec import JsonError

# What a master of Mesos 1.11.0 answered, without the words that it puts before each kind.
SYNTAX = [
    ("", "syntax error at line 1 near: "),
    ("abc", "syntax error at line 1 near: abc"),
    ("{", "syntax error at line 1 near: "),
    ("{not json", "syntax error at line 1 near: not json"),
    ("nope", "syntax error at line 1 near: ope"),
    ("tru", "syntax error at line 1 near: "),
    ("trux", "syntax error at line 1 near: x"),
    ('{"a":1.5.5}', "syntax error at line 1 near: }"),
    ('{"a":--1}', "syntax error at line 1 near: }"),
    ('{"a":+1}', "syntax error at line 1 near: +1}"),
    ('{"a":1e}', "syntax error at line 1 near: }"),
    ('{"a":.5}', "syntax error at line 1 near: .5}"),
    ('{"a":NaN}', "syntax error at line 1 near: NaN}"),
    ('{"a":Infinity}', "syntax error at line 1 near: Infinity}"),
    ('{"a":1,}', "syntax error at line 1 near: }"),
    ("[1,]", "syntax error at line 1 near: ]"),
    ('{"a"}', "syntax error at line 1 near: }"),
    ('{"a":}', "syntax error at line 1 near: }"),
    ('{"a":"x', "syntax error at line 1 near: "),
    ('{"a":"\\q"}', 'syntax error at line 1 near: "}'),
    ('{"a":"\\u12g4"}', 'syntax error at line 1 near: g4"}'),
    ('{"a":"\\ud800"}', 'syntax error at line 1 near: "}'),
    ('{"a":"\t"}', 'syntax error at line 1 near: "}'),
    ("{} x", "Parsed JSON included non-whitespace trailing characters:  x"),
    ("{}{}", "Parsed JSON included non-whitespace trailing characters: {}"),
    ('\n\n{"a":\n 1 2}', "syntax error at line 4 near: 2}"),
    ('{"type":"KILL"  "x":1}', 'syntax error at line 1 near: "x":1}'),
    ("{'a':1}", "syntax error at line 1 near: 'a':1}"),
    ('{"a":"x"\n y}', "syntax error at line 2 near: y}"),
    ("[[[[", "syntax error at line 1 near: "),
    ('{"a":[1 2]}', "syntax error at line 1 near: 2]}"),
    ('{"a":1e400}', "Value out of range"),
    ('{"a":tru}', "syntax error at line 1 near: }"),
    ('{"a":"x\\', "syntax error at line 1 near: "),
]
CONVERSION: list[tuple[Any, str]] = [
    ([], "Expecting a JSON object"),
    (None, "Expecting a JSON object"),
    ({"type": 5}, "Not expecting a JSON number for field 'type'"),
    ({"type": True}, "Not expecting a JSON boolean for field 'type'"),
    ({"type": ["KILL"]}, "Not expecting a JSON array for field 'type'"),
    ({"type": {"a": 1}}, "Not expecting a JSON object for field 'type'"),
    ({"framework_id": "x"}, "Not expecting a JSON string for field 'framework_id'"),
    ({"framework_id": [{"value": "x"}]}, "Not expecting a JSON array for field 'framework_id'"),
    ({"framework_id": {}}, "Missing required fields: framework_id.value"),
    ({"framework_id": {"value": None}}, "Missing required fields: framework_id.value"),
    ({"framework_id": {"value": 1}}, "Not expecting a JSON number for field 'value'"),
    ({"framework_id": 1, "accept": 2}, "Not expecting a JSON number for field 'accept'"),
    ({"decline": {"offer_ids": ["x"]}}, "Not expecting a JSON string for field 'offer_ids'"),
    ({"decline": {"offer_ids": [{"value": "x"}, {}]}}, "Missing required fields: decline.offer_ids[1].value"),
    (
        {"subscribe": {"framework_info": {}}},
        "Missing required fields: subscribe.framework_info.user, subscribe.framework_info.name",
    ),
    ({"subscribe": {"framework_info": {"roles": ["a", 1]}}}, "Not expecting a JSON number for field 'roles'"),
    (
        {"subscribe": {"framework_info": {"checkpoint": "yes"}}},
        "Failed to parse 'yes' as a JSON boolean for field 'checkpoint': syntax error at line 1 near: yes",
    ),
    (
        {"subscribe": {"framework_info": {"checkpoint": "1"}}},
        "Failed to parse '1' as a JSON boolean for field 'checkpoint': Unexpected JSON type parsed",
    ),
    (
        {"decline": {"filters": {"refuse_seconds": "abc"}}},
        "Failed to parse 'abc' as a JSON number for field 'refuse_seconds': syntax error at line 1 near: abc",
    ),
    (
        {"decline": {"filters": {"refuse_seconds": "nan"}}},
        "Failed to parse 'nan' as a JSON number for field 'refuse_seconds': syntax error at line 1 near: an",
    ),
    (
        {"decline": {"filters": {"refuse_seconds": "true"}}},
        "Failed to parse 'true' as a JSON number for field 'refuse_seconds': Unexpected JSON type parsed",
    ),
    (
        {"decline": {"filters": {"refuse_seconds": " 5 "}}},
        "Failed to parse ' 5 ' as a JSON number for field 'refuse_seconds': "
        "Parsed JSON included non-whitespace trailing characters: ",
    ),
    (
        {"decline": {"filters": {"refuse_seconds": True}}},
        "Not expecting a JSON boolean for field 'refuse_seconds'",
    ),
    ({"acknowledge": {"uuid": "%%"}}, "Failed to base64 decode bytes field 'uuid': Invalid character '%'"),
    ({"acknowledge": {"uuid": "_-8="}}, "Failed to base64 decode bytes field 'uuid': Invalid character '_'"),
    ({"acknowledge": {"uuid": 1}}, "Not expecting a JSON number for field 'uuid'"),
    (
        {"accept": {"operations": [{"launch": {"task_infos": [{"resources": [{"type": "WHAT"}]}]}}]}},
        "Failed to find enum for 'WHAT'",
    ),
    (
        {"accept": {"operations": [{"launch": {"task_infos": [{"limits": {"cpus": 1}}]}}]}},
        "Not expecting a JSON number for field 'value'",
    ),
    (
        {"accept": {"operations": [{"launch": {"task_infos": [{"limits": "x"}]}}]}},
        "Not expecting a JSON string for field 'limits'",
    ),
]


@pytest.mark.parametrize(("text", "message"), SYNTAX)
def test_broken_json_is_told_in_the_words_of_a_real_master(text: str, message: str) -> None:
    with pytest.raises(JsonError) as error:
        json_codec.loads(scheduler_pb2.Call, text.encode())
    assert (error.value.kind, str(error.value)) == ("syntax", message)


@pytest.mark.parametrize(("value", "message"), CONVERSION)
def test_values_that_do_not_fit_are_told_in_the_words_of_a_real_master(value: Any, message: str) -> None:
    with pytest.raises(JsonError) as error:
        json_codec.loads(scheduler_pb2.Call, json.dumps(value).encode())
    assert (error.value.kind, str(error.value)) == ("conversion", message)


def test_what_mesos_takes_loosely_is_taken_loosely() -> None:
    call = json_codec.from_dict(
        scheduler_pb2.Call,
        {
            "type": "NO_SUCH_TYPE",
            "no_such_field": 1,
            "framework_id": None,
            "decline": {"offer_ids": {"value": "one"}, "filters": {"refuse_seconds": "5.5"}},
            "revive": {"roles": [["a"], "b", None]},
            "subscribe": {"framework_info": {"user": "u", "name": "n", "checkpoint": "true"}},
            "message": {
                "agent_id": {"value": "a"},
                "executor_id": {"value": "e"},
                "data": " YW\nI",
            },
        },
    )
    assert not call.HasField("type")
    assert not call.HasField("framework_id")
    assert [each.value for each in call.decline.offer_ids] == ["one"]
    assert call.decline.filters.refuse_seconds == 5.5
    assert list(call.revive.roles) == ["a", "b"]
    assert call.subscribe.framework_info.checkpoint
    assert call.message.data == b"ab"


def test_an_empty_object_is_a_message_that_is_there() -> None:
    assert json_codec.from_dict(scheduler_pb2.Call, {"suppress": {}}).HasField("suppress")


def test_infinity_passes_in_both_directions() -> None:
    task = mesos_pb2.TaskInfo(name="t", task_id={"value": "t"}, agent_id={"value": "a"})
    task.limits["mem"].value = math.inf
    written = json_codec.to_dict(task)
    assert written["limits"] == {"mem": {"value": "Infinity"}}
    assert json_codec.from_dict(mesos_pb2.TaskInfo, written) == task


def test_declared_defaults_are_written_but_deprecated_ones_only_when_set() -> None:
    info = mesos_pb2.FrameworkInfo(user="u", name="n")
    assert json_codec.to_dict(info) == {"user": "u", "name": "n", "failover_timeout": 0.0, "checkpoint": False}
    info.role = "*"
    assert json_codec.to_dict(info)["role"] == "*"
    assert json_codec.to_dict(mesos_pb2.Filters()) == {"refuse_seconds": 5.0}


def test_fields_stand_in_the_order_in_which_mesos_declares_them() -> None:
    call = scheduler_pb2.Call(
        type="REVIVE", framework_id={"value": "f"}, kill={"task_id": {"value": "t"}}, revive={"roles": ["r"]}
    )
    assert json_codec.dumps(call) == (
        b'{"framework_id":{"value":"f"},"type":"REVIVE","revive":{"roles":["r"]},"kill":{"task_id":{"value":"t"}}}'
    )
    event = master_pb2.Response(type="GET_HEALTH", get_health={"healthy": True})
    assert json_codec.dumps(event) == b'{"type":"GET_HEALTH","get_health":{"healthy":true}}'


@pytest.mark.parametrize("value", [-1, 2**64, "-1"])
def test_a_number_that_does_not_fit_is_refused_not_wrapped(value: Any) -> None:
    with pytest.raises(JsonError, match=r"Value .* of field 'begin' is not between 0 and 18446744073709551615"):
        json_codec.from_dict(mesos_pb2.Value.Range, {"begin": value, "end": 1})
    assert json_codec.from_dict(mesos_pb2.Value.Range, {"begin": str(2**64 - 1), "end": 1.0}).begin == 2**64 - 1


def test_json_deeper_than_the_stack_is_refused() -> None:
    allowed = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)  # Python's own; hypothesis raises it in the tests before this one
    try:
        _check_refusal_of_deep_json()
    finally:
        sys.setrecursionlimit(allowed)


def _check_refusal_of_deep_json() -> None:
    for depth in (3_000, 200_000):
        data = b'{"value":"x","parent":' * depth + b"{}" + b"}" * depth
        with pytest.raises(JsonError, match="nested too deeply"):
            json_codec.loads(mesos_pb2.ContainerID, data)
    with pytest.raises(JsonError, match=r"syntax error at line 1 near: |nested too deeply"):
        json_codec.loads(mesos_pb2.ContainerID, b"[" * 200_000)


def test_a_string_that_utf8_cannot_hold_is_refused() -> None:
    with pytest.raises(JsonError, match="half of a surrogate pair"):
        json_codec.from_dict(mesos_pb2.FrameworkID, {"value": "\ud800"})


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(JsonError, match="invalid UTF-8 at byte 6"):
        json_codec.loads(scheduler_pb2.Call, b'{"a":"\xff"}')


SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=5),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
}


def fill(draw: st.DrawFn, message: Message, depth: int) -> None:
    for field in message.DESCRIPTOR.fields:
        if field.is_required or draw(st.integers(0, 3)) == 0:
            fill_field(draw, message, field, depth)


def fill_field(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int) -> None:
    descriptor = field.message_type
    if descriptor is not None and descriptor.GetOptions().map_entry:
        fill_map(draw, getattr(message, field.name), descriptor, depth)
    elif descriptor is not None and field.is_repeated:
        if depth > 0:
            fill(draw, getattr(message, field.name).add(), depth - 1)
    elif descriptor is not None:
        if depth > 0 or field.is_required:
            part = getattr(message, field.name)
            part.SetInParent()
            fill(draw, part, depth - 1)
    else:
        value = draw(
            st.sampled_from([each.number for each in field.enum_type.values])
            if field.enum_type is not None
            else SCALARS[field.type]
        )
        if field.is_repeated:
            getattr(message, field.name).append(value)
        else:
            setattr(message, field.name, value)


def fill_map(draw: st.DrawFn, entries: Any, descriptor: Descriptor, depth: int) -> None:
    value = descriptor.fields_by_name["value"]
    key = draw(SCALARS[FieldDescriptor.TYPE_STRING])
    if value.message_type is None:
        entries[key] = draw(SCALARS[value.type])
    elif depth > 0:
        fill(draw, entries[key], depth - 1)


@given(st.data(), st.sampled_from([scheduler_pb2.Call, scheduler_pb2.Event, master_pb2.Call, mesos_pb2.TaskInfo]))
def test_every_message_comes_back_from_its_json(data: st.DataObject, cls: type[Message]) -> None:
    message = cls()
    fill(data.draw, message, depth=4)
    found = json_codec.loads(cls, json_codec.dumps(message))
    # What was written as a declared default comes back as a set field: compare what is written again.
    assert json_codec.dumps(found) == json_codec.dumps(message)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["type", "accept", "offer_ids", "value", "framework_id", "filters", "refuse_seconds"]),
            inner,
        )
    ),
)


@given(JSON_VALUES)
def test_any_json_gives_a_message_or_a_json_error(value: Any) -> None:
    with contextlib.suppress(JsonError):
        json_codec.from_dict(scheduler_pb2.Call, value)


@given(st.text(alphabet='{}[]":,\\tfnu01e+-. \n\tabcdef', max_size=30))
def test_json_is_refused_exactly_when_it_is_broken(text: str) -> None:
    try:
        json.loads(text)
        readable = True
    except ValueError:
        readable = False
    try:
        json_codec.parse(text.encode())
        read = True
    except JsonError:
        read = False
    assert read == readable or "e" in text  # 1e999 is JSON, but no number


def test_null_in_a_map_is_an_entry_with_nothing_in_it() -> None:
    call = b'{"type":"UPDATE_QUOTA","update_quota":{"quota_configs":[{"role":"x","limits":{"cpus":null}}]}}'
    with pytest.raises(json_codec.JsonError, match=r"Missing required fields: $"):
        json_codec.loads(master_pb2.Call, call)
    info = json_codec.loads(mesos_pb2.FrameworkInfo, b'{"user":"u","name":"n","offer_filters":{"*":null}}')
    assert list(info.offer_filters) == ["*"]
