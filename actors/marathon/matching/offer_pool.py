"""What is left of an offer while instances are placed on it, and the resources that each of them takes.

    pool = OfferPool(offer, random)
    pool.match(app, placed)  ──▶  Placement: its resources are taken out of the pool
                             ──▶  NoMatch:   the pool is as it was

Amounts are whole thousandths, as in Mesos, so that a thousand instances of 0.1 cpus take exactly 100. Resources are
taken from the roles that the app accepts, its own role first; volumes, revocable and shared resources are left alone.

Instances stay in the `home_region`, which is the leading master's, unless their app has a constraint on ``@region``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from random import Random

from actors.marathon.matching.constraints import Agent, Placed, unmet_constraint
from actors.marathon.matching.ports import PortRanges
from actors.marathon.model import App
from mesos_proto import mesos_pb2

__all__ = ["NoMatch", "OfferPool", "Placement"]


class NoMatch(Enum):
    """Why an offer cannot take an instance; the value is Marathon's word in ``/v2/queue``."""

    ROLE = "UnfulfilledRole"
    CONSTRAINT = "UnfulfilledConstraint"
    MAINTENANCE = "AgentMaintenance"
    CPUS = "InsufficientCpus"
    MEMORY = "InsufficientMemory"
    DISK = "InsufficientDisk"
    GPUS = "InsufficientGpus"
    PORTS = "InsufficientPorts"


@dataclass(frozen=True, slots=True)
class Placement:
    """The resources of an offer that one instance takes, and its host ports (None: that port has no host port)."""

    resources: tuple[mesos_pb2.Resource, ...]
    host_ports: tuple[int | None, ...]


class _Scalar:
    __slots__ = ("left", "name", "role", "source")

    def __init__(self, resource: mesos_pb2.Resource) -> None:
        self.source = resource
        self.name = resource.name
        self.role = _role(resource)
        self.left = round(resource.scalar.value * 1000)


class _Ports:
    __slots__ = ("free", "role", "source")

    def __init__(self, resource: mesos_pb2.Resource, random: Random) -> None:
        self.source = resource
        self.role = _role(resource)
        self.free = PortRanges([(span.begin, span.end) for span in resource.ranges.range], random)


_MISSING = {"cpus": NoMatch.CPUS, "mem": NoMatch.MEMORY, "disk": NoMatch.DISK, "gpus": NoMatch.GPUS}


class OfferPool:
    """See the head of this module."""

    def __init__(self, offer: mesos_pb2.Offer, random: Random, home_region: str | None = None) -> None:
        self.offer = offer
        self.agent = Agent.of(offer)
        self._abroad = None not in (home_region, self.agent.region) and self.agent.region != home_region
        self._role = offer.allocation_info.role or "*"
        self._unavailable = offer.HasField("unavailability")
        self._scalars: list[_Scalar] = []
        self._ports: list[_Ports] = []
        for resource in offer.resources:
            if resource.HasField("revocable") or resource.HasField("shared") or _is_volume(resource):
                continue
            if resource.type == mesos_pb2.Value.SCALAR:
                self._scalars.append(_Scalar(resource))
            elif resource.name == "ports":
                self._ports.append(_Ports(resource, random))

    def match(self, app: App, placed: Placed) -> Placement | NoMatch:
        """Take out of the pool what an instance of `app` needs, or say why that is not possible."""
        if app.role != self._role:
            return NoMatch.ROLE
        if self._unavailable:
            return NoMatch.MAINTENANCE
        if self._abroad and all(constraint[0] != "@region" for constraint in app.constraints):
            return NoMatch.CONSTRAINT
        if unmet_constraint(app.constraints, self.agent, placed) is not None:
            return NoMatch.CONSTRAINT
        roles = app.accepted_resource_roles or ("*", app.role)
        taken: list[tuple[_Scalar, int]] = []
        for name, amount in (("cpus", app.cpus), ("mem", app.mem), ("disk", app.disk), ("gpus", app.gpus)):
            missing = self._take_scalar(name, round(amount * 1000), roles, taken)
            if missing:
                return _MISSING[name]
        ports = self._choose_ports(app, roles)
        if ports is None:
            return NoMatch.PORTS
        for scalar, thousandths in taken:
            scalar.left -= thousandths
        for source, port in ports:
            if source is not None:
                source.free.remove(port)
        resources = [_scalar_resource(scalar.source, thousandths) for scalar, thousandths in taken]
        return Placement((*resources, *_port_resources(ports)), tuple(None if s is None else p for s, p in ports))

    def _take_scalar(self, name: str, needed: int, roles: Sequence[str], taken: list[tuple[_Scalar, int]]) -> int:
        """Plan to take `needed` thousandths; returns what is missing. Nothing leaves the pool here."""
        sources = [scalar for scalar in self._scalars if scalar.name == name and scalar.role in roles]
        for scalar in sorted(sources, key=lambda scalar: scalar.role == "*"):
            if needed <= 0:
                break
            amount = min(needed, scalar.left)
            if amount > 0:
                taken.append((scalar, amount))
                needed -= amount
        return needed

    def _choose_ports(self, app: App, roles: Sequence[str]) -> list[tuple[_Ports | None, int]] | None:
        wanted = app.wanted_host_ports
        sources = [ports for ports in self._ports if ports.role in roles]
        fixed = {port for port in wanted if port}
        dynamic = self._dynamic_ports(sum(port == 0 for port in wanted), fixed, sources)
        if dynamic is None:
            return None
        chosen: list[tuple[_Ports | None, int]] = []
        for port in wanted:
            if port is None:
                chosen.append((None, 0))
            elif port == 0:
                chosen.append(dynamic.pop(0))
            else:
                source = next((ports for ports in sources if port in ports.free), None)
                if source is None:
                    return None
                chosen.append((source, port))
        return chosen

    def _dynamic_ports(
        self, count: int, excluded: set[int], sources: list[_Ports]
    ) -> list[tuple[_Ports | None, int]] | None:
        found: list[tuple[_Ports | None, int]] = []
        for source in sources:
            if len(found) == count:
                break
            found.extend((source, port) for port in source.free.choose(count - len(found), excluded))
        return found if len(found) == count else None


def _role(resource: mesos_pb2.Resource) -> str:
    if resource.reservations:
        return resource.reservations[-1].role
    return resource.role or "*"


def _is_volume(resource: mesos_pb2.Resource) -> bool:
    return resource.HasField("disk") and (resource.disk.HasField("persistence") or resource.disk.HasField("source"))


def _scalar_resource(source: mesos_pb2.Resource, thousandths: int) -> mesos_pb2.Resource:
    resource = mesos_pb2.Resource()
    resource.CopyFrom(source)
    resource.scalar.value = thousandths / 1000
    return resource


def _port_resources(ports: list[tuple[_Ports | None, int]]) -> list[mesos_pb2.Resource]:
    by_source: dict[int, mesos_pb2.Resource] = {}
    for source, port in sorted(((s, p) for s, p in ports if s is not None), key=lambda pair: pair[1]):
        resource = by_source.get(id(source))
        if resource is None:
            resource = by_source[id(source)] = mesos_pb2.Resource()
            resource.CopyFrom(source.source)
            resource.ranges.ClearField("range")
        spans = resource.ranges.range
        if spans and spans[-1].end == port - 1:
            spans[-1].end = port
        else:
            spans.add(begin=port, end=port)
    return list(by_source.values())
