"""Two definitions compared field by field. Pure.

~ cpus: 0.1 → 0.2
+ labels.tier: "web"
- healthChecks[0].path: "/health"
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

__all__ = ["Difference", "differences", "lines_of"]

NOTHING = object()
WRITTEN_BY_THE_SERVICE = frozenset({"version", "versionInfo"})


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that only one side has is `NOTHING` on the other."""

    path: str
    before: Any
    after: Any

    @property
    def kind(self) -> str:
        return "+" if self.before is NOTHING else "-" if self.after is NOTHING else "~"

    def to_json(self) -> dict[str, Any]:
        """``{"path", "before"?, "after"?}``."""
        sides = (("before", self.before), ("after", self.after))
        return {"path": self.path, **{name: value for name, value in sides if value is not NOTHING}}


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What differs, in the order of `before`, then of `after`; versions are no difference."""
    left, right = ({k: v for k, v in side.items() if k not in WRITTEN_BY_THE_SERVICE} for side in (before, after))
    return list(_compare("", left, right))


def _compare(path: str, before: Any, after: Any) -> Iterator[Difference]:
    before, after = _opened(before, after), _opened(after, before)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            # A key with a dot in it, as labels have them, would read as two.
            name = key if key.replace("_", "").replace("-", "").isalnum() else json.dumps(key)
            below = f"{path}.{name}" if path else name
            yield from _compare(below, before.get(key, NOTHING), after.get(key, NOTHING))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            left = before[index] if index < len(before) else NOTHING
            right = after[index] if index < len(after) else NOTHING
            yield from _compare(f"{path}[{index}]", left, right)
    elif before is NOTHING or after is NOTHING or before != after:
        yield Difference(path, before, after)


def _opened(side: Any, other: Any) -> Any:
    """What only the other side has is told field by field, too."""
    if side is not NOTHING:
        return side
    return {} if isinstance(other, Mapping) else [] if isinstance(other, list) else side


_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


def lines_of(found: list[Difference], indent: str = "") -> Iterator[str]:
    """A line each, coloured."""
    for each in found:
        values = [json.dumps(value, ensure_ascii=False) for value in (each.before, each.after) if value is not NOTHING]
        yield indent + click.style(f"{each.kind} {each.path}: {' → '.join(values)}", fg=_COLOURS[each.kind])
