"""Every method of every path of the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.marathon.api.cluster import READABLE

from ._shapes import BOOLEAN, INTEGER, JSON, STRING, array, one_of, record, ref

__all__ = ["OPERATIONS", "Operation", "paths"]

EVENTS, PLAIN = "text/event-stream", "text/plain"


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the query."""

    name: str
    text: str
    schema: Mapping[str, Any] = field(default_factory=lambda: STRING)


@dataclass(frozen=True, slots=True)
class Answer:
    """A body, by its content type, and the headers that come with it."""

    content: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


def _json(schema: Mapping[str, Any], *headers: str) -> Answer:
    return Answer({JSON: schema}, headers)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. Every error has the body `Error`."""

    method: str
    path: str
    summary: str
    answers: Mapping[int, Answer]
    query: tuple[Query, ...] = ()
    body: Mapping[str, Any] | None = None


DEPLOYMENT_ID, LOCATION = "Marathon-Deployment-Id", "Location"
HEADERS = {
    DEPLOYMENT_ID: "The deployment that the call started.",
    LOCATION: "Where the new app, group or pod (or the deployment that removes a pod) answers.",
}
NONE = Answer()
PLANNED = Answer({JSON: ref("DryRun")})
OR_PLANNED = Answer({JSON: one_of("DeploymentResult", "DryRun")})  # as dryRun says; only the former has the header
DEPLOYED = _json(ref("DeploymentResult"), DEPLOYMENT_ID)
CREATED = _json(ref("DeploymentResult"), DEPLOYMENT_ID, LOCATION)

FORCE = Query("force", "Cancel the deployments that lock an affected app.", BOOLEAN)
DRY_RUN = Query("dryRun", "Change nothing, tell the plan.", BOOLEAN)
IF_VERSION = Query("ifVersion", "Only if the app is still of this version; else 409.")
FORCE_DELETE = Query("force", "As elsewhere, but true unless it is said to be false.", BOOLEAN)
PARTIAL = Query("partialUpdate", "Fields that are not named keep their values (the default).", BOOLEAN)
EMBED_APPS = Query("embed", "apps.tasks, apps.counts, apps.deployments, apps.readiness, …; repeatable.", array(STRING))
EMBED_GROUP = Query("embed", "group.groups, group.apps, group.pods, group.apps.tasks, …; repeatable.", array(STRING))
SCALE = Query("scale", "Do not replace what is killed: scale the app down.", BOOLEAN)
WIPE = Query("wipe", "Forget instances whose agent cannot be reached; not with scale.", BOOLEAN)
KILL = (SCALE, WIPE, FORCE)
SELECT = (
    Query("cmd", "Apps whose command contains this text, in any case."),
    Query("id", "Apps whose id contains this text, in any case."),
    Query("label", "A label selector: a==b, c!=d, e in (x, y), f notin (x, y), g."),
    EMBED_APPS,
)

OPERATIONS = (
    Operation("GET", "/v2/apps", "List the apps.", {200: _json(ref("Apps"))}, SELECT),
    Operation("POST", "/v2/apps", "Create an app.",
              {200: PLANNED, 201: _json(ref("CreatedApp"), DEPLOYMENT_ID, LOCATION)},
              (FORCE, DRY_RUN), ref("AppDefinition")),
    Operation("PUT", "/v2/apps", "Create or update several apps as one change.",
              {200: OR_PLANNED}, (FORCE, PARTIAL, DRY_RUN), array(ref("AppUpdate"))),
    Operation("PATCH", "/v2/apps", "Update several apps as one change.", {200: OR_PLANNED}, (FORCE, DRY_RUN),
              array(ref("AppUpdate"))),
    Operation("GET", "/v2/apps/{app_id}", "Show an app.", {200: _json(record({"app": ref("App")}))}, (EMBED_APPS,)),
    Operation("PUT", "/v2/apps/{app_id}", "Create, update or (with a version alone) roll back an app.",
              {200: OR_PLANNED, 201: CREATED}, (FORCE, PARTIAL, DRY_RUN, IF_VERSION), ref("AppUpdate")),
    Operation("PATCH", "/v2/apps/{app_id}", "Update an app.", {200: OR_PLANNED}, (FORCE, DRY_RUN, IF_VERSION),
              ref("AppUpdate")),
    Operation("DELETE", "/v2/apps/{app_id}", "Remove an app.", {200: OR_PLANNED}, (FORCE_DELETE, DRY_RUN)),
    Operation("POST", "/v2/apps/{app_id}/restart", "Replace every instance.", {200: OR_PLANNED}, (FORCE, DRY_RUN)),
    Operation("GET", "/v2/apps/{app_id}/versions", "List an app's versions, newest first.",
              {200: _json(record({"versions": array(STRING)}))}),
    Operation("GET", "/v2/apps/{app_id}/versions/{version}", "Show an app as it was.",
              {200: _json(ref("AppAsItWas"))}),
    Operation("GET", "/v2/apps/{app_id}/tasks", "List an app's tasks.", {200: _json(ref("Tasks"))}),
    Operation("DELETE", "/v2/apps/{app_id}/tasks", "Kill an app's tasks.",
              {200: _json(one_of("Tasks", "DeploymentResult"))},
              (Query("host", "Only those on this host."), *KILL)),
    Operation("DELETE", "/v2/apps/{app_id}/tasks/{task_id}", "Kill one task.",
              {200: _json(one_of("KilledTask", "DeploymentResult"))}, KILL),
    *(
        operation
        for path in ("/v2/apps/*", "/v2/apps/{group_id}/*")
        for operation in (
            Operation("GET", path, "List the apps in and below a group.",
                      {200: _json(record({"*": array(ref("App"))}))}),
            Operation("GET", f"{path}/tasks", "List the tasks in and below a group.", {200: _json(ref("Tasks"))}),
        )
    ),
    Operation("GET", "/v2/tasks", "List all tasks.", {200: _json(ref("Tasks"))},
              (Query("status", "running or staging; repeatable, also as status[].", array(STRING)),
               Query("status[]", "The same.", array(STRING)))),
    Operation("POST", "/v2/tasks/delete", "Kill tasks of any apps.",
              {200: _json(one_of("Tasks", "DeploymentResult"))}, KILL, record({"ids": array(STRING)})),
    *(
        operation
        for path in ("/v2/groups", "/v2/groups/{group_id}")
        for operation in (
            Operation("GET", path, "Show a group with all below it.", {200: _json(ref("Group"))}, (EMBED_GROUP,)),
            Operation("POST", path, "Create a group with all in it.", {201: CREATED}, (FORCE,), ref("GroupUpdate")),
            Operation("PUT", path, "Create, update, scale or roll back a group.",
                      {200: OR_PLANNED}, (FORCE, DRY_RUN), ref("GroupUpdate")),
            Operation("DELETE", path, "Remove a group with all in it.", {200: OR_PLANNED}, (FORCE, DRY_RUN)),
            Operation("GET", f"{path}/apps", "List the apps in and below a group.", {200: _json(ref("Apps"))},
                      (EMBED_GROUP,)),
            Operation("GET", f"{path}/versions", "List a group's versions, newest first.",
                      {200: _json(array(STRING))}),
            Operation("GET", f"{path}/versions/{{version}}", "Show a group as it was.", {200: _json(ref("Group"))}),
            Operation("PUT", f"{path}/versions/{{version}}", "Roll a group back.", {200: DEPLOYED}, (FORCE,)),
        )
    ),
    Operation("PATCH", "/v2/groups/{group_id}", "Set enforceRole of a top-level group.", {200: DEPLOYED}, (FORCE,),
              record({}, {"enforceRole": BOOLEAN})),
    Operation("HEAD", "/v2/pods", "Whether there are pods at all.", {200: NONE}),
    Operation("GET", "/v2/pods", "List the pods.", {200: _json(array(ref("Pod")))}),
    Operation("POST", "/v2/pods", "Create a pod.", {201: _json(ref("Pod"), DEPLOYMENT_ID, LOCATION)}, (FORCE,),
              ref("PodDefinition")),
    Operation("GET", "/v2/pods::status", "Show how every pod is.", {200: _json(array(ref("PodStatus")))}),
    Operation("GET", "/v2/pods/::status", "The same.", {200: _json(array(ref("PodStatus")))}),
    Operation("GET", "/v2/pods/{pod_id}", "Show a pod's definition.", {200: _json(ref("Pod"))}),
    Operation("PUT", "/v2/pods/{pod_id}", "Replace a pod's definition.",
              {200: _json(ref("Pod"), DEPLOYMENT_ID, LOCATION)}, (FORCE,), ref("PodUpdate")),
    Operation("DELETE", "/v2/pods/{pod_id}", "Remove a pod.", {202: Answer(headers=(DEPLOYMENT_ID, LOCATION))},
              (FORCE,)),
    Operation("GET", "/v2/pods/{pod_id}::status", "Show how a pod is.", {200: _json(ref("PodStatus"))}),
    Operation("GET", "/v2/pods/{pod_id}::versions", "List a pod's versions, newest first.",
              {200: _json(array(STRING))}),
    Operation("GET", "/v2/pods/{pod_id}::versions/{version}", "Show a pod as it was.", {200: _json(ref("Pod"))}),
    Operation("DELETE", "/v2/pods/{pod_id}::instances", "Kill instances of a pod.",
              {200: _json(array(ref("PodInstance")))}, (WIPE,), array(STRING)),
    Operation("DELETE", "/v2/pods/{pod_id}::instances/{instance_id}", "Kill one instance of a pod.",
              {200: _json(ref("PodInstance"))}, (WIPE,)),
    Operation("GET", "/v2/deployments", "List the running deployments, oldest first.",
              {200: _json(array(ref("Deployment")))}),
    Operation("GET", "/v2/deployments/{deployment_id}", "Show a running deployment with its graph.",
              {200: _json(ref("DeploymentWithGraph"))}),
    Operation("DELETE", "/v2/deployments/{deployment_id}", "Undo a deployment, or (force) leave it as it is.",
              {200: DEPLOYED, 202: Answer(headers=(DEPLOYMENT_ID,))},
              (FORCE, Query("app", "End only this app's part, as it stands; the deployment goes on without it."))),
    Operation("GET", "/v2/queue", "List what waits to be launched, and why.", {200: _json(ref("Queue"))},
              (Query("embed", "lastUnusedOffers", array(STRING)),)),
    Operation("DELETE", "/v2/queue/{app_id}/delay", "Forget an app's back-off.", {204: NONE}),
    Operation("GET", "/v2/events", "Follow what happens, as server-sent events.",
              {200: Answer({EVENTS: STRING})},
              (Query("event_type", "Only this type; repeatable.", array(STRING)),
               Query("plan-format", "light leaves the groups out of plans."))),
    Operation("GET", "/v2/info", "What the service is.", {200: _json(ref("Info"))}),
    Operation("GET", "/v2/leader", "Who leads.", {200: _json(record({"leader": STRING}))}),
    Operation("DELETE", "/v2/leader", "Give the leadership up; the process ends, tasks run on.",
              {200: _json(record({"message": STRING}))}),
    Operation("GET", "/v2/logs", "List the tasks of an app whose output can be read.",
              {200: _json(record({"tasks": array(STRING)}))}, (Query("app", "The app's id."),)),
    Operation("GET", "/v2/logs/{task_id}/{file}", "Read what a task wrote to stdout or stderr.",
              {200: _json(ref("Output"))},
              (Query("offset", "The first byte; negative: from the end.", INTEGER),
               Query("length", "Bytes at the most.", INTEGER))),
    Operation("GET", "/v2/mesos/{what}", f"Read {', '.join(READABLE)} of the leading Mesos master.",
              {200: Answer({JSON: {"type": "object"}})},
              (Query("limit", "Of tasks: how many at the most.", INTEGER),
               Query("offset", "Of tasks: how many to leave out.", INTEGER),
               Query("order", "Of tasks: asc or desc, by their start."))),
    Operation("GET", "/v2/plugins", "List the plugins: there are none.",
              {200: _json(record({"plugins": array({"type": "object"})}))}),
    Operation("GET", "/v2/openapi.json", "This document.", {200: _json({"type": "object"})}),
    Operation("GET", "/metrics", "Gauges of the service.", {200: _json(ref("Metrics"))}),
    Operation("GET", "/ping", "Whether it answers.", {200: Answer({JSON: STRING, PLAIN: STRING})}),
)  # fmt: skip


def paths() -> dict[str, Any]:
    """The document's ``paths``."""
    found: dict[str, Any] = {}
    for operation in OPERATIONS:
        found.setdefault(operation.path, {})[operation.method.lower()] = _described(operation)
    return found


def _described(operation: Operation) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": STRING}
        for name in re.findall(r"{(\w+)}", operation.path)
    ]
    in_query = [
        {"name": query.name, "in": "query", "description": query.text, "schema": query.schema}
        for query in operation.query
    ]
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [*in_path, *in_query],
        "responses": {
            **{str(status): _response(answer) for status, answer in operation.answers.items()},
            "default": {
                "description": "An error, in words.",
                "content": {JSON: {"schema": ref("Error")}},
            },
        },
    }
    if operation.body is not None:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    return described


def _response(answer: Answer) -> dict[str, Any]:
    response: dict[str, Any] = {"description": "Done." if answer.content else "Done; there is no body."}
    if answer.content:
        response["content"] = {kind: {"schema": schema} for kind, schema in answer.content.items()}
    if answer.headers:
        response["headers"] = {
            name: {"description": HEADERS[name], "required": True, "schema": STRING} for name in answer.headers
        }
    return response
