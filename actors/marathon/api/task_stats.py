"""``taskStats``: counts and lifetimes of an app's tasks, by how they were started (``TaskStatsByVersion``)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from statistics import fmean, median
from typing import Any

from actors.marathon.messages import Instance
from actors.marathon.model import App
from actors.marathon.task_counts import count

from .task_json import is_task

__all__ = ["task_stats"]


def task_stats(app: App, instances: Iterable[Instance], now: datetime) -> dict[str, Any]:
    """Statistics of the kinds of tasks that there are; a kind without tasks is left out. Lifetimes are in seconds."""
    tasks = [instance for instance in instances if is_task(instance)]
    version = app.version or ""
    scaled = app.version_info.last_scaling_at if app.version_info is not None else version
    changed = app.last_config_change_at or version
    kinds = {
        "startedAfterLastScaling": [t for t in tasks if t.app_version >= scaled],
        "withLatestConfig": [t for t in tasks if t.app_version >= changed],
        "withOutdatedConfig": [t for t in tasks if t.app_version < changed],
        "totalSummary": tasks,
    }
    return {kind: {"stats": _stats(chosen, now)} for kind, chosen in kinds.items() if chosen}


def _stats(tasks: list[Instance], now: datetime) -> dict[str, Any]:
    stats: dict[str, Any] = {"counts": count(tasks)._asdict()}
    lifetimes = [(now - task.started_at).total_seconds() for task in tasks if task.started_at is not None]
    if lifetimes:
        stats["lifeTime"] = {"averageSeconds": fmean(lifetimes), "medianSeconds": median(lifetimes)}
    return stats
