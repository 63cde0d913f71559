"""What thousands of tasks hold alike is read once, taken apart once, and added up when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from mesos_proto import Resources, mesos_pb2

from .quantities import Quantities, quantities_of

__all__ = ["Holdings", "Part", "parts_of", "resources_in"]

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


class Holdings:
    """What many hold, kept as how many hold the same: each that comes or goes costs no sum."""

    __slots__ = ("_holders",)

    def __init__(self) -> None:
        self._holders: dict[Resources, int] = {}

    def add(self, resources: Resources) -> None:
        self._holders[resources] = self._holders.get(resources, 0) + 1

    def remove(self, resources: Resources) -> None:
        """What was added before."""
        left = self._holders[resources] - 1
        if left:
            self._holders[resources] = left
        else:
            del self._holders[resources]

    def total(self) -> Resources:
        total = Resources()
        for resources, holders in self._holders.items():
            total += _times(resources, holders)
        return total


def _times(resources: Resources, count: int) -> Resources:
    """By doubling: twenty sums for a million holders."""
    product = Resources()
    while count:
        if count & 1:
            product += resources
        resources += resources
        count >>= 1
    return product
