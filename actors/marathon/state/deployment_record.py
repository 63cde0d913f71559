"""A running deployment as the journal keeps it: only what it changes, as it was and as it shall be.

The rest of both roots is the root as it is when the record is read: other apps may have changed meanwhile, these
could not, for the deployment locks them. Groups are not locked: what another change made of one of them stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from actors.marathon.model import App, Group, RootGroup, run_spec_of

__all__ = ["DeploymentRecord"]


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """`original` and `target` have the affected apps by id; new apps are missing in the one, removed in the other.

    `original_groups` and `target_groups` have, in the same way, the groups that differ in more than what they hold:
    bare ones, without apps and groups.
    """

    id: str
    version: str
    original: Mapping[str, App]
    target: Mapping[str, App]
    kill: frozenset[str] = frozenset()
    original_groups: Mapping[str, Group] = field(default_factory=dict)
    target_groups: Mapping[str, Group] = field(default_factory=dict)

    @classmethod
    def between(
        cls,
        before: RootGroup,
        after: RootGroup,
        app_ids: Iterable[str],
        *,
        new_id: str,
        version: str,
        kill: frozenset[str],
    ) -> DeploymentRecord:
        """The record of a deployment that changes the apps `app_ids`, and whatever groups differ."""
        ids = tuple(app_ids)
        bare = {
            group_id: (_bare(before, group_id), _bare(after, group_id))
            for group_id in {**before.groups, **after.groups}
            if before.groups.get(group_id) is not after.groups.get(group_id)
        }
        return cls(
            id=new_id,
            version=version,
            original={app_id: before.apps[app_id] for app_id in ids if app_id in before.apps},
            target={app_id: after.apps[app_id] for app_id in ids if app_id in after.apps},
            kill=kill,
            original_groups={key: old for key, (old, new) in bare.items() if old is not None and old != new},
            target_groups={key: new for key, (old, new) in bare.items() if new is not None and old != new},
        )

    @property
    def stream(self) -> str:
        return f"deployment/{self.id}"

    @property
    def affected_apps(self) -> frozenset[str]:
        return frozenset(self.original) | frozenset(self.target)

    def original_of(self, root: RootGroup) -> RootGroup:
        """`root` with this deployment's difference undone."""
        root = _with(root, self.original, self.affected_apps)
        return _with_groups(root, self.original_groups, self.target_groups)

    def target_of(self, root: RootGroup) -> RootGroup:
        """`root` with this deployment's difference made."""
        root = _with(root, self.target, self.affected_apps)
        return _with_groups(root, self.target_groups, self.original_groups)

    def without(self, app_id: str) -> DeploymentRecord:
        """The deployment that has nothing more to do with one of its apps."""
        return replace(
            self,
            original={key: app for key, app in self.original.items() if key != app_id},
            target={key: app for key, app in self.target.items() if key != app_id},
        )

    def to_payload(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "version": self.version,
            "original": [app.to_wire() for app in self.original.values()],
            "target": [app.to_wire() for app in self.target.values()],
            "kill": sorted(self.kill),
            "originalGroups": [group.to_wire() for group in self.original_groups.values()],
            "targetGroups": [group.to_wire() for group in self.target_groups.values()],
        }

    @classmethod
    def from_payload(cls, record: Mapping[str, Any]) -> DeploymentRecord:
        return cls(
            id=record["id"],
            version=record["version"],
            original={app["id"]: run_spec_of(app) for app in record["original"]},
            target={app["id"]: run_spec_of(app) for app in record["target"]},
            kill=frozenset(record["kill"]),
            # Records of the first journals have no groups.
            original_groups={group["id"]: Group.from_wire(group) for group in record.get("originalGroups", ())},
            target_groups={group["id"]: Group.from_wire(group) for group in record.get("targetGroups", ())},
        )


def _with(root: RootGroup, apps: Mapping[str, App], affected: frozenset[str]) -> RootGroup:
    root = root.without_apps(affected - apps.keys())
    return root.with_apps(*(app for app in apps.values() if root.app(app.id) != app))


def _with_groups(root: RootGroup, groups: Mapping[str, Group], instead_of: Mapping[str, Group]) -> RootGroup:
    """`root` with `groups` as they are here, wherever they are still as in `instead_of`."""
    for group in groups.values():
        present = _bare(root, group.id)
        if present is None or present == instead_of.get(group.id, Group(group.id)):
            whole = root.group_at(group.id) or group
            root = root.with_group(replace(whole, dependencies=group.dependencies, enforce_role=group.enforce_role))
    for group_id in sorted(instead_of.keys() - groups.keys(), key=len, reverse=True):  # the innermost first
        there = root.group_at(group_id)
        if there is not None and not there.apps and not there.groups and _bare(root, group_id) == instead_of[group_id]:
            root = root.without_group(group_id)
    return root


def _bare(root: RootGroup, group_id: str) -> Group | None:
    group = root.group_at(group_id)
    if group is None:
        return None
    return Group(group_id, dependencies=group.dependencies, enforce_role=group.enforce_role)
