"""What the commands print: data on stdout, everything else on stderr; plain and aligned, terminal or not.

Colours only help: a word or a symbol always says the same. They are for terminals, unless the user says otherwise:
``--color``, then NO_COLOR (https://no-color.org), CLICOLOR_FORCE and CLICOLOR (https://bixense.com/clicolors).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import wraps
from typing import IO, Any, ClassVar, TypeVar

import click

EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHED, EXIT_TIMED_OUT, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

F = TypeVar("F", bound=Callable[..., Any])


def is_terminal(stream: IO[str]) -> bool:
    """Whether `stream` is a terminal on which the cursor can be moved."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def wanted_colour(choice: str) -> bool | None:
    """Whether to colour: True, False, or None for what the stream is. `choice` is what ``--color`` says."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") != "0":
        return True
    return False if os.environ.get("CLICOLOR") == "0" else None


def colour_of(stream: IO[str]) -> bool:
    """Whether to colour what goes to `stream`."""
    context = click.get_current_context(silent=True)
    chosen = wanted_colour("auto") if context is None else context.color
    return stream.isatty() if chosen is None else chosen


def say(text: str) -> None:
    """A line for people: progress, hints."""
    click.echo(text, err=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_json_line(value: Any) -> None:
    """One of many: an object a line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


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


def comparing(command: Callable[..., bool]) -> Callable[..., None]:
    """For commands that answer whether something differs: exit codes 0 no, 1 yes, 2 it cannot be told."""

    @wraps(command)
    def compared(*args: Any, **kwargs: Any) -> None:
        try:
            differs = command(*args, **kwargs)
        except click.ClickException as error:
            error.show()
            raise SystemExit(EXIT_USAGE) from error  # 1 would say that something differs
        if differs:
            raise SystemExit(EXIT_FAILED)

    return compared


def with_url(command: F) -> F:
    """The option that says which service is meant."""
    return click.option("--url", metavar="URL", help="The service; else MARATHON_URL, else http://127.0.0.1:8080.")(
        command
    )


def with_json(command: F) -> F:
    """The options of a reading command."""
    quiet = click.option("-q", "--quiet", is_flag=True, help="Print ids only.")
    return quiet(click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")(command))
