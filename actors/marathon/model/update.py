"""PUT and PATCH of one app: what a partial definition makes of the present one.

With `partial` (Marathon's default), fields that the update does not name keep their values; without it, they take
their defaults. A named field is replaced as a whole, never merged into.
"""

from collections.abc import Mapping
from typing import Any

from . import path_id
from ._deprecated import without_deprecated_fields
from .app import App
from .errors import ValidationFailed, Violation, WrongType
from .parse import STATUS_FIELDS, parse_app
from .versions import parse_version

VERSION_ALONE = "The 'version' field may only be combined with the 'id' field."


def rollback_version(update: Mapping[str, Any]) -> str | None:
    """The version that `update` asks to go back to: ``{"version": …}`` alone, or with the id. None: it asks for none.

    Raises `ValidationFailed` when other fields stand beside the version.
    """
    if not isinstance(update, Mapping):
        raise WrongType([Violation("/", ("error.expected.jsobject", "must be an object"))])
    version = update.get("version")
    if version is None:
        return None
    if not isinstance(version, str):
        raise WrongType([Violation("/version", ("error.expected.jsstring", "must be a string"))])
    if any(value is not None and key not in ("id", "version") for key, value in update.items()):
        raise ValidationFailed.at("/", VERSION_ALONE)
    return parse_version(version)


def updated_app(present: App | None, update: Mapping[str, Any], app_id: str, *, partial: bool = True) -> App:
    """What `update` makes of `present` (None: a new app). The result has no version yet.

    Raises `ValidationFailed` or `WrongType`, as `parse_app` does.
    """
    if not isinstance(update, Mapping):
        raise WrongType([Violation("/", ("error.expected.jsobject", "must be an object"))])
    given = without_deprecated_fields({key: value for key, value in update.items() if key not in STATUS_FIELDS})
    given.pop("version", None)
    if present is None:
        return parse_app(given, app_id=app_id, base=path_id.parent(app_id))
    if not partial:
        return parse_app(given, app_id=app_id)
    kept = {key: value for key, value in present.wire.items() if key not in ("version", "versionInfo")}
    if _changes_kind_of_network(given, kept):
        kept.pop("portDefinitions", None)
        kept.pop("networks", None)
    return parse_app({**kept, **given, "id": given.get("id", app_id)}, app_id=app_id)


def _changes_kind_of_network(given: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    """Port definitions belong to host networking only; they would make a move to another network invalid."""
    networks = given.get("networks")
    if not isinstance(networks, list) or "portDefinitions" in given:
        return False
    return any(isinstance(n, dict) and n.get("mode", "container") != "host" for n in networks)
