"""What a framework has told the master about itself, and therefore has to tell again at each subscription."""

from __future__ import annotations

from collections.abc import Iterable

from mesos_proto import FrameworkID, FrameworkInfo, mesos_pb2
from mesos_proto import scheduler_pb2 as scheduler

from .calls import Call, ReviveOffers, SuppressOffers, UpdateFramework
from .settings import DEFAULT_FAILOVER_TIMEOUT

__all__ = ["Registration"]

_Call = scheduler.Call


class Registration:
    """Makes SUBSCRIBE calls, and follows the calls that change what the next one must say.

    The master takes the suppressed roles from each SUBSCRIBE: one that did not repeat them would bring offers again.
    """

    def __init__(
        self,
        info: FrameworkInfo,
        suppressed_roles: Iterable[str] = (),
        offer_constraints: scheduler.OfferConstraints | None = None,
    ) -> None:
        self._info = mesos_pb2.FrameworkInfo()
        self._info.CopyFrom(info.proto)
        if not self._info.HasField("failover_timeout"):
            self._info.failover_timeout = DEFAULT_FAILOVER_TIMEOUT.total_seconds()
        self._suppressed = dict.fromkeys(suppressed_roles)
        self._constraints = offer_constraints

    @property
    def framework_id(self) -> FrameworkID | None:
        return FrameworkID(self._info.id.value) if self._info.HasField("id") else None

    @framework_id.setter
    def framework_id(self, framework_id: FrameworkID) -> None:
        self._info.id.value = framework_id

    @property
    def name(self) -> str:
        return self._info.name

    @property
    def label(self) -> str:
        """Name and id, for messages."""
        return f"{self.name} ({self._info.id.value or 'without id'})"

    @property
    def failover_timeout(self) -> float:
        """In seconds."""
        return self._info.failover_timeout

    @property
    def roles(self) -> list[str]:
        if any(c.type == mesos_pb2.FrameworkInfo.Capability.MULTI_ROLE for c in self._info.capabilities):
            return list(self._info.roles)
        return [self._info.role or "*"]

    def subscribe_call(self) -> scheduler.Call:
        call = _Call(type=_Call.SUBSCRIBE)
        call.subscribe.framework_info.CopyFrom(self._info)
        call.subscribe.suppressed_roles.extend(self._suppressed)
        if self._info.HasField("id"):
            call.framework_id.CopyFrom(self._info.id)
        if self._constraints is not None:
            call.subscribe.offer_constraints.CopyFrom(self._constraints)
        return call

    def accepted(self, call: Call) -> None:
        """The master has taken this call."""
        match call:
            case SuppressOffers(roles):
                self._suppressed.update(dict.fromkeys(roles or self.roles))
            case ReviveOffers(roles):
                for role in roles or list(self._suppressed):
                    self._suppressed.pop(role, None)
            case UpdateFramework(info, suppressed_roles, constraints):
                self._info.CopyFrom(info.proto)
                self._suppressed = dict.fromkeys(suppressed_roles)
                self._constraints = None
                if constraints is not None:
                    self._constraints = scheduler.OfferConstraints()
                    self._constraints.CopyFrom(constraints)
