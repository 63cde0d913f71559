"""Compiles, per message type, the function that turns a message into JSON values."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

Write = Callable[[Any], Any]

_writers: dict[Descriptor, Callable[[Message], dict[str, Any]]] = {}


def writer_of(descriptor: Descriptor) -> Callable[[Message], dict[str, Any]]:
    """The function for messages of this type."""
    found = _writers.get(descriptor)
    if found is None:
        found = _compile(descriptor)
    return found


def _compile(descriptor: Descriptor) -> Callable[[Message], dict[str, Any]]:
    # Filled below, after the function is registered: a type may contain itself (ContainerID.parent does).
    fields: dict[FieldDescriptor, tuple[int, str, Write | None]] = {}
    defaults: list[tuple[int, str, Any]] = []
    by_number = [field.number for field in descriptor.fields]
    in_order = by_number == sorted(by_number)

    def write(message: Message) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for field, value in message.ListFields():
            _, name, convert = fields[field]
            result[name] = value if convert is None else convert(value)
        return result

    def write_in_order(message: Message) -> dict[str, Any]:
        found = []
        missing = defaults
        for field, value in message.ListFields():
            index, name, convert = fields[field]
            found.append((index, name, value if convert is None else convert(value)))
        if missing:
            names = {name for _, name, _ in found}
            found += [default for default in missing if default[1] not in names]
        # Mesos writes fields as they are declared; indexes differ, so values are never compared.
        found.sort()
        return {name: value for _, name, value in found}

    for index, field in enumerate(descriptor.fields):
        if field.has_default_value and not field.GetOptions().deprecated:
            convert = _scalar_writer(field)
            value = field.default_value
            defaults.append((index, field.name, value if convert is None else convert(value)))
    chosen = write if in_order and not defaults else write_in_order
    _writers[descriptor] = chosen
    for index, field in enumerate(descriptor.fields):
        fields[field] = (index, field.name, _field_writer(field))
    return chosen


def _field_writer(field: FieldDescriptor) -> Write | None:
    """None: the value is JSON's already."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        convert = _field_writer(message.fields_by_name["value"])
        return lambda value: {str(key): item if convert is None else convert(item) for key, item in value.items()}
    convert = writer_of(message) if message is not None else _scalar_writer(field)
    if not field.is_repeated:
        return convert
    return list if convert is None else lambda values: [convert(value) for value in values]


def _scalar_writer(field: FieldDescriptor) -> Write | None:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return lambda value: b64encode(value).decode()
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _double
    if field.enum_type is not None:
        return {value.number: value.name for value in field.enum_type.values}.__getitem__
    return None


def _double(value: float) -> float | str:
    # JSON has no such numbers; these strings are what Mesos reads.
    return value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
