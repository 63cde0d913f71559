"""Reading an app from a client's JSON: translate, read, fill in, judge.

decoded JSON ─▶ deprecated fields translated ─▶ types and bounds ─▶ defaults that depend on others ─▶ rules ─▶ App
"""

from collections.abc import Mapping
from typing import Any

from . import _rules, path_id
from ._deprecated import without_deprecated_fields
from .app import SINGLE_INSTANCE_LABEL, App
from .container import Container
from .errors import ValidationFailed, Violation, WrongType
from .network import DEFAULT_PORT_DEFINITIONS, DEFAULT_PORT_MAPPINGS, HOST_NETWORK
from .strategy import PATIENT_UNREACHABLE, RESIDENT_UPGRADE, SINGLE_INSTANCE_UPGRADE, Residency

# Clients send back what they read; these are the service's answers, not parts of the definition.
STATUS_FIELDS = frozenset(
    {
        "tasks",
        "tasksStaged",
        "tasksRunning",
        "tasksHealthy",
        "tasksUnhealthy",
        "deployments",
        "readinessCheckResults",
        "lastTaskFailure",
        "taskStats",
        "versionInfo",
    }
)


def parse_app(data: Mapping[str, Any], *, base: str = path_id.ROOT, app_id: str | None = None) -> App:
    """The app that `data` (decoded JSON) describes, canonical and judged by every rule but those of its neighbours.

    `base` is the group that a relative id and relative dependencies are resolved against. `app_id`, when given, is
    the id from the request's path; an id in `data` must then be the same.

    Raises `WrongType` for a field of the wrong JSON type and `ValidationFailed` for a broken rule.
    """
    if not isinstance(data, Mapping):
        raise WrongType([Violation("/", ("error.expected.jsobject", "must be an object"))])
    given = without_deprecated_fields({key: value for key, value in data.items() if key not in STATUS_FIELDS})
    mistakes: list[Violation] = []
    try:
        _settle_ids(given, base, app_id)
    except ValidationFailed as wrong_id:  # read on under another id: the mistakes beside it are told in the same answer
        mistakes.extend(wrong_id.details)
        given["id"] = f"{path_id.ROOT}unnamed"
    _default_strategies(given)
    try:
        app = _fill_in(App.from_wire(given))
        _rules.check(app)
    except WrongType:
        raise
    except ValidationFailed as wrong:
        mistakes.extend(wrong.details)
    if mistakes:
        raise ValidationFailed(mistakes)
    return app


def _settle_ids(given: dict[str, Any], base: str, app_id: str | None) -> None:
    stated = given.get("id")
    if app_id is not None:
        if isinstance(stated, str) and path_id.absolute(stated, path_id.parent(app_id)) != app_id:
            raise ValidationFailed.at("/id", f"must be {app_id}, the id in the path, is '{stated}'")
        given["id"] = app_id
    elif isinstance(stated, str):
        path_id.check(stated)
        given["id"] = path_id.absolute(stated, base)
    own, dependencies = given.get("id"), given.get("dependencies")
    if isinstance(own, str) and isinstance(dependencies, list):
        given["dependencies"] = [path_id.dependency(d, own) if isinstance(d, str) else d for d in dependencies]


def _default_strategies(given: dict[str, Any]) -> None:
    labels = given.get("labels")
    container = given.get("container")
    volumes = container.get("volumes") if isinstance(container, dict) else None
    if isinstance(labels, Mapping) and labels.get(SINGLE_INSTANCE_LABEL) == "true":
        given.setdefault("upgradeStrategy", SINGLE_INSTANCE_UPGRADE.to_wire())
        given.setdefault("unreachableStrategy", PATIENT_UNREACHABLE.to_wire())
    elif isinstance(volumes, list) and any(isinstance(v, dict) and v.get("persistent") for v in volumes):
        given.setdefault("upgradeStrategy", RESIDENT_UPGRADE.to_wire())
        given.setdefault("unreachableStrategy", "disabled")
        given.setdefault("residency", Residency().to_wire())


def _fill_in(app: App) -> App:
    """Networks and ports, which have defaults that depend on each other."""
    networks = app.networks or HOST_NETWORK
    changes: dict[str, Any] = {"networks": networks}
    if all(network.mode == "host" for network in networks):
        if app.port_definitions is None:
            changes["port_definitions"] = DEFAULT_PORT_DEFINITIONS
    else:
        changes["require_ports"] = False
        changes["container"] = _with_mappings(app.container or Container(type="MESOS"), networks)
    return app.replace(**changes)


def _with_mappings(container: Container, networks: tuple[Any, ...]) -> Container:
    mappings = DEFAULT_PORT_MAPPINGS if container.port_mappings is None else container.port_mappings
    if any(network.mode == "container/bridge" for network in networks):
        mappings = tuple(m if m.host_port is not None else m.replace(host_port=0) for m in mappings)
    return container.replace(port_mappings=mappings)
