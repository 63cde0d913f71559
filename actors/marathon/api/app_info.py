"""Apps with what is embedded in them: counts, tasks, deployments, failures, statistics (``core/appinfo``).

    embeds ─▶ gather(request, apps, embeds) ─▶ AppInfos ─▶ .text(app)     the JSON of one app, as text

One round of questions serves a whole listing, whatever its length.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from actors import Clock
from actors.marathon.messages import Instance, ReadinessResult, TaskCounts, TaskFailure
from actors.marathon.model import App
from actors.marathon.task_counts import count

from ._http import json_text, service_of
from .app_texts import APP_TEXTS, AppTexts
from .deployment_json import readiness_json
from .task_json import TURN, counts_json, failure_json, is_task, task_json
from .task_stats import task_stats

__all__ = ["ALL", "ALWAYS", "AppInfos", "created_text", "gather", "parse_embeds"]

TASKS, COUNTS, DEPLOYMENTS, READINESS, FAILURE, STATS = (
    "tasks",
    "counts",
    "deployments",
    "readiness",
    "lastTaskFailure",
    "taskStats",
)
ALWAYS = frozenset({COUNTS, DEPLOYMENTS})
ALL = frozenset({TASKS, COUNTS, DEPLOYMENTS, FAILURE})
_KNOWN = {
    "tasks": frozenset({TASKS, DEPLOYMENTS}),
    "counts": frozenset({COUNTS}),
    "deployments": frozenset({DEPLOYMENTS}),
    "readiness": frozenset({READINESS}),
    "lastTaskFailure": frozenset({FAILURE}),
    "failures": frozenset({TASKS, DEPLOYMENTS, FAILURE}),
    "taskStats": frozenset({STATS}),
}


_PREFIXES = ("group.apps.", "apps.", "app.", "")

log = logging.getLogger(__name__)


def parse_embeds(names: Iterable[str]) -> frozenset[str]:
    """What ``embed=apps.tasks`` and its like ask for, whatever prefix they have or lack. As in Marathon, a name that
    is not known is warned of and asks for nothing: clients name what other versions of it embed."""
    wanted: set[str] = set()
    for name in names:
        prefix = next(p for p in _PREFIXES if name.startswith(p))
        asked = _KNOWN.get(name.removeprefix(prefix))
        if asked is None:
            log.warning("ignored the unknown embed %r; known are %s", name, ", ".join(f"apps.{k}" for k in _KNOWN))
        else:
            wanted |= asked
    return frozenset(wanted)


APP_WORTH = 5
"""Tasks that an app without any costs as much as."""


@dataclass(frozen=True, slots=True)
class AppInfos:
    """What was gathered for a listing; `text` joins it to an app's definition."""

    embeds: frozenset[str]
    instances: Mapping[str, list[Instance]]
    counts: Mapping[str, TaskCounts] | None
    """None: they are those of `instances`, so that the two agree."""
    deployments: Mapping[str, list[str]]
    readiness: Mapping[str, list[ReadinessResult]]
    failures: Mapping[str, TaskFailure]
    clock: Clock
    texts: AppTexts

    def extras(self, app: App) -> dict[str, Any]:
        """The embedded fields of one app."""
        instances = self.instances.get(app.id, ())
        extras: dict[str, Any] = {}
        if COUNTS in self.embeds:
            extras |= counts_json(count(instances) if self.counts is None else self.counts.get(app.id, TaskCounts()))
        if DEPLOYMENTS in self.embeds:
            extras["deployments"] = [{"id": key} for key in self.deployments.get(app.id, ())]
        if READINESS in self.embeds:
            extras["readinessCheckResults"] = readiness_json(self.readiness.get(app.id, ()))
        if TASKS in self.embeds:
            extras["tasks"] = [task_json(instance, app) for instance in instances if is_task(instance)]
        if FAILURE in self.embeds and app.id in self.failures:
            extras["lastTaskFailure"] = failure_json(self.failures[app.id])
        if STATS in self.embeds:
            extras["taskStats"] = task_stats(app, instances, self.clock.now())
        return extras

    def text(self, app: App) -> bytes:
        """The app's JSON with its embedded fields."""
        if STATS in self.embeds:  # lifetimes: others at each moment
            return joined(app, self.extras(app)).encode()
        values = (app, *(part.get(app.id) for part in self._parts))
        return self.texts.get(self.embeds, app.id, values, lambda: joined(app, self.extras(app)))

    @property
    def _parts(self) -> tuple[Mapping[str, Any], ...]:
        return self.instances, self.counts or {}, self.deployments, self.readiness, self.failures

    async def listing(self, name: str, apps: Iterable[App]) -> bytes:
        """``{"apps": […]}``."""
        return b'{"%b":[%b]}' % (name.encode(), b",".join(await self.all_texts(apps)))

    async def all_texts(self, apps: Iterable[App]) -> list[bytes]:
        """`text` of each. Lets others in between: thousands of tasks take longer than the loop may be held."""
        texts, made = [], 0
        for app in apps:
            texts.append(self.text(app))
            made += APP_WORTH + len(self.instances.get(app.id, ()))
            if made >= TURN:
                made = 0
                await self.clock.sleep(0)
        return texts


def joined(app: App, extras: Mapping[str, Any]) -> str:
    """A definition's JSON text, made once per definition, with more fields at its end."""
    return f"{app.wire_text[:-1]},{json_text(extras)[1:]}" if extras else app.wire_text


def created_text(app: App, deployment_id: str) -> str:
    """What a POST answers with: the app as it begins."""
    return joined(app, {**counts_json(TaskCounts()), "deployments": [{"id": deployment_id}], "tasks": []})


async def gather(request: web.Request, apps: Iterable[App], embeds: frozenset[str]) -> AppInfos:
    """Ask what `embeds` needs of `apps`."""
    service = service_of(request)
    chosen = [app.id for app in apps]
    # Naming a few apps is cheaper for the answer, naming thousands is not.
    names = frozenset(chosen) if len(chosen) <= 50 else None
    by_app: defaultdict[str, list[Instance]] = defaultdict(list)
    counts: Mapping[str, TaskCounts] | None = None
    if not chosen:
        pass
    elif embeds & {TASKS, STATS}:
        for instance in await service.instances(names):
            by_app[instance.app_id].append(instance)
    elif COUNTS in embeds:
        counts = await service.task_counts(names)
    deployments: defaultdict[str, list[str]] = defaultdict(list)
    readiness: defaultdict[str, list[ReadinessResult]] = defaultdict(list)
    if embeds & {DEPLOYMENTS, READINESS} and chosen:
        for deployment in await service.deployments():
            for app_id in deployment.affected_apps:
                deployments[app_id].append(deployment.id)
            for app_id, results in deployment.readiness.items():
                readiness[app_id].extend(results)
    failures = await service.task_failures(names) if FAILURE in embeds and chosen else {}
    texts = request.app[APP_TEXTS]
    return AppInfos(embeds, by_app, counts, deployments, readiness, failures, service.system.clock, texts)
