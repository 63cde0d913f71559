"""Protobuf messages as Mesos's JSON, which is not protobuf's own.

Written                                            Read
---------------------------------------------      -----------------------------------------------------------
names as in the .proto files (snake_case)          unknown names are ignored
bytes as base64                                    base64, white space allowed, padding optional
64-bit integers as numbers                         numbers and booleans also as strings ("5", "true")
enums by name                                      an unknown name leaves the field unset (an error if required)
maps as objects                                    a single value also where a list belongs; null leaves unset
unset fields that declare a default, with it       "Infinity" and "-Infinity" for doubles
  (deprecated ones only when set)

A codec is made per message type on first use and kept.

Refused here though Mesos takes it, wrongly: integers that do not fit their field (it wraps them), numbers like 01 and
5., text behind the number in a string, strings that are not UTF-8.

Mesos's 3rdparty/stout (protobuf.hpp, json.hpp); the texts of errors are those a master of 1.11.0 puts behind
"Failed to parse body into JSON: " (``JsonError.kind`` "syntax") and "Failed to convert JSON into Call protobuf: "
("conversion").
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from mesos_proto import _json_syntax
from mesos_proto._json_reading import ConversionFault, reader_of
from mesos_proto._json_writing import writer_of

T = TypeVar("T", bound=Message)


def _replaced(value: object) -> str:
    """A string that was no UTF-8 on the wire, which protobuf hands out as bytes."""
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} has no place in a message")
    return value.decode(errors="replace")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_replaced)


class JsonError(ValueError):
    """The text is not JSON (``kind`` "syntax"), or not the JSON of such a message ("conversion")."""

    def __init__(self, kind: Literal["syntax", "conversion"], message: str) -> None:
        super().__init__(message)
        self.kind = kind


def to_dict(message: Message) -> dict[str, Any]:
    """The message as JSON values, ready for ``json.dumps``."""
    return writer_of(cast(Descriptor, message.DESCRIPTOR))(message)


def dumps(message: Message) -> bytes:
    """The message as JSON text, in UTF-8 and without spaces."""
    return _ENCODER.encode(to_dict(message)).encode()


def from_dict(cls: type[T], data: Mapping[str, Any]) -> T:
    """A message from JSON values.

    Raises:
        JsonError: kind "conversion": a value has the wrong type, or required fields are missing (all are named).
    """
    if not isinstance(data, Mapping):
        raise JsonError("conversion", "Expecting a JSON object")
    message = cls()
    try:
        reader_of(cast(Descriptor, cls.DESCRIPTOR))(message, data)
    except ConversionFault as fault:
        raise JsonError("conversion", str(fault)) from None
    except UnicodeEncodeError:
        raise JsonError("conversion", "A string holds half of a surrogate pair") from None
    except RecursionError:
        raise JsonError("conversion", "nested too deeply") from None
    if not message.IsInitialized():
        # Of a map, Mesos names the entry by its place.
        missing = ", ".join(message.FindInitializationErrors())  # type: ignore[attr-defined]
        missing = re.sub(r'\["[^"]*"\]', "[0].value", missing)
        raise JsonError("conversion", f"Missing required fields: {missing}")
    return message


def loads(cls: type[T], data: bytes) -> T:
    """A message from JSON text in UTF-8.

    Raises:
        JsonError: of either kind.
    """
    return from_dict(cls, parse(data))


def parse(data: bytes) -> Any:
    """The values of a JSON text in UTF-8, read as Mesos reads it.

    Raises:
        JsonError: kind "syntax".
    """
    try:
        return _json_syntax.parse(data.decode())
    except UnicodeDecodeError as error:
        raise JsonError("syntax", f"invalid UTF-8 at byte {error.start}") from None
    except _json_syntax.SyntaxFault as fault:
        raise JsonError("syntax", str(fault)) from None
