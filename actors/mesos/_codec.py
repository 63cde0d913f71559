"""How calls and events stand on the wire: protobuf, or Mesos's JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import DecodeError, Message

from mesos_proto import json_codec

from .errors import StreamLost

__all__ = ["Codec"]

_PROTOBUF = "application/x-protobuf"

E = TypeVar("E", bound=Message)


@dataclass(frozen=True, slots=True)
class Codec(Generic[E]):
    """``decode`` raises `StreamLost`: a peer whose words make no sense cannot be followed further."""

    content_type: str
    encode: Callable[[Message], bytes]
    decode: Callable[[bytes], E]

    @classmethod
    def of(cls, encoding: str, event: type[E]) -> Codec[E]:
        """``encoding`` is "protobuf" or "json"; ``event`` the message that a record of the stream holds."""
        if encoding == "json":
            return cls("application/json", json_codec.dumps, _reader(event, lambda data: json_codec.loads(event, data)))
        return cls(
            _PROTOBUF,
            lambda message: message.SerializeToString(),
            _reader(event, event.FromString),
        )

    @property
    def is_protobuf(self) -> bool:
        return self.content_type == _PROTOBUF

    @property
    def headers(self) -> dict[str, str]:
        # Exactly these, without a charset: Mesos compares them letter by letter.
        return {"Content-Type": self.content_type, "Accept": self.content_type}


def _reader(event: type[E], read: Callable[[bytes], E]) -> Callable[[bytes], E]:
    def decode(data: bytes) -> E:
        try:
            message = read(data)
            if not message.IsInitialized():  # Python's protobuf leaves this to its caller
                raise ValueError("required fields are missing")
            return message
        except (DecodeError, ValueError) as error:
            raise StreamLost(f"{len(data)} bytes do not read as {event.DESCRIPTOR.full_name}: {error}") from error

    return decode
