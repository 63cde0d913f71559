"""Groups: the tree of everything that shall run. Frozen; an update makes a new root and shares what did not change.

A path such as ``/product/db`` names an app or a group, never both. Groups on the way to an app come into being with
it and stay when it goes.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from . import path_id
from .app import App
from .pod import Pod, run_spec_of

EPOCH = "1970-01-01T00:00:00.000Z"


@dataclass(frozen=True)
class Group:
    """One level of the tree: its apps and groups by absolute id, and the groups or apps that all of it waits for.

    Its pods are among the apps.
    """

    id: str = path_id.ROOT
    apps: Mapping[str, App] = field(default_factory=dict)
    groups: Mapping[str, "Group"] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    version: str = EPOCH
    enforce_role: bool | None = None

    def all_apps(self) -> Iterator[App]:
        """Every app in and below this group."""
        yield from self.apps.values()
        for group in self.groups.values():
            yield from group.all_apps()

    def all_groups(self) -> "Iterator[Group]":
        """This group and every group below it."""
        yield self
        for group in self.groups.values():
            yield from group.all_groups()

    def to_wire(self) -> dict[str, Any]:
        """The whole subtree, complete: what the journal keeps."""
        return {
            "id": self.id,
            "apps": [app.to_wire() for app in self.apps.values() if not isinstance(app, Pod)],
            "groups": [group.to_wire() for group in self.groups.values()],
            "pods": [pod.to_wire() for pod in self.apps.values() if isinstance(pod, Pod)],
            **self._head,
        }

    @property
    def wire_text(self) -> str:
        """The whole subtree as clients see it, as JSON text put together from that of its apps."""
        apps = ",".join(app.wire_text for app in self.apps.values() if not isinstance(app, Pod))
        groups = ",".join(group.wire_text for group in self.groups.values())
        pods = ",".join(pod.wire_text for pod in self.apps.values() if isinstance(pod, Pod))
        head = json.dumps({"id": self.id, **self._head}, separators=(",", ":"), ensure_ascii=False)
        return f'{head[:-1]},"apps":[{apps}],"groups":[{groups}],"pods":[{pods}]}}'

    @property
    def _head(self) -> dict[str, Any]:
        """What is said of it beside its id and what it holds."""
        head: dict[str, Any] = {"dependencies": list(self.dependencies), "version": self.version}
        if self.enforce_role is not None:
            head["enforceRole"] = self.enforce_role
        return head

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "Group":
        """A group from what `to_wire` wrote; for what clients write there is `parse_group`."""
        return cls(
            id=data["id"],
            apps={one["id"]: run_spec_of(one) for one in (*data.get("apps", ()), *data.get("pods", ()))},
            groups={group["id"]: Group.from_wire(group) for group in data.get("groups", ())},
            dependencies=tuple(data.get("dependencies", ())),
            version=data.get("version", EPOCH),
            enforce_role=data.get("enforceRole"),
        )


@dataclass(frozen=True)
class RootGroup:
    """The tree with its look-ups. Every ``with_…`` and ``without_…`` leaves this one as it is."""

    group: Group = field(default_factory=Group)

    @property
    def version(self) -> str:
        return self.group.version

    @cached_property
    def apps(self) -> Mapping[str, App]:
        """Every app by its id, in the order of the tree."""
        return {app.id: app for app in self.group.all_apps()}

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """Every group by its id, the root included."""
        return {group.id: group for group in self.group.all_groups()}

    def app(self, app_id: str) -> App | None:
        """The app, or the pod, with this id."""
        return self.apps.get(app_id)

    def pod(self, pod_id: str) -> Pod | None:
        found = self.apps.get(pod_id)
        return found if isinstance(found, Pod) else None

    def plain_app(self, app_id: str) -> App | None:
        """The app with this id; None when it is a pod's."""
        found = self.apps.get(app_id)
        return None if isinstance(found, Pod) else found

    def group_at(self, group_id: str) -> Group | None:
        return self.groups.get(group_id)

    def all_apps(self) -> tuple[App, ...]:
        """Every app and every pod."""
        return tuple(self.apps.values())

    def all_pods(self) -> tuple[Pod, ...]:
        return tuple(app for app in self.apps.values() if isinstance(app, Pod))

    def apps_below(self, group_id: str) -> tuple[App, ...]:
        """Every app in and below a group; none when there is no such group."""
        group = self.groups.get(group_id)
        return () if group is None else tuple(group.all_apps())

    def with_app(self, app: App) -> "RootGroup":
        """With `app` added or replaced; missing groups on its path come into being."""
        return self.with_apps(app)

    def with_apps(self, *apps: App) -> "RootGroup":
        return RootGroup(_with_apps(self.group, apps)) if apps else self

    def without_app(self, app_id: str) -> "RootGroup":
        """Without the app; its group stays. Unchanged when there is no such app."""
        if app_id not in self.apps:
            return self
        return RootGroup(_without_app(self.group, app_id))

    def without_apps(self, app_ids: Collection[str]) -> "RootGroup":
        """Without all of these apps, in one pass; those that are not there do not matter."""
        return RootGroup(_without_apps(self.group, app_ids)) if app_ids else self

    def with_group(self, group: Group) -> "RootGroup":
        """With `group` and all below it in the place of what stood there."""
        return RootGroup(_with_group(self.group, group))

    def without_group(self, group_id: str) -> "RootGroup":
        """Without the group and all below it; without the root, nothing is left."""
        if group_id == path_id.ROOT:
            return RootGroup(Group(version=self.version))
        if group_id not in self.groups:
            return self
        above = self.groups[path_id.parent(group_id)]
        rest = {key: group for key, group in above.groups.items() if key != group_id}
        return self.with_group(replace(above, groups=rest))

    def with_version(self, version: str) -> "RootGroup":
        return RootGroup(replace(self.group, version=version))

    def to_wire(self) -> dict[str, Any]:
        return self.group.to_wire()

    @classmethod
    def from_wire(cls, data: Mapping[str, Any]) -> "RootGroup":
        return cls(Group.from_wire(data))


def without_pods(apps: Iterable[App]) -> tuple[App, ...]:
    """Those of `apps` that are no pods."""
    return tuple(app for app in apps if not isinstance(app, Pod))


def _with_apps(group: Group, apps: Iterable[App]) -> Group:
    here: dict[str, App] = {}
    below: dict[str, list[App]] = {}
    for app in apps:
        above = path_id.parent(app.id)
        if above == group.id:
            here[app.id] = app
        else:
            below.setdefault(_step_towards(group.id, above), []).append(app)
    changed = {key: _with_apps(group.groups.get(key, Group(key)), some) for key, some in below.items()}
    return replace(group, apps={**group.apps, **here}, groups={**group.groups, **changed})


def _without_app(group: Group, app_id: str) -> Group:
    if app_id in group.apps:
        return replace(group, apps={key: app for key, app in group.apps.items() if key != app_id})
    below = _step_towards(group.id, path_id.parent(app_id))
    return replace(group, groups={**group.groups, below: _without_app(group.groups[below], app_id)})


def _without_apps(group: Group, app_ids: Collection[str]) -> Group:
    apps = {key: app for key, app in group.apps.items() if key not in app_ids}
    groups = {key: _without_apps(below, app_ids) for key, below in group.groups.items()}
    if len(apps) == len(group.apps) and all(groups[key] is below for key, below in group.groups.items()):
        return group
    return replace(group, apps=apps, groups=groups)


def _with_group(group: Group, placed: Group) -> Group:
    if group.id == placed.id:
        return placed
    below = _step_towards(group.id, placed.id)
    return replace(group, groups={**group.groups, below: _with_group(group.groups.get(below, Group(below)), placed)})


def _step_towards(group_id: str, target: str) -> str:
    """The child of `group_id` on the way to `target`."""
    rest = target[1:] if group_id == path_id.ROOT else target[len(group_id) + 1 :]
    return path_id.join(group_id, rest.partition("/")[0])
