"""The small words that schemas are made of (JSON Schema)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ANY_OBJECT",
    "BOOLEAN",
    "INTEGER",
    "JSON",
    "MOMENT",
    "NUMBER",
    "STRING",
    "Schema",
    "array",
    "one_of",
    "or_null",
    "record",
    "ref",
    "standard",
    "with_null",
]

Schema = Mapping[str, Any]

JSON = "application/json"
STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ANY_OBJECT: Schema = {"type": "object"}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """A closed object."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(*names: str) -> Schema:
    return {"oneOf": [ref(name) for name in names]}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def with_null(properties: Mapping[str, Schema]) -> dict[str, Schema]:
    """What clients send: an explicit null means that they do not send it."""
    return {name: or_null(schema) for name, schema in properties.items()}


def standard(schema: Any) -> Any:
    """Bounds that pydantic writes under names of its own, in JSON Schema's; without its titles."""
    if isinstance(schema, list):
        return [standard(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    names = {"ge": "minimum", "le": "maximum"}
    return {
        names.get(key, key): standard(value)
        for key, value in schema.items()
        if not (key == "title" and isinstance(value, str))
    }
