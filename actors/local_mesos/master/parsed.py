"""What thousands of tasks hold alike is read once, and taken apart once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from mesos_proto import Resources, mesos_pb2

from .quantities import Quantities, quantities_of

__all__ = ["Part", "parts_of", "resources_in"]

_KEPT: Final = 4096


class Part(NamedTuple):
    """What is allocated to one role."""

    role: str
    bare: Resources
    """Without the allocation."""
    amounts: Quantities
    unreserved: Quantities


def resources_in(protos: Iterable[mesos_pb2.Resource]) -> Resources:
    """As ``Resources(protos)``, and the same object for the same resources.

    Raises:
        ResourceError: one of them breaks a rule.
    """
    return _read(tuple(proto.SerializeToString(deterministic=True) for proto in protos))


@lru_cache(_KEPT)
def _read(written: tuple[bytes, ...]) -> Resources:
    return Resources(mesos_pb2.Resource.FromString(each) for each in written)


@lru_cache(_KEPT)
def parts_of(resources: Resources) -> tuple[Part, ...]:
    """By role. Nobody may change the quantities."""
    parts = []
    for role, part in resources.allocations().items():
        bare = part.unallocated()
        parts.append(Part(role or "*", bare, quantities_of(bare), quantities_of(bare.unreserved())))
    return tuple(parts)
