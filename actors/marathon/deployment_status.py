"""A running deployment as clients see it: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.marathon.model import App

__all__ = ["Action", "ActionKind", "DeploymentNode", "DeploymentStatus", "ReadinessResponse", "ReadinessResult"]


class ActionKind(Enum):
    """What a deployment does to one app, as Marathon's clients read it."""

    START = "StartApplication"
    SCALE = "ScaleApplication"
    RESTART = "RestartApplication"
    STOP = "StopApplication"


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a step: what is done to which app or pod."""

    kind: ActionKind
    app_id: str
    on_pod: bool = False


@dataclass(frozen=True, slots=True)
class DeploymentNode:
    """A vertex of a deployment's graph: an app's step, or a gate (no `action`) that passes on what it waits for."""

    id: str
    waits_for: tuple[str, ...]
    action: ActionKind | None


@dataclass(frozen=True, slots=True)
class ReadinessResponse:
    """What a task answered to its readiness check; of the body only the beginning."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """What a readiness check last saw of one task; `last_response` only when the check says to keep it."""

    name: str
    task_id: str
    ready: bool
    last_response: ReadinessResponse | None = None


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """A running deployment as `GET /v2/deployments` shows it.

    `steps` are the levels of the dependency graph; the actors run it as a graph, and `current_step` (from 1) is the
    lowest level that is not finished. `finished` has the apps whose part is done, `readiness` what the readiness checks
    of each app's new tasks saw. `nodes` are the graph itself; `begun` and `ready` the ids of those nodes that wait for
    nobody any more and of those that have told their dependents to go on.
    """

    id: str
    version: str
    steps: tuple[tuple[Action, ...], ...]
    current_step: int
    current_actions: tuple[Action, ...]
    affected_apps: tuple[str, ...]
    finished: frozenset[str] = frozenset()
    readiness: Mapping[str, tuple[ReadinessResult, ...]] = field(default_factory=dict)
    nodes: tuple[DeploymentNode, ...] = ()
    begun: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()
    original: Mapping[str, App] = field(default_factory=dict)
    target: Mapping[str, App] = field(default_factory=dict)

    @property
    def total_steps(self) -> int:
        return len(self.steps)
