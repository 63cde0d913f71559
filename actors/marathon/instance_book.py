"""The book of instances: memory, journal and those who follow it, kept in step.

    change(instance, events, then)  ─▶ in memory at once ─▶ instance-set      ─▶ stored: then(), events published
    end(instance, condition, …)     ─▶ in memory at once ─▶ the stream's end  ─▶ stored: then(), events published
    after_writes(then)              ─▶ nothing to store, but everything before is stored: then()

Decisions are made from what is in memory, by the steps that follow an app too, whose snapshots say whether all of it
is stored. Nobody else is told of a change, and Mesos gets no acknowledgement, before it is stored. Each event of an
instance's stream holds the whole instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from actors.core import Actor
from actors.marathon.followers import Followers
from actors.marathon.group_commit import Committed, GroupCommit, Record
from actors.marathon.instance_registry import InstanceRegistry
from actors.marathon.messages import (
    Condition,
    DomainEvent,
    Instance,
    InstanceChanged,
    TaskFailure,
    TaskStatusChanged,
)
from actors.marathon.protocol import AppInstances
from actors.marathon.state import failure_payload, instance_payload
from actors.marathon.state.recovery import recover_failures, recover_instances
from actors.marathon.task_counts import TaskCounts
from actors.persistence import Event, Journal

__all__ = ["InstanceBook"]

COMPACT_AFTER = 50
"""Events in one stream after which a snapshot takes their place."""

Then = Callable[[], None] | None


class InstanceBook:
    """Belongs to the instances actor, which lets it `recover` first."""

    def __init__(self, actor: Actor[Any], journal: Journal) -> None:
        system = actor.context.system
        self._clock = system.clock
        self._publish = system.event_stream.publish
        self._journal = journal
        self._commit = GroupCommit(actor, journal)
        self._registry = InstanceRegistry()
        self._seq: dict[str, int] = {}  # by the id of the instance, which is there anyway, or the failure's stream
        self._failures: dict[str, TaskFailure] = {}
        self._under_way: Counter[str] = Counter()
        self.followers = Followers(actor, self._snapshot, lambda app_id: len(self._registry.of(app_id)))

    async def recover(self) -> None:
        """Take in what the journal holds."""
        for instance, seq in await recover_instances(self._journal):
            self._registry.put(instance)
            self._seq[instance.id] = seq
        for app_id, (failure, seq) in (await recover_failures(self._journal)).items():
            self._failures[app_id] = failure
            self._seq[f"failure/{app_id}"] = seq

    # -- reading

    @property
    def instances(self) -> Iterator[Instance]:
        return iter(self._registry)

    def get(self, instance_id: str) -> Instance | None:
        return self._registry.get(instance_id)

    def of(self, app_id: str) -> Mapping[str, Instance]:
        return self._registry.of(app_id)

    def existing(self, app_id: str) -> int:
        """How many instances of the app exist; those given up as unreachable do not."""
        return self._registry.existing(app_id)

    def counts_of(self, app_ids: Collection[str] | None) -> dict[str, TaskCounts]:
        return self._registry.counts(app_ids)

    def dying(self) -> Iterator[Instance]:
        return self._registry.dying()

    def unsettled(self) -> Iterator[Instance]:
        return self._registry.unsettled()

    def ids_of_others(self, app_ids: Collection[str]) -> Iterator[str]:
        """The ids of all instances of other apps than these."""
        for app_id in self._registry.app_ids():
            if app_id not in app_ids:
                yield from self._registry.of(app_id)

    def failures_of(self, app_ids: Collection[str] | None) -> dict[str, TaskFailure]:
        return {key: failure for key, failure in self._failures.items() if app_ids is None or key in app_ids}

    # -- writing

    def note(self, instance: Instance) -> None:
        """Keep what is not worth a write: an instance that is only scheduled, the time of a check."""
        self._registry.put(instance)
        self.followers.changed(instance.app_id)

    def change(self, instance: Instance, *events: DomainEvent, then: Then = None) -> None:
        self.note(instance)
        self._commit.write(self._set(instance), then=self._then((instance,), events, then))

    def change_all(self, instances: Collection[Instance], then: Then = None) -> None:
        """Like `change` for each of them, in one write, each with its `InstanceChanged`."""
        for instance in instances:
            self.note(instance)
        records = [self._set(instance) for instance in instances]
        events = [InstanceChanged(instance) for instance in instances]
        self._commit.write(*records, then=self._then(instances, events, then))

    def end(
        self, instance: Instance, condition: Condition, told: TaskStatusChanged | None = None, *, then: Then = None
    ) -> None:
        """The instance is gone. `told` is what Mesos said of it; a failure is kept as its app's last."""
        self._registry.remove(instance.id)
        self.followers.changed(instance.app_id)
        ended = replace(instance, condition=condition, since=self._clock.now())
        events: list[DomainEvent] = [InstanceChanged(ended)]
        records: list[Record] = []
        if told is not None:
            events.append(replace(told, instance=ended))
            if condition.is_failure or condition.is_lost:
                records.append(self._failed(ended, told))
        known = self._seq.pop(instance.id, None)
        self._commit.write(
            *records,
            delete=None if known is None else _stream(instance),
            then=self._then((instance,), events, then),
        )

    def after_writes(self, then: Then) -> None:
        """Call `then` once all that was decided so far is stored."""
        self._commit.write(then=then)

    def finished(self, committed: Committed) -> None:
        self._commit.finished(committed)

    def forget(self, app_id: str) -> None:
        """The app is gone, and with it its last failure."""
        if self._failures.pop(app_id, None) is not None:
            self._seq.pop(f"failure/{app_id}", None)
            self._commit.write(delete=f"failure/{app_id}")

    def _then(self, instances: Collection[Instance], events: Iterable[DomainEvent], then: Then) -> Callable[[], None]:
        for instance in instances:
            self._under_way[instance.app_id] += 1
        return partial(self._written, instances, events, then)

    def _written(self, instances: Collection[Instance], events: Iterable[DomainEvent], then: Then) -> None:
        for instance in instances:
            self._under_way[instance.app_id] -= 1
            if not self._under_way[instance.app_id]:
                del self._under_way[instance.app_id]
                self.followers.changed(instance.app_id)
        if then is not None:
            then()
        for event in events:
            self._publish(event)

    def _snapshot(self, app_id: str) -> AppInstances:
        return AppInstances(app_id, tuple(self._registry.of(app_id).values()), app_id not in self._under_way)

    def _set(self, instance: Instance) -> Record:
        return self._record(instance.id, _stream(instance), partial(_instance_set, instance))

    def _record(self, key: str, stream: str, event: Callable[[], Event]) -> Record:
        seq = self._seq[key] = self._seq.get(key, 0) + 1
        return Record(stream, event, seq if seq % COMPACT_AFTER == 0 else None)

    def _failed(self, ended: Instance, told: TaskStatusChanged) -> Record:
        failure = TaskFailure(
            ended.app_id,
            told.task_id or "",
            told.state,
            told.message,
            ended.host or "",
            ended.agent_id,
            ended.app_version,
            ended.since or self._clock.now(),
        )
        self._failures[ended.app_id] = failure
        stream = f"failure/{ended.app_id}"
        return self._record(stream, stream, lambda: Event("task-failed", 1, failure_payload(failure)))


def _stream(instance: Instance) -> str:
    return f"instance/{instance.id}"


def _instance_set(instance: Instance) -> Event:
    return Event("instance-set", 1, instance_payload(instance))
