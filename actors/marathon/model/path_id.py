"""Ids of apps and groups: absolute paths such as ``/product/db``; the root group is ``/``.

On the wire an id may also be relative (``db``, ``../cache``); it is resolved against the group it stands in.
"""

import re

from .errors import ValidationFailed

ROOT = "/"
RESERVED_ENDINGS = ("restart", "tasks", "versions", ".", "..")

_SEGMENT_PATTERN = r"^(([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])\.)*([a-z0-9]|[a-z0-9][a-z0-9\-]*[a-z0-9])|(\.|\.\.)$"
_SEGMENT = re.compile(_SEGMENT_PATTERN)


def absolute(path: str, base: str = ROOT) -> str:
    """`path` as an absolute id: doubled slashes collapse, ``.`` and ``..`` are resolved against `base`."""
    steps: list[str] = [] if path.startswith("/") else _steps(base)
    for step in _steps(path):
        if step == "..":
            if steps:
                steps.pop()
        elif step != ".":
            steps.append(step)
    return "/" + "/".join(steps)


def dependency(path: str, owner: str) -> str:
    """What `owner` (an app or group) means by the dependency `path`: ``../db`` and ``db`` both name its neighbour.

    Marathon resolves dots against the owner's own id, as if it were a folder.
    """
    return absolute(path, owner if path.startswith(".") else parent(owner))


def parent(path: str) -> str:
    """The group that holds `path`; the root's parent is the root."""
    return path.rpartition("/")[0] or ROOT


def name(path: str) -> str:
    """The last segment of `path`."""
    return path.rpartition("/")[2]


def ancestors(path: str) -> list[str]:
    """The groups above `path`, nearest first, ending with the root."""
    above = []
    while path != ROOT:
        path = parent(path)
        above.append(path)
    return above


def is_below(path: str, group: str) -> bool:
    """Whether `path` lies inside `group` (a group lies inside itself)."""
    return group == ROOT or path == group or path.startswith(group + "/")


def join(base: str, last: str) -> str:
    return f"/{last}" if base == ROOT else f"{base}/{last}"


def check(path: str, field: str = "/id") -> None:
    """Raises `ValidationFailed` when `path` is no legal id: the rules of Marathon's ``PathId``."""
    errors = []
    steps = _steps(path)
    for step in steps:
        if not _SEGMENT.fullmatch(step):
            errors.append(f"must fully match regular expression '{_SEGMENT_PATTERN}', but '{step}' does not")
    if steps and steps[-1] in RESERVED_ENDINGS:
        errors.append(f"must not end with any of the following reserved keywords: {', '.join(RESERVED_ENDINGS)}")
    if errors:
        raise ValidationFailed.at(field, *errors)


def _steps(path: str) -> list[str]:
    return [step for step in path.split("/") if step]
