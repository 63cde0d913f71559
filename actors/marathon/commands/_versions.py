"""Versions of an app or a pod, as people name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import click

from ._client import Client, CommandFailed, app_path, pod_path
from ._differences import WRITTEN_BY_THE_SERVICE
from ._pods import either

__all__ = ["VERSIONS_BACK", "Versions"]

VERSIONS_BACK = {"ignore_unknown_options": True}
"""The settings of a command that takes ``-N`` as an argument."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What the service keeps of an app or a pod: `names` are timestamps, newest first."""

    client: Client
    run_spec: str
    is_pod: bool
    names: list[str]

    @classmethod
    def of(cls, client: Client, run_spec: str) -> Versions:
        """Raises `Refused` when there is neither an app nor a pod of that id."""
        names, is_pod = either(
            lambda: client.get(app_path(run_spec, "versions"))["versions"],
            lambda: client.get(f"{pod_path(run_spec)}::versions"),
        )
        return cls(client, run_spec, is_pod, names)

    def named(self, name: str) -> str:
        """The version that `name` means: one itself, the beginning of one alone, or ``-N``: so many before the
        present."""
        if name.startswith("--"):  # an option that VERSIONS_BACK let pass
            raise click.NoSuchOption(name)
        if name in self.names:
            return name
        listed = f"'marathon versions {self.run_spec}' lists the {len(self.names)} that are kept"
        if back := re.fullmatch(r"-(\d+)", name):
            if int(back[1]) >= len(self.names):
                raise CommandFailed(f"{self.run_spec} has no version {back[1]} before its present one", listed)
            return self.names[int(back[1])]
        found = [version for version in self.names if version.startswith(name)]
        if len(found) != 1:
            raise CommandFailed(
                f"{self.run_spec} has no version {name}"
                if not found
                else f"'{name}' begins {len(found)} versions of {self.run_spec}",
                listed,
            )
        return found[0]

    def at(self, version: str) -> dict[str, Any]:
        """The definition as the service shows it."""
        path = f"{pod_path(self.run_spec)}::versions/{version}"
        return dict(self.client.get(path if self.is_pod else app_path(self.run_spec, "versions", version)))

    def written(self, version: str) -> dict[str, Any]:
        """The definition as people write it, which `deploy` takes."""
        return {name: value for name, value in self.at(version).items() if name not in WRITTEN_BY_THE_SERVICE}
