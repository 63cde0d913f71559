"""The rules that join several fields of an app, with Marathon's texts and paths (``AppValidation.scala``)."""

import re
from collections.abc import Callable, Iterator

from . import path_id
from .app import SINGLE_INSTANCE_LABEL, App, SecretRef
from .errors import ValidationFailed, Violation
from .strategy import SINGLE_INSTANCE_UPGRADE

OPERATORS = ("UNIQUE", "CLUSTER", "GROUP_BY", "LIKE", "MAX_PER", "UNLIKE", "IS")

_NOT_OFFERED = "this service does not offer"


def check(app: App) -> None:
    """Raises `ValidationFailed` with every rule that `app` breaks."""
    violations = [violation for rule in _RULES for violation in rule(app)]
    if violations:
        raise ValidationFailed(violations)


def _at(path: str, *errors: str) -> Violation:
    return Violation(path, errors)


def _identity(app: App) -> Iterator[Violation]:
    if app.id == path_id.ROOT:
        yield _at("/id", "must not be root")
    ids = [("/id", app.id), *((f"/dependencies({i})", d) for i, d in enumerate(app.dependencies))]
    for path, value in ids:
        try:
            path_id.check(value, path)
        except ValidationFailed as failed:
            yield from failed.details


def _something_to_run(app: App) -> Iterator[Violation]:
    has_image = app.container is not None and app.container.has_image
    if (app.cmd and app.args) or not (app.cmd or app.args or has_image):
        yield _at("/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")


def _container(app: App) -> Iterator[Violation]:
    container = app.container
    if container is None:
        return
    if container.type == "DOCKER" and container.docker is None:
        yield _at("/container/docker", "not defined")
    if container.docker is not None and container.appc is not None:
        yield _at("/container", "mesos containers should specify, at most, a single image type")
    if container.docker is not None and (pull := container.docker.pull_config) is not None:
        if container.type == "DOCKER":
            yield _at("/container/docker/pullConfig", "pullConfig is not supported with Docker containerizer")
        elif pull.secret not in app.secrets:
            yield _at("/container/docker/pullConfig", "pullConfig.secret must refer to an existing secret")
    if container.linux_info is not None:
        if container.type == "DOCKER":
            yield _at("/container/linuxInfo", "linuxInfo is not supported with the Docker containerizer")
        seccomp = container.linux_info.seccomp
        if seccomp is not None and (seccomp.profile_name is not None) == seccomp.unconfined:
            yield _at("/container/linuxInfo/seccomp", "must either name a profile or be unconfined")
    names = [volume.external.name for volume in container.volumes if volume.external and volume.external.name]
    if len(names) != len(set(names)):
        yield _at("/container/volumes", "Volume names must be unique")
    for index, volume in enumerate(container.volumes):
        path = f"/container/volumes({index})"
        # Started without its volume, such an app would write into a sandbox and lose what it wrote.
        if volume.external is not None:
            yield _at(f"{path}/external", f"{_NOT_OFFERED} external volumes; use a hostPath")
        if volume.persistent is not None:
            yield _at(f"{path}/persistent", f"{_NOT_OFFERED} persistent local volumes; use a hostPath")
        if volume.secret is not None and volume.secret not in app.secrets:
            yield _at(f"{path}/secret", "volume.secret must refer to an existing secret")


def _secrets(app: App) -> Iterator[Violation]:
    for name, value in app.env.items():
        if isinstance(value, SecretRef) and value.secret not in app.secrets:
            yield _at(f"/env/{name}", f"references a secret that is not defined: {value.secret}")
        if not name:
            yield _at("/env", "must not contain a variable without a name")


def _ports(app: App) -> Iterator[Violation]:
    definitions = app.port_definitions or ()
    mappings = (app.container.port_mappings or ()) if app.container is not None else ()
    modes = {network.mode for network in app.networks}
    if "host" in modes and mappings:
        yield _at("/", "portMappings are not allowed with host-networking")
    if modes - {"host"} and definitions:
        yield _at("/", "portDefinitions are only allowed with host-networking")
    if "host" in modes and len(app.networks) > 1:
        yield _at("/networks", "host networking may not be combined with other networks")
    fixed = [definition.port for definition in definitions if definition.port]
    if len(fixed) != len(set(fixed)):
        yield _at("/portDefinitions", "Ports must be unique.")
    for path, ports in (("/portDefinitions", definitions), ("/container/portMappings", mappings)):
        names = [port.name for port in ports if port.name is not None]
        if len(names) != len(set(names)):
            yield _at(path, "Port names must be unique.")
    known = {network.name for network in app.networks if network.name is not None}
    several = sum(network.mode == "container" for network in app.networks) > 1
    for index, mapping in enumerate(mappings):
        path = f"/container/portMappings({index})"
        unknown = [name for name in mapping.network_names if name not in known]
        if unknown:
            yield _at(f"{path}/networkNames", f"must name networks of the app, but '{unknown[0]}' is none")
        if several and mapping.host_port is not None and len(mapping.network_names) != 1:
            yield _at(
                path,
                "networkNames must be a single item list when hostPort is specified and more than 1 "
                "container network is defined",
            )


def _networks(app: App) -> Iterator[Violation]:
    for index, network in enumerate(app.networks):
        if network.mode == "container" and not network.name:
            yield _at(f"/networks({index})/name", "must name the container network to join")
        if network.mode != "container" and network.name is not None:
            yield _at(f"/networks({index})/name", f"must not be set for a network of mode {network.mode}")
    docker = app.container is not None and app.container.type == "DOCKER"
    if docker and sum(network.mode == "container" for network in app.networks) > 1:
        yield _at("/", "may only specify a single container network when using the Docker container engine")


def _health_checks(app: App) -> Iterator[Violation]:
    count = len(app.service_ports)
    for index, check in enumerate(app.health_checks):
        unknown_index = check.port_index is not None and check.port_index >= count
        if not check.run_by_agent and check.port is None and (unknown_index or not count):
            yield _at(
                f"/healthChecks({index})",
                "Health check port indices must address an element of the ports array or container port mappings.",
            )
        docker = app.container is not None and app.container.type == "DOCKER"
        if check.ip_protocol == "IPv6" and not (docker and check.run_by_agent and check.protocol != "COMMAND"):
            yield _at(
                f"/healthChecks({index})",
                "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks",
            )
    if sum(check.run_by_agent and check.protocol != "COMMAND" for check in app.health_checks) > 1:
        yield _at("/healthChecks", "AppDefinition can contain at most one Mesos health check")


def _readiness_checks(app: App) -> Iterator[Violation]:
    if len(app.readiness_checks) > 1:
        yield _at("/readinessChecks", f"got {len(app.readiness_checks)}, expected 1 or less")
    for index, check in enumerate(app.readiness_checks):
        if check.port_name not in app.port_names:
            yield _at(
                f"/readinessChecks({index})/portName", f"No port definition reference for portName {check.port_name}"
            )
        if check.timeout_seconds >= check.interval_seconds:
            yield _at(
                f"/readinessChecks({index})/timeoutSeconds",
                f"got {check.timeout_seconds}, expected less than {check.interval_seconds}",
            )


def _single_instance(app: App) -> Iterator[Violation]:
    if not app.is_single_instance:
        return
    if app.instances > 1:
        yield _at("/", "Single instance app may only have one instance")
    for field in ("minimum_health_capacity", "maximum_over_capacity"):
        share = getattr(app.upgrade_strategy, field)
        if share != getattr(SINGLE_INSTANCE_UPGRADE, field):
            name = "minimumHealthCapacity" if field.startswith("minimum") else "maximumOverCapacity"
            yield _at(f"/upgradeStrategy/{name}", f"got {share}, expected 0.0 because of {SINGLE_INSTANCE_LABEL}")


def _gpus(app: App) -> Iterator[Violation]:
    if app.gpus and app.container is not None and app.container.type == "DOCKER":
        yield _at("/", "GPU resources only work with the Mesos containerizer")


def _constraints(app: App) -> Iterator[Violation]:
    for index, constraint in enumerate(app.constraints):
        problem = constraint_problem(constraint)
        if problem:
            yield _at(f"/constraints({index})", problem)


def constraint_problem(constraint: tuple[str, ...]) -> str | None:
    """What is wrong with ``(field, operator[, value])``; None when it is sound."""
    if not 2 <= len(constraint) <= 3:
        return "Each constraint must have either 2 or 3 fields"
    operator, value = constraint[1], constraint[2] if len(constraint) == 3 else None
    if operator not in OPERATORS:
        return "Constraint operator must be one of the following UNIQUE, CLUSTER, GROUP_BY, LIKE, MAX_PER, UNLIKE or IS"
    match operator:
        case "UNIQUE" if value is not None:
            return "Value specified but not used"
        case "IS" if value is None:
            return "Missing value"
        case "GROUP_BY" if value is not None and not _is_count(value):
            return "Value was specified but is not a number"
        case "MAX_PER" if value is None or not _is_count(value):
            return "Value was not specified or is not a number"
        case "LIKE" | "UNLIKE":
            if value is None:
                return "A regular expression value must be provided"
            try:
                re.compile(value)
            except re.error as error:
                return f"'{value}' is not a valid regular expression: {error}"
    return None


def _is_count(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) >= 1


_RULES: tuple[Callable[[App], Iterator[Violation]], ...] = (
    _identity,
    _something_to_run,
    _container,
    _secrets,
    _ports,
    _networks,
    _health_checks,
    _readiness_checks,
    _single_instance,
    _gpus,
    _constraints,
)
