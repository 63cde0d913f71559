"""What /metrics/snapshot and GET_METRICS tell: counters of what happened, gauges of how it stands."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

from mesos_proto import Resources, mesos_pb2

from . import framework_metrics, views

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["Metrics", "machine", "snapshot"]

_COUNTED = (
    *(
        f"master/{name}"
        for name in (
            "dropped_messages",
            "invalid_executor_to_framework_messages",
            "invalid_framework_to_executor_messages",
            "invalid_operation_status_update_acknowledgements",
            "invalid_operation_status_updates",
            "invalid_status_update_acknowledgements",
            "invalid_status_updates",
            "messages_authenticate",
            "messages_deactivate_framework",
            "messages_decline_offers",
            "messages_executor_to_framework",
            "messages_exited_executor",
            "messages_framework_to_executor",
            "messages_kill_task",
            "messages_launch_tasks",
            "messages_operation_status_update",
            "messages_operation_status_update_acknowledgement",
            "messages_reconcile_operations",
            "messages_reconcile_tasks",
            "messages_register_framework",
            "messages_register_slave",
            "messages_reregister_framework",
            "messages_reregister_slave",
            "messages_resource_request",
            "messages_revive_offers",
            "messages_status_update",
            "messages_status_update_acknowledgement",
            "messages_suppress_offers",
            "messages_unregister_framework",
            "messages_unregister_slave",
            "messages_update_slave",
            "recovery_slave_removals",
            "slave_registrations",
            "slave_removals",
            "slave_removals/reason_registered",
            "slave_removals/reason_unhealthy",
            "slave_removals/reason_unregistered",
            "slave_reregistrations",
            "slave_unreachable_canceled",
            "slave_unreachable_completed",
            "slave_unreachable_scheduled",
            "tasks_dropped",
            "tasks_error",
            "tasks_failed",
            "tasks_finished",
            "tasks_gone",
            "tasks_gone_by_operator",
            "tasks_killed",
            "tasks_lost",
            "valid_executor_to_framework_messages",
            "valid_framework_to_executor_messages",
            "valid_operation_status_update_acknowledgements",
            "valid_operation_status_updates",
            "valid_status_update_acknowledgements",
            "valid_status_updates",
        )
    ),
    "master/http_cache_hits",
    "master/slave_shutdowns_canceled",
    "master/slave_shutdowns_completed",
    "master/slave_shutdowns_scheduled",
    "allocator/event_queue_dispatches",
    "allocator/mesos/allocation_runs",
    "allocator/mesos/event_queue_dispatches",
    "registrar/queued_operations",
)

_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999, "p9999": 0.9999}
_WINDOW = 1000  # durations

_OPERATIONS = (
    "create",
    "create_disk",
    "destroy",
    "destroy_disk",
    "grow_volume",
    "reserve",
    "shrink_volume",
    "unreserve",
)
_OPERATION_STATES = (
    "dropped",
    "error",
    "failed",
    "finished",
    "gone_by_operator",
    "pending",
    "recovering",
    "total",
    "unreachable",
)

_LIVE_STATES = ("staging", "starting", "running", "killing", "unreachable")


class Durations:
    """The last of many, in milliseconds, as Mesos's timers show them. Nothing is shown of none."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0
        self._kept: deque[float] = deque(maxlen=_WINDOW)

    def note(self, seconds: float) -> None:
        self._count += 1
        self._kept.append(seconds * 1000)

    def values(self) -> dict[str, float]:
        if not self._kept:
            return {}
        ascending = sorted(self._kept)
        last = len(ascending) - 1
        values = {self._name: self._kept[-1], f"{self._name}/count": float(self._count)}
        values |= {f"{self._name}/max": ascending[-1], f"{self._name}/min": ascending[0]}
        return values | {f"{self._name}/{of}": ascending[round(part * last)] for of, part in _PERCENTILES.items()}


class Metrics:
    """Counters since the master started."""

    def __init__(self) -> None:
        self.allocation_run = Durations("allocator/mesos/allocation_run_ms")
        self.allocation_latency = Durations("allocator/mesos/allocation_run_latency_ms")
        self.registry_store = Durations("registrar/state_store_ms")
        self.registry_fetch = Durations("registrar/state_fetch_ms")
        self._counts: dict[str, float] = dict.fromkeys(_COUNTED, 0.0)
        for state in _OPERATION_STATES:
            self._counts[f"master/operations/{state}"] = 0.0
            for kind in _OPERATIONS:
                self._counts[f"master/operations/{kind}/{state}"] = 0.0

    def count(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0.0) + 1.0

    def count_operation(self, kind: str, state: str) -> None:
        """``kind`` as in RESERVE, in lower case; ``state`` likewise, or "total"."""
        self.count(f"master/operations/{kind}/{state}")
        self.count(f"master/operations/{state}")

    def counts(self) -> dict[str, float]:
        return dict(self._counts)


def snapshot(cluster: Cluster) -> dict[str, float]:
    """Every metric by name, in their order."""
    values = cluster.metrics.counts() | _frameworks(cluster) | _agents(cluster) | _resources(cluster)
    values |= _tasks(cluster) | _machine()
    values |= {
        "master/elected": 1.0,
        "master/uptime_secs": cluster.now() - cluster.started,
        "master/outstanding_offers": float(len(cluster.offers)),
        "master/operator_event_stream_subscribers": float(len(cluster.subscribers)),
        "master/event_queue_dispatches": 0.0,
        "master/event_queue_http_requests": 0.0,
        "master/event_queue_messages": 0.0,
    }
    known = (*cluster.frameworks.values(), *cluster.completed_frameworks.values())
    values |= framework_metrics.snapshot(known, cluster.allocator.suppressed) | _roles(cluster)
    metrics = cluster.metrics
    for durations in (metrics.allocation_run, metrics.allocation_latency, metrics.registry_store):
        values |= durations.values()
    values |= {name: value for name, value in metrics.registry_fetch.values().items() if name.endswith("_ms")}
    values |= {"registrar/log/ensemble_size": 1.0, "registrar/log/recovered": 1.0}
    return dict(sorted(values.items()))


def _roles(cluster: Cluster) -> dict[str, float]:
    allocator = cluster.allocator
    filters = allocator.filters(cluster.clock.time())
    values = {
        f"allocator/mesos/offer_filters/roles/{role}/active": float(filters[role])
        for role in allocator.roles | {role for role, quota in allocator.quotas.items() if any(quota)}
    }
    for role, quota in allocator.quotas.items():
        name = f"allocator/mesos/quota/roles/{role}/resources/"
        held = allocator.held(role)
        for what, amounts in (("guarantee", quota.guarantees), ("limit", quota.limits)):
            for resource, amount in amounts.items():
                values[f"{name}{resource}/{what}"] = amount / 1000
                values[f"{name}{resource}/offered_or_allocated"] = held.get(resource, 0) / 1000
    for role in allocator.roles:
        values[f"allocator/mesos/roles/{role}/shares/dominant"] = allocator.share(role)
    for known in views.known_roles(cluster):
        for resource, amount in known.consumed.items():
            values[f"allocator/mesos/quota/roles/{known.name}/resources/{resource}/consumed"] = amount / 1000
    return values


def _frameworks(cluster: Cluster) -> dict[str, float]:
    connected = sum(each.connected for each in cluster.frameworks.values())
    away = len(cluster.frameworks) - connected
    return {
        "master/frameworks_active": float(connected),
        "master/frameworks_connected": float(connected),
        "master/frameworks_inactive": float(away),
        "master/frameworks_disconnected": float(away),
    }


def _agents(cluster: Cluster) -> dict[str, float]:
    agents = cluster.agents.values()
    return {
        "master/slaves_active": float(sum(each.active for each in agents)),
        "master/slaves_inactive": float(sum(not each.active for each in agents)),
        "master/slaves_connected": float(sum(each.connected for each in agents)),
        "master/slaves_disconnected": float(sum(not each.connected for each in agents)),
        "master/slaves_unreachable": float(len(cluster.unreachable_agents)),
    }


def _resources(cluster: Cluster) -> dict[str, float]:
    total, used, offered = Resources(), Resources(), Resources()
    for agent in cluster.agents.values():
        total += agent.total
        used += agent.used()
        offered += agent.offered()
    values: dict[str, float] = {}
    for name in ("cpus", "gpus", "mem", "disk"):
        whole, taken = total.scalar(name), used.scalar(name)
        values |= {
            f"master/{name}_total": whole,
            f"master/{name}_used": taken,
            f"master/{name}_percent": taken / whole if whole else 0.0,
            f"master/{name}_revocable_total": 0.0,
            f"master/{name}_revocable_used": 0.0,
            f"master/{name}_revocable_percent": 0.0,
        }
        if name != "gpus":
            values[f"allocator/mesos/resources/{name}/total"] = whole
            values[f"allocator/mesos/resources/{name}/offered_or_allocated"] = taken + offered.scalar(name)
    return values


def _tasks(cluster: Cluster) -> dict[str, float]:
    values = {f"master/tasks_{state}": 0.0 for state in _LIVE_STATES}
    for framework in cluster.frameworks.values():
        for task in framework.tasks.values():
            name = "master/" + mesos_pb2.TaskState.Name(task.state).lower().replace("task_", "tasks_", 1)
            if name in values:
                values[name] += 1.0
        values["master/tasks_unreachable"] += len(framework.unreachable_tasks)
    return values


def machine() -> dict[str, float | int]:
    """The machine's load, processors and memory, as ``/system/stats.json`` names them."""
    one, five, fifteen = os.getloadavg()
    page, pages, free = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_AVPHYS_PAGES")
    return {
        "avg_load_15min": fifteen,
        "avg_load_1min": one,
        "avg_load_5min": five,
        "cpus_total": os.cpu_count() or 1,
        "mem_free_bytes": page * free,
        "mem_total_bytes": page * pages,
    }


def _machine() -> dict[str, float]:
    return {f"system/{name.replace('avg_', '')}": float(value) for name, value in machine().items()}
