"""The plan of a deployment: (old root, new root) → what happens to which app, and who waits for whom. Pure.

Two views of the same differences::

    steps   levels, as Marathon's clients read them      nodes   the graph that the step actors run
    ------                                               -----
    1  all StopApplication                               a step per affected app, a gate where a group or an
    2  all StartApplication of new apps                  unchanged app stands between two of them; each knows
    3… per level of the dependency graph: Scale of       the nodes that it waits for. A stopped app waits for
       new and resized apps, Restart of changed ones     the stopped apps that depended on it.

With `DeploymentMode` "steps" the nodes are Marathon's classic barriers instead: a gate between each step and the next,
so that an app waits for every app of all steps before its own, and all stops go together.

The rules of the levels are those of Marathon's ``core/deployment/DeploymentPlan.scala``: an app's level is the number
of apps on its longest dependency path through the whole target root; empty steps are left out. Everything here takes
time linear in the apps, groups and dependencies of the two roots.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from actors.marathon.dependency_graph import dependencies_of, levels, reversed_edges, topological, without
from actors.marathon.messages import Action, ActionKind
from actors.marathon.model import App, Pod, RootGroup

__all__ = ["AppChange", "DeploymentMode", "DeploymentPlan", "PlanNode", "changes_between", "make_plan"]

DeploymentMode: TypeAlias = Literal["graph", "steps"]
"""Whether an app waits for the apps it depends on, or, as in Marathon, for all apps of the steps before its own."""


@dataclass(frozen=True, slots=True)
class AppChange:
    """What happens to one app: SCALE (`original` is None for a new app), RESTART, or STOP (`target` is None)."""

    app_id: str
    kind: ActionKind
    original: App | None
    target: App | None

    @property
    def is_new(self) -> bool:
        return self.original is None

    def action(self, kind: ActionKind) -> Action:
        """Doing `kind` to it, as clients see it."""
        return Action(kind, self.app_id, isinstance(self.target or self.original, Pod))


@dataclass(frozen=True, slots=True)
class PlanNode:
    """A vertex of the graph: the step of one app, or a gate (`change` is None) that passes on what it waits for."""

    id: str
    waits_for: tuple[str, ...]
    change: AppChange | None


@dataclass(frozen=True, slots=True)
class DeploymentPlan:
    """See the head of this module. `nodes` come in an order in which each follows all that it waits for."""

    steps: tuple[tuple[Action, ...], ...]
    nodes: tuple[PlanNode, ...]
    changes: Mapping[str, AppChange]

    @property
    def affected_apps(self) -> tuple[str, ...]:
        """The ids of the apps that the deployment touches, and therefore locks."""
        return tuple(self.changes)

    def level_of_progress(self, finished: frozenset[str] | set[str]) -> int:
        """The index (from 0) of the lowest step with an unfinished app; the number of steps when all are done.

        A StartApplication is done as it is said: it only announces the app.
        """
        for index, step in enumerate(self.steps):
            if any(action.kind is not ActionKind.START and action.app_id not in finished for action in step):
                return index
        return len(self.steps)


def changes_between(original: Mapping[str, App], target: Mapping[str, App]) -> dict[str, AppChange]:
    """The apps that differ, by id: removed ones first, then in the target's order."""
    changes = {
        app_id: AppChange(app_id, ActionKind.STOP, app, None)
        for app_id, app in original.items()
        if app_id not in target
    }
    for app_id, app in target.items():
        before = original.get(app_id)
        if before is app or before == app:
            continue
        kind = ActionKind.RESTART if before is not None and _needs_restart(before, app) else ActionKind.SCALE
        changes[app_id] = AppChange(app_id, kind, before, app)
    return changes


def _needs_restart(before: App, app: App) -> bool:
    if app.instances == 0:
        return False
    return before.last_config_change_at != app.last_config_change_at or not before.same_config(app)


def make_plan(original: RootGroup, target: RootGroup, mode: DeploymentMode = "graph") -> DeploymentPlan:
    """The plan that leads from one root to the other; raises `CyclicDependencies`."""
    changes = changes_between(original.apps, target.apps)
    edges = dependencies_of(target.group)
    order = topological(edges)
    steps = tuple(_steps(changes, levels(edges, order)))
    if mode == "steps":
        return DeploymentPlan(steps, tuple(_behind_barriers(steps, changes)), changes)
    kept = {app_id for app_id, change in changes.items() if change.kind is not ActionKind.STOP}
    stopped = {app_id for app_id, change in changes.items() if change.kind is ActionKind.STOP}
    nodes = [
        PlanNode(vertex, tuple(waits_for), changes.get(vertex))
        for vertex, waits_for in without(edges, order, kept).items()
    ]
    if stopped:
        nodes = [*_stop_nodes(original, stopped, changes), *nodes]
    return DeploymentPlan(steps, tuple(nodes), changes)


def _behind_barriers(steps: tuple[tuple[Action, ...], ...], changes: Mapping[str, AppChange]) -> Iterator[PlanNode]:
    barrier: tuple[str, ...] = ()
    for number, step in enumerate(steps, 1):
        apps = [action.app_id for action in step if action.kind is not ActionKind.START]
        for app_id in apps:
            yield PlanNode(app_id, barrier, changes[app_id])
        if apps:
            yield PlanNode(f"#step-{number}", tuple(apps), None)
            barrier = (f"#step-{number}",)


def _stop_nodes(original: RootGroup, stopped: set[str], changes: Mapping[str, AppChange]) -> Iterator[PlanNode]:
    """The graph of the stops, against the dependencies. Its gates are other vertices than those of the starts."""
    before = dependencies_of(original.group)
    order = topological(before)
    order.reverse()

    def name(vertex: str) -> str:
        return vertex if vertex in stopped else f"{vertex}#stopped"

    for vertex, waits_for in without(reversed_edges(before), order, stopped).items():
        yield PlanNode(
            name(vertex),
            tuple(name(dependent) for dependent in waits_for),
            changes[vertex] if vertex in stopped else None,
        )


def _steps(changes: Mapping[str, AppChange], level: Mapping[str, int]) -> Iterator[tuple[Action, ...]]:
    stops, starts = [], []
    by_level: dict[int, list[Action]] = {}
    for app_id, change in changes.items():
        if change.kind is ActionKind.STOP:
            stops.append(change.action(ActionKind.STOP))
            continue
        if change.is_new:
            starts.append(change.action(ActionKind.START))
        by_level.setdefault(level[app_id], []).append(change.action(change.kind))
    for step in (stops, starts, *(by_level[number] for number in sorted(by_level))):
        if step:
            yield tuple(step)
