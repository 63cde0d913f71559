"""Resources as text: read as in ``--resources``, printed as in Mesos's logs and errors."""

from __future__ import annotations

import json
import math
import re

from mesos_proto import json_codec
from mesos_proto._reservation_format import stack_of
from mesos_proto.mesos.v1.mesos_pb2 import Labels, Resource, Value, Volume
from mesos_proto.ranges import Ranges
from mesos_proto.scalars import from_thousandths, scalar_text, to_thousandths

_SET_SEPARATORS = re.compile(r"[{},\n]+")


def parse_value(text: str) -> Value:
    """A scalar (``1.5``), ranges (``[1-3,5-6]``), a set (``{a,b}``), or else a text.

    Raises:
        ValueError: in Mesos's words.
    """
    bare = text.replace(" ", "")
    if not bare:
        raise ValueError("Expecting non-empty string")
    if any(bare.count(opening) != bare.count(closing) for opening, closing in ("{}", "[]", "()")):
        raise ValueError("Mismatched brackets")
    if bare.startswith("["):
        return Value(type=Value.RANGES, ranges=Ranges.parse(bare).to_proto())
    if "[" in bare:
        raise ValueError("Unexpected '[' found")
    if bare.startswith("{"):
        items = [item for item in _SET_SEPARATORS.split(bare) if item]
        return Value(type=Value.SET, set=Value.Set(item=items))
    if "{" in bare:
        raise ValueError("Unexpected '{' found")
    try:
        return Value(type=Value.SCALAR, scalar=Value.Scalar(value=float(bare)))
    except ValueError:
        return Value(type=Value.TEXT, text=Value.Text(value=text.strip()))


def parse_resources(text: str, role: str) -> list[Resource]:
    """Messages of ``cpus:4;mem:4096;ports(web):[31000-31999]``, or of the JSON list of such messages.

    ``role`` is the one of resources that name none. Not yet validated.

    Raises:
        ValueError: in Mesos's words.
    """
    if text.lstrip().startswith("["):
        return _from_json(text, role)
    return [_parse_resource(token, role) for token in text.split(";") if token.strip()]


def _from_json(text: str, role: str) -> list[Resource]:
    try:
        resources = [json_codec.from_dict(Resource, each) for each in json.loads(text)]
    except ValueError as error:
        raise ValueError(f"Some JSON resources were not formatted properly: {error}") from None
    for resource in resources:
        if not resource.HasField("role") and not resource.reservations:
            resource.role = role
    return resources


def _parse_resource(token: str, default_role: str) -> Resource:
    pair = [part for part in token.split(":") if part]
    if len(pair) != 2:
        raise ValueError(f"Bad value for resources, missing or extra ':' in {token}")
    name, opening, rest = pair[0].partition("(")
    role, closing, _ = rest.partition(")")
    if opening and not closing:
        raise ValueError(f"Bad value for resources, mismatched parentheses in {token}")
    name = name.strip()
    try:
        value = parse_value(pair[1])
    except ValueError as error:
        raise ValueError(f"Failed to parse resource {name} value {pair[1]} error {error}") from None
    resource = Resource(name=name, type=value.type, role=role.strip() if opening else default_role)
    if value.type == Value.SCALAR:
        resource.scalar.CopyFrom(value.scalar)
    elif value.type == Value.RANGES:
        resource.ranges.CopyFrom(value.ranges)
    elif value.type == Value.SET:
        resource.set.CopyFrom(value.set)
    else:
        raise ValueError(f"Bad type for resource {name} value {pair[1]} type TEXT")
    return resource


def describe(resource: Resource) -> str:
    """One message as Mesos prints it: ``cpus(allocated: web)(reservations: [(DYNAMIC,web,ops)]):0.5``."""
    text = resource.name
    if resource.HasField("allocation_info"):
        text += f"(allocated: {resource.allocation_info.role})"
    reservations = stack_of(resource)
    if reservations and (resource.role or resource.reservations):
        text += f"(reservations: [{','.join(map(_describe_reservation, reservations))}])"
    if resource.HasField("disk"):
        text += f"[{_describe_disk(resource.disk)}]"
    if resource.HasField("revocable"):
        text += "{REV}"
    if resource.HasField("shared"):
        text += "<SHARED>"
    return f"{text}:{describe_value(resource)}"


def describe_value(holder: Resource) -> str:
    """The value alone, as Mesos prints it."""
    if holder.type == Value.SCALAR:
        value = holder.scalar.value
        return scalar_text(from_thousandths(to_thousandths(value)) if math.isfinite(value) else value)
    if holder.type == Value.RANGES:
        return "[" + ", ".join(f"{each.begin}-{each.end}" for each in holder.ranges.range) + "]"
    return "{" + ", ".join(holder.set.item) + "}"


def _describe_reservation(reservation: Resource.ReservationInfo) -> str:
    parts = [Resource.ReservationInfo.Type.Name(reservation.type), reservation.role]
    if reservation.HasField("principal"):
        parts.append(reservation.principal)
    if reservation.HasField("labels"):
        parts.append(describe_labels(reservation.labels))
    return f"({','.join(parts)})"


def describe_labels(labels: Labels) -> str:
    return (
        "{"
        + ", ".join(f"{each.key}: {each.value}" if each.HasField("value") else each.key for each in labels.labels)
        + "}"
    )


def _describe_disk(disk: Resource.DiskInfo) -> str:
    parts = []
    if disk.HasField("source"):
        parts.append(_describe_source(disk.source))
    if disk.HasField("persistence"):
        parts.append(disk.persistence.id)
    text = ",".join(parts)
    return f"{text}:{_describe_volume(disk.volume)}" if disk.HasField("volume") else text


def _describe_source(source: Resource.DiskInfo.Source) -> str:
    text = Resource.DiskInfo.Source.Type.Name(source.type)
    if source.HasField("id") or source.HasField("profile"):
        text += f"({source.vendor},{source.id},{source.profile})"
    root = source.mount.root if source.HasField("mount") else source.path.root
    return f"{text}:{root}" if root else text


def _describe_volume(volume: Volume) -> str:
    if not volume.HasField("host_path"):
        return volume.container_path
    return f"{volume.host_path}:{volume.container_path}:{Volume.Mode.Name(volume.mode).lower()}"
