"""What ``/metrics/snapshot`` tells of each framework: its calls and events, offers, operations and tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mesos_proto import mesos_pb2, scheduler_pb2

if TYPE_CHECKING:
    from .cluster import Framework

__all__ = ["FrameworkCounts", "snapshot"]

Call = scheduler_pb2.Call
Event = scheduler_pb2.Event
Operation = mesos_pb2.Offer.Operation


def _names(kinds: Iterable[tuple[str, int]], prefix: str) -> dict[int, str]:
    return {number: f"{prefix}/{name.lower()}" for name, number in kinds if name != "UNKNOWN"}


_CALLS: Final = _names(Call.Type.items(), "calls")
_EVENTS: Final = _names(Event.Type.items(), "events")
_OPERATIONS: Final = _names(Operation.Type.items(), "operations")
_ACTIVE: Final = ("killing", "running", "staging", "starting", "unknown", "unreachable")
_TERMINAL: Final = ("dropped", "error", "failed", "finished", "gone", "gone_by_operator", "killed", "lost")
_STATES: Final[dict[int, str]] = {
    number: name.removeprefix("TASK_").lower() for name, number in mesos_pb2.TaskState.items()
}
_OFFERS: Final = ("accepted", "declined", "rescinded", "sent")


class FrameworkCounts:
    """Of one framework, since its first subscription. Keys are the protocol's numbers; of offers, words."""

    __slots__ = ("calls", "ended", "events", "offers", "operations")

    def __init__(self) -> None:
        self.calls: Counter[int] = Counter()
        self.events: Counter[int] = Counter()
        self.offers: Counter[str] = Counter()
        self.operations: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()


def snapshot(frameworks: Iterable[Framework], suppressed: Callable[[str], Collection[str]]) -> dict[str, float]:
    """``suppressed``: the roles for which a framework wants no offers."""
    values: dict[str, float] = {}
    for framework in frameworks:
        name = f"master/frameworks/{quote(framework.info.name, safe='')}/{quote(framework.id, safe='')}/"
        counts = framework.counts
        values |= _counted(name, "calls", _CALLS, counts.calls)
        values |= _counted(name, "events", _EVENTS, counts.events)
        values |= _counted(name, "operations", _OPERATIONS, counts.operations)
        values |= {f"{name}offers/{what}": float(counts.offers[what]) for what in _OFFERS}
        active = Counter(_STATES[task.state] for task in framework.tasks.values())
        active["unreachable"] += len(framework.unreachable_tasks)
        ended = Counter({_STATES[state]: number for state, number in counts.ended.items()})
        values |= {f"{name}tasks/active/task_{state}": float(active[state]) for state in _ACTIVE}
        values |= {f"{name}tasks/terminal/task_{state}": float(ended[state]) for state in _TERMINAL}
        quiet = suppressed(framework.id)
        values |= {f"{name}roles/{role}/suppressed": float(role in quiet) for role in framework.roles}
        values[f"{name}subscribed"] = float(framework.connected)
        if framework.info.HasField("principal") and framework.unregistered_time is None:
            values[f"frameworks/{framework.info.principal}/messages_processed"] = 0.0  # of the older API, which is gone
            values[f"frameworks/{framework.info.principal}/messages_received"] = 0.0
    return values


def _counted(name: str, what: str, kinds: Mapping[int, str], counts: Counter[int]) -> dict[str, float]:
    values = {name + kind: float(counts[number]) for number, kind in kinds.items()}
    values[name + what] = float(sum(counts.values()))
    return values
