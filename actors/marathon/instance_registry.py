"""The instances of all apps, found by id and by app in constant time. No actor, no journal: only the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from actors.marathon.messages import Condition, Goal, Instance

__all__ = ["InstanceRegistry"]


class InstanceRegistry:
    """Every instance that is not over."""

    def __init__(self, instances: Iterable[Instance] = ()) -> None:
        self._by_app: dict[str, dict[str, Instance]] = {}
        self._by_id: dict[str, Instance] = {}
        self._inactive: dict[str, int] = {}
        for instance in instances:
            self.put(instance)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Instance]:
        return iter(self._by_id.values())

    def get(self, instance_id: str) -> Instance | None:
        return self._by_id.get(instance_id)

    def of(self, app_id: str) -> Mapping[str, Instance]:
        """The instances of one app by id; not to be changed."""
        return self._by_app.get(app_id, {})

    def app_ids(self) -> tuple[str, ...]:
        return tuple(self._by_app)

    def existing(self, app_id: str) -> int:
        """How many instances of the app exist; those given up as unreachable do not."""
        return len(self._by_app.get(app_id, ())) - self._inactive.get(app_id, 0)

    def put(self, instance: Instance) -> None:
        """Add an instance, or replace what is known of it."""
        self._count_inactive(self._by_id.get(instance.id), -1)
        self._by_id[instance.id] = instance
        self._by_app.setdefault(instance.app_id, {})[instance.id] = instance
        self._count_inactive(instance, +1)

    def remove(self, instance_id: str) -> None:
        instance = self._by_id.pop(instance_id, None)
        if instance is None:
            return
        self._count_inactive(instance, -1)
        siblings = self._by_app[instance.app_id]
        del siblings[instance_id]
        if not siblings:
            del self._by_app[instance.app_id]
            self._inactive.pop(instance.app_id, None)

    def dying(self) -> Iterator[Instance]:
        """Those that are being killed."""
        return (instance for instance in self if instance.goal is not Goal.RUNNING)

    def _count_inactive(self, instance: Instance | None, by: int) -> None:
        if instance is not None and instance.condition is Condition.UNREACHABLE_INACTIVE:
            self._inactive[instance.app_id] = self._inactive.get(instance.app_id, 0) + by
