"""The type variable of protocols: what an actor may be told. Without an argument it is `Any`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    M = TypeVar("M", default=Any)
    M_contra = TypeVar("M_contra", contravariant=True, default=Any)
else:
    from typing import TypeVar

    M = TypeVar("M")
    M_contra = TypeVar("M_contra", contravariant=True)

__all__ = ["Envelope", "M", "M_contra"]

#: A message and its sender. A tuple, because nothing is made faster.
Envelope = tuple[Any, Any]
