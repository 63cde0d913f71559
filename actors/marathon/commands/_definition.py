"""Reading app and group definitions from files, with errors that point at the place.

my-app.json:4:14: expected a comma or a closing brace
  4 |   "cpus": 0.1 "mem": 64
    |               ^
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ._client import CommandFailed, WrongUsage
from ._near import nearest


def called(name: str) -> str:
    """A file as one speaks of it."""
    return "stdin" if name == "-" else name


def read_definition(file: str) -> tuple[Any, str]:
    """The decoded JSON of a file (``-`` is stdin) and its text."""
    name = called(file)
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{name} is not UTF-8: {error}") from None
    if not text.strip():
        raise CommandFailed(f"{name} is empty")
    try:
        return json.loads(text), text
    except RecursionError:
        raise CommandFailed(f"{name} is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise CommandFailed(f"{name}:{pointed(text, error.pos, error.msg)}") from None


def pointed(text: str, position: int, message: str) -> str:
    """``line:column: message``, the line itself, and a caret below the place."""
    line = text.count("\n", 0, position) + 1
    start = text.rfind("\n", 0, position) + 1
    column = position - start + 1
    shown = text[start:].split("\n", 1)[0].replace("\t", " ")
    margin = f"  {line} | "
    return f"{line}:{column}: {message}\n{margin}{shown}\n{' ' * (len(margin) - 2)}| {' ' * (column - 1)}^"


def unknown_fields(definition: Any, text: str) -> Iterator[str]:
    """A warning for each field that the service would ignore, with the nearest known name."""
    for path, field, known in _strangers(definition, ""):
        # A name that differs in nothing but its spelling of words is like it, too.
        bare = field.lower().replace("_", "").replace("-", "")
        near = nearest(field, known) or next((name for name in known if name.lower() == bare), None)
        advice = f"; did you mean {near!r}?" if near else ""
        position = text.find(json.dumps(field, ensure_ascii=False))
        message = f"{path}: unknown field {field!r} is ignored{advice}"
        yield pointed(text, position, message) if position >= 0 else message


_GROUP_FIELDS = frozenset({"id", "apps", "groups", "pods", "dependencies", "version", "scaleBy", "enforceRole"})

_POD_STATUS_FIELDS = frozenset({"version"})  # what the API shows with a pod, beside what people write


def _strangers(definition: Any, path: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    from actors.marathon.model import App
    from actors.marathon.model.parse import STATUS_FIELDS
    from actors.marathon.model.pod_spec import PodSpec

    if isinstance(definition, list):
        for index, item in enumerate(definition):
            yield from _strangers(item, f"{path}({index})")
    elif isinstance(definition, Mapping):
        if is_pod(definition):
            yield from _of_model(PodSpec, definition, path, _POD_STATUS_FIELDS)
            return
        if not is_group(definition):
            yield from _of_model(App, definition, path, STATUS_FIELDS)
            return
        for field in definition:
            if field not in _GROUP_FIELDS:
                yield path or "/", field, _GROUP_FIELDS
        for part in ("apps", "pods", "groups"):
            for index, item in enumerate(definition.get(part) or ()):
                yield from _strangers(item, f"{path}/{part}({index})")


def is_group(definition: Mapping[str, Any]) -> bool:
    """Whether a definition is a group's: it holds apps or groups, or nothing that runs."""
    return any(part in definition for part in ("apps", "groups", "pods"))


def is_pod(definition: Mapping[str, Any]) -> bool:
    """Whether a definition is a pod's: an app has one container at most."""
    return "containers" in definition


def without_group_versions(group: Mapping[str, Any]) -> dict[str, Any]:
    """A group as `/v2/groups` answers it can be deployed elsewhere: there, a version beside apps makes no sense."""
    if not is_group(group):
        return dict(group)
    below = group.get("groups")
    kept = {key: value for key, value in group.items() if key != "version"}
    if isinstance(below, list):
        kept["groups"] = [without_group_versions(one) if isinstance(one, Mapping) else one for one in below]
    return kept


def _of_model(
    model: Any, value: Any, path: str, also: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str, frozenset[str]]]:
    """The strangers in `value`, and in every object below it whose model is known."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _of_model(model, item, f"{path}({index})")
        return
    if not isinstance(value, Mapping):
        return
    fields = {(field.alias or name): field for name, field in model.model_fields.items()}
    known = frozenset(fields) | also | model.deprecated_fields
    for name, item in value.items():
        if name not in known:
            yield path or "/", name, known
        elif name in fields and (below := model_within(fields[name].annotation)) is not None:
            yield from _of_model(below, item, f"{path}/{name}")


def model_within(annotation: Any) -> Any:
    """The one model in a field's type: of ``tuple[Network, ...]`` or ``Container | None``; None when there is none.

    A mapping has none: its keys are the user's own.
    """
    from typing import get_args, get_origin

    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is Mapping:
        return None
    return next((found for part in get_args(annotation) if (found := model_within(part)) is not None), None)


def with_env(definition: Any, pairs: Mapping[str, str]) -> Any:
    """A definition whose apps have `pairs` in their environment."""
    if not pairs:
        return definition
    if isinstance(definition, list):
        return [with_env(each, pairs) for each in definition]
    if not isinstance(definition, Mapping):
        return definition
    if is_group(definition):
        parts = [part for part in ("apps", "groups", "pods") if definition.get(part)]
        return {**definition, **{part: with_env(definition[part], pairs) for part in parts}}
    if is_pod(definition):
        return {**definition, "environment": {**(definition.get("environment") or {}), **pairs}}
    return {**definition, "env": {**(definition.get("env") or {}), **pairs}}
