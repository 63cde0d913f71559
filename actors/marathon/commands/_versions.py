"""Versions of an app, as people name them."""

from __future__ import annotations

import re
from typing import Any

import click

from ._client import Client, CommandFailed, app_path

__all__ = ["VERSIONS_BACK", "definition_at", "version_of"]

VERSIONS_BACK = {"ignore_unknown_options": True}
"""The settings of a command that takes ``-N`` as an argument."""


def version_of(client: Client, app: str, name: str) -> str:
    """The version that `name` means: one itself, the beginning of one alone, or ``-N``: so many before the present."""
    if name.startswith("--"):  # an option that VERSIONS_BACK let pass
        raise click.NoSuchOption(name)
    versions: list[str] = client.get(app_path(app, "versions"))["versions"]  # newest first
    if name in versions:
        return name
    listed = f"'marathon versions {app}' lists the {len(versions)} that are kept"
    if back := re.fullmatch(r"-(\d+)", name):
        if int(back[1]) >= len(versions):
            raise CommandFailed(f"{app} has no version {back[1]} before its present one", listed)
        return versions[int(back[1])]
    found = [version for version in versions if version.startswith(name)]
    if len(found) != 1:
        raise CommandFailed(
            f"{app} has no version {name}" if not found else f"'{name}' begins {len(found)} versions of {app}", listed
        )
    return found[0]


def definition_at(client: Client, app: str, version: str) -> dict[str, Any]:
    return dict(client.get(app_path(app, "versions", version)))
