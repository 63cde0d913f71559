"""The messages between master and agent (``messages.py``) as bytes, for agents in another process.

A frame is the number of the message's class and its fields in their order: texts, bytes and protobuf messages as a
length and that many bytes, integers as eight bytes, a tuple as its length and its items; what is None has the length
-1. An ``ActorRef`` does not travel: whoever reads the frame puts its own ref of the peer there. Nothing is unpickled.
"""

from __future__ import annotations

import struct
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

from google.protobuf.message import DecodeError, Message

from actors.core import ActorRef
from actors.local_mesos import messages

__all__ = ["AGENTS_PATH", "LIMIT", "SILENCE", "WireError", "decode", "encode"]

AGENTS_PATH: Final = "/embedded/agents"  # of a master, for the WebSockets that carry the frames
LIMIT: Final = 64 * 1024 * 1024  # bytes of one frame
SILENCE: Final = 15.0  # seconds between pings; a peer that answers none for half as long is gone

#: The numbers are the protocol: add at the end.
_CLASSES: Final[tuple[type, ...]] = (
    messages.RegisterAgent,
    messages.ReregisterAgent,
    messages.UnregisterAgent,
    messages.UpdateStatus,
    messages.UpdateOperationStatus,
    messages.ExecutorMessage,
    messages.ExecutorExited,
    messages.AgentRegistered,
    messages.RunTask,
    messages.RunTaskGroup,
    messages.KillTask,
    messages.AcknowledgeUpdate,
    messages.ShutdownFramework,
    messages.ShutdownExecutor,
    messages.FrameworkMessage,
    messages.UpdateFramework,
    messages.ApplyOperation,
    messages.AcknowledgeOperationStatus,
    messages.ShutdownAgent,
    messages.ReconcileTasks,
)
_NUMBERS: Final = {cls: number for number, cls in enumerate(_CLASSES)}
_NOTHING: Final = -1


class WireError(ValueError):
    """The frame is none; says where it breaks."""


class _Kind(NamedTuple):
    write: Callable[[list[bytes], Any], None]
    read: Callable[[_Reader], Any]


class _Reader:
    def __init__(self, frame: bytes, peer: ActorRef[Any]) -> None:
        self.peer = peer
        self._frame = frame
        self._at = 0

    def take(self, size: int) -> bytes:
        end = self._at + size
        if size < 0 or end > len(self._frame):
            raise WireError(f"the frame of {len(self._frame)} bytes ends where {size} more are announced")
        part = self._frame[self._at : end]
        self._at = end
        return part

    def number(self) -> int:
        return int(_INTEGER.unpack(self.take(8))[0])

    def sized(self) -> bytes | None:
        size = self.number()
        return None if size == _NOTHING else self.take(size)

    @property
    def left(self) -> int:
        return len(self._frame) - self._at


_INTEGER: Final = struct.Struct(">q")


def encode(message: Any) -> bytes:
    """
    Raises:
        TypeError: it is not one of the messages that travel.
    """
    number = _NUMBERS.get(type(message))
    if number is None:
        raise TypeError(f"{type(message).__name__} does not travel between master and agent")
    parts = [bytes((number,))]
    for name, kind in _fields(number):
        kind.write(parts, getattr(message, name))
    return b"".join(parts)


def decode(frame: bytes, peer: ActorRef[Any]) -> Any:
    """A message, in which the sender is ``peer``.

    Raises:
        WireError: it is cut short, too long, or of an unknown class.
    """
    reader = _Reader(frame, peer)
    (number,) = reader.take(1)
    if number >= len(_CLASSES):
        raise WireError(f"no message has the number {number}")
    cls = _CLASSES[number]
    try:
        values = [kind.read(reader) for _, kind in _fields(number)]
    except (DecodeError, UnicodeDecodeError) as error:
        raise WireError(f"{cls.__name__}: {error}") from None
    if reader.left:
        raise WireError(f"{cls.__name__}: {reader.left} bytes too many")
    return cls(*values)


@cache
def _fields(number: int) -> tuple[tuple[str, _Kind], ...]:
    hints = get_type_hints(_CLASSES[number])
    return tuple((name, _kind(hint)) for name, hint in hints.items())


def _kind(hint: Any) -> _Kind:
    if get_origin(hint) is types.UnionType:
        (hint,) = (each for each in get_args(hint) if each is not type(None))
        return _optional(_kind(hint))
    if get_origin(hint) is tuple:
        return _tuple(_kind(get_args(hint)[0]))
    if get_origin(hint) is ActorRef:
        return _Kind(lambda parts, value: None, lambda reader: reader.peer)
    if hint is int:
        return _Kind(lambda parts, value: parts.append(_INTEGER.pack(value)), _Reader.number)
    if hint is str:
        return _sized(str.encode, bytes.decode)
    if hint is bytes:
        return _sized(bytes, bytes)
    if isinstance(hint, type) and issubclass(hint, Message):
        return _sized(lambda value: value.SerializePartialToString(), hint.FromString)
    raise TypeError(f"{hint} cannot travel between master and agent")


def _sized(to_bytes: Callable[[Any], bytes], from_bytes: Callable[[bytes], Any]) -> _Kind:
    def write(parts: list[bytes], value: Any) -> None:
        data = to_bytes(value)
        parts += (_INTEGER.pack(len(data)), data)

    def read(reader: _Reader) -> Any:
        data = reader.sized()
        if data is None:
            raise WireError("what is needed is absent")
        return from_bytes(data)

    return _Kind(write, read)


def _optional(kind: _Kind) -> _Kind:
    def write(parts: list[bytes], value: Any) -> None:
        parts.append(_INTEGER.pack(_NOTHING if value is None else 1))
        if value is not None:
            kind.write(parts, value)

    def read(reader: _Reader) -> Any:
        return None if reader.number() == _NOTHING else kind.read(reader)

    return _Kind(write, read)


def _tuple(kind: _Kind) -> _Kind:
    def write(parts: list[bytes], value: Any) -> None:
        parts.append(_INTEGER.pack(len(value)))
        for each in value:
            kind.write(parts, each)

    def items(reader: _Reader) -> Iterator[Any]:
        count = reader.number()
        if not 0 <= count <= reader.left:
            raise WireError(f"{count} items are announced")
        return (kind.read(reader) for _ in range(count))

    return _Kind(write, lambda reader: tuple(items(reader)))
