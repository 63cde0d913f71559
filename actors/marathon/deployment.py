"""A deployment: one actor per running deployment, with a step actor per affected app and a gate per group between them.

    supervisor            deployment                                  steps and gates
    ----------            ----------                                  ---------------
    spawns it      ──▶    one child per node of the plan        ──▶   Begin(waits_for, dependents)
                                                                      Ready ─▶ dependents, among themselves
    DeploymentProgress ◀─ StepBegun, StepDone                   ◀──   each
                          DeploymentInfo, DeploymentStepSuccess       per level, in the order of the levels
    DeploymentEnded  ◀──  all are done, or one gave up
    CancelStep     ──▶    one app's part ends as it stands      ──▶   AbandonStep
    StepAbandoned  ◀───────────────────────────────────────────────   its last order is given

The graph runs by itself: the deployment only counts. Clients see levels; a level is a success when it and all before it
are done, so that the step events come in the order of the steps though the apps do not wait for it.

A step that fails (an error in its code) is made anew and begins again after 5, 10, 20, 40, 60, 60, … seconds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from actors.core import Actor, ActorRef, OneForOneStrategy, Props
from actors.marathon.dependency_graph import reversed_edges
from actors.marathon.messages import (
    Action,
    ActionKind,
    DeploymentInfo,
    DeploymentNode,
    DeploymentNodeChanged,
    DeploymentStatus,
    DeploymentStepFailure,
    DeploymentStepSuccess,
)
from actors.marathon.plan import DeploymentPlan, PlanNode
from actors.marathon.protocol import (
    AbandonStep,
    Begin,
    CancelStep,
    DeploymentEnded,
    DeploymentProgress,
    ReadinessKnown,
    StepAbandoned,
    StepBegun,
    StepDone,
    StepFailed,
    StepRestarted,
)
from actors.marathon.step import AppStep, Gate

__all__ = ["Deployment", "status_of"]

FIRST_RETRY = 5.0
"""Seconds before a step that failed begins again; doubled each time."""

MAX_RETRY = 60.0


@dataclass(frozen=True, slots=True)
class _BeginAgain:
    node: str


def status_of(deployment_id: str, version: str, plan: DeploymentPlan) -> DeploymentStatus:
    """A deployment of `plan` as it begins."""
    changes = plan.changes.values()
    return DeploymentStatus(
        id=deployment_id,
        version=version,
        steps=plan.steps,
        current_step=1 if plan.steps else 0,
        current_actions=plan.steps[0] if plan.steps else (),
        affected_apps=plan.affected_apps,
        nodes=tuple(
            DeploymentNode(node.id, node.waits_for, node.change.kind if node.change is not None else None)
            for node in plan.nodes
        ),
        original={change.app_id: change.original for change in changes if change.original is not None},
        target={change.app_id: change.target for change in changes if change.target is not None},
    )


class Deployment(Actor[Any]):
    """See the head of this module."""

    supervisor_strategy = OneForOneStrategy(max_restarts=-1, within=None)

    def __init__(
        self,
        status: DeploymentStatus,
        plan: DeploymentPlan,
        instances: ActorRef[Any],
        queue: ActorRef[Any],
        kill: frozenset[str] = frozenset(),
    ) -> None:
        self._status = status
        self._plan = plan
        self._instances = instances
        self._queue = queue
        self._kill = kill
        self._publish = self.context.system.event_stream.publish
        self._nodes = {node.id: node for node in plan.nodes}
        self._dependents = reversed_edges({node.id: node.waits_for for node in plan.nodes})
        self._actors: dict[str, ActorRef[Any]] = {}
        self._done: set[str] = set()
        self._begun: set[str] = set()
        self._abandoned: dict[str, AbandonStep] = {}
        self._failures: Counter[str] = Counter()
        self._level = 0

    def pre_start(self) -> None:
        for number, node in enumerate(self._plan.nodes):
            self._actors[node.id] = self.context.spawn(self._props(node), f"{number}-{_name(node.id)}")
        for node in self._plan.nodes:
            self._begin(node)
        self._progress()

    def _props(self, node: PlanNode) -> Props[Any]:
        if node.change is None:
            return Props(Gate, node.id)
        return Props(AppStep, node.change, self._instances, self._queue, self._kill)

    def _begin(self, node: PlanNode) -> None:
        if node.id in self._abandoned:
            self._actors[node.id].tell(self._abandoned[node.id], self.ref)
        missing = frozenset(node.waits_for) - self._done
        dependents = tuple(self._actors[dependent] for dependent in self._dependents[node.id])
        self._actors[node.id].tell(Begin(missing, dependents), self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case StepBegun(node):
                if node not in self._begun:
                    self._begun.add(node)
                    self._publish(DeploymentNodeChanged(self._status.id, node, "begun"))
                self._progress()
            case StepDone(node):
                if node not in self._done:
                    self._done.add(node)
                    notified = tuple(self._dependents[node])
                    self._publish(DeploymentNodeChanged(self._status.id, node, "ready", notified))
                    if node in self._plan.changes:
                        self._progress()
            case ReadinessKnown(node, results):
                self._status = replace(self._status, readiness={**self._status.readiness, node: results})
                self.context.parent.tell(DeploymentProgress(self._status), self.ref)
            case CancelStep(app_id, keep):
                self._abandoned[app_id] = AbandonStep(keep)
                self._actors[app_id].tell(self._abandoned[app_id], self.sender)
            case StepAbandoned():
                pass  # the answer of a step that was made anew and told again
            case StepFailed(_, reason):
                self._fail(reason)
            case StepRestarted(node):
                delay = min(MAX_RETRY, FIRST_RETRY * 2 ** self._failures[node])
                self._failures[node] += 1
                self.log.warning("the step of %s failed; it begins again in %g s", node, delay)
                self.context.timers.start_single(node, _BeginAgain(node), delay)
            case _BeginAgain(node):
                self._begin(self._nodes[node])
            case _:
                self.unhandled(message)

    def _progress(self) -> None:
        """Say how far the deployment is; a level that is done is said once, in order."""
        finished = frozenset(self._done & self._plan.changes.keys())
        level = self._plan.level_of_progress(finished)
        if self._level == 0 and self._plan.steps:
            self._level = 1
            self._publish(DeploymentInfo(self._status, self._plan.steps[0]))
        current = self._current_actions(finished) or (self._plan.steps[level] if level < len(self._plan.steps) else ())
        self._status = replace(
            self._status,
            current_step=min(level + 1, len(self._plan.steps)),
            current_actions=current,
            finished=finished,
            begun=frozenset(self._begun),
            ready=frozenset(self._done),
        )
        while self._level and self._level <= level:
            self._publish(DeploymentStepSuccess(self._status, self._plan.steps[self._level - 1]))
            self._level += 1
            if self._level <= len(self._plan.steps):
                self._publish(DeploymentInfo(self._status, self._plan.steps[self._level - 1]))
        if len(finished) == len(self._plan.changes):
            self.context.parent.tell(DeploymentEnded(self._status.id, self._status), self.ref)
        else:
            self.context.parent.tell(DeploymentProgress(self._status), self.ref)

    def _current_actions(self, finished: frozenset[str]) -> tuple[Action, ...]:
        return tuple(
            action
            for step in self._plan.steps
            for action in step
            if action.app_id in self._begun and action.app_id not in finished and action.kind is not ActionKind.START
        )

    def _fail(self, reason: str) -> None:
        step = self._plan.steps[self._status.current_step - 1]
        self._publish(DeploymentStepFailure(self._status, step))
        self.context.parent.tell(DeploymentEnded(self._status.id, self._status, reason), self.ref)


def _name(node: str) -> str:
    """A node's id as an actor's name."""
    return node.strip("/").replace("/", "_").replace("#", ".") or "root"
