"""A running deployment as the journal keeps it: only the apps that it changes, as they were and as they shall be.

The rest of both roots is the root as it is when the record is read: other apps may have changed meanwhile, these
could not, for the deployment locks them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.marathon.model import App, RootGroup

__all__ = ["DeploymentRecord"]


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """`original` and `target` have the affected apps by id; new apps are missing in the one, removed in the other."""

    id: str
    version: str
    original: Mapping[str, App]
    target: Mapping[str, App]
    kill: frozenset[str] = frozenset()

    @property
    def stream(self) -> str:
        return f"deployment/{self.id}"

    @property
    def affected_apps(self) -> frozenset[str]:
        return frozenset(self.original) | frozenset(self.target)

    def original_of(self, root: RootGroup) -> RootGroup:
        """`root` with this deployment's difference undone."""
        return _with(root, self.original, self.affected_apps)

    def target_of(self, root: RootGroup) -> RootGroup:
        """`root` with this deployment's difference made."""
        return _with(root, self.target, self.affected_apps)

    def to_payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "version": self.version,
            "original": [dict(app.wire) for app in self.original.values()],
            "target": [dict(app.wire) for app in self.target.values()],
            "kill": sorted(self.kill),
        }

    @classmethod
    def from_payload(cls, record: Mapping[str, Any]) -> DeploymentRecord:
        original = [App.from_wire(app) for app in record["original"]]
        target = [App.from_wire(app) for app in record["target"]]
        return cls(
            id=record["id"],
            version=record["version"],
            original={app.id: app for app in original},
            target={app.id: app for app in target},
            kill=frozenset(record["kill"]),
        )


def _with(root: RootGroup, apps: Mapping[str, App], affected: frozenset[str]) -> RootGroup:
    for app_id in affected - apps.keys():
        root = root.without_app(app_id)
    return root.with_apps(*(app for app in apps.values() if root.app(app.id) != app))
