"""May a framework, or an operator, ask for this operation? In Mesos's words; pure.

Whether the resources are there at all is another question (``Conversion.error``).
"""

from __future__ import annotations

from collections.abc import Iterable

from mesos_proto import Resources, mesos_pb2
from mesos_proto.resource import Resource

from .operations import conversion_of, resources_of
from .resource_validation import resource_error, resources_error

__all__ = ["malformed", "operation_error"]

Operation = mesos_pb2.Offer.Operation


def malformed(operation: mesos_pb2.Offer.Operation) -> str | None:
    """What it needs is missing, or a resource in it is none."""
    name = Operation.Type.Name(operation.type)
    if operation.type != Operation.UNKNOWN and not operation.HasField(name.lower()):  # type: ignore[arg-type]
        article = "An" if name.startswith("U") else "A"
        return f"{article} {name} offer operation must have the Offer.Operation.{name.lower()} field set."
    return next(filter(None, map(resource_error, resources_of(operation))), None)


def operation_error(
    operation: mesos_pb2.Offer.Operation,
    agent_total: Resources,
    agent_used: Resources,
    principal: str | None,
    framework: mesos_pb2.FrameworkInfo | None,
    roles: tuple[str, ...] = (),
) -> str | None:
    """
    Args:
        agent_total: the agent's resources, allocated to nobody.
        agent_used: what tasks and executors hold of them, likewise.
        principal: who asks, when that is known.
        framework: None when an operator asks; ``roles`` are the framework's.
    """
    match operation.type:
        case Operation.RESERVE:
            return _reserve_error(operation.reserve, principal, framework is not None, roles)
        case Operation.UNRESERVE:
            return _unreserve_error(operation.unreserve)
        case Operation.CREATE:
            return _create_error(operation.create, agent_total, principal, framework)
        case Operation.DESTROY:
            return _destroy_error(operation.destroy, agent_total, agent_used)
        case Operation.GROW_VOLUME:
            return _grow_error(operation.grow_volume)
        case Operation.SHRINK_VOLUME:
            return _shrink_error(operation.shrink_volume)
    return "'source' is not managed by a resource provider"  # CREATE_DISK, DESTROY_DISK: no agent has one here


def _reserve_error(
    reserve: mesos_pb2.Offer.Operation.Reserve, principal: str | None, by_framework: bool, roles: tuple[str, ...]
) -> str | None:
    error = _invalid(reserve.resources) or _provider_error(reserve.resources)
    if error:
        return error
    if reserve.source:
        source, target = Resources(reserve.source), Resources(reserve.resources)
        if source.to_unreserved() != target.to_unreserved():
            return (
                "Source and target resources should refer to identical resource quantities: "
                f"{source.to_unreserved()} vs. {target.to_unreserved()}"
            )
    for proto in reserve.resources:
        resource = Resource(proto)
        if not resource.is_dynamically_reserved:
            return f"Resource {resource} is not dynamically reserved"
        reservation = resource.reservations[-1]
        if principal is not None and not reservation.HasField("principal"):
            return (
                f"A reserve operation was attempted by principal '{principal}', but there is a reserved resource in "
                "the request with no principal set"
            )
        if principal is not None and reservation.principal != principal:
            return (
                f"A reserve operation was attempted by authenticated principal '{principal}', which does not match a "
                f"reserved resource in the request with principal '{reservation.principal}'"
            )
        error = _reservation_role_error(resource, by_framework, roles)
        if error:
            return error
    return None


def _reservation_role_error(resource: Resource, by_framework: bool, roles: tuple[str, ...]) -> str | None:
    allocated = resource.allocation_role
    if not by_framework:
        if allocated is not None:
            return (
                "A reserve operation was attempted with an allocated resource, but the operator API only allows "
                "reservations to be made to unallocated resources"
            )
        return None
    if allocated is None:
        return (
            f"A reserve operation was attempted on unallocated resource {resource}, but frameworks can only perform "
            "reservations on allocated resources"
        )
    if allocated != resource.role:
        return (
            f"A reserve operation was attempted for a resource with role '{resource.role}', but the resource was "
            f"allocated to role '{allocated}'"
        )
    if allocated not in roles:
        return (
            f"A reserve operation was attempted for a resource allocated to role '{allocated}', but the framework "
            f"only has roles '{{ {', '.join(sorted(roles))} }}'"
        )
    return None


def _unreserve_error(unreserve: mesos_pb2.Offer.Operation.Unreserve) -> str | None:
    error = _invalid(unreserve.resources) or _provider_error(unreserve.resources)
    if error:
        return error
    for proto in unreserve.resources:
        resource = Resource(proto)
        if not resource.is_dynamically_reserved:
            return f"Resource {resource} is not dynamically reserved"
        if resource.is_persistent_volume:
            return (
                f"A dynamically reserved persistent volume {resource} cannot be unreserved directly. Please destroy "
                "the persistent volume first then unreserve the resource"
            )
    return None


def _create_error(
    create: mesos_pb2.Offer.Operation.Create,
    agent_total: Resources,
    principal: str | None,
    framework: mesos_pb2.FrameworkInfo | None,
) -> str | None:
    error = _invalid(create.volumes) or _provider_error(create.volumes) or _volumes_error(create.volumes)
    if error:
        return error
    taken = {_persistence_key(each.reservations, each.disk) for each in agent_total if each.is_persistent_volume}
    for proto in create.volumes:
        volume = Resource(proto)
        key = _persistence_key(volume.reservations, volume.disk)
        if key in taken:
            return f"Persistence ID '{proto.disk.persistence.id}' is not unique"
        taken.add(key)
        if framework is not None and volume.is_shared:
            capabilities = {each.type for each in framework.capabilities}
            if mesos_pb2.FrameworkInfo.Capability.SHARED_RESOURCES not in capabilities:
                return (
                    f"Create volume operation for '{volume}' has been attempted by framework "
                    f"'{framework.id.value}' with no SHARED_RESOURCES capability"
                )
        persistence = proto.disk.persistence
        if principal is not None and not persistence.HasField("principal"):
            return (
                f"Create volume operation attempted by principal '{principal}', but there is a volume in the "
                "operation with no principal set in 'disk.persistence'"
            )
        if principal is not None and persistence.principal != principal:
            return (
                f"Create volume operation attempted by authenticated principal '{principal}', which does not match a "
                f"volume in the operation with principal '{persistence.principal}' set in 'disk.persistence'"
            )
    return None


def _persistence_key(
    reservations: tuple[mesos_pb2.Resource.ReservationInfo, ...], disk: mesos_pb2.Resource.DiskInfo | None
) -> tuple[str, str]:
    """The same id may be used by different roles."""
    return reservations[-1].role if reservations else "*", disk.persistence.id if disk is not None else ""


def _destroy_error(
    destroy: mesos_pb2.Offer.Operation.Destroy, agent_total: Resources, agent_used: Resources
) -> str | None:
    error = _invalid(destroy.volumes) or _provider_error(destroy.volumes) or _volumes_error(destroy.volumes)
    if error:
        return error
    volumes = Resources(destroy.volumes).unallocated()
    if not agent_total.contains(volumes):
        return "Persistent volumes not found"
    if any(agent_used.contains(Resources([volume.to_proto()])) for volume in volumes):
        return "Persistent volumes in use"
    return None


def _grow_error(grow: mesos_pb2.Offer.Operation.GrowVolume) -> str | None:
    error = _resized_error(grow.volume, "GrowVolume")
    if error:
        return error
    if not grow.addition.scalar.value > 0:
        return "The size of 'GrowVolume.addition' field must be greater than zero"
    if grow.volume.HasField("shared"):
        return "Growing a shared persistent volume is not supported"
    if Resource(grow.volume).kind.is_whole and grow.volume.disk.HasField("source"):
        return "Growing a persistent volume on a disk of its own is not supported"
    operation = Operation(type=Operation.GROW_VOLUME, grow_volume=grow)
    space = [each for each in conversion_of(operation).consumed if not each.is_persistent_volume]
    plain = Resources([_space_of(grow.volume)])
    if not space or any(each.kind.key != next(iter(plain)).kind.key for each in space):
        return "Incompatible resources in the 'GrowVolume.volume' and 'GrowVolume.addition' fields"
    return None


def _space_of(volume: mesos_pb2.Resource) -> mesos_pb2.Resource:
    operation = Operation(type=Operation.CREATE)
    operation.create.volumes.add().CopyFrom(volume)
    return next(iter(conversion_of(operation).consumed)).to_proto()


def _shrink_error(shrink: mesos_pb2.Offer.Operation.ShrinkVolume) -> str | None:
    error = _resized_error(shrink.volume, "ShrinkVolume")
    if error:
        return error
    if not shrink.subtract.value > 0:
        return "Value of 'ShrinkVolume.subtract' must be greater than zero"
    if shrink.subtract.value >= shrink.volume.scalar.value:
        return "Value of 'ShrinkVolume.subtract' must be smaller than the size of 'ShrinkVolume.volume'"
    if shrink.volume.HasField("shared"):
        return "Shrinking a shared persistent volume is not supported"
    return None


def _provider_error(resources: Iterable[mesos_pb2.Resource]) -> str | None:
    """Exactly one source of resources per operation; none at all is not one (Mesos says it in these words)."""
    providers = {proto.provider_id.value if proto.HasField("provider_id") else "" for proto in resources}
    if len(providers) == 1:
        return None
    shown = "; ".join(str(Resource(proto)) for proto in resources)
    return f"Invalid resources: The resources have multiple resource providers: {shown}"


def _resized_error(volume: mesos_pb2.Resource, change: str) -> str | None:
    error = _volumes_error([volume])
    if error:
        said = error.removeprefix("Not a persistent volume: ")
        return f"Invalid persistent volume in the '{change}.volume' field: {said}"
    return _invalid([volume])


def _invalid(resources: Iterable[mesos_pb2.Resource]) -> str | None:
    error = resources_error(resources)
    return f"Invalid resources: {error}" if error else None


def _volumes_error(volumes: Iterable[mesos_pb2.Resource]) -> str | None:
    for volume in volumes:
        if not volume.HasField("disk"):
            return f"Not a persistent volume: Resource {Resource(volume)} does not have DiskInfo"
        if not volume.disk.HasField("persistence"):
            return f"Not a persistent volume: Resource {Resource(volume)} does not have 'persistence' set in DiskInfo"
        if not volume.disk.HasField("volume"):
            return "Not a persistent volume: Expecting 'volume' to be set for persistent volume"
        if volume.disk.volume.mode == mesos_pb2.Volume.RO:
            return "Not a persistent volume: Read-only persistent volume not supported"
    return None
