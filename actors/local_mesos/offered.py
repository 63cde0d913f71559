"""What each agent of one machine offers: its resources and attributes, from the texts Mesos's agents take.

Agents that share a machine must not hand out the same port twice. So only the first agent has the ports as they
were written; each further one has them moved down by the span of the ranges::

    ports:[31000-31999]     agent 1: 31000-31999    agent 2: 30000-30999    agent 3: 29000-29999

Down, because above 32768 the kernel takes ports for outgoing connections. Simulated agents share no machine: all
have the ports as written.
"""

from __future__ import annotations

import re

from actors.local_mesos.defaults import DEFAULT_RESOURCES
from mesos_proto import Resources, mesos_pb2

__all__ = ["OfferedError", "agent_attributes", "agent_resources"]

LOWEST_PORT = 1024
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class OfferedError(ValueError):
    """A text of resources or attributes that cannot be: which part, and what is wrong with it."""


def agent_resources(text: str, index: int, *, one_machine: bool = True) -> list[mesos_pb2.Resource]:
    """The resources of the ``index``-th agent, counted from 0. What the text leaves out is as by default: a real
    agent takes what it finds on its machine.
    """
    try:
        protos = list(Resources.parse(text).to_protos())
    except ValueError as error:
        raise OfferedError(f"--resources '{text}': {error}") from error
    named = {proto.name for proto in protos}
    protos += [proto for proto in Resources.parse(DEFAULT_RESOURCES).to_protos() if proto.name not in named]
    ranges = [r for proto in protos if proto.name == "ports" for r in proto.ranges.range]
    if not one_machine or index == 0 or not ranges:
        return protos
    span = max(r.end for r in ranges) - min(r.begin for r in ranges) + 1
    lowest = min(r.begin for r in ranges) - index * span
    if lowest < LOWEST_PORT:
        room = 1 + (min(r.begin for r in ranges) - LOWEST_PORT) // span
        raise OfferedError(
            f"--resources '{text}': agent {index + 1} would get ports from {lowest}; with {span} ports each there is "
            f"room for {room} agents on one machine: give narrower ranges, or fewer --agents"
        )
    for r in ranges:
        r.begin -= index * span
        r.end -= index * span
    return protos


def agent_attributes(text: str) -> list[mesos_pb2.Attribute]:
    """``rack:a;cores:8;ports:[1-3]``: text, scalar or ranges, by their look (Mesos's ``attributes.cpp``)."""
    attributes = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not name or not colon or not value:
            raise OfferedError(f"--attributes '{text}': '{part}' is not NAME:VALUE")
        attributes.append(_attribute(name, value, text))
    return attributes


def _attribute(name: str, value: str, text: str) -> mesos_pb2.Attribute:
    kinds = mesos_pb2.Value
    if NUMBER.fullmatch(value):
        return mesos_pb2.Attribute(name=name, type=kinds.SCALAR, scalar=kinds.Scalar(value=float(value)))
    if value.startswith("["):
        found = re.findall(r"(\d+)\s*-\s*(\d+)", value)
        if not found or not value.endswith("]"):
            raise OfferedError(f"--attributes '{text}': '{value}' of {name} is not [BEGIN-END, ...]")
        ranges = [kinds.Range(begin=int(begin), end=int(end)) for begin, end in found]
        return mesos_pb2.Attribute(name=name, type=kinds.RANGES, ranges=kinds.Ranges(range=ranges))
    return mesos_pb2.Attribute(name=name, type=kinds.TEXT, text=kinds.Text(value=value))
