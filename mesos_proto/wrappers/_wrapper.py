"""What all wrappers share: a message behind an immutable, comparable, matchable face.

A wrapper reads its message when asked, so wrapping costs little; what is asked of every offer, task and update it
reads once (`kept`, or when it is made).
``proto`` is that message itself; copy it before changing it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

from google.protobuf.message import Message

P = TypeVar("P", bound=Message)


V = TypeVar("V")


class kept(Generic[V]):  # noqa: N801  (a decorator)
    """A property that is read once. `functools.cached_property` takes a lock for that up to Python 3.11."""

    def __init__(self, read: Callable[[Any], V]) -> None:
        self._read = read
        self.__doc__ = read.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, wrapper: None, owner: type) -> Self: ...

    @overload
    def __get__(self, wrapper: object, owner: type) -> V: ...

    def __get__(self, wrapper: object | None, owner: type) -> Self | V:
        if wrapper is None:
            return self
        value = self._read(wrapper)
        object.__setattr__(wrapper, self._name, value)
        return value


def readable(text: str | bytes) -> str:
    """A message's text. Protobuf hands out bytes where it is no UTF-8; those that are none are replaced."""
    return text if isinstance(text, str) else text.decode(errors="replace")


class Wrapper(Generic[P]):
    """An immutable view of a protobuf message; equal to others of its class with an equal message."""

    proto: P

    @classmethod
    def from_proto(cls, proto: P) -> Self:
        """The view of a message, which must not be changed from now on."""
        made = cls.__new__(cls)
        made._hold(proto)
        return made

    def _hold(self, proto: P) -> None:
        object.__setattr__(self, "proto", proto)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot set {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable: cannot delete {name!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Wrapper) or type(other) is not type(self):
            return NotImplemented
        return bool(self.proto == other.proto)

    def __hash__(self) -> int:
        return hash(self.proto.SerializeToString(deterministic=True))

    def __reduce__(self) -> tuple[object, tuple[P]]:
        return type(self).from_proto, (self.proto,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {' '.join(str(self.proto).split())}>"
