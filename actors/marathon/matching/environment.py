"""The environment variables that Marathon gives a task. Pure; after Marathon's ``mesos/EnvironmentHelper.scala``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from actors.marathon.model import App

__all__ = ["enforcement_variable", "label_variables", "task_environment", "variable_name"]

MAX_LABEL_VARIABLES_LENGTH = 512
"""Labels longer than this are not handed to the task."""


def task_environment(
    app: App, host: str, task_id: str, host_ports: Sequence[int | None], prefix: str = ""
) -> dict[str, str]:
    """Every variable but the app's own, which win over these (the caller lays them over).

    `prefix` (Marathon's ``--env_vars_prefix``) goes before the names of ports and host.
    """
    place = {**_ports(app, host_ports), "HOST": host}
    return {**{prefix + name: value for name, value in place.items()}, "MESOS_TASK_ID": task_id, **_about(app)}


def _about(app: App) -> dict[str, str]:
    variables = {
        "MARATHON_APP_ID": app.id,
        "MARATHON_APP_VERSION": app.version or "",
        "MARATHON_APP_RESOURCE_CPUS": str(app.cpus),
        "MARATHON_APP_RESOURCE_MEM": str(app.mem),
        "MARATHON_APP_RESOURCE_DISK": str(app.disk),
        "MARATHON_APP_RESOURCE_GPUS": str(app.gpus),
    }
    if app.container is not None and app.container.image is not None:
        variables["MARATHON_APP_DOCKER_IMAGE"] = app.container.image
    return variables | label_variables(app.labels)


def enforcement_variable(enforce_role: bool) -> dict[str, str]:
    """Whether the app's top-level group enforces its role: an app that is itself a framework must take that one."""
    return {"MARATHON_APP_ENFORCE_GROUP_ROLE": "TRUE" if enforce_role else "FALSE"}


def label_variables(labels: Mapping[str, str]) -> dict[str, str]:
    """A variable per label, and one with the names of all."""
    variables, names = {}, []
    for label, value in labels.items():
        if len(label) <= MAX_LABEL_VARIABLES_LENGTH and len(value) <= MAX_LABEL_VARIABLES_LENGTH:
            name = variable_name(label)
            names.append(name)
            variables[f"MARATHON_APP_LABEL_{name}"] = value
    return {**variables, "MARATHON_APP_LABELS": " ".join(names)}


def _ports(app: App, host_ports: Sequence[int | None]) -> dict[str, str]:
    if app.host_networking:
        requested = [(definition.port, definition.name) for definition in app.port_definitions or ()]
    else:
        requested = [(mapping.container_port, mapping.name) for mapping in app.port_mappings]
    # A port without a host port is reached at the container's own.
    actual = [host or asked for host, (asked, _) in zip(host_ports, requested, strict=True)]
    if not actual:
        return {}
    variables = {}
    for index, (port, (asked, name)) in enumerate(zip(actual, requested, strict=True)):
        variables[f"PORT{index}"] = str(port)
        variables[f"PORT_{asked or port}"] = str(port)
        if name:
            variables[f"PORT_{variable_name(name)}"] = str(port)
    variables["PORT"] = str(actual[0])
    variables["PORTS"] = ",".join(map(str, actual))
    return variables


def variable_name(text: str) -> str:
    """`text` as it stands in the name of a variable."""
    return re.sub("[^A-Z0-9_]", "_", text.upper())
