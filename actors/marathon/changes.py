"""Every change of the root group that the API offers, as pure functions for `messages.UpdateRoot`.

    API                                         supervisor
    UpdateRoot(CreateApp(app), force)   ──►     change(root, version) → the new root
          ◄── ModelError, nothing changed       (runs against the root of that moment, not the one the API saw)

Each change ends in `settled`: service ports are given out, versions stamped on what really changed, and the tree as a
whole is judged (ids, dependencies, cycles).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from actors.marathon.dependency_graph import CyclicDependencies, dependencies_of, topological
from actors.marathon.model import (
    AlreadyExists,
    App,
    Group,
    GroupUpdate,
    Pod,
    RootGroup,
    UnknownApp,
    UnknownGroup,
    ValidationFailed,
    VersionChanged,
    VersionInfo,
    Violation,
    assign_service_ports,
    path_id,
    updated_app,
    without_pods,
)

__all__ = [
    "ClearRoot",
    "CreateApp",
    "CreateGroup",
    "DeleteApp",
    "DeleteGroup",
    "EnforceRole",
    "IfVersion",
    "PutApp",
    "PutApps",
    "PutGroup",
    "RestartApp",
    "RollBackGroup",
    "ScaleDown",
    "ScaleGroup",
    "settled",
]


@dataclass(frozen=True, slots=True)
class CreateApp:
    """Add an app or a pod. Raises `AlreadyExists` when there is one of either kind with its id."""

    app: App

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        there = root.app(self.app.id)
        if there is not None:
            kind = "A pod" if isinstance(there, Pod) else "An app"
            raise AlreadyExists(f"{kind} with id [{self.app.id}] already exists.")
        return settled(root, root.with_app(self.app), version)


@dataclass(frozen=True, slots=True)
class PutApp:
    """Apply an update to one app. `restored` is the definition to go back to instead, for ``{"version": …}``.

    Raises `UnknownApp` when there is none and `create` is false.
    """

    app_id: str
    update: Mapping[str, Any]
    partial: bool = True
    create: bool = True
    restored: App | None = None

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        return settled(root, root.with_app(self.applied_to(root)), version)

    def applied_to(self, root: RootGroup) -> App:
        present = root.app(self.app_id)
        if isinstance(present, Pod):
            raise ValidationFailed.at("/id", "Applications and Pods may not have the same identifier.")
        if present is None and not self.create:
            raise UnknownApp(self.app_id)
        if self.restored is not None:
            return self.restored
        return updated_app(present, self.update, self.app_id, partial=self.partial)


@dataclass(frozen=True, slots=True)
class IfVersion:
    """Make `change` only if the app is of the version that its author has seen; else raises `VersionChanged`.

    Judged where changes follow each other, so that of two who edit the same version only the first succeeds.
    """

    app_id: str
    version: str
    change: Callable[[RootGroup, str], RootGroup]

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        present = root.app(self.app_id)
        if present is None:
            raise UnknownApp(self.app_id)
        if present.version != self.version:
            raise VersionChanged(self.app_id, self.version, present.version)
        return self.change(root, version)


@dataclass(frozen=True, slots=True)
class PutApps:
    """Apply several updates as one change; the first that fails is named by its place, ``/(1)/cpus``."""

    updates: tuple[PutApp, ...]

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        changed = root
        for index, update in enumerate(self.updates):
            try:
                changed = changed.with_app(update.applied_to(changed))
            except ValidationFailed as failed:
                raise failed.below(f"/({index})") from None
        return settled(root, changed, version)


@dataclass(frozen=True, slots=True)
class DeleteApp:
    """Remove an app; its group stays."""

    app_id: str

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        if root.plain_app(self.app_id) is None:
            raise UnknownApp(self.app_id)
        return settled(root, root.without_app(self.app_id), version)


@dataclass(frozen=True, slots=True)
class RestartApp:
    """Replace every instance of an app though nothing of its definition changed."""

    app_id: str

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        app = root.plain_app(self.app_id)
        if app is None:
            raise UnknownApp(self.app_id)
        info = VersionInfo(
            last_scaling_at=version,
            last_config_change_at=app.version_info.last_config_change_at if app.version_info else version,
            last_restart_at=version,
        )
        return settled(root, root.with_app(app.replace(version=version, version_info=info)), version)


@dataclass(frozen=True, slots=True)
class ScaleDown:
    """Take away as many instances of each app as are killed with it (``DELETE …/tasks?scale=true``)."""

    killed: Mapping[str, int]

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        fewer = []
        for app_id, count in self.killed.items():
            app = root.plain_app(app_id)
            if app is None:
                raise UnknownApp(app_id)
            fewer.append(app.replace(instances=max(0, app.instances - count)))
        return settled(root, root.with_apps(*fewer), version)


@dataclass(frozen=True, slots=True)
class CreateGroup:
    """Add a group. Raises `AlreadyExists` when its path is taken by a group or an app."""

    update: GroupUpdate

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        group_id = self.update.id
        if root.group_at(group_id) is not None:
            raise AlreadyExists(f"Group {group_id} is already created. Use PUT to change this group.")
        if root.app(group_id) is not None:
            raise AlreadyExists(f"An app with the path {group_id} already exists.")
        return settled(root, root.with_group(self.update.applied_to(None)), version)


@dataclass(frozen=True, slots=True)
class PutGroup:
    """Create or update a group and everything the update names below it."""

    update: GroupUpdate

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        group = self.update.applied_to(root.group_at(self.update.id))
        return settled(root, root.with_group(group), version)


@dataclass(frozen=True, slots=True)
class RollBackGroup:
    """Bring a group back to what it was in an older root."""

    group: Group

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        return settled(root, root.with_group(self.group), version)


@dataclass(frozen=True, slots=True)
class ScaleGroup:
    """Multiply the instance count of every app in and below a group, rounding up."""

    group_id: str
    factor: float

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        if root.group_at(self.group_id) is None:
            raise UnknownGroup(self.group_id)
        apps = without_pods(root.apps_below(self.group_id))
        scaled = (app.replace(instances=math.ceil(app.instances * self.factor)) for app in apps)
        return settled(root, root.with_apps(*scaled), version)


@dataclass(frozen=True, slots=True)
class DeleteGroup:
    """Remove a group with everything below it."""

    group_id: str

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        if root.group_at(self.group_id) is None:
            raise UnknownGroup(self.group_id)
        return settled(root, root.without_group(self.group_id), version)


@dataclass(frozen=True, slots=True)
class ClearRoot:
    """Remove every app and group."""

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        return settled(root, RootGroup(), version)


@dataclass(frozen=True, slots=True)
class EnforceRole:
    """Set or (None) unset the flag of a top-level group."""

    group_id: str
    enforce: bool | None

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        group = root.group_at(self.group_id)
        if group is None:
            raise UnknownGroup(self.group_id)
        return settled(root, root.with_group(replace(group, enforce_role=self.enforce)), version)


def settled(before: RootGroup, after: RootGroup, version: str) -> RootGroup:
    """`after` as the successor of `before`: legal as a whole, service ports given out, what differs stamped `version`.

    Raises `ValidationFailed`.
    """
    _judge(before, after)
    after = assign_service_ports(before, after)
    stamped = (_stamped(before.app(app.id), app, version) for app in after.all_apps())
    after = after.with_apps(*(new for new in stamped if new is not after.app(new.id)))
    group = _stamped_group(before.group, after.group, version)
    return RootGroup(group).with_version(version)


def _stamped(old: App | None, app: App, version: str) -> App:
    if old is app:
        return app
    if old is None:
        return app.replace(
            version=version, version_info=VersionInfo(last_scaling_at=version, last_config_change_at=version)
        )
    if not old.same_config(app):
        info = VersionInfo(last_scaling_at=version, last_config_change_at=version)
        return app.replace(version=version, version_info=info)
    known = old.version_info or VersionInfo(last_scaling_at=version, last_config_change_at=old.version or version)
    if app.version == version and app.version_info is not None:
        return app  # a restart has stamped it already
    if old.instances != app.instances:
        return app.replace(version=version, version_info=known.replace(last_scaling_at=version))
    return old


def _stamped_group(old: Group | None, group: Group, version: str) -> Group:
    if old is group:
        return group
    groups = {
        key: _stamped_group(old.groups.get(key) if old is not None else None, below, version)
        for key, below in group.groups.items()
    }
    changed = replace(group, groups=groups, version=version)
    if old is not None and replace(changed, version=old.version) == old:
        return old
    return changed


def _judge(before: RootGroup, after: RootGroup) -> None:
    shared = after.apps.keys() & after.groups.keys()
    if shared:
        raise ValidationFailed.at(
            "/id", "Groups and Applications may not have the same identifier.", f"{min(shared)} is both"
        )
    for group_id in after.groups:
        if any(above in after.apps for above in path_id.ancestors(group_id)):
            raise ValidationFailed.at("/id", "Groups and Applications may not have the same identifier.")
    unknown = list(_unknown_dependencies(before, after))
    if unknown:
        raise ValidationFailed(unknown)
    try:
        topological(dependencies_of(after.group))
    except CyclicDependencies as cycle:
        raise ValidationFailed.at("/", "Dependency graph has cyclic dependencies.", str(cycle)) from None


def _unknown_dependencies(before: RootGroup, after: RootGroup) -> Iterator[Violation]:
    """Dependencies named by this very change that lead nowhere; an app that others wait for may still be removed."""
    for app in after.apps.values():
        old = before.app(app.id)
        if old is not app:
            yield from _leading_nowhere(app.id, app.dependencies, old.dependencies if old else (), after)
    for group in after.groups.values():
        old_group = before.group_at(group.id)
        if old_group is not group:
            known = old_group.dependencies if old_group else ()
            yield from _leading_nowhere(group.id, group.dependencies, known, after)


def _leading_nowhere(
    owner: str, named: tuple[str, ...], known: tuple[str, ...], root: RootGroup
) -> Iterator[Violation]:
    for index, dependency in enumerate(named):
        if dependency in known or root.app(dependency) is not None or root.group_at(dependency) is not None:
            continue
        yield Violation(
            f"/dependencies({index})",
            (f"{owner} depends on {dependency}, but there is no app or group with this id",),
        )
