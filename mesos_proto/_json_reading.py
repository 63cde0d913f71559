"""Compiles, per message type, the function that fills a message from JSON values."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from mesos_proto import _json_syntax

Read = Callable[[Message, Mapping[str, Any]], None]
Convert = Callable[[Any], Any]
Store = Callable[[Any, Any], None]

_readers: dict[Descriptor, Read] = {}

_RANGES = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
}
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/\s]")
_UNSET = object()


class ConversionFault(ValueError):
    """A value does not fit its field; the message is Mesos's."""


def reader_of(descriptor: Descriptor) -> Read:
    """The function for messages of this type."""
    found = _readers.get(descriptor)
    if found is None:
        found = _compile(descriptor)
    return found


def _compile(descriptor: Descriptor) -> Read:
    # Filled below, after the function is registered: a type may contain itself.
    stores: dict[str, Store] = {}

    def read(message: Message, data: Mapping[str, Any]) -> None:
        # Mesos goes through the names in their order, so the fault that it names is the first in that order.
        for name in sorted(data):
            store = stores.get(name)
            if store is not None:
                store(message, data[name])

    _readers[descriptor] = read
    for field in descriptor.fields:
        stores[field.name] = _store(field)
    return read


def _store(field: FieldDescriptor) -> Store:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _for_each(_map_store(field.name, field.message_type.fields_by_name["value"]))
    if field.message_type is not None:
        store = _message_store(field, field.message_type)
        return _for_each(store) if field.is_repeated else store
    return _for_each(_scalar_append(field)) if field.is_repeated else _scalar_store(field)


def _for_each(store: Store) -> Store:
    def store_all(message: Any, value: Any) -> None:
        # Mesos takes one value for a list of one, and lists within lists for one list.
        if type(value) is list:
            for item in value:
                store_all(message, item)
        else:
            store(message, value)

    return store_all


def _map_store(name: str, value_field: FieldDescriptor) -> Store:
    kind = value_field.message_type
    read = reader_of(kind) if kind is not None else None
    convert = _scalar(value_field)
    has_required = kind is not None and any(each.is_required for each in kind.fields)

    def store(message: Any, value: Any) -> None:
        if value is None:
            return
        if not isinstance(value, Mapping):
            raise _unexpected(value, name)
        entries = getattr(message, name)
        for key in sorted(value):
            item = value[key]
            if read is None:
                entries[key] = convert(item)
            elif item is None and has_required:
                raise ConversionFault("Missing required fields: ")  # Mesos finds it missing, and cannot say where
            elif item is None:
                entries[key].SetInParent()
            elif isinstance(item, Mapping):
                read(entries[key], item)
            else:
                raise _unexpected(item, "value")

    return store


def _message_store(field: FieldDescriptor, descriptor: Descriptor) -> Store:
    name, repeated = field.name, field.is_repeated
    read = reader_of(descriptor)

    def store(message: Any, value: Any) -> None:
        if value is None:
            return
        if type(value) is not dict and not isinstance(value, Mapping):
            raise _unexpected(value, name)
        if repeated:
            read(getattr(message, name).add(), value)
        else:
            part = getattr(message, name)
            part.SetInParent()
            read(part, value)

    return store


def _scalar_store(field: FieldDescriptor) -> Store:
    name, convert = field.name, _scalar(field)

    def store(message: Any, value: Any) -> None:
        if value is not None and (converted := convert(value)) is not _UNSET:
            setattr(message, name, converted)

    return store


def _scalar_append(field: FieldDescriptor) -> Store:
    name, convert = field.name, _scalar(field)

    def store(message: Any, value: Any) -> None:
        if value is not None and (converted := convert(value)) is not _UNSET:
            getattr(message, name).append(converted)

    return store


def _scalar(field: FieldDescriptor) -> Convert:
    if field.enum_type is not None:
        return _enum(field, field.enum_type)
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        return _double(field.name)
    if field.type in _RANGES:
        return _integer(field)
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _boolean(field.name)
    return _bytes(field.name) if field.type == FieldDescriptor.TYPE_BYTES else _string(field.name)


def _enum(field: FieldDescriptor, enum: EnumDescriptor) -> Convert:
    name, required = field.name, field.is_required
    numbers = {value.name: value.number for value in enum.values}

    def convert(value: Any) -> Any:
        if type(value) is not str:
            raise _unexpected(value, name)
        number = numbers.get(value, _UNSET)
        if number is _UNSET and required:
            raise ConversionFault(f"Failed to find enum for '{value}'")
        return number

    return convert


def _double(name: str) -> Convert:
    def convert(value: Any) -> float:
        if type(value) is float or type(value) is int:
            return float(value)
        if value in ("Infinity", "-Infinity"):
            return math.inf if value == "Infinity" else -math.inf
        return float(_number(value, name))

    return convert


def _integer(field: FieldDescriptor) -> Convert:
    name = field.name
    lowest, highest = _RANGES[field.type]

    def convert(value: Any) -> int:
        if type(value) is not int:
            value = int(value if type(value) is float else _number(value, name))
        if not lowest <= value <= highest:
            raise ConversionFault(f"Value {value} of field '{name}' is not between {lowest} and {highest}")
        return int(value)

    return convert


def _number(value: Any, name: str) -> int | float:
    if type(value) is not str:
        raise _unexpected(value, name)
    try:
        return _json_syntax.parse_number(value)
    except _json_syntax.SyntaxFault as fault:
        raise ConversionFault(f"Failed to parse '{value}' as a JSON number for field '{name}': {fault}") from None


def _boolean(name: str) -> Convert:
    def convert(value: Any) -> bool:
        if type(value) is bool:
            return value
        if type(value) is not str:
            raise _unexpected(value, name)
        try:
            return _json_syntax.parse_boolean(value)
        except _json_syntax.SyntaxFault as fault:
            raise ConversionFault(f"Failed to parse '{value}' as a JSON boolean for field '{name}': {fault}") from None

    return convert


def _string(name: str) -> Convert:
    def convert(value: Any) -> str:
        if type(value) is not str:
            raise _unexpected(value, name)
        return value

    return convert


def _bytes(name: str) -> Convert:
    def convert(value: Any) -> bytes:
        if type(value) is not str:
            raise _unexpected(value, name)
        try:
            return b64decode(value, validate=True)
        except (Base64Error, ValueError):
            return _decode_leniently(value, name)

    return convert


def _decode_leniently(text: str, name: str) -> bytes:
    """As Mesos: white space is skipped, the first "=" ends it, bits that fill no byte are dropped."""
    text = text.partition("=")[0]
    wrong = _NOT_BASE64.search(text)
    if wrong:
        raise ConversionFault(f"Failed to base64 decode bytes field '{name}': Invalid character '{wrong[0]}'")
    digits = "".join(text.split())
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return b64decode(digits + "=" * (-len(digits) % 4))


def _unexpected(value: Any, name: str) -> ConversionFault:
    if isinstance(value, Mapping):
        kind = "object"
    else:
        kind = {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")
    return ConversionFault(f"Not expecting a JSON {kind} for field '{name}'")
