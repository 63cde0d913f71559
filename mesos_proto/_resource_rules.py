"""What Mesos demands of a Resource message before it counts with it; the refusals are Mesos's."""

from __future__ import annotations

import math
from itertools import pairwise

from mesos_proto._resource_text import describe_labels
from mesos_proto.mesos.v1.mesos_pb2 import Resource, Value
from mesos_proto.roles import UNRESERVED, RoleError, validate_role


def fault_of(resource: Resource) -> str | None:
    """The rule that the message breaks; None when it is valid."""
    if not resource.name:
        return "Empty resource name"
    return (
        _fault_of_value(resource)
        or _fault_of_disk(resource)
        or _fault_of_reservations(resource)
        or _fault_of_sharing(resource)
    )


def _fault_of_value(resource: Resource) -> str | None:
    present = [name for name in ("scalar", "ranges", "set") if resource.HasField(name)]
    if resource.type == Value.SCALAR:
        if present != ["scalar"]:
            return "Invalid scalar resource"
        if resource.scalar.value == math.inf:
            return "Invalid scalar resource: value is infinite"
        # Mesos's text says <= 0, its rule < 0: a resource of nothing is valid, and ignored.
        return "Invalid scalar resource: value <= 0" if not resource.scalar.value >= 0 else None
    if resource.type == Value.RANGES:
        return "Invalid ranges resource" if present != ["ranges"] else _fault_of_ranges(resource.ranges)
    if resource.type == Value.SET:
        if present != ["set"]:
            return "Invalid set resource"
        items = resource.set.item
        return "Invalid set resource: duplicated elements" if len(set(items)) < len(items) else None
    return "Unsupported resource type"


def _fault_of_ranges(ranges: Value.Ranges) -> str | None:
    if any(each.begin > each.end for each in ranges.range):
        return "Invalid ranges resource: begin > end"
    ascending = sorted((each.begin, each.end) for each in ranges.range)
    if any(second[0] <= first[1] for first, second in pairwise(ascending)):
        return "Invalid ranges resource: overlapping ranges"
    return None


def _fault_of_disk(resource: Resource) -> str | None:
    if not resource.HasField("disk"):
        return None
    if resource.name != "disk":
        return f"DiskInfo should not be set for {resource.name} resource"
    source = resource.disk.source
    if resource.disk.HasField("source") and source.type == Resource.DiskInfo.Source.UNKNOWN:
        return f"Unsupported 'DiskInfo.Source.Type' in '{source}'"
    return None


def _fault_of_reservations(resource: Resource) -> str | None:
    if resource.reservations:
        fault = _fault_of_stack(list(resource.reservations)) or _fault_of_both_formats(resource)
        return f"Invalid {fault}" if fault else _fault_of_roles(resource)
    if resource.role == UNRESERVED and resource.HasField("reservation"):
        return 'Invalid reservation: role "*" cannot be dynamically reserved'
    return _fault_of_role(resource.role)


def _fault_of_stack(stack: list[Resource.ReservationInfo]) -> str | None:
    for below, reservation in pairwise([None, *stack]):
        assert reservation is not None
        if reservation.type == Resource.ReservationInfo.UNKNOWN:
            return "reservation: 'Resource.ReservationInfo.type' field must be set."
        if not reservation.HasField("role"):
            return "reservation: 'Resource.ReservationInfo.role' field must be set."
        if reservation.role == UNRESERVED:
            return 'reservation: role "*" cannot be reserved'
        if below is None:
            continue
        if reservation.type != Resource.ReservationInfo.DYNAMIC:
            return "refined reservation: A refined reservation cannot be STATIC"
        if not reservation.role.startswith(below.role + "/"):
            return f"refined reservation: role '{reservation.role}' is not a refinement of '{below.role}'"
    return None


def _fault_of_both_formats(resource: Resource) -> str | None:
    """Whoever writes the older format too, as Mesos's own endpoints do, must say the same in both."""
    by_role, by_reservation = resource.HasField("role"), resource.HasField("reservation")
    if len(resource.reservations) > 1:
        for name, there in (("role", by_role), ("reservation", by_reservation)):
            if there:
                return (
                    f"resource format: 'Resource.{name}' must not be set if there is more than one reservation in "
                    "'Resource.reservations'"
                )
        return None
    (only,) = resource.reservations
    if only.type == Resource.ReservationInfo.STATIC and by_reservation:
        return (
            "resource format: 'Resource.reservation' must not be set if the single reservation in "
            "'Resource.reservations' is STATIC"
        )
    if only.type == Resource.ReservationInfo.DYNAMIC and by_role != by_reservation:
        return (
            "resource format: 'Resource.role' and 'Resource.reservation' must either be both set or both not set if "
            "the single reservation in 'Resource.reservations' is DYNAMIC"
        )
    older, fault = resource.reservation, "resource format: 'Resource.{}' field with '{}' does not match the {} '{}' in "
    fault += "'Resource.reservations'"
    if by_role and resource.role != only.role:
        return fault.format("role", resource.role, "role", only.role)
    if by_reservation and older.principal != only.principal:
        return fault.format("reservation.principal", older.principal, "principal", only.principal)
    if by_reservation and older.labels != only.labels:
        shown = [describe_labels(each) for each in (older.labels, only.labels)]
        return fault.format("reservation.labels", shown[0], "labels", shown[1])
    return None


def _fault_of_roles(resource: Resource) -> str | None:
    return next((fault for each in resource.reservations if (fault := _fault_of_role(each.role))), None)


def _fault_of_role(role: str) -> str | None:
    try:
        validate_role(role)
    except RoleError as error:
        return str(error)
    return None


def _fault_of_sharing(resource: Resource) -> str | None:
    if not resource.HasField("shared"):
        return None
    if resource.name != "disk":
        return f"Resource {resource.name} cannot be shared"
    if not resource.disk.HasField("persistence"):
        return "Only persistent volumes can be shared"
    return None
