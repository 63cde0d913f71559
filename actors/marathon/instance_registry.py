"""The instances of all apps, found by id and by app in constant time. No actor, no journal: only the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from actors.marathon.messages import Condition, Goal, Instance
from actors.marathon.task_counts import TaskCounts, share_of

__all__ = ["InstanceRegistry"]


class InstanceRegistry:
    """Every instance that is not over."""

    def __init__(self, instances: Iterable[Instance] = ()) -> None:
        self._by_app: dict[str, dict[str, Instance]] = {}
        self._by_id: dict[str, Instance] = {}
        self._unsettled: dict[str, Instance] = {}
        self._inactive: dict[str, int] = {}
        self._counts: dict[str, TaskCounts] = {}
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

    def counts(self, app_ids: Iterable[str] | None) -> dict[str, TaskCounts]:
        """The counts of these apps, or of all: they are kept up to date as instances change. Apps without tasks may be
        missing."""
        if app_ids is None:
            return dict(self._counts)
        return {app_id: self._counts[app_id] for app_id in app_ids if app_id in self._counts}

    def put(self, instance: Instance) -> None:
        """Add an instance, or replace what is known of it."""
        self._count(instance.app_id, self._by_id.get(instance.id), instance)
        self._by_id[instance.id] = instance
        if instance.condition is Condition.PROVISIONED or instance.goal is not Goal.RUNNING:
            self._unsettled[instance.id] = instance
        else:
            self._unsettled.pop(instance.id, None)
        self._by_app.setdefault(instance.app_id, {})[instance.id] = instance

    def remove(self, instance_id: str) -> None:
        instance = self._by_id.pop(instance_id, None)
        if instance is None:
            return
        self._unsettled.pop(instance_id, None)
        self._count(instance.app_id, instance, None)
        siblings = self._by_app[instance.app_id]
        del siblings[instance_id]
        if not siblings:
            del self._by_app[instance.app_id]
            self._inactive.pop(instance.app_id, None)
            self._counts.pop(instance.app_id, None)

    def dying(self) -> Iterator[Instance]:
        """Those that are being killed."""
        return (instance for instance in self.unsettled() if instance.goal is not Goal.RUNNING)

    def unsettled(self) -> Iterator[Instance]:
        """Those that are being launched or killed: the few of which Mesos has to say something."""
        return iter(self._unsettled.values())

    def _count(self, app_id: str, before: Instance | None, after: Instance | None) -> None:
        share, new_share = share_of(before), share_of(after)
        if share is not new_share:
            self._counts[app_id] = self._counts.get(app_id, _NO_TASKS).replaced(share, new_share)
        if inactive := _is_inactive(after) - _is_inactive(before):
            self._inactive[app_id] = self._inactive.get(app_id, 0) + inactive


_NO_TASKS = TaskCounts()


def _is_inactive(instance: Instance | None) -> bool:
    return instance is not None and instance.condition is Condition.UNREACHABLE_INACTIVE
