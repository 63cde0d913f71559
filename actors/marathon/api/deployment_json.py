"""Deployments as Marathon's JSON: as ``/v2/deployments`` lists them and as events carry their plans."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from actors.marathon.messages import Action, DeploymentNode, DeploymentStatus, ReadinessResult
from actors.marathon.model import Pod, RootGroup

from ._http import json_text

__all__ = [
    "action_json",
    "deployment_json",
    "graph_json",
    "plan_json",
    "plan_text",
    "readiness_json",
    "step_json",
    "steps_json",
]


def action_json(action: Action) -> dict[str, str]:
    if action.on_pod:
        return {"action": action.kind.value.replace("Application", "Pod"), "pod": action.app_id}
    return {"action": action.kind.value, "app": action.app_id}


def step_json(step: Iterable[Action]) -> dict[str, Any]:
    return {"actions": [action_json(action) for action in step]}


def steps_json(steps: Iterable[Iterable[Action]]) -> list[dict[str, Any]]:
    return [step_json(step) for step in steps]


def deployment_json(deployment: DeploymentStatus) -> dict[str, Any]:
    """An entry of ``GET /v2/deployments``."""
    pods = [key for key, app in {**deployment.original, **deployment.target}.items() if isinstance(app, Pod)]
    return {
        "id": deployment.id,
        "version": deployment.version,
        "affectedApps": [key for key in deployment.affected_apps if key not in pods],
        "affectedPods": pods,
        "steps": steps_json(deployment.steps),
        "currentActions": [
            {
                **action_json(action),
                "readinessCheckResults": readiness_json(deployment.readiness.get(action.app_id, ())),
            }
            for action in deployment.current_actions
        ],
        "currentStep": deployment.current_step,
        "totalSteps": deployment.total_steps,
    }


def graph_json(
    nodes: Iterable[DeploymentNode], begun: Collection[str] = (), ready: Collection[str] = ()
) -> list[dict[str, Any]]:
    """``graph``: the nodes with whom each waits for. An addition of ours; Marathon shows steps alone.

    ``group`` stands for a group, or an app with nothing to do, between apps: it passes on what it waits for.
    """
    return [
        {
            "id": node.id,
            "kind": "group" if node.action is None else "app",
            "action": None if node.action is None else node.action.value,
            "waitsFor": list(node.waits_for),
            "state": "ready" if node.id in ready else "begun" if node.id in begun else "waiting",
        }
        for node in nodes
    ]


def readiness_json(results: Iterable[ReadinessResult]) -> list[dict[str, Any]]:
    """``readinessCheckResults``: what the new tasks of an app said."""
    return [
        {"name": result.name, "taskId": result.task_id, "ready": result.ready, **_last_response(result)}
        for result in results
    ]


def _last_response(result: ReadinessResult) -> dict[str, Any]:
    said = result.last_response
    if said is None:
        return {}
    return {"lastResponse": {"status": said.status, "contentType": said.content_type, "body": said.body}}


def plan_json(plan: DeploymentStatus) -> dict[str, Any]:
    """The ``plan`` of a deployment event, without the groups before and after it: what a client gets who asked for
    light ones."""
    return {"id": plan.id, "steps": steps_json(plan.steps), "version": plan.version}


def plan_text(plan: DeploymentStatus) -> str:
    """The whole ``plan`` as JSON text, put together from that of its apps."""
    original, target = (RootGroup().with_apps(*apps.values()).group for apps in (plan.original, plan.target))
    return f'{json_text(plan_json(plan))[:-1]},"original":{original.wire_text},"target":{target.wire_text}}}'
