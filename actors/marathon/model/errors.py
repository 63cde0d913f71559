"""What can be wrong with a request, in Marathon's words (``MarathonExceptionMapper.scala``, ``Validation.scala``)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

# The names that Play's JSON reader gives to a value of the wrong type; clients match on them.
_WRONG_TYPES = {
    "bool_type": ("error.expected.jsboolean", "true or false"),
    "dict_type": ("error.expected.jsobject", "an object"),
    "float_type": ("error.expected.jsnumber", "a number"),
    "int_type": ("error.expected.jsnumber", "a whole number"),
    "list_type": ("error.expected.jsarray", "an array"),
    "literal_error": ("error.unknown.enum.literal", "one of the known names"),
    "mapping_type": ("error.expected.jsobject", "an object"),
    "missing": ("error.path.missing", "given"),
    "model_type": ("error.expected.jsobject", "an object"),
    "model_attributes_type": ("error.expected.jsobject", "an object"),
    "string_type": ("error.expected.jsstring", "a string"),
    "tuple_type": ("error.expected.jsarray", "an array"),
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One field and what is wrong with it. `path` is Marathon's: ``/healthChecks(0)/path``, ``/`` for the whole."""

    path: str
    errors: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        return {"path": self.path, "errors": list(self.errors)}

    def below(self, prefix: str) -> "Violation":
        """The same violation, seen from an object that holds this one at `prefix`."""
        return Violation(prefix + ("" if self.path == "/" else self.path), self.errors)


class ModelError(Exception):
    """A request that cannot be carried out as it stands; nothing was changed."""


class ValidationFailed(ModelError):
    """The object breaks rules, each with its path; answered with 422."""

    message = "Object is not valid"

    def __init__(self, details: Iterable[Violation]) -> None:
        self.details = tuple(details)
        super().__init__("; ".join(f"{d.path}: {', '.join(d.errors)}" for d in self.details))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.details,)

    @classmethod
    def at(cls, path: str, *errors: str) -> "ValidationFailed":
        return cls([Violation(path, errors)])

    def below(self, prefix: str) -> "ValidationFailed":
        return type(self)(d.below(prefix) for d in self.details)


class WrongType(ValidationFailed):
    """Fields hold values of the wrong JSON type; answered with 422, as Marathon's code does (its RAML says 400)."""

    message = "Invalid JSON"


class UnknownApp(ModelError):
    def __init__(self, app_id: str, version: str | None = None) -> None:
        self.app_id, self.version = app_id, version
        super().__init__(
            f"App '{app_id}' does not exist"
            if version is None
            else f"App '{app_id}' does not exist in version {version}"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.app_id, self.version)


class UnknownPod(ModelError):
    def __init__(self, pod_id: str, version: str | None = None) -> None:
        self.pod_id, self.version = pod_id, version
        suffix = "" if version is None else f" in version {version}"
        super().__init__(f"Pod '{pod_id}' does not exist{suffix}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.pod_id, self.version)


class UnknownGroup(ModelError):
    def __init__(self, group_id: str, version: str | None = None) -> None:
        self.group_id, self.version = group_id, version
        suffix = "" if version is None else f" in version {version}"
        super().__init__(f"Group '{group_id}' does not exist{suffix}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.group_id, self.version)


class AlreadyExists(ModelError):
    """An app or group with this id is there already; answered with 409."""


class VersionChanged(ModelError):
    """An app is not of the version any more that a change was made for; answered with 409."""

    def __init__(self, app_id: str, seen: str, present: str | None) -> None:
        self.app_id, self.seen, self.present = app_id, seen, present
        super().__init__(
            f"App '{app_id}' was changed since: this change is meant for version {seen}, the app is of version "
            f"{present}. Read it again and make the change anew"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.app_id, self.seen, self.present)


def path_of(location: Iterable[str | int]) -> str:
    """Marathon's notation for a place in a JSON document: ``/healthChecks(0)/path``."""
    path = ""
    for step in location:
        path += f"({step})" if isinstance(step, int) else f"/{step}"
    return path or "/"


def from_pydantic(error: ValidationError) -> ValidationFailed:
    """Pydantic's findings in Marathon's form. Wrong types come alone: rules are judged once the types are right."""
    wrong: dict[str, list[str]] = {}
    broken: dict[str, list[str]] = {}
    for found in error.errors(include_url=False):
        path = path_of(step for step in found["loc"] if step != "[key]")
        kind = found["type"]
        if kind in _WRONG_TYPES:
            name, expected = _WRONG_TYPES[kind]
            if kind == "literal_error":
                expected = "one of " + found["ctx"]["expected"]
            given = "" if kind == "missing" else f", is {_shown(found['input'])}"
            wrong.setdefault(path, []).extend((name, f"must be {expected}{given}"))
        else:
            broken.setdefault(path, []).append(_rule(found["msg"], found["input"], kind))
    if wrong:
        return WrongType(Violation(path, tuple(errors)) for path, errors in wrong.items())
    return ValidationFailed(Violation(path, tuple(errors)) for path, errors in broken.items())


def _rule(message: str, given: Any, kind: str) -> str:
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    rule = message.replace("Input should be", "must be").replace("String should have", "must have")
    return f"{rule}, is {_shown(given)}"


def _shown(value: Any) -> str:
    match value:
        case str():
            return f"the string {value[:80]!r}"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list() | tuple():
            return "an array"
        case _:
            return "an object"
