"""What waits to be launched, per app, and why offers could not be used. No actor: only the book."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from actors.marathon.backoff import Backoff
from actors.marathon.matching import Agent, NoMatch
from actors.marathon.messages import QueueItem, UnusedOffer
from actors.marathon.model import App
from mesos_proto import Offer

__all__ = ["LaunchQueue", "QueuedApp"]


@dataclass(slots=True)
class QueuedApp:
    """One app of the queue: the instances that wait for an offer, and, with their agents, those whose launch is
    being stored."""

    app: App
    since: datetime
    waiting: OrderedDict[str, None] = field(default_factory=OrderedDict)
    launching: dict[str, Agent] = field(default_factory=dict)
    processed: int = 0
    unused: int = 0
    last_used: datetime | None = None
    last_unused: datetime | None = None
    rejected: Counter[str] = field(default_factory=Counter)
    last_unused_offers: dict[str, UnusedOffer] = field(default_factory=dict)

    def take(self, agent: Agent) -> str:
        """The next waiting instance, from now on being launched on `agent`."""
        instance_id, _ = self.waiting.popitem(last=False)
        self.launching[instance_id] = agent
        return instance_id

    def offer_used(self, offer: Offer, now: datetime) -> None:
        self.processed += 1
        self.last_used = now
        self.last_unused_offers.pop(offer.agent_id, None)

    def offer_unused(self, offer: Offer, reason: NoMatch, now: datetime) -> None:
        self.processed += 1
        self.unused += 1
        self.last_unused = now
        self.rejected[reason.value] += 1
        self.last_unused_offers[offer.agent_id] = UnusedOffer(offer, reason.value, now)

    def status(self, delay: float) -> QueueItem:
        return QueueItem(
            app=self.app,
            count=len(self.waiting) + len(self.launching),
            delay=delay,
            since=self.since,
            processed_offers=self.processed,
            unused_offers=self.unused,
            last_used_offer_at=self.last_used,
            last_unused_offer_at=self.last_unused,
            rejected=dict(self.rejected),
            last_unused_offers=tuple(self.last_unused_offers.values()),
        )


class LaunchQueue:
    """The queued apps, and the back-off that delays those which failed."""

    def __init__(self) -> None:
        self.backoff = Backoff()
        self._apps: dict[str, QueuedApp] = {}

    def __iter__(self) -> Iterator[QueuedApp]:
        return iter(self._apps.values())

    def get(self, app_id: str) -> QueuedApp | None:
        return self._apps.get(app_id)

    def add(self, app: App, instance_ids: Iterable[str], now: datetime) -> None:
        queued = self._apps.get(app.id)
        if queued is None:
            queued = self._apps[app.id] = QueuedApp(app, now)
        queued.app = app
        queued.waiting.update((instance_id, None) for instance_id in instance_ids)

    def remove(self, app_id: str, instance_ids: Iterable[str]) -> None:
        """These instances do not wait any more; an app for which nothing waits leaves the queue."""
        queued = self._apps.get(app_id)
        if queued is None:
            return
        for instance_id in instance_ids:
            queued.waiting.pop(instance_id, None)
            queued.launching.pop(instance_id, None)
        if not queued.waiting and not queued.launching:
            del self._apps[app_id]

    def launchable(self, now: float) -> list[QueuedApp]:
        """The apps that have something waiting and no delay left."""
        return [queued for queued in self if queued.waiting and not self.backoff.left(queued.app, now)]

    def can_launch(self, now: float) -> bool:
        """Whether there is any such app."""
        return any(queued.waiting and not self.backoff.left(queued.app, now) for queued in self)

    def next_delay(self, now: float) -> float | None:
        """Seconds until the first of the delayed apps may be launched; None when none is delayed."""
        failed = [self._apps[app_id] for app_id in self.backoff.failed_apps if app_id in self._apps]
        delays = [self.backoff.left(queued.app, now) for queued in failed if queued.waiting]
        return min((delay for delay in delays if delay > 0), default=None)

    def status(self, now: float) -> tuple[QueueItem, ...]:
        return tuple(queued.status(self.backoff.left(queued.app, now)) for queued in self)
