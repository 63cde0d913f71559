"""What RESERVE, CREATE and the like do to resources. Pure.

Each turns some resources (``consumed``) into others of the same amount (``converted``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from mesos_proto import Resources, mesos_pb2

__all__ = ["CONVERSIONS", "Conversion", "conversion_of", "resources_of"]

Operation = mesos_pb2.Offer.Operation
Resource = mesos_pb2.Resource

CONVERSIONS: Final = {
    Operation.RESERVE: "reserve",
    Operation.UNRESERVE: "unreserve",
    Operation.CREATE: "create",
    Operation.DESTROY: "destroy",
    Operation.GROW_VOLUME: "grow_volume",
    Operation.SHRINK_VOLUME: "shrink_volume",
}
"""The operations that an agent's own resources know, and the names of their fields."""


class Conversion(NamedTuple):
    consumed: Resources
    converted: Resources

    def error(self, available: Resources) -> str | None:
        """Why it cannot be applied to these resources, in Mesos's words."""
        return None if available.contains(self.consumed) else f"{available} does not contain {self.consumed}"

    def apply(self, resources: Resources) -> Resources:
        return resources - self.consumed + self.converted


def resources_of(operation: mesos_pb2.Offer.Operation) -> list[mesos_pb2.Resource]:
    """All resources that the operation names."""
    match operation.type:
        case Operation.RESERVE:
            return [*operation.reserve.source, *operation.reserve.resources]
        case Operation.UNRESERVE:
            return list(operation.unreserve.resources)
        case Operation.CREATE:
            return list(operation.create.volumes)
        case Operation.DESTROY:
            return list(operation.destroy.volumes)
        case Operation.GROW_VOLUME:
            return [operation.grow_volume.volume, operation.grow_volume.addition]
        case Operation.SHRINK_VOLUME:
            return [operation.shrink_volume.volume]
    return []


def conversion_of(operation: mesos_pb2.Offer.Operation) -> Conversion:
    """What a valid operation does.

    Raises:
        ResourceError: one of its resources breaks a rule.
    """
    match operation.type:
        case Operation.RESERVE:
            reserved = Resources(operation.reserve.resources)
            source = Resources(operation.reserve.source) if operation.reserve.source else reserved.pop_reservation()
            return Conversion(source, reserved)
        case Operation.UNRESERVE:
            freed = Resources(operation.unreserve.resources)
            return Conversion(freed, freed.pop_reservation())
        case Operation.CREATE:
            return Conversion(_plain(operation.create.volumes), Resources(operation.create.volumes))
        case Operation.DESTROY:
            return Conversion(Resources(operation.destroy.volumes), _plain(operation.destroy.volumes))
        case Operation.GROW_VOLUME:
            volume, addition = operation.grow_volume.volume, operation.grow_volume.addition
            grown = _resized(volume, volume.scalar.value + addition.scalar.value)
            return Conversion(Resources([volume]) + Resources([addition]), Resources([grown]))
        case Operation.SHRINK_VOLUME:
            volume, less = operation.shrink_volume.volume, operation.shrink_volume.subtract.value
            shrunk = _resized(volume, volume.scalar.value - less)
            freed_space = _plain([_resized(volume, less)])
            return Conversion(Resources([volume]), Resources([shrunk]) + freed_space)
    raise ValueError(f"{Operation.Type.Name(operation.type)} converts no resources")


def _plain(volumes: Iterable[mesos_pb2.Resource]) -> Resources:
    """The disk space that volumes are made of."""
    return Resources(_without_volume(volume) for volume in volumes)


def _without_volume(volume: mesos_pb2.Resource) -> mesos_pb2.Resource:
    plain = Resource()
    plain.CopyFrom(volume)
    plain.ClearField("shared")
    plain.disk.ClearField("persistence")
    plain.disk.ClearField("volume")
    if not plain.disk.HasField("source"):
        plain.ClearField("disk")
    return plain


def _resized(volume: mesos_pb2.Resource, size: float) -> mesos_pb2.Resource:
    resized = Resource()
    resized.CopyFrom(volume)
    resized.scalar.value = size
    return resized
