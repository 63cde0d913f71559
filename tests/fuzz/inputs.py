"""Messages with odd values, and what is left of good bytes after an accident. All chance comes from the caller."""

from __future__ import annotations

import json
import random
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from mesos_proto import json_codec

M = TypeVar("M", bound=Message)

_TEXTS = ("", "a", "*", "/", "..", "../../etc", "a/b", "-", ".", "é", "a" * 300, "\x00", "{}", "cpus:4", "ports", "mem")
_NUMBERS = (0, 1, -1, 31000, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64 - 1)
_REALS = (0.0, 0.0004, 0.1, 1.0, -1.0, 1e300, -1e300, float("inf"), float("-inf"))
_JSON = (
    None,
    True,
    0,
    -1,
    1.5,
    1e400,
    2**70,
    "",
    "5",
    "Infinity",
    "\ud800",
    [],
    [[]],
    {},
    {"value": {}},
    "TASK_RUNNING",
)


def message(cls: type[M], chance: random.Random, depth: int = 6) -> M:
    """Any message of the type; all its required fields are there."""
    made = cls()
    fill(made, chance, depth)
    return made


def fill(made: Message, chance: random.Random, depth: int) -> None:
    for field in made.DESCRIPTOR.fields:
        if field.is_required or (depth > 0 and chance.random() < 0.35):
            _set(made, field, chance, depth - 1)


def _set(made: Any, field: FieldDescriptor, chance: random.Random, depth: int) -> None:
    if field.is_repeated and field.message_type and field.message_type.GetOptions().map_entry:
        return  # a map's entries are messages only on the wire; `damaged` bytes reach them
    if field.message_type is not None:
        for _ in range(chance.randint(1, 3) if field.is_repeated else 1):
            part = getattr(made, field.name)
            fill(part.add() if field.is_repeated else part, chance, depth)
            if not field.is_repeated:
                part.SetInParent()
    elif field.is_repeated:
        getattr(made, field.name).extend(_value(field, chance) for _ in range(chance.randint(1, 3)))
    else:
        setattr(made, field.name, _value(field, chance))


def _value(field: FieldDescriptor, chance: random.Random) -> Any:
    match field.cpp_type:
        case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
            return chance.randbytes(chance.choice((0, 1, 16, 40)))
        case FieldDescriptor.CPPTYPE_STRING:
            return chance.choice(_TEXTS)
        case FieldDescriptor.CPPTYPE_BOOL:
            return chance.random() < 0.5
        case FieldDescriptor.CPPTYPE_ENUM:
            return chance.choice(field.enum_type.values).number
        case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
            return chance.choice(_REALS)
        case kind:
            low, high = _BOUNDS[kind]
            return min(max(chance.choice(_NUMBERS), low), high)


_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    """``data`` with some bytes changed, doubled, cut out or put in."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(found))
        to = min(len(found), at + chance.choice((1, 1, 2, 8, 64)))
        match chance.randint(0, 4):
            case 0:
                found[at:to] = chance.randbytes(to - at)
            case 1:
                found[at:at] = found[at:to]
            case 2:
                del found[at:to]
            case 3:
                found[at:at] = chance.choice(
                    (b"\n", b"0", b"9" * 19, b"\xff", b"\x00", b"[" * 3000, b'"', b"}", b"\x0b")
                )
            case 4:
                del found[at:]
    return bytes(found)


def mistyped(made: Message, chance: random.Random) -> bytes:
    """The message's JSON with some values that are none of theirs."""
    value: Any = json_codec.to_dict(made)
    for _ in range(chance.randint(1, 4)):
        value = _mistype(value, chance)
    return json.dumps(value).encode()


def _mistype(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        return {**value, name: _mistype(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        at = chance.randrange(len(value))
        return [*value[:at], _mistype(value[at], chance), *value[at + 1 :]]
    return chance.choice(_JSON)
