"""What all wrappers share: a message behind an immutable, comparable, matchable face.

A wrapper adds no state: it reads its message when asked, so wrapping costs nothing and nothing can disagree. ``proto``
is that message itself; copy it before changing it.
"""

from __future__ import annotations

from typing import Generic, Self, TypeVar

from google.protobuf.message import Message

P = TypeVar("P", bound=Message)


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
