"""The actor at ``/system/cluster-metrics``: samples this node while somebody watches, and tells those on this node.

It is *observing* while somebody here wants to know: then it asks all members. It *samples* while it is observing, or
another node has asked within the last 30 s. Else it has no timer and keeps no figures.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.core import Actor, ActorRef, DeadLetterSuppression, Terminated
from actors.core.inspection import look_at_all
from actors.observer.lag import LoopLag
from actors.remote import Remote

from ._wire import Figures, WatchMetrics
from .events import MemberRemoved, MemberUnreachable, MemberUp, Node
from .metrics import ClusterMetricsChanged, MetricsSettings, NodeMetrics

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["Look", "MetricsDaemon", "Subscribe", "Unsubscribe"]

log = logging.getLogger("actors.cluster")

_ASK_EVERY = 10.0  # seconds
_ASKED_FOR = 30.0  # seconds that an answer is owed, and that figures are believed
_WALKS = 0.02  # of the time at most is spent on looking into mailboxes


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Tell `ref` the metrics, from now on."""

    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Tell it no more."""

    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody has looked at `Cluster.metrics`, and will again."""


@dataclass(frozen=True, slots=True)
class _Tick(DeadLetterSuppression):
    pass


class MetricsDaemon(Actor[Any]):
    """See the head of this module."""

    def __init__(self, cluster: Cluster, remote: Remote, settings: MetricsSettings) -> None:
        self._cluster = cluster
        self._remote = remote
        self._settings = settings
        self._clock = self.context.system.clock
        self._subscribers: dict[ActorRef[Any], None] = {}
        self._looked_at = -math.inf
        self._asked_at = -math.inf
        self._wanted: dict[str, float] = {}  # by other nodes' ids: until when
        self._nodes: dict[str, Node] = {}  # the others
        self._known: dict[str, tuple[NodeMetrics, float]] = {}  # and when they came
        self._sampler: _Sampler | None = None

    def pre_start(self) -> None:
        self._cluster.subscribe(self.ref, MemberUp, MemberRemoved, MemberUnreachable)

    def post_stop(self) -> None:
        self._sleep()

    async def receive(self, message: Any) -> None:
        match message:
            case _Tick():
                await self._tick()
            case Figures(id_, timestamp, figures):
                if id_ in self._nodes:
                    self._known[id_] = NodeMetrics(self._nodes[id_], timestamp, figures), self._clock.time()
            case WatchMetrics(id_):
                self._wanted[id_] = self._clock.time() + _ASKED_FOR
                self._wake()
            case Subscribe(ref):
                self.context.watch(ref)
                self._subscribers[ref] = None
                if self._cluster.metrics_known():
                    ref.tell(ClusterMetricsChanged(self._cluster.metrics_known()))
                self._observe()
            case Unsubscribe(ref):
                if ref in self._subscribers:
                    del self._subscribers[ref]
                    self.context.unwatch(ref)
            case Terminated(ref):
                self._subscribers.pop(ref, None)
            case Look():
                self._looked_at = self._clock.time()
                self._observe()
            case MemberUp(node):
                if node.id != self._cluster.own.id:
                    self._nodes[node.id] = node
                    if self._observing():
                        self._ask(node)
            case MemberRemoved(node):
                self._nodes.pop(node.id, None)
                self._known.pop(node.id, None)
                self._wanted.pop(node.id, None)
            case MemberUnreachable(node):
                self._known.pop(node.id, None)
            case _:
                self.unhandled(message)

    # Who wants to know

    def _observing(self) -> bool:
        return bool(self._subscribers) or self._clock.time() < self._looked_at + _ASKED_FOR

    def _observe(self) -> None:
        self._wake()
        due = self._clock.time() >= self._asked_at + _ASK_EVERY
        if due:
            self._asked_at = self._clock.time()
        unreachable = self._cluster.state().unreachable
        for node in self._nodes.values():
            # One that gave no figures yet may have been asked before it had an actor to hear it.
            if due or (node.id not in self._known and node not in unreachable):
                self._ask(node)

    def _ask(self, node: Node) -> None:
        self._tell(node, WatchMetrics(self._cluster.own.id))

    def _tell(self, node: Node, message: Any) -> None:
        self._remote.ref(f"{node.address}/system/cluster-metrics").tell(message, self.ref)

    def _wake(self) -> None:
        if self._sampler is None:
            self._sampler = _Sampler(self.context.system, self._settings)
            self.context.timers.start_fixed_rate("sample", _Tick(), self._settings.interval)
            self.ref.tell(_Tick())

    def _sleep(self) -> None:
        if self._sampler is not None:
            self._sampler.stop()
            self._sampler = None
        self.context.timers.cancel("sample")
        self._known.clear()
        self._asked_at = -math.inf
        self._cluster.show_metrics(())

    # A sample

    async def _tick(self) -> None:
        now = self._clock.time()
        self._wanted = {id_: until for id_, until in self._wanted.items() if now < until}
        if self._sampler is None or not (self._observing() or self._wanted):
            self._sleep()
            return
        figures = await self._sampler.sample()
        timestamp = self._clock.wall()
        for id_ in self._wanted:
            if id_ in self._nodes:
                self._tell(self._nodes[id_], Figures(self._cluster.own.id, timestamp, figures))
        if self._observing():
            self._observe()
            self._known[self._cluster.own.id] = NodeMetrics(self._cluster.own, timestamp, figures), now
            self._publish(now)

    def _publish(self, now: float) -> None:
        self._known = {id_: each for id_, each in self._known.items() if now < each[1] + _ASKED_FOR}
        members = self._cluster.state().members
        known = tuple(self._known[node.id][0] for node in members if node.id in self._known)
        self._cluster.show_metrics(known)
        changed = ClusterMetricsChanged(known)
        for ref in self._subscribers:
            ref.tell(changed)


class _Sampler:
    """Samples and smooths, from its making until `stop`."""

    def __init__(self, system: Any, settings: MetricsSettings) -> None:
        self._system = system
        self._settings = settings
        self._collect = settings.start_collector()
        self._fault = ""
        self._averages: dict[str, float] = {}
        self._depths: Mapping[str, float] = {}
        self._walk_at = -math.inf
        self._lag = LoopLag(system.clock)
        self._lag_task: asyncio.Task[None] = system.loop.create_task(self._lag.run(), name="measure the loop's lag")

    def stop(self) -> None:
        self._lag_task.cancel()

    async def sample(self) -> dict[str, float]:
        await self._look_into_mailboxes()
        raw = {**self._collected(), **self._depths, "event-loop-lag": self._lag.take()[0]}
        figures: dict[str, float] = {}
        for name, value in raw.items():
            if math.isnan(value) or value < 0:
                continue
            if name in self._settings.smoothed:
                before = self._averages.get(name, value)
                value = self._averages[name] = before + self._settings.alpha * (value - before)
            figures[name] = value
        return figures

    def _collected(self) -> Mapping[str, float]:
        try:
            figures, self._fault = self._collect(), ""
        except Exception as error:
            if self._fault != repr(error):  # said once, not each few seconds
                self._fault = repr(error)
                log.exception("the collector of metrics %r failed; its figures are missing: %r", self._collect, error)
            return {}
        return figures

    async def _look_into_mailboxes(self) -> None:
        """A million actors take half a second to look at: the longer it takes, the more seldom it is done."""
        begun = self._system.clock.time()
        if begun < self._walk_at:
            return
        depth = deepest = 0
        async for actor in look_at_all(self._system):
            waiting = actor.depth
            depth += waiting
            deepest = max(deepest, waiting)
        now = self._system.clock.time()
        self._walk_at = now + (now - begun) / _WALKS
        self._depths = {"mailbox-depth": depth, "mailbox-depth-max": deepest}
