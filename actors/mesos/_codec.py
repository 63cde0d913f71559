"""How calls and events stand on the wire: protobuf, or Mesos's JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError, EncodeError, Message

from mesos_proto import json_codec

from .errors import StreamLost

__all__ = ["Codec"]

E = TypeVar("E", bound=Message)


@dataclass(frozen=True, slots=True)
class Codec(Generic[E]):
    """``decode`` raises `StreamLost`: a peer whose words make no sense cannot be followed further."""

    content_type: str
    is_protobuf: bool
    encode: Callable[[Message], bytes]
    decode: Callable[[bytes], E]

    @classmethod
    def of(cls, encoding: str, event: type[E]) -> Codec[E]:
        """``encoding`` is "protobuf" or "json"; ``event`` the message that a record of the stream holds."""
        if encoding == "json":
            read = _reader(event, lambda data: json_codec.loads(event, data))
            return cls("application/json", False, json_codec.dumps, read)
        return cls(
            "application/x-protobuf",
            True,
            lambda message: message.SerializeToString(),
            _reader(event, lambda data: _whole(event.FromString(data))),
        )

    @property
    def headers(self) -> dict[str, str]:
        # Exactly these, without a charset: Mesos compares them letter by letter.
        return {"Content-Type": self.content_type, "Accept": self.content_type}


def _whole(message: E) -> E:
    # Whether required fields are missing Python's protobuf leaves to its caller. Writing the message finds out, and
    # names them, in half the time of `IsInitialized`.
    message.SerializeToString()
    return message


def _reader(event: type[E], read: Callable[[bytes], E]) -> Callable[[bytes], E]:
    def decode(data: bytes) -> E:
        try:
            return read(data)
        except (DecodeError, EncodeError, ValueError) as error:
            raise StreamLost(f"{len(data)} bytes do not read as {event.DESCRIPTOR.full_name}: {error}") from error

    return decode
