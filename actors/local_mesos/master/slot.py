"""One agent as the allocator sees it: what it has, what of that is given away, and who does not want the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mesos_proto import Resources

from .quantities import Quantities, quantities_of

__all__ = ["Slot"]


class _Filter(NamedTuple):
    resources: Resources
    expires: float


class Slot:
    """Times are of the allocator's clock, in seconds."""

    __slots__ = ("_allocated", "_available", "_filters", "_free", "_idle_until", "_idle_version", "_total", "active")

    def __init__(self, total: Resources) -> None:
        self.active = True
        self._total = total
        self._allocated = Resources()
        self._filters: dict[tuple[str, str], list[_Filter]] = {}  # by framework and role
        self._idle_until = 0.0
        self._idle_version = -1
        self._available: Resources | None = None  # once they were asked for
        self._free: Quantities | None = None

    @property
    def total(self) -> Resources:
        return self._total

    @property
    def available(self) -> Resources:
        """What nobody has, and what any number may have."""
        if self._available is None:
            shared = self._total.shared()
            self._available = self._total - self._allocated
            if shared:
                self._available = self._available - shared + shared
        return self._available

    @property
    def free(self) -> Quantities:
        """The scalars of that. Nobody may change them."""
        if self._free is None:
            self._free = quantities_of(self.available)
        return self._free

    def set_total(self, total: Resources) -> None:
        self._total = total
        self.changed()

    def give(self, resources: Resources) -> None:
        self._allocated += resources
        self.changed()

    def take_back(self, resources: Resources) -> None:
        self._allocated -= resources
        self.changed()

    def changed(self) -> None:
        """It is worth asking for again."""
        self._available = self._free = None
        self._idle_version = -1

    # -- who does not want it

    def refuse(self, framework_id: str, role: str, resources: Resources, until: float) -> None:
        self._filters.setdefault((framework_id, role), []).append(_Filter(resources, until))

    def refuses(self, framework_id: str, role: str, resources: Resources, now: float) -> bool:
        """Whether the framework has refused as much as that, or more."""
        filters = self._filters.get((framework_id, role), ())
        return any(each.expires > now and each.resources.contains(resources) for each in filters)

    def lift(self, framework_id: str, role: str) -> None:
        """The framework wants it again."""
        self._filters.pop((framework_id, role), None)

    def forget(self, framework_id: str) -> None:
        """The framework is gone."""
        for key in [key for key in self._filters if key[0] == framework_id]:
            del self._filters[key]

    def clear_filters(self) -> None:
        self._filters.clear()
        self.changed()

    def refusing_roles(self, now: float) -> Iterator[str]:
        """Once for each filter that stands."""
        for (_, role), filters in self._filters.items():
            yield from (role for each in filters if each.expires > now)

    # -- whether it is worth asking

    def rest(self, now: float, version: int) -> None:
        """Nobody wants it as it is, until a filter runs out or something changes: here, or the allocator's version."""
        for key, filters in list(self._filters.items()):
            filters[:] = [each for each in filters if each.expires > now]
            if not filters:
                del self._filters[key]
        ends = [each.expires for filters in self._filters.values() for each in filters]
        self._idle_until = min(ends, default=float("inf"))
        self._idle_version = version

    def rests(self, now: float, version: int) -> bool:
        return self._idle_version == version and now < self._idle_until
