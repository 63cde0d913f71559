"""Compares what the API really takes and answers with what its OpenAPI document says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from actors.marathon.api.openapi import document

DOCUMENT = document("0.1.0")


def _pattern(template: str) -> re.Pattern[str]:
    """Ids contain slashes; all other parameters do not. Slashes may be doubled, as clients do."""

    def pattern_of(piece: str) -> str:
        if piece in ("{app_id}", "{group_id}", "{pod_id}"):
            return "(?!/).+?"
        return "[^/]+" if piece.startswith("{") else re.escape(piece)

    parts = ["".join(map(pattern_of, re.findall(r"{\w+}|[^{]+", part))) for part in template.strip("/").split("/")]
    return re.compile("/" + "/+".join(parts) + "/*")


# What is fixed goes before what may be anything: /v2/apps/{app_id}/tasks before /v2/apps/{app_id}.
_TEMPLATES = sorted(DOCUMENT["paths"], key=lambda path: (-len(re.sub(r"{\w+}", "", path)), path))
_PATTERNS = {template: _pattern(template) for template in _TEMPLATES}


def template_of(path: str) -> str | None:
    """The documented path that `path` is one of."""
    return next((template for template in _TEMPLATES if _PATTERNS[template].fullmatch(path)), None)


@cache
def _validator(reference: str) -> Draft202012Validator:
    """Of the schema at a place of the document."""
    return Draft202012Validator(
        {"$ref": f"#{reference}", **DOCUMENT}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


def _place(*steps: str) -> str:
    return "".join(
        "/" + step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D") for step in steps
    )


def problems(
    method: str, target: str, body: Any, status: int, headers: Mapping[str, str], answer: Any
) -> Iterator[str]:
    """What the document does not say of this call and its answer. What was refused may be asked for in any way."""
    parts = urlsplit(target)
    template = template_of(parts.path)
    operation = DOCUMENT["paths"].get(template, {}).get(method.lower()) if template is not None else None
    if operation is None:
        if status not in (401, 404, 405, 422):
            yield f"{method} {parts.path} answered {status} and is not in the document"
        return
    assert template is not None
    where = ["paths", template, method.lower()]
    response = operation["responses"].get(str(status))
    named = str(status)
    if response is None:
        if status < 400:
            yield f"{status} is not documented"
        response, named = operation["responses"]["default"], "default"
    if status < 400:
        known = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        yield from (f"query {name} is not documented" for name, _ in parse_qsl(parts.query) if name not in known)
        if body is not None and "requestBody" in operation:
            place = _place(*where, "requestBody", "content", "application/json", "schema")
            yield from _differences("the body sent", place, body)
    for name in response.get("headers", {}):
        if name not in headers:
            yield f"the header {name} is missing"
    if not response.get("content"):
        if answer not in ("", None):
            yield f"there is a body: {answer}"
        return
    kind = headers["Content-Type"].partition(";")[0]
    if kind not in response["content"]:
        yield f"{kind} is not documented"
        return
    yield from _differences("the answer", _place(*where, "responses", named, "content", kind, "schema"), answer)


def _differences(what: str, place: str, value: Any) -> Iterator[str]:
    for error in _validator(place).iter_errors(value):
        yield f"{what}, at {error.json_path}: {error.message[:500]}"
