"""The rules that join several fields of a pod, with Marathon's texts and paths (``PodsValidation.scala``)."""

from collections.abc import Callable, Hashable, Iterable, Iterator

from . import path_id
from ._rules import constraint_problem
from .app import SecretRef
from .errors import ValidationFailed, Violation
from .pod_spec import ContainerHealthCheck, PodContainer, PodSpec


def check(pod: PodSpec) -> None:
    """Raises `ValidationFailed` with every rule that `pod` breaks."""
    violations = [violation for rule in _RULES for violation in rule(pod)]
    if violations:
        raise ValidationFailed(violations)


def _at(path: str, *errors: str) -> Violation:
    return Violation(path, errors)


def _distinct(values: Iterable[Hashable]) -> bool:
    listed = list(values)
    return len(listed) == len(set(listed))


def _identity(pod: PodSpec) -> Iterator[Violation]:
    if pod.id == path_id.ROOT:
        yield _at("/id", "must not be root")
    try:
        path_id.check(pod.id)
    except ValidationFailed as failed:
        yield from failed.details


def _names(pod: PodSpec) -> Iterator[Violation]:
    if not _distinct(container.name for container in pod.containers):
        yield _at("/containers", "container names are unique")
    if not _distinct(volume.name for volume in pod.volumes):
        yield _at("/volumes", "volume names are unique")
    if not _distinct(endpoint.name for endpoint in pod.endpoints):
        yield _at("/", "Endpoint names are unique")
    if not _distinct(endpoint.container_port for endpoint in pod.endpoints if endpoint.container_port):
        yield _at("/", "Container ports are unique")
    if not _distinct(endpoint.host_port for endpoint in pod.endpoints if endpoint.host_port):
        yield _at("/", "Host ports are unique")


def _networks(pod: PodSpec) -> Iterator[Violation]:
    if len(pod.networks) > 1 and any(network.mode == "host" for network in pod.networks):
        yield _at("/networks", "host networking may not be combined with other networks")
    for index, network in enumerate(pod.networks):
        if network.mode == "container" and not network.name:
            yield _at(f"/networks({index})/name", "must name the container network to join")
        if network.mode != "container" and network.name is not None:
            yield _at(f"/networks({index})/name", f"must not be set for a network of mode {network.mode}")


def _endpoints(pod: PodSpec) -> Iterator[Violation]:
    named = any(network.mode == "container" for network in pod.networks)
    for number, container in enumerate(pod.containers):
        for index, endpoint in enumerate(container.endpoints):
            path = f"/containers({number})/endpoints({index})"
            if pod.host_networking and endpoint.container_port is not None:
                yield _at(f"{path}/containerPort", "is not allowed when using host-mode networking")
            if named and endpoint.container_port is None:
                yield _at(f"{path}/containerPort", "is required when using container-mode networking")
            if not _distinct(endpoint.protocol):
                yield _at(f"{path}/protocol", "Duplicate protocols within the same endpoint are not allowed")


def _containers(pod: PodSpec) -> Iterator[Violation]:
    for number, container in enumerate(pod.containers):
        path = f"/containers({number})"
        if container.exec is None and container.image is None:
            yield _at(path, "must either have an exec or an image, which says what to run")
        pull = container.image.pull_config if container.image is not None else None
        if pull is not None and pull.secret not in pod.secrets:
            yield _at(f"{path}/image/pullConfig", "pullConfig.secret must refer to an existing secret")
        for index, mount in enumerate(container.volume_mounts):
            if all(volume.name != mount.name for volume in pod.volumes):
                yield _at(f"{path}/volumeMounts({index})/name", "Referenced Volume in VolumeMount should exist")
        if container.health_check is not None:
            yield from _health_check(f"{path}/healthCheck", container, container.health_check)


def _health_check(path: str, container: PodContainer, made: ContainerHealthCheck) -> Iterator[Violation]:
    if sum(kind is not None for kind in (made.http, made.tcp, made.exec)) != 1:
        yield _at(path, "Only one of http, tcp, or command may be specified")
    if made.timeout_seconds >= made.interval_seconds:
        yield _at(f"{path}/timeoutSeconds", f"got {made.timeout_seconds}, expected less than {made.interval_seconds}")
    for kind in ("http", "tcp"):
        looked = getattr(made, kind)
        if looked is not None and all(endpoint.name != looked.endpoint for endpoint in container.endpoints):
            yield _at(f"{path}/{kind}/endpoint", "contained in the container endpoints")


def _volumes(pod: PodSpec) -> Iterator[Violation]:
    mounted = {mount.name for container in pod.containers for mount in container.volume_mounts}
    for index, volume in enumerate(pod.volumes):
        path = f"/volumes({index})"
        if volume.name not in mounted:
            yield _at(path, "volume must be referenced by at least one container")
        if sum(kind is not None for kind in (volume.host, volume.persistent, volume.secret)) > 1:
            yield _at(path, "a volume must define at most one of host, persistent, secret")
        if volume.persistent is not None:
            # Started without its volume, such a pod would write into a sandbox and lose what it wrote.
            yield _at(f"{path}/persistent", "this service does not offer persistent local volumes; use host")
        if volume.secret is not None and volume.secret not in pod.secrets:
            yield _at(f"{path}/secret", "volume.secret must refer to an existing secret")


def _secrets(pod: PodSpec) -> Iterator[Violation]:
    environments = [("/environment", pod.environment)]
    environments += [(f"/containers({n})/environment", one.environment) for n, one in enumerate(pod.containers)]
    for path, environment in environments:
        for name, value in environment.items():
            if isinstance(value, SecretRef) and value.secret not in pod.secrets:
                yield _at(f"{path}/{name}", f"references a secret that is not defined: {value.secret}")
            if not name:
                yield _at(path, "must not contain a variable without a name")


def _placement(pod: PodSpec) -> Iterator[Violation]:
    placement = pod.scheduling.placement
    for index, constraint in enumerate(placement.constraints):
        given = (constraint.field_name, constraint.operator)
        problem = constraint_problem(given if constraint.value is None else (*given, constraint.value))
        if problem:
            yield _at(f"/scheduling/placement/constraints({index})", problem)


_RULES: tuple[Callable[[PodSpec], Iterator[Violation]], ...] = (
    _identity,
    _names,
    _networks,
    _endpoints,
    _containers,
    _volumes,
    _secrets,
    _placement,
)
