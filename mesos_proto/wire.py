"""Protobuf's wire format, as far as messages need it that a framework makes thousands of times a second.

Building a message out of messages copies each part into the next larger one. These are joined from the bytes of their
parts instead, for less than half the price. `tests/mesos/test_calls.py` and `tests/mesos_proto/test_wrappers.py` hold
each against its message.

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
    return field + (_USUAL[length] if length < 1024 else _varint(length)) + value


_VALUE = b"\n"  # the tag of an id's only field, `value`
_SHORT = tuple(bytes((2 + length, *_VALUE, length)) for length in range(126))


def id_field(field: bytes, value: str) -> bytes:
    """An id, a message with nothing but ``value``, in the field with this tag."""
    text = str.encode(value)
    length = len(text)
    return field + _SHORT[length] + text if length < 126 else delimited(field, delimited(_VALUE, text))
