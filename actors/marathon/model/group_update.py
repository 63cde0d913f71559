"""What clients write about groups: definitions and partial updates, resolved and judged.

An update names only what it changes: an ``apps`` or ``groups`` array replaces that level's set; an absent one
leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import path_id
from .app import App
from .errors import ValidationFailed, Violation, WrongType
from .group import Group
from .parse import parse_app
from .pod import Pod
from .versions import parse_version


@dataclass(frozen=True, slots=True)
class GroupUpdate:
    """A parsed update of one group; None means "as it is"."""

    id: str
    apps: tuple[App, ...] | None = None
    groups: tuple[GroupUpdate, ...] | None = None
    dependencies: tuple[str, ...] | None = None
    version: str | None = None
    scale_by: float | None = None
    enforce_role: bool | None = None

    def applied_to(self, group: Group | None) -> Group:
        """The group that this update makes of `group` (None: a new one); `version` and `scale_by` do nothing here."""
        present = Group(self.id) if group is None else group
        changed = present
        if self.apps is not None:
            pods = {key: pod for key, pod in present.apps.items() if isinstance(pod, Pod)}
            changed = replace(changed, apps={**pods, **{app.id: app for app in self.apps}})
        if self.groups is not None:
            changed = replace(
                changed, groups={below.id: below.applied_to(present.groups.get(below.id)) for below in self.groups}
            )
        if self.dependencies is not None:
            changed = replace(changed, dependencies=self.dependencies)
        if self.enforce_role is not None:
            changed = replace(changed, enforce_role=self.enforce_role)
        return changed


def parse_group(data: Any, base: str = path_id.ROOT, *, id_required: bool = False) -> GroupUpdate:
    """The update that `data` (decoded JSON) describes. A relative id is resolved against `base`, its default.

    Raises `WrongType` or `ValidationFailed`; paths inside apps and groups are those of the document, ``/apps(0)/id``.
    """
    if not isinstance(data, Mapping):
        raise WrongType([Violation("/", ("error.expected.jsobject", "must be an object"))])
    given = {key: value for key, value in data.items() if value is not None}
    group_id = _group_id(given, base, id_required)
    update = GroupUpdate(
        id=group_id,
        apps=_apps(given, group_id),
        groups=_groups(given, group_id),
        dependencies=_dependencies(given, group_id),
        version=_version(given),
        scale_by=_scale_by(given),
        enforce_role=_typed(given, "enforceRole", bool, "jsboolean", "true or false"),
    )
    for alone in ("version", "scaleBy"):
        if alone in given and any(key not in (alone, "id") for key in given):
            raise ValidationFailed.at("/", f"The '{alone}' field may only be combined with the 'id' field.")
    return update


def _group_id(given: Mapping[str, Any], base: str, required: bool) -> str:
    stated = _typed(given, "id", str, "jsstring", "a string")
    if stated is None:
        if required:
            raise WrongType([Violation("/id", ("error.path.missing", "must be given"))])
        return base
    path_id.check(stated)
    group_id = path_id.absolute(stated, base)
    if not path_id.is_below(group_id, base):
        raise ValidationFailed.at("/id", f"Identifier is not child of '{base}'")
    return group_id


def _apps(given: Mapping[str, Any], group_id: str) -> tuple[App, ...] | None:
    listed = _typed(given, "apps", list, "jsarray", "an array")
    if listed is None:
        return None
    apps: list[App] = []
    for index, data in enumerate(listed):
        place = f"/apps({index})"
        try:
            app = parse_app(data, base=group_id)
        except ValidationFailed as failed:
            raise failed.below(place) from None
        if path_id.parent(app.id) != group_id:
            raise ValidationFailed.at(f"{place}/id", f"Identifier is not child of '{group_id}'")
        if any(other.id == app.id for other in apps):
            raise ValidationFailed.at(f"{place}/id", f"Applications must be unique: {app.id} is there twice")
        apps.append(app)
    return tuple(apps)


def _groups(given: Mapping[str, Any], group_id: str) -> tuple[GroupUpdate, ...] | None:
    listed = _typed(given, "groups", list, "jsarray", "an array")
    if listed is None:
        return None
    groups: list[GroupUpdate] = []
    for index, data in enumerate(listed):
        place = f"/groups({index})"
        try:
            below = parse_group(data, group_id, id_required=True)
            if path_id.parent(below.id) != group_id or below.id == group_id:
                raise ValidationFailed.at("/id", f"Identifier is not child of '{group_id}'")
            if any(other.id == below.id for other in groups):
                raise ValidationFailed.at("/id", f"Groups must be unique: {below.id} is there twice")
        except ValidationFailed as failed:
            raise failed.below(place) from None
        groups.append(below)
    return tuple(groups)


def _dependencies(given: Mapping[str, Any], group_id: str) -> tuple[str, ...] | None:
    listed = _typed(given, "dependencies", list, "jsarray", "an array")
    if listed is None:
        return None
    for index, dependency in enumerate(listed):
        place = f"/dependencies({index})"
        if not isinstance(dependency, str):
            raise WrongType([Violation(place, ("error.expected.jsstring", "must be a string"))])
        path_id.check(dependency, place)
    return tuple(dict.fromkeys(path_id.dependency(d, group_id) for d in listed))


def _version(given: Mapping[str, Any]) -> str | None:
    stated = _typed(given, "version", str, "jsstring", "a string")
    return None if stated is None else parse_version(stated)


def _scale_by(given: Mapping[str, Any]) -> float | None:
    factor = given.get("scaleBy")
    if factor is None:
        return None
    if isinstance(factor, bool) or not isinstance(factor, int | float):
        raise WrongType([Violation("/scaleBy", ("error.expected.jsnumber", "must be a number"))])
    if factor < 0:
        raise ValidationFailed.at("/scaleBy", f"must be greater than or equal to 0, is {factor}")
    return float(factor)


def _typed(given: Mapping[str, Any], field: str, kind: type, name: str, words: str) -> Any:
    value = given.get(field)
    if value is not None and not isinstance(value, kind):
        raise WrongType([Violation(f"/{field}", (f"error.expected.{name}", f"must be {words}"))])
    return value
