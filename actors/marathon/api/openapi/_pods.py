"""What the bodies of ``/v2/pods`` look like."""

from __future__ import annotations

from actors.marathon.model import PodSpec

from ._shapes import ANY_OBJECT, BOOLEAN, INTEGER, MOMENT, STRING, Schema, array, record, ref, standard, with_null

__all__ = ["POD_STATUS", "pod_schemas"]

_MOMENTS: dict[str, Schema] = {"statusSince": MOMENT, "lastUpdated": MOMENT, "lastChanged": MOMENT}


def pod_schemas() -> dict[str, Schema]:
    """A pod as clients write it and as it is shown, with the schemas that these refer to, from the model itself."""
    schema = PodSpec.model_json_schema(mode="validation", ref_template="#/components/schemas/{model}")
    parts = {name: part for name, part in standard(schema["$defs"]).items() if name != "UnreachableStrategy"}
    fields = standard(schema["properties"])
    given = with_null({**fields, "version": {**STRING, "description": "Is not read: each change makes a new one."}})
    shown = [field.alias or name for name, field in PodSpec.model_fields.items() if name not in PodSpec.omit_empty]
    return {
        **parts,
        "PodUpdate": {"type": "object", "properties": given},
        "PodDefinition": {
            "type": "object",
            "properties": {**given, "id": STRING, "containers": fields["containers"]},
            "required": ["id", "containers"],
        },
        "Pod": {
            "type": "object",
            "properties": {**fields, "version": MOMENT},
            "required": [*(name for name in shown if name != "user"), "version"],
            "additionalProperties": False,
        },
    }


_CONDITION: Schema = record(
    {"name": STRING, "lastChanged": MOMENT, "lastUpdated": MOMENT, "value": STRING}, {"reason": STRING}
)

POD_STATUS: dict[str, Schema] = {
    "PodStatus": record(
        {
            "id": STRING,
            "spec": ref("Pod"),
            "status": {"enum": ["STABLE", "DEGRADED", "TERMINAL"]},
            "instances": array(ref("PodInstance")),
            "terminationHistory": array(ANY_OBJECT),
            **_MOMENTS,
        }
    ),
    "PodInstance": record(
        {
            "id": STRING,
            "status": {"enum": ["PENDING", "STAGING", "STABLE", "DEGRADED", "TERMINAL"]},
            "conditions": array(_CONDITION),
            "resources": ref("Resources"),
            "networks": array(record({"addresses": array(STRING)}, {"name": STRING})),
            "containers": array(ref("PodContainerStatus")),
            "specReference": STRING,
            "localVolumes": array(ANY_OBJECT),
            "role": STRING,
            **_MOMENTS,
        },
        {"agentHostname": STRING, "agentId": STRING, "agentRegion": STRING, "agentZone": STRING},
    ),
    "PodContainerStatus": record(
        {
            "name": STRING,
            "status": {"type": "string", "pattern": "^TASK_"},
            "containerId": STRING,
            "conditions": array(_CONDITION),
            "endpoints": array(record({"name": STRING}, {"allocatedHostPort": INTEGER, "healthy": BOOLEAN})),
            **_MOMENTS,
        },
        {
            "message": STRING,
            "resources": ref("Resources"),
            "termination": record({}, {"message": STRING}),
        },
    ),
}
