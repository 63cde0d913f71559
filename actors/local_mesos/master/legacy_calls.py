"""The master's answer to each of the older endpoints that only read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mesos_proto import json_codec

from . import legacy_views, operator_calls, operators
from .cluster import Cluster
from .metrics import snapshot
from .protocol import Answer, LegacyQuery

__all__ = ["PATHS", "answer"]

Query = Mapping[str, str]

PATHS: Final[dict[str, Callable[[Cluster, Query], Any]]] = {
    "/state": lambda cluster, query: legacy_views.state(cluster),
    "/state-summary": lambda cluster, query: legacy_views.state_summary(cluster),
    "/slaves": legacy_views.slaves,
    "/frameworks": legacy_views.frameworks,
    "/tasks": legacy_views.tasks,
    "/roles": lambda cluster, query: legacy_views.roles(cluster),
    "/flags": lambda cluster, query: legacy_views.flags(cluster),
    "/weights": lambda cluster, query: [
        {"role": role, "weight": weight} for role, weight in cluster.allocator.weights.items()
    ],
    "/quota": lambda cluster, query: json_codec.to_dict(operator_calls.quota_status(cluster)),
    "/maintenance/schedule": lambda cluster, query: json_codec.to_dict(cluster.maintenance.schedule),
    "/maintenance/status": lambda cluster, query: json_codec.to_dict(operators.maintenance_status(cluster)),
    "/metrics/snapshot": lambda cluster, query: snapshot(cluster),
}


def answer(cluster: Cluster, request: LegacyQuery) -> Any:
    """A JSON value. A view changes nothing, so one that fails ends its request and nothing else."""
    view = PATHS.get(request.path)
    if view is None:
        return Answer(404, "404 Not Found.")
    try:
        return view(cluster, request.query)
    except Exception as error:
        cluster.log.error("%s %s: %s", request.path, dict(request.query), error, exc_info=error)
        return Answer(500, f"500 Internal Server Error.\n\n{type(error).__name__}: {error}")
