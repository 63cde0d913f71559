"""Labels and attributes as dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mesos_proto._resource_text import parse_value
from mesos_proto.mesos.v1.mesos_pb2 import Attribute, Label, Labels, Value
from mesos_proto.ranges import Ranges

AttributeValue: TypeAlias = float | Ranges | frozenset[str] | str


def labels_of(proto: Labels) -> dict[str, str]:
    """Labels by key; one without a value has "". Of repeated keys the last counts."""
    return {label.key: label.value for label in proto.labels}


def labels_proto(labels: Mapping[str, str]) -> Labels:
    """A message of labels."""
    return Labels(labels=[Label(key=key, value=value) for key, value in labels.items()])


def attributes_of(protos: Iterable[Attribute]) -> dict[str, AttributeValue]:
    """Attributes by name: a number, ranges, a set or a text. Of repeated names the last counts."""
    return {proto.name: _attribute_value(proto) for proto in protos}


def _attribute_value(proto: Attribute) -> AttributeValue:
    if proto.type == Value.SCALAR:
        return proto.scalar.value
    if proto.type == Value.RANGES:
        return Ranges.from_proto(proto.ranges)
    return frozenset(proto.set.item) if proto.type == Value.SET else proto.text.value


def parse_attributes(text: str) -> list[Attribute]:
    """Messages of ``rack:a;level:10;zones:[1-3]``, as in an agent's ``--attributes``.

    Raises:
        ValueError: in Mesos's words.
    """
    return [_parse_attribute(token) for token in text.split(";") if token.strip()]


def _parse_attribute(token: str) -> Attribute:
    name, colon, text = token.partition(":")
    if not colon or not name.strip():
        raise ValueError(f"Invalid attribute key:value pair '{token}'")
    value = parse_value(text)
    attribute = Attribute(name=name.strip(), type=value.type)
    if value.type == Value.SCALAR:
        attribute.scalar.CopyFrom(value.scalar)
    elif value.type == Value.RANGES:
        attribute.ranges.CopyFrom(value.ranges)
    elif value.type == Value.SET:
        attribute.set.CopyFrom(value.set)
    else:
        attribute.text.CopyFrom(value.text)
    return attribute
