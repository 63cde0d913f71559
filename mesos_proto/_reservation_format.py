"""The two formats in which Mesos writes who reserved a resource.

older                                              with refinement (Mesos 1.4 and later)
-------------------------------------------        ----------------------------------------------------------
role: "*"                                          reservations: []
role: "web"                                        reservations: [{STATIC, web}]
role: "web", reservation: {principal, labels}      reservations: [{DYNAMIC, web, principal, labels}]
(cannot be said)                                   reservations: [{…, web}, {DYNAMIC, web/blog, …}]

Masters send the newer one only to frameworks with the capability RESERVATION_REFINEMENT. Mesos's documents,
"Reservation", section "Reservation refinement".
"""

from __future__ import annotations

from collections.abc import Sequence

from mesos_proto.mesos.v1.mesos_pb2 import Resource


def stack_of(resource: Resource) -> Sequence[Resource.ReservationInfo]:
    """The reservations, the first made first, whichever format the message is in."""
    if resource.reservations or resource.role == "*":
        return resource.reservations
    if not resource.HasField("reservation"):
        return [Resource.ReservationInfo(type=Resource.ReservationInfo.STATIC, role=resource.role)]
    reservation = Resource.ReservationInfo()
    reservation.CopyFrom(resource.reservation)
    reservation.type = Resource.ReservationInfo.DYNAMIC
    reservation.role = resource.role
    return [reservation]


def set_stack(resource: Resource, stack: Sequence[Resource.ReservationInfo]) -> None:
    """Writes the reservations in the newer format, in place."""
    copies = list(stack)
    resource.ClearField("role")
    resource.ClearField("reservation")
    del resource.reservations[:]
    resource.reservations.extend(copies)


def set_older_format(resource: Resource) -> None:
    """Writes the reservations in the older format, in place.

    Raises:
        ValueError: there are two or more.
    """
    stack = list(stack_of(resource))
    if len(stack) > 1:
        raise ValueError(
            f"{len(stack)} reservations on one resource: only a framework with the capability RESERVATION_REFINEMENT "
            "can be told"
        )
    del resource.reservations[:]
    resource.ClearField("reservation")
    resource.role = stack[0].role if stack else "*"
    if stack and stack[0].type == Resource.ReservationInfo.DYNAMIC:
        resource.reservation.CopyFrom(stack[0])
        resource.reservation.ClearField("type")
        resource.reservation.ClearField("role")
