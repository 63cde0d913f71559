"""Who a framework is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.wrappers._wrapper import Wrapper
from mesos_proto.wrappers.ids import FrameworkID
from mesos_proto.wrappers.labels import labels_of, labels_proto


class FrameworkInfo(Wrapper[mesos_pb2.FrameworkInfo]):
    """What a framework says of itself when it subscribes.

        FrameworkInfo(name="autoscale", user="user", failover_timeout=timedelta(minutes=5), checkpoint=True)

    Args:
        name: as pages and logs show it.
        user: under which tasks run on agents; agents must know it.
        id: of an earlier subscription, to be the same framework again; None is a new one.
        failover_timeout: how long the master keeps the tasks while nobody is subscribed. Mesos's default is none at
            all: the first lost connection kills every task.
        checkpoint: whether tasks survive a restart of their agent. Cannot be changed later.
        roles: for which it wants offers; the capability MULTI_ROLE is added, since Mesos takes a list only with it.
            None given: the role ``*``.
        principal: as which it authenticates.
        capabilities: further ones by name: ``PARTITION_AWARE``, ``TASK_KILLING_STATE``, ``GPU_RESOURCES`` …
        hostname: where it runs, for pages.
        labels: free.
        webui_url: its page.

    Raises:
        ValueError: Mesos knows no such capability.
    """

    __match_args__ = ("name", "id")

    def __init__(
        self,
        *,
        name: str,
        user: str,
        id: str | None = None,  # noqa: A002 (Mesos's name)
        failover_timeout: timedelta | None = None,
        checkpoint: bool | None = None,
        roles: Iterable[str] = (),
        principal: str | None = None,
        capabilities: Iterable[str] = (),
        hostname: str | None = None,
        labels: Mapping[str, str] | None = None,
        webui_url: str | None = None,
    ) -> None:
        roles = tuple(roles)
        proto = mesos_pb2.FrameworkInfo(
            name=name,
            user=user,
            id=None if id is None else mesos_pb2.FrameworkID(value=id),
            failover_timeout=None if failover_timeout is None else failover_timeout.total_seconds(),
            checkpoint=checkpoint,
            roles=roles,
            principal=principal,
            hostname=hostname,
            labels=None if labels is None else labels_proto(labels),
            webui_url=webui_url,
        )
        wanted = list(dict.fromkeys([*capabilities, *(["MULTI_ROLE"] if roles else [])]))
        for capability in wanted:
            proto.capabilities.add(type=mesos_pb2.FrameworkInfo.Capability.Type.Value(capability))
        self._hold(proto)

    @property
    def name(self) -> str:
        """As pages and logs show it."""
        return self.proto.name

    @property
    def user(self) -> str:
        """Under which tasks run."""
        return self.proto.user

    @property
    def id(self) -> FrameworkID | None:
        """None before the first subscription."""
        return FrameworkID(self.proto.id.value) if self.proto.HasField("id") else None

    @property
    def failover_timeout(self) -> timedelta:
        """How long the master keeps the tasks while nobody is subscribed; at most ``timedelta.max``."""
        return timedelta(seconds=min(self.proto.failover_timeout, timedelta.max.total_seconds() - 1))

    @property
    def checkpoint(self) -> bool:
        """Whether tasks survive a restart of their agent."""
        return self.proto.checkpoint

    @property
    def roles(self) -> tuple[str, ...]:
        """For which it wants offers: what is said, or ``("*",)``."""
        if any(each.type == mesos_pb2.FrameworkInfo.Capability.MULTI_ROLE for each in self.proto.capabilities):
            return tuple(self.proto.roles)
        return (self.proto.role,)

    @property
    def principal(self) -> str | None:
        """As which it authenticates."""
        return self.proto.principal if self.proto.HasField("principal") else None

    @property
    def capabilities(self) -> frozenset[str]:
        """By name."""
        return frozenset(mesos_pb2.FrameworkInfo.Capability.Type.Name(each.type) for each in self.proto.capabilities)

    @property
    def hostname(self) -> str | None:
        """Where it runs."""
        return self.proto.hostname if self.proto.HasField("hostname") else None

    @property
    def labels(self) -> dict[str, str]:
        """Free labels."""
        return labels_of(self.proto.labels)

    @property
    def webui_url(self) -> str | None:
        """Its page."""
        return self.proto.webui_url if self.proto.HasField("webui_url") else None
