"""What the commands print: data on stdout, everything else on stderr; plain and aligned, terminal or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar

import click

EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHED, EXIT_TIMED_OUT, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

F = TypeVar("F", bound=Callable[..., Any])


def say(text: str) -> None:
    """A line for people: progress, hints."""
    click.echo(text, err=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, two spaces apart; the heading is there even without rows, on stderr then."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [headings, *rows]
    ]
    click.echo(lines[0], err=not rows)
    for line in lines[1:]:
        click.echo(line)


def age(timestamp: str | None) -> str:
    """How long ago a timestamp of the API was: ``5s``, ``3m``, ``2h``, ``4d``."""
    if not timestamp:
        return "-"
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


class Duration(click.ParamType[float]):
    """``90``, ``90s``, ``5m``, ``1h``: seconds."""

    name = "duration"
    _UNITS: ClassVar[dict[str, float]] = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", str(value).strip())
        if found is None:
            self.fail(f"'{value}' is no duration: write 90s, 5m or 1h", param, ctx)
        return float(found[1]) * self._UNITS[found[2]]


def with_url(command: F) -> F:
    """The option that says which service is meant."""
    return click.option("--url", metavar="URL", help="The service; else MARATHON_URL, else http://127.0.0.1:8080.")(
        command
    )


def with_json(command: F) -> F:
    """The options of a reading command."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print ids only.")
    return quiet(click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")(command))
