"""What the API's bodies look like. Objects of answers are closed: a field that is not here does not occur."""

from __future__ import annotations

from actors.marathon.messages import ActionKind
from actors.marathon.model import App

from ._pods import POD_STATUS, pod_schemas
from ._shapes import (
    ANY_OBJECT,
    BOOLEAN,
    INTEGER,
    MOMENT,
    NUMBER,
    STRING,
    Schema,
    array,
    or_null,
    record,
    ref,
    standard,
    with_null,
)

__all__ = ["schemas"]


def schemas() -> dict[str, Schema]:
    """The document's ``components.schemas``."""
    definition, parts = _of_the_model()
    return {
        **pod_schemas(),
        **parts,
        **_apps(definition),
        **POD_STATUS,
        **_TASKS,
        **_GROUPS,
        **_DEPLOYMENTS,
        **_QUEUE,
        **_SERVICE,
    }


# -- apps -------------------------------------------------------------------------------------------------------

_DEPRECATED: dict[str, Schema] = {
    "ports": {**array(INTEGER), "deprecated": True, "description": "Read as portDefinitions."},
    "uris": {**array(STRING), "deprecated": True, "description": "Read as fetch."},
    "ipAddress": {**ANY_OBJECT, "deprecated": True, "description": "Read as networks and port mappings."},
}

_COUNTS: dict[str, Schema] = dict.fromkeys(("tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"), INTEGER)


def _of_the_model() -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The properties of an app, and the schemas they refer to, from the model itself."""
    schema = App.model_json_schema(mode="validation", ref_template="#/components/schemas/{model}")
    parts = standard(schema["$defs"])
    parts["VersionInfo"]["properties"].pop("lastRestartAt")  # is stored, not shown
    unreachable = parts["UnreachableStrategy"]
    unreachable["properties"].pop("disabled")  # a string stands for it
    parts["UnreachableStrategy"] = {"anyOf": [unreachable, {"const": "disabled"}]}
    return standard(schema["properties"]), parts


def _always_shown() -> list[str]:
    shown = [
        field.alias or name
        for name, field in App.model_fields.items()
        if name not in App.omit_empty and field.default is not None
    ]
    return [*shown, "version", "versionInfo"]


def _apps(definition: dict[str, Schema]) -> dict[str, Schema]:
    given = with_null({**definition, **_DEPRECATED})
    shown = {"type": "object", "required": _always_shown(), "additionalProperties": False}
    embedded: dict[str, Schema] = {
        **_COUNTS,
        "deployments": array(record({"id": STRING})),
        "tasks": array(ref("Task")),
        "lastTaskFailure": ref("TaskFailure"),
        "readinessCheckResults": array(ref("ReadinessResult")),
        "taskStats": ref("TaskStats"),
    }
    return {
        "AppUpdate": {"type": "object", "properties": given},
        "AppDefinition": {"type": "object", "properties": {**given, "id": STRING}, "required": ["id"]},
        "AppAsItWas": {**shown, "properties": definition},
        "App": {**shown, "properties": {**definition, **embedded}},
        "CreatedApp": {
            **shown,
            "properties": {**definition, **embedded},
            "required": [*_always_shown(), *_COUNTS, "deployments", "tasks"],
        },
        "Apps": record({"apps": array(ref("App"))}),
        "TaskStats": record(
            {},
            dict.fromkeys(
                ("startedAfterLastScaling", "withLatestConfig", "withOutdatedConfig", "totalSummary"),
                record({"stats": ref("Stats")}),
            ),
        ),
        "Stats": record(
            {"counts": record(dict.fromkeys(("staged", "running", "healthy", "unhealthy"), INTEGER))},
            {"lifeTime": record(dict.fromkeys(("averageSeconds", "medianSeconds"), NUMBER))},
        ),
    }


# -- tasks ------------------------------------------------------------------------------------------------------

_TASKS: dict[str, Schema] = {
    "Task": record(
        {
            "id": STRING,
            "appId": STRING,
            "host": STRING,
            "ports": array(INTEGER),
            "servicePorts": array(INTEGER),
            "ipAddresses": array(record({"ipAddress": STRING, "protocol": {"enum": ["IPv4", "IPv6"]}})),
            "state": {"type": "string", "pattern": "^TASK_"},
            "version": STRING,
            "healthCheckResults": array(ref("HealthResult")),
            "localVolumes": array(ANY_OBJECT),
        },
        {
            "slaveId": STRING,
            "stagedAt": MOMENT,
            "startedAt": MOMENT,
            "region": STRING,
            "zone": STRING,
            "role": STRING,
        },
    ),
    "HealthResult": record(
        {"alive": BOOLEAN, "consecutiveFailures": INTEGER, "instanceId": STRING},
        {"firstSuccess": MOMENT, "lastSuccess": MOMENT, "lastFailure": MOMENT, "lastFailureCause": STRING},
    ),
    "TaskFailure": record(
        {
            "appId": STRING,
            "host": STRING,
            "message": STRING,
            "state": STRING,
            "taskId": STRING,
            "timestamp": MOMENT,
            "version": STRING,
            "slaveId": or_null(STRING),
        }
    ),
    "Tasks": record({"tasks": array(ref("Task"))}),
    "KilledTask": record({"task": ref("Task")}),
    "Output": record({"data": STRING, "offset": INTEGER, "next": INTEGER, "size": INTEGER}),
}

# -- groups -----------------------------------------------------------------------------------------------------

_DEFINITION_OR_NULL: Schema = {"anyOf": [ref("AppAsItWas"), ref("Pod"), {"type": "null"}]}

_GROUPS: dict[str, Schema] = {
    "Group": record(
        {"id": STRING, "dependencies": array(STRING), "version": STRING},
        {
            "apps": array(ref("App")),
            "groups": array(ref("Group")),
            "pods": array(ref("PodStatus")),
            "enforceRole": BOOLEAN,
        },
    ),
    "GroupUpdate": {
        "type": "object",
        "properties": with_null(
            {
                "id": STRING,
                "apps": array(ref("AppUpdate")),
                "groups": array(ref("GroupUpdate")),
                "dependencies": array(STRING),
                "enforceRole": BOOLEAN,
                "version": {**STRING, "description": "Alone: go back to this version."},
                "scaleBy": {**NUMBER, "description": "Alone: multiply the instances of every app."},
            }
        ),
    },
    "DryRun": record({"steps": array(ref("Step")), "graph": array(ref("Node")), "changes": array(ref("AppChange"))}),
    "AppChange": record({"id": STRING, **dict.fromkeys(("before", "after"), _DEFINITION_OR_NULL)}),
}

# -- deployments ------------------------------------------------------------------------------------------------

_READY: dict[str, Schema] = {"readinessCheckResults": array(ref("ReadinessResult"))}
_ON_APP: dict[str, Schema] = {"action": {"enum": [kind.value for kind in ActionKind]}, "app": STRING}
_ON_POD: dict[str, Schema] = {
    "action": {"enum": [kind.value.replace("Application", "Pod") for kind in ActionKind]},
    "pod": STRING,
}

_DEPLOYMENT: dict[str, Schema] = {
    "id": STRING,
    "version": STRING,
    "affectedApps": array(STRING),
    "affectedPods": array(STRING),
    "steps": array(ref("Step")),
    "currentActions": array({"oneOf": [record({**_ON_APP, **_READY}), record({**_ON_POD, **_READY})]}),
    "currentStep": INTEGER,
    "totalSteps": INTEGER,
}

_DEPLOYMENTS: dict[str, Schema] = {
    "DeploymentResult": record({"version": STRING, "deploymentId": STRING}),
    "Step": record({"actions": array({"oneOf": [record(_ON_APP), record(_ON_POD)]})}),
    "Deployment": record(_DEPLOYMENT),
    "DeploymentWithGraph": record({**_DEPLOYMENT, "graph": array(ref("Node"))}),
    "Node": record(
        {
            "id": STRING,
            "kind": {"enum": ["app", "group"]},
            "action": or_null({"enum": [kind.value for kind in ActionKind]}),
            "waitsFor": array(STRING),
            "state": {"enum": ["waiting", "begun", "ready"]},
        }
    ),
    "ReadinessResult": record(
        {"name": STRING, "taskId": STRING, "ready": BOOLEAN},
        {"lastResponse": record({"status": INTEGER, "contentType": STRING, "body": STRING})},
    ),
}

# -- the queue --------------------------------------------------------------------------------------------------

_VALUE: dict[str, Schema] = {
    "scalar": NUMBER,
    "text": STRING,
    "ranges": array(record({"begin": INTEGER, "end": INTEGER})),
    "set": array(STRING),
}

_QUEUE: dict[str, Schema] = {
    "Queue": record({"queue": array(ref("QueueItem"))}),
    "QueueItem": record(
        {
            "count": INTEGER,
            "role": STRING,
            "since": MOMENT,
            "delay": record({"timeLeftSeconds": INTEGER, "overdue": BOOLEAN}),
            "processedOffersSummary": record(
                {
                    "processedOffersCount": INTEGER,
                    "unusedOffersCount": INTEGER,
                    "rejectSummaryLastOffers": array(ref("RejectedOffers")),
                    "rejectSummaryLaunchAttempt": array(ref("RejectedOffers")),
                },
                {"lastUnusedOfferAt": MOMENT, "lastUsedOfferAt": MOMENT},
            ),
        },
        {
            "app": ref("AppAsItWas"),
            "pod": {**ref("Pod"), "description": "In the place of app."},
            "lastUnusedOffers": array(ref("UnusedOffer")),
        },
    ),
    "RejectedOffers": record({"reason": STRING, "declined": INTEGER, "processed": INTEGER}),
    "UnusedOffer": record({"offer": ref("Offer"), "reason": array(STRING), "timestamp": MOMENT}),
    "Offer": record(
        {
            "id": STRING,
            "hostname": STRING,
            "agentId": STRING,
            "resources": array(record({"name": STRING, "role": STRING}, _VALUE)),
            "attributes": array(record({"name": STRING}, _VALUE)),
        }
    ),
}

# -- the service itself -----------------------------------------------------------------------------------------

_SERVICE: dict[str, Schema] = {
    "Info": record(
        {
            "name": STRING,
            "version": STRING,
            "buildref": STRING,
            "elected": BOOLEAN,
            "leader": STRING,
            "frameworkId": or_null(STRING),
            "marathon_config": ANY_OBJECT,
            "zookeeper_config": ANY_OBJECT,
            "http_config": record({"http_port": or_null(INTEGER), "https_port": or_null(INTEGER)}),
        }
    ),
    "Metrics": record(
        {
            "version": STRING,
            "gauges": {"type": "object", "additionalProperties": record({"value": NUMBER})},
            **dict.fromkeys(("counters", "histograms", "meters", "timers"), ANY_OBJECT),
        }
    ),
    "Error": record(
        {"message": STRING},
        {
            "details": {"anyOf": [STRING, array(record({"path": STRING, "errors": array(STRING)}))]},
            "deployments": array(record({"id": STRING})),
            "version": or_null(STRING),
        },
    ),
}
