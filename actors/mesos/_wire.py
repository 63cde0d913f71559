"""Protobuf's wire format, as far as the calls need it that a framework makes thousands of times a second.

Building a message out of messages copies each part into the next larger one. These calls are joined from the bytes of
their parts instead, for less than half the price. `tests/mesos/test_calls.py` holds each against its message.

    field = tag bytes             tag: number << 3 | 2     (all that is used here is length-delimited)
    bytes = varint(length) bytes

Protobuf's documents, "Encoding". Field numbers come from the descriptors.
"""

from __future__ import annotations

from google.protobuf.message import Message

__all__ = ["delimited", "id_field", "tag"]

_LENGTH_DELIMITED = 2


def _varint(number: int) -> bytes:
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)


_USUAL = tuple(map(_varint, range(1024)))


def tag(message: type[Message], field: str) -> bytes:
    """What stands before a string, bytes or message in this field."""
    return _varint(message.DESCRIPTOR.fields_by_name[field].number << 3 | _LENGTH_DELIMITED)


def delimited(field: bytes, value: bytes) -> bytes:
    """``value`` in the field with this tag."""
    length = len(value)
    return field + (_USUAL[length] if length < len(_USUAL) else _varint(length)) + value


_VALUE = b"\n"  # field 1 of every id


def id_field(field: bytes, value: str) -> bytes:
    """An id, a message with nothing but ``value``, in the field with this tag."""
    return delimited(field, delimited(_VALUE, str.encode(value)))
