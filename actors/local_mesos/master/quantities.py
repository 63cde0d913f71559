"""Scalars by name, in thousandths: what shares, quotas and minimal offers are computed with."""

from __future__ import annotations

from collections.abc import Mapping

from mesos_proto import Resources
from mesos_proto.resource import Amount, Resource

__all__ = ["Quantities", "quantities_of", "shrink"]


class Quantities(dict[str, int]):
    """Amounts by name; names with nothing are absent."""

    def count(self, amounts: Mapping[str, int], sign: int) -> None:
        """Adds (``sign`` 1) or takes away (-1)."""
        for name, amount in amounts.items():
            left = self.get(name, 0) + sign * amount
            if left:
                self[name] = left
            else:
                self.pop(name, None)

    def minus(self, other: Mapping[str, int]) -> Quantities:
        """What is left, where something is."""
        return Quantities(
            {name: amount - other.get(name, 0) for name, amount in self.items() if amount > other.get(name, 0)}
        )

    def covers(self, other: Mapping[str, int]) -> bool:
        return all(self.get(name, 0) >= amount for name, amount in other.items())


def quantities_of(resources: Resources) -> Quantities:
    """The scalars among them, whatever their reservations and disks."""
    found = Quantities()
    for resource in resources:
        if isinstance(resource.amount, int):
            found[resource.name] = found.get(resource.name, 0) + resource.amount
    return found


def shrink(resources: Resources, *bounds: Mapping[str, int]) -> Resources:
    """At most so much of each scalar that a bound names; what cannot be divided goes whole or not at all."""
    left: dict[str, int] = {}
    for bound in bounds:
        for name, most in bound.items():
            left[name] = min(left.get(name, most), most)
    if not left:
        return resources
    kept = []
    for resource in resources:
        amount: Amount = resource.amount
        if isinstance(amount, int) and resource.name in left:
            allowed = max(0, left[resource.name])
            if amount > allowed:
                if resource.kind.is_whole or not allowed:
                    continue
                amount = allowed
            left[resource.name] -= amount
        kept.append(Resource.of(resource.kind, amount).to_proto())
    return Resources(kept)
