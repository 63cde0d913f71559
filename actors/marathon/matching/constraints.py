"""Placement constraints: ``[field, operator, value?]`` against an agent and the instances placed so far. Pure.

Fields are ``hostname`` (or ``@hostname``), ``@region``, ``@zone`` and the names of agent attributes. An agent without
the attribute fails every operator but UNLIKE. Source of the rules: Marathon's ``docs/docs/constraints.md`` and
``mesos/Constraints.scala``; GROUP_BY follows the documented rule (a value not seen yet, or the smallest group once
there are as many groups as asked for), which needs no number to divide by.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from actors.marathon.instance import Instance
from mesos_proto import mesos_pb2

__all__ = ["Agent", "Placed", "only_spread_forbids", "unmet_constraint"]


@dataclass(frozen=True, slots=True)
class Agent:
    """What constraints can see of an agent; attributes as text, numbers to three decimals."""

    hostname: str
    region: str | None = None
    zone: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, offer: mesos_pb2.Offer) -> Agent:
        domain = offer.domain.fault_domain if offer.domain.HasField("fault_domain") else None
        return cls(
            offer.hostname,
            domain.region.name if domain is not None else None,
            domain.zone.name if domain is not None else None,
            {attribute.name: _attribute_text(attribute) for attribute in offer.attributes},
        )

    @classmethod
    def of_instance(cls, instance: Instance) -> Agent:
        """The agent on which the instance was placed."""
        return cls(instance.host or "", instance.region, instance.zone, instance.attributes)

    def value(self, name: str) -> str | None:
        """The value of a constraint's field; None when the agent has no such attribute."""
        if name in ("hostname", "@hostname"):
            return self.hostname
        if name == "@region":
            return self.region
        if name == "@zone":
            return self.zone
        return self.attributes.get(name)


class Placed:
    """How many instances of one app stand at each value of each field that its constraints name."""

    __slots__ = ("_counts",)

    def __init__(self, fields: Iterable[str], agents: Iterable[Agent] = ()) -> None:
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in fields}
        for agent in agents:
            self.add(agent)

    def add(self, agent: Agent) -> None:
        for name, counts in self._counts.items():
            value = agent.value(name)
            if value is not None:
                counts[value] += 1

    def counts(self, name: str) -> Counter[str]:
        return self._counts[name]


def unmet_constraint(constraints: Iterable[tuple[str, ...]], agent: Agent, placed: Placed) -> tuple[str, ...] | None:
    """The first of an app's constraints that an instance on `agent` would violate; None when all are met."""
    for constraint in constraints:
        name, operator, *rest = constraint
        value = agent.value(name)
        argument = rest[0] if rest else None
        if value is None:
            if operator != "UNLIKE":
                return constraint
        elif not _OPERATORS[operator](value, argument, placed.counts(name)):
            return constraint
    return None


def only_spread_forbids(constraints: Iterable[tuple[str, ...]], agent: Agent, placed: Placed) -> bool:
    """Whether an unmet GROUP_BY alone is against an instance on `agent`: instances elsewhere would make room for it."""
    others = (constraint for constraint in constraints if constraint[1] != "GROUP_BY")
    return unmet_constraint(constraints, agent, placed) is not None and unmet_constraint(others, agent, placed) is None


def _unique(value: str, argument: str | None, counts: Counter[str]) -> bool:
    return not counts[value]


def _cluster(value: str, argument: str | None, counts: Counter[str]) -> bool:
    if argument:
        return value == argument
    return not counts or value in counts


def _group_by(value: str, argument: str | None, counts: Counter[str]) -> bool:
    seen = +counts
    if value not in seen:
        return True
    wanted = int(argument) if argument else len(seen)
    return len(seen) >= wanted and seen[value] == min(seen.values())


def _like(value: str, argument: str | None, counts: Counter[str]) -> bool:
    return _pattern(argument or "").fullmatch(value) is not None


def _unlike(value: str, argument: str | None, counts: Counter[str]) -> bool:
    return _pattern(argument or "").fullmatch(value) is None


def _max_per(value: str, argument: str | None, counts: Counter[str]) -> bool:
    return counts[value] < int(argument or 0)


def _is(value: str, argument: str | None, counts: Counter[str]) -> bool:
    return value == argument or (
        argument is not None and _number(value) is not None and _number(value) == _number(argument)
    )


_OPERATORS: dict[str, Callable[[str, str | None, Counter[str]], bool]] = {
    "UNIQUE": _unique,
    "CLUSTER": _cluster,
    "GROUP_BY": _group_by,
    "LIKE": _like,
    "UNLIKE": _unlike,
    "MAX_PER": _max_per,
    "IS": _is,
}


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


def _number(text: str) -> str | None:
    try:
        return f"{float(text):.3f}"
    except ValueError:
        return None


def _attribute_text(attribute: mesos_pb2.Attribute) -> str:
    if attribute.type == mesos_pb2.Value.SCALAR:
        return f"{attribute.scalar.value:.3f}".rstrip("0").rstrip(".")
    if attribute.type == mesos_pb2.Value.RANGES:
        return "[" + ",".join(f"{span.begin}-{span.end}" for span in attribute.ranges.range) + "]"
    if attribute.type == mesos_pb2.Value.SET:
        return "{" + ",".join(attribute.set.item) + "}"
    return attribute.text.value
