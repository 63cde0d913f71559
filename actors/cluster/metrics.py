"""Cluster metrics: how busy each node is, told to whoever wants to know, on whichever node.

    Cluster(system).subscribe(self.ref, ClusterMetricsChanged)

    this node                                    every node
    ---------                                    ----------
    somebody subscribes     →   WatchMetrics  →  samples each ``interval`` seconds, for as long as somebody watches
                            ←   Figures       ←  smoothed: what is new counts more, and half of it after ``half_life``
    ClusterMetricsChanged       each ``interval``: the newest figures of all members that this node reaches
    nobody any more                              after 30 s nothing is sampled, sent or kept

Nodes tell only those that asked, and ask again each 10 s: where nobody looks, metrics cost nothing. Names, smoothing
(an exponentially weighted moving average) and capacities are Akka's; its heap is here the memory of the process,
against the limit that it has: its own if it was told one, its cgroup's, or the machine's.

| name | unit | of | smoothed |
|---|---|---|---|
| ``heap-memory-used`` | bytes | resident memory of the process | yes |
| ``heap-memory-max`` | bytes | the limit of that | no |
| ``system-load-average`` | processes | the machine's, over one minute | no |
| ``processors`` | cores | the machine's | no |
| ``cpu-combined``, ``cpu-stolen`` | 0 to 1 | the machine's, of all cores | yes |
| ``cpu-process`` | 0 to 1 | what the process uses of the cores that it may use | yes |
| ``event-loop-lag`` | seconds | how late the loop was, at worst since the last sample | yes |
| ``mailbox-depth``, ``mailbox-depth-max`` | messages | waiting in all mailboxes of the system; in the fullest | no |

A figure that is missing, negative or no number is left out; a collector that fails is logged. A
collector of your own may add figures to these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .events import Node
from .system_collector import SystemCollector

__all__ = ["ClusterMetricsChanged", "Collector", "MetricsSettings", "NodeMetrics"]

#: Gives a node's figures, by name, when it is asked for a sample. It runs on the loop and must not wait.
Collector = Callable[[], Mapping[str, float]]

SMOOTHED = frozenset({"heap-memory-used", "cpu-combined", "cpu-stolen", "cpu-process", "event-loop-lag"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """How a node samples itself; given to `Cluster.join`. Times are seconds.

    :ivar interval: between samples, and between the events that a subscriber on this node is told.
    :ivar half_life: after which a figure counts for half in the average.
    :ivar collector: where the figures come from; of this process and machine when None.
    :ivar smoothed: the names of the figures that are averaged.
    """

    interval: float = 3.0
    half_life: float = 12.0
    collector: Collector | None = None
    smoothed: frozenset[str] = field(default=SMOOTHED)

    def __post_init__(self) -> None:
        for name in ("interval", "half_life"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be a number of seconds above 0, not {getattr(self, name)!r}")

    @property
    def alpha(self) -> float:
        """What a new figure counts in the average: 0.159 by default."""
        return float(1 - 0.5 ** (self.interval / self.half_life))

    def start_collector(self) -> Collector:
        return SystemCollector() if self.collector is None else self.collector


@dataclass(frozen=True, slots=True)
class NodeMetrics:
    """How busy a node was. A property is None when its figures are missing.

    :ivar timestamp: seconds since the epoch, by that node's clock.
    :ivar figures: by name; see the head of this module.
    """

    node: Node
    timestamp: float
    figures: Mapping[str, float] = field(hash=False)

    @property
    def load(self) -> float | None:
        """The machine's load average per core: 1 when every core has just enough to do."""
        return self._ratio("system-load-average", "processors")

    @property
    def heap(self) -> float | None:
        """The part of its memory limit that the process uses, 0 to 1."""
        return self._ratio("heap-memory-used", "heap-memory-max")

    @property
    def cpu(self) -> float | None:
        """The part of the machine's cores that is busy, 0 to 1."""
        return self.figures.get("cpu-combined")

    @property
    def loop_lag(self) -> float | None:
        """How late the event loop was, in seconds."""
        return self.figures.get("event-loop-lag")

    @property
    def mailbox_depth(self) -> int | None:
        """Messages that wait in all of its mailboxes."""
        depth = self.figures.get("mailbox-depth")
        return None if depth is None else int(depth)

    def _ratio(self, part: str, whole: str) -> float | None:
        some, all_ = self.figures.get(part), self.figures.get(whole)
        return some / all_ if some is not None and all_ else None


@dataclass(frozen=True, slots=True)
class ClusterMetricsChanged:
    """The newest figures of the members that this node reaches and has heard of, in their order of age."""

    nodes: tuple[NodeMetrics, ...]
