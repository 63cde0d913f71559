"""`Cluster`: systems in many processes as one.

    remote = await Remote.start(system, host, port, secret=…)
    cluster = await Cluster.join(system, FileCoordinator("/var/lib/app/cluster"), roles=["worker"])
    Cluster(system).subscribe(self.ref, MemberUp, MemberRemoved)

    coordinator                       this node                             the others
    -----------                       ---------                             ----------
    join, with address and roles  ←   Cluster.join
    members                       →   MemberUp, MemberRemoved               the same
                                      be connected, watch the pulse     ↔   the same
    leave                         ←   Cluster.leave: MemberLeft          →  MemberLeft
                                      hands over singletons, shards         take them over
                                      MemberRemoved("left")                 the same
    expel                         ←   Cluster.down(other)                   it learns it, and shuts down

A run of a system joins once. One that left, or that the others took for dead, is never a member again: start anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal

from actors.core import ActorRef, ActorSystem, AskTimeout, Identify, Props
from actors.remote import Address, Remote

from . import _wire
from ._daemon import BeginLeaving, Daemon, Depart, Downing, node_of
from ._metrics_daemon import Look, MetricsDaemon, Subscribe, Unsubscribe
from .coordinator import CoordinationError, Coordinator, Member
from .events import ClusterEvent, ClusterState, MemberUp, Node
from .metrics import ClusterMetricsChanged, MetricsSettings, NodeMetrics

__all__ = ["Cluster", "ClusterNameConflict"]

log = logging.getLogger("actors.cluster")

_KEY = "actors.cluster"
_HAND_OVER = 8.0  # seconds
_LOOKS = 5.0  # seconds between two words about looks at the metrics
_NEWS = 1.0  # seconds that the others may take to hear that this node leaves


class ClusterNameConflict(CoordinationError):
    """Another cluster, of systems of another name, uses the same coordinator's place."""


class Cluster:
    """See the head of this module. ``Cluster(system)`` is that of a system which has joined (else `LookupError`)."""

    def __new__(cls, system: ActorSystem) -> Cluster:
        known: Cluster | None = system._resources.get(_KEY)
        if known is None:
            raise LookupError(
                f"the system {system.name} is in no cluster: await Cluster.join(system, coordinator) first"
            )
        return known

    system: ActorSystem
    coordinator: Coordinator
    own: Node
    """This node."""
    _state: ClusterState
    _daemon: ActorRef[Any]
    _metrics_daemon: ActorRef[Any]
    _metrics: tuple[NodeMetrics, ...]
    _looked_at: float
    _hand_overs: dict[str, Callable[[], Awaitable[object]]]
    _left: asyncio.Task[None] | None

    @classmethod
    async def join(
        cls,
        system: ActorSystem,
        coordinator: Coordinator,
        *,
        roles: Iterable[str] = (),
        down_unreachable_after: float | None = None,
        data: Mapping[str, str] | None = None,
        metrics: MetricsSettings | None = None,
    ) -> Cluster:
        """Become a member. The cluster has taken over ``coordinator``, and closes it when the system ends.

        All systems of a cluster have the same name, and are remote (`Remote.start`).

        :param roles: what this node is for; they stay.
        :param down_unreachable_after: seconds after which this node downs a younger one that it does not reach though
            the coordinator does. None: never; somebody calls `down`.
        :param data: more that the coordinator tells of this node to whoever asks it.
        :param metrics: how this node samples itself while somebody watches its metrics.
        :raises ClusterNameConflict: when the coordinator's place is another cluster's.
        :raises LookupError: when the system is not remote.
        :raises ValueError: when it has joined already, or for a bad role.
        """
        if _KEY in system._resources:
            raise ValueError(f"the system {system.name} has joined a cluster already")
        remote = Remote.of(system)
        chosen = frozenset(roles)
        for role in chosen:
            if not role or "," in role:
                raise ValueError(f"roles: {role!r} is no role: it must not be empty, nor contain a comma")
        _wire.register(remote.codec)  # before the others hear of this node: they talk to it at once
        _refuse_others(system.name, await coordinator.members())
        own = {"system": system.name, "address": str(remote.address), "uid": str(remote.uid)}
        member = await coordinator.join(
            f"{remote.address.host}:{remote.address.port}", {**(data or {}), **own, "roles": ",".join(sorted(chosen))}
        )
        try:  # again: the other may have joined at the same time
            members = await coordinator.members()
            _refuse_others(system.name, members)
        except CoordinationError:
            await coordinator.leave()
            raise
        cluster = object.__new__(cls)
        cluster.system = system
        cluster.coordinator = coordinator
        cluster.own = node_of(member)
        cluster._state = ClusterState(cluster.own, (cluster.own,))
        cluster._metrics = ()
        cluster._looked_at = -math.inf
        cluster._hand_overs = {}
        cluster._left = None
        remote.quarantines = False  # whom the coordinator knows is not lost
        system.resource(_KEY, lambda _: cluster)
        daemon = Props(Daemon, cluster, remote, members, down_unreachable_after)
        cluster._daemon = system.spawn_system(daemon, "cluster")
        await cluster._daemon.ask(Identify())  # it has seen them
        sampling = Props(MetricsDaemon, cluster, remote, metrics or MetricsSettings())
        cluster._metrics_daemon = system.spawn_system(sampling, "cluster-metrics")
        system.coordinated_shutdown.add_task("cluster-exiting", "leave the cluster", cluster.leave)
        system.coordinated_shutdown.add_task("cluster-shutdown", "close the coordinator", coordinator.close)
        return cluster

    # Members

    def state(self) -> ClusterState:
        """What this node knows now."""
        return self._state

    def show(self, state: ClusterState) -> None:
        """For the cluster's daemon alone: this is the state now."""
        self._state = state

    def node_at(self, address: Address, uid: int | None = None) -> Node | None:
        """The member at an address, and of that run when ``uid`` is given."""
        for node in self._state.members:
            if node.address == address and uid in (None, node.uid):
                return node
        return None

    def subscribe(
        self, ref: ActorRef[Any], *classes: type, initial: Literal["events", "state", "nothing"] = "events"
    ) -> None:
        """Tell ``ref`` the events of these classes from now on; of all of the cluster's when none are given.

        `ClusterMetricsChanged` must be named: it is told each few seconds, and all nodes sample themselves for it.

        :param initial: what it is told first: a `MemberUp` for each member (if it wants those), the `ClusterState`, or
            nothing.
        """
        wanted = classes or (ClusterEvent,)
        for cls in wanted:
            if cls is ClusterMetricsChanged:
                self._metrics_daemon.tell(Subscribe(ref))
            else:
                self.system.event_stream.subscribe(ref, cls)
        if initial == "state":
            ref.tell(self.state())
        elif initial == "events" and any(issubclass(MemberUp, cls) for cls in wanted):
            for node in self._state.members:
                ref.tell(MemberUp(node))

    def unsubscribe(self, ref: ActorRef[Any], *classes: type) -> None:
        """Tell it no more events of these classes; of no class when none are given."""
        for cls in classes or (None,):
            if cls in (None, ClusterMetricsChanged):
                self._metrics_daemon.tell(Unsubscribe(ref))
            if cls is not ClusterMetricsChanged:
                self.system.event_stream.unsubscribe(ref, cls)

    def metrics(self) -> tuple[NodeMetrics, ...]:
        """The newest figures of the members, as `ClusterMetricsChanged` tells them. From any thread.

        Whoever looks is informed: for 30 s after a look figures are gathered. So the first look may find none.
        """
        now = self.system.clock.time()
        if now >= self._looked_at + _LOOKS:
            self._looked_at = now
            self._metrics_daemon.tell(Look())
        return self._metrics

    def metrics_known(self) -> tuple[NodeMetrics, ...]:
        """What is known, without wanting more."""
        return self._metrics

    def show_metrics(self, nodes: tuple[NodeMetrics, ...]) -> None:
        """For the metrics' daemon alone: these are the newest."""
        self._metrics = nodes

    async def down(self, node: Node | Address) -> None:
        """Remove a member that does not answer any more: for all, and for good. If it lives, it shuts down.

        :raises LookupError: when there is no such member.
        :raises OSError: when the coordinator cannot be reached.
        """
        found = self.node_at(node) if isinstance(node, Address) else self.node_at(node.address, node.uid)
        if found is None:
            raise LookupError(f"{node} is no member")
        self._daemon.tell(Downing(found))
        for member in await self.coordinator.members():
            if member.id == found.id:
                await self.coordinator.expel(member)

    # Leaving

    def on_leaving(self, name: str, hand_over: Callable[[], Awaitable[object]]) -> None:
        """Have ``await hand_over()`` done before this node leaves; at most 8 s are waited for it."""
        self._hand_overs[name] = hand_over

    async def leave(self) -> None:
        """Hand over, then be no member any more. Twice waits for the first. The system's shutdown does it."""
        if self._left is None:
            self._left = self.system.loop.create_task(self._leave(), name="leave the cluster")
        await asyncio.shield(self._left)

    async def _leave(self) -> None:
        self._daemon.tell(BeginLeaving())
        try:
            members = [node_of(member) for member in await self.coordinator.members()]
        except OSError:
            members = list(self._state.members)
        await asyncio.gather(*(self._tell_leaving(node.address) for node in members if node != self.own))
        await asyncio.gather(*(self._hand_over(name, work) for name, work in self._hand_overs.items()))
        try:
            await self.coordinator.leave()
        except OSError as error:
            log.warning("the coordinator could not be told that this node leaves: %s", error)
        with contextlib.suppress(AskTimeout):  # it has stopped already
            await self._daemon.ask(Depart())

    async def _tell_leaving(self, address: Address) -> None:
        """So that it knows why this node is going to be removed. Whoever does not answer will call it lost."""
        with contextlib.suppress(AskTimeout):
            await Remote.of(self.system).ref(f"{address}/system/cluster").ask(_wire.Leaving(self.own.id), _NEWS)

    async def _hand_over(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(_HAND_OVER):
                await work()
        except TimeoutError:
            log.error("%s was not handed over within %g s; this node leaves all the same", name, _HAND_OVER)
        except Exception as error:
            log.exception("%s could not be handed over: %r", name, error)

    def __repr__(self) -> str:
        return f"<Cluster of {self.own.address}, {len(self._state.members)} members>"


def _refuse_others(name: str, members: Iterable[Member]) -> None:
    for member in members:
        other = member.data.get("system")
        if other != name:
            raise ClusterNameConflict(
                f"the system {name} cannot join: the coordinator's place belongs to another cluster, of systems called"
                f" {other!r} ({member.data.get('address', member.name)}). Use another folder, or another path"
            )
