"""Which of Mesos's roles an app or pod may have, and which it gets when it names none (``RoleSettings.scala``). Pure.

    a change's new root ─▶ with_roles(before, after, mesos_role) ─▶ every changed app has a role, and a legal one
    the stored root     ─▶ roles_of(root, mesos_role)            ─▶ what the framework subscribes in

An app may have the service's own role (``--mesos_role``) or the name of its top-level group. A group whose
``enforceRole`` is true leaves no choice: all in it have its name. What an app has from earlier it may keep.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.marathon.model import App, RootGroup, ValidationFailed, Violation

__all__ = ["DEFAULT_ROLE", "enforcing_groups", "roles_of", "top_group", "with_roles"]

DEFAULT_ROLE = "*"


def roles_of(root: RootGroup, mesos_role: str) -> tuple[str, ...]:
    """The service's own role and those of all apps, sorted."""
    return tuple(sorted({mesos_role, *(app.role for app in root.apps.values())}))


def enforcing_groups(root: RootGroup) -> frozenset[str]:
    """The names of the top-level groups that enforce their role."""
    return frozenset(key[1:] for key, group in root.group.groups.items() if group.enforce_role)


def top_group(app_id: str) -> str | None:
    """The name of the top-level group that an app is in; None directly below the root."""
    name, slash, _ = app_id[1:].partition("/")
    return name if slash else None


def with_roles(before: RootGroup, after: RootGroup, mesos_role: str) -> RootGroup:
    """`after` with the roles of new and changed apps filled in and judged. Raises `ValidationFailed`."""
    enforcing = enforcing_groups(after)
    changed = [app for app in after.apps.values() if before.app(app.id) is not app]
    filled = [_filled(app, enforcing, mesos_role) for app in changed]
    violations = [found for app in filled for found in _violations(app, before.app(app.id), enforcing, mesos_role)]
    if violations:
        raise ValidationFailed(violations)
    return after.with_apps(*(new for new, app in zip(filled, changed, strict=True) if new is not app))


def _filled(app: App, enforcing: frozenset[str], mesos_role: str) -> App:
    if "role" in app.model_fields_set:  # somebody has named it, or it was filled in earlier
        return app
    group = top_group(app.id)
    return app.replace(role=group if group in enforcing else mesos_role)


def _violations(app: App, old: App | None, enforcing: frozenset[str], mesos_role: str) -> Iterator[Violation]:
    group = top_group(app.id)
    if group in enforcing:
        legal = [group]
    else:
        legal = [mesos_role, *([group] if group is not None else ())]
    if app.role not in legal and (old is None or old.role != app.role):
        yield Violation("/role", (f"got {app.role}, expected one of: [{', '.join(map(str, legal))}]", f"({app.id})"))
    strange = [role for role in app.accepted_resource_roles if role not in (DEFAULT_ROLE, app.role)]
    if strange:
        text = f"acceptedResourceRoles can only contain *, and '{app.role}', not '{strange[0]}'"
        yield Violation("/acceptedResourceRoles", (text, f"({app.id})"))
