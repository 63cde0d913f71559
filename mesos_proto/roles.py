"""Names of roles: paths like ``eng/web``, whose rules and refusals are Mesos's (its documents, "Roles")."""

from __future__ import annotations

import re
from typing import Final

UNRESERVED: Final = "*"
"""The role of resources that are reserved for nobody."""

_BACKSPACE_OR_WHITE_SPACE = re.compile("[\b\t\n\v\f\r ]")


class RoleError(ValueError):
    """A role's name breaks a rule; the message is Mesos's."""


def validate_role(role: str) -> None:
    """Refuses what is no name of a role.

    Raises:
        RoleError: names the rule.
    """
    if role == UNRESERVED:
        return
    if not role:
        raise RoleError("Role names cannot be the empty string")
    if role.startswith("/"):
        raise RoleError(f"Role '{role}' cannot start with a slash")
    if role.endswith("/"):
        raise RoleError(f"Role '{role}' cannot end with a slash")
    if "//" in role:
        raise RoleError(f"Role '{role}' cannot contain two adjacent slashes")
    for component in role.split("/"):
        if component in (".", "..", UNRESERVED):
            raise RoleError(f"Role '{role}' cannot include '{component}' as a component")
        if component.startswith("-"):
            raise RoleError(f"Role component '{component}' is invalid because it starts with a dash")
        if _BACKSPACE_OR_WHITE_SPACE.search(component):
            raise RoleError(f"Role component '{component}' is invalid because it contains backspace or whitespace")


def is_within(role: str, ancestor: str) -> bool:
    """Whether ``role`` is ``ancestor`` or below it: ``eng/web`` is within ``eng``."""
    return role == ancestor or role.startswith(ancestor + "/")
