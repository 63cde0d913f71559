"""`AdaptiveLoadBalancing`: a routing logic that gives more messages to nodes that have more room.

    workers = system.spawn(service_group("workers", AdaptiveLoadBalancing()), "workers")
    workers = system.spawn(service_group("workers", AdaptiveLoadBalancing(heap_capacity)), "by-memory")

| capacity of a node | is |
|---|---|
| `heap_capacity` | the part of its memory limit that is free |
| `load_capacity` | 1 − load average per core; 0 from a load of 1 on |
| `cpu_capacity` | 1 − busy − 1.3 × stolen, of its cores |
| `mix_capacity` | the mean of those of the three that are known; the default |

Each routee weighs its node's capacity, in units of the lowest one (of 1 % at least), and is drawn at random by weight;
one whose node's capacity is not known weighs the mean of the others. Before any is known all are alike. Rules: Akka's.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from actors.core import ActorRef, ActorSystem
from actors.patterns.routing_logic import Route, RoutingLogic
from actors.remote import Address

from .cluster import Cluster
from .metrics import NodeMetrics

__all__ = [
    "AdaptiveLoadBalancing",
    "Capacity",
    "cpu_capacity",
    "heap_capacity",
    "load_capacity",
    "mix_capacity",
    "weights",
]

#: Of a node: 0 (none) to 1; None when its figures do not tell.
Capacity = Callable[[NodeMetrics], float | None]


def heap_capacity(metrics: NodeMetrics) -> float | None:
    return None if metrics.heap is None else max(0.0, 1 - metrics.heap)


def load_capacity(metrics: NodeMetrics) -> float | None:
    return None if metrics.load is None else 1 - min(1.0, metrics.load)


def cpu_capacity(metrics: NodeMetrics) -> float | None:
    busy, stolen = metrics.figures.get("cpu-combined"), metrics.figures.get("cpu-stolen")
    return None if busy is None or stolen is None else max(0.0, 1 - busy - 1.3 * stolen)


def mix_capacity(metrics: NodeMetrics) -> float | None:
    capacities = [heap_capacity(metrics), load_capacity(metrics), cpu_capacity(metrics)]
    known = [capacity for capacity in capacities if capacity is not None]
    return sum(known) / len(known) if known else None


def weights(capacities: Mapping[Address, float]) -> dict[Address, int]:
    """In units of the lowest capacity, of 0.01 at least."""
    unit = max(0.01, min(capacities.values(), default=1.0))
    return {address: round(capacity / unit) for address, capacity in capacities.items()}


@dataclass(frozen=True, slots=True)
class AdaptiveLoadBalancing(RoutingLogic):
    """See the head of this module. Of a system that has joined a cluster."""

    capacity: Capacity = mix_capacity

    def start(self, system: ActorSystem) -> Route:
        cluster = Cluster(system)
        draw = _Draw(cluster, self.capacity)
        chance = system.random

        def route(message: Any, sender: ActorRef[Any] | None, routees: tuple[Any, ...]) -> None:
            bounds = draw.bounds(cluster.metrics(), routees)
            routees[bisect(bounds, chance.random() * bounds[-1], hi=len(bounds) - 1)].tell(message, sender)

        return route


class _Draw:
    """The routees' weights, summed up; made anew when metrics or routees are others."""

    def __init__(self, cluster: Cluster, capacity: Capacity) -> None:
        self._cluster = cluster
        self._capacity = capacity
        self._made_of: tuple[object, object] = (None, None)
        self._bounds: list[float] = []

    def bounds(self, nodes: tuple[NodeMetrics, ...], routees: tuple[Any, ...]) -> list[float]:
        if self._made_of[0] is not nodes or self._made_of[1] is not routees:
            capacities = {
                each.node.address: capacity for each in nodes if (capacity := self._capacity(each)) is not None
            }
            by_node = weights(capacities)
            mean = round(sum(by_node.values()) / len(by_node)) if by_node else 1
            own = self._cluster.own.address
            each = [float(by_node.get(getattr(routee, "address", own), mean)) for routee in routees]
            # Nobody has any room: then nobody is better than another.
            self._bounds = list(accumulate(each if any(each) else [1.0] * len(routees)))
            self._made_of = nodes, routees
        return self._bounds
