"""Options that `up` and `serve` share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ._console import F


def default_work_dir() -> Path:
    """The user's state folder (XDG Base Directory Specification)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "mesos-actors" / "marathon"


def with_service(command: F) -> F:
    """The options of a command that runs the service."""
    options: tuple[Any, ...] = (
        click.option("--port", default=8080, show_default=True, help="The service's port; 0 takes any free one."),
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
        click.option(
            "--work-dir",
            type=click.Path(file_okay=False, path_type=Path),
            help="Where state is kept; the next start there goes on with it, also after kill -9. "
            "[default: mesos-actors/marathon in $XDG_STATE_HOME]",
        ),
        click.option(
            "--durability",
            type=click.Choice(["sync", "process"]),
            default="sync",
            show_default=True,
            help="What an accepted change survives: a power loss, or only the end of this process (faster).",
        ),
        click.option("-v", "--verbose", count=True, help="Log more; twice logs most."),
    )
    for option in reversed(options):
        command = option(command)
    return command
