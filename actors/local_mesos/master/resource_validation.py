"""What Mesos demands of the resources that a task or an operation names, whether they are there or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from mesos_proto import mesos_pb2
from mesos_proto.resource import Resource, ResourceError

from .validation import id_error

__all__ = ["resource_error", "resources_error"]


def resource_error(proto: mesos_pb2.Resource) -> str | None:
    """What is wrong with the form of a resource that somebody asks for."""
    return _error(proto.SerializePartialToString())


@lru_cache(4096)
def _error(written: bytes) -> str | None:
    proto = mesos_pb2.Resource.FromString(written)
    try:
        resource = Resource(proto)
    except ResourceError as error:
        return str(error)
    if resource.amount == 0 and proto.scalar.value:
        # A resource of nothing is valid; one that is rounded to nothing is not.
        return f"Resource '{resource}' is invalid: Invalid scalar resource: value <= 0"
    return None


def resources_error(resources: Iterable[mesos_pb2.Resource]) -> str | None:
    """What Mesos demands of every resource that somebody asks for, besides its form."""
    resources = list(resources)
    for resource in resources:
        if resource.name == "gpus" and not resource.scalar.value.is_integer():
            return "Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer"
    error = _disks_error(resources)
    if error:
        return error
    for resource in resources:
        if resource.HasField("revocable") and Resource(resource).is_dynamically_reserved:
            return (
                "Invalid ReservationInfo: Dynamically reserved resource "
                f"{Resource(resource)} cannot be created from revocable resources"
            )
    return None


def _disks_error(volumes: Iterable[mesos_pb2.Resource]) -> str | None:
    for volume in volumes:
        if not volume.HasField("disk"):
            continue
        if volume.disk.HasField("persistence"):
            if not Resource(volume).is_reserved:
                return "Invalid DiskInfo: Persistent volumes cannot be created from unreserved resources"
            if not volume.disk.HasField("volume"):
                return "Invalid DiskInfo: Expecting 'volume' to be set for persistent volume"
            if volume.disk.volume.HasField("host_path"):
                return "Invalid DiskInfo: Expecting 'host_path' to be unset for persistent volume"
            error = id_error(volume.disk.persistence.id)
            if error:
                return f"Invalid DiskInfo: Invalid persistence ID for persistent volume: {error}"
        elif volume.disk.HasField("volume"):
            return "Invalid DiskInfo: Non-persistent volume not supported"
    return None
