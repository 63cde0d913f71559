"""What a master offers, what it asks back, and how long a refusal holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.resources import Resources
from mesos_proto.wrappers._wrapper import Wrapper, readable
from mesos_proto.wrappers.durations import duration_of
from mesos_proto.wrappers.ids import AgentID, ExecutorID, FrameworkID, OfferID
from mesos_proto.wrappers.labels import AttributeValue, attributes_of


class FaultDomain(NamedTuple):
    """Where an agent stands: a region, and a zone within it."""

    region: str
    zone: str


class Unavailability(NamedTuple):
    """When a machine is to be down; without a duration, for good."""

    start: datetime
    duration: timedelta | None


class Offer(Wrapper[mesos_pb2.Offer]):
    """Resources of one agent, for one role, until accepted, declined or rescinded."""

    __match_args__ = ("id", "agent_id", "resources")

    id: OfferID
    """To accept or decline it by."""
    agent_id: AgentID
    """Whose resources they are."""

    def __init__(self, proto: mesos_pb2.Offer) -> None:
        keep = object.__setattr__
        keep(self, "proto", proto)
        keep(self, "id", OfferID(proto.id.value))
        keep(self, "agent_id", AgentID(proto.agent_id.value))

    _hold = __init__

    @property
    def framework_id(self) -> FrameworkID:
        """To whom it is made."""
        return FrameworkID(self.proto.framework_id.value)

    @property
    def hostname(self) -> str:
        """Of the agent."""
        return self.proto.hostname

    @property
    def url(self) -> str | None:
        """Of the agent's HTTP API."""
        return _url(self.proto.url) if self.proto.HasField("url") else None

    @cached_property
    def resources(self) -> Resources:
        """What is offered."""
        return Resources(self.proto.resources)

    @cached_property
    def attributes(self) -> dict[str, AttributeValue]:
        """Of the agent."""
        return attributes_of(self.proto.attributes)

    @property
    def executor_ids(self) -> tuple[ExecutorID, ...]:
        """The framework's executors that run on the agent."""
        return tuple(ExecutorID(each.value) for each in self.proto.executor_ids)

    @property
    def allocation_role(self) -> str:
        """The role of the framework to which the resources are allocated."""
        return self.proto.allocation_info.role if self.proto.HasField("allocation_info") else "*"

    @property
    def domain(self) -> FaultDomain | None:
        """Where the agent stands; None when it does not say."""
        if not self.proto.domain.HasField("fault_domain"):
            return None
        found = self.proto.domain.fault_domain
        return FaultDomain(found.region.name, found.zone.name)

    @property
    def unavailability(self) -> Unavailability | None:
        """When the agent's machine is to be down."""
        return _unavailability(self.proto.unavailability) if self.proto.HasField("unavailability") else None


class InverseOffer(Wrapper[mesos_pb2.InverseOffer]):
    """A request to give back resources, since their machine is to be down."""

    __match_args__ = ("id", "agent_id", "unavailability")

    def __init__(self, proto: mesos_pb2.InverseOffer) -> None:
        self._hold(proto)

    @property
    def id(self) -> OfferID:
        """To accept or decline it by."""
        return OfferID(self.proto.id.value)

    @property
    def framework_id(self) -> FrameworkID:
        """Of whom it is asked."""
        return FrameworkID(self.proto.framework_id.value)

    @property
    def agent_id(self) -> AgentID | None:
        """Which agent it is about; None: any on the machine."""
        return AgentID(self.proto.agent_id.value) if self.proto.HasField("agent_id") else None

    @property
    def unavailability(self) -> Unavailability:
        """When the machine is to be down."""
        return _unavailability(self.proto.unavailability)

    @cached_property
    def resources(self) -> Resources:
        """What is asked back; nothing: all there is."""
        return Resources(self.proto.resources)


class Filters(Wrapper[mesos_pb2.Filters]):
    """How long a refusal holds.

    Args:
        refuse_seconds: for how long the master is not to offer the refused resources again; a number of seconds or a
            timedelta. 0 is none, the default (None) Mesos's 5 seconds, the most 365 days.
    """

    __match_args__ = ("refuse_seconds",)

    def __init__(self, refuse_seconds: float | timedelta | None = None) -> None:
        if isinstance(refuse_seconds, timedelta):
            refuse_seconds = refuse_seconds.total_seconds()
        self._hold(mesos_pb2.Filters(refuse_seconds=refuse_seconds))

    @property
    def refuse_seconds(self) -> float:
        """In seconds."""
        return self.proto.refuse_seconds


def _url(url: mesos_pb2.URL) -> str:
    host = readable(url.address.ip or url.address.hostname)
    host = f"[{host}]" if ":" in host else host
    path = readable(url.path)
    path = path if path.startswith("/") or not path else f"/{path}"
    return f"{readable(url.scheme)}://{host}:{url.address.port}{path}"


def _unavailability(proto: mesos_pb2.Unavailability) -> Unavailability:
    start = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=proto.start.nanoseconds // 1000)
    return Unavailability(start, duration_of(proto.duration) if proto.HasField("duration") else None)
