"""The actor at ``/system/cluster``: keeps the state of the cluster as this node sees it.

    coordinator.watch()      →   who is a member                    →   MemberUp, MemberRemoved
                                                                        remote: be connected; quarantine who is removed
    remote's NodeUnreachable →   whom we do not hear of             →   MemberUnreachable, MemberReachable
    Leaving, of another      →   who is going in order              →   MemberLeft
    coordinator.removed()    →   the others take us for dead        →   SelfRemoved, and the system shuts down

Membership is the coordinator's alone: a node that is not reached from here is a member for all until the coordinator
has not heard of it, or somebody downs it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.core import Actor, DeadLetterSuppression, Failure
from actors.remote import Address, NodeReachable, NodeUnreachable, QuarantinedBy, Remote

from ._wire import Leaving
from .coordinator import Member
from .events import (
    ClusterEvent,
    ClusterState,
    MemberLeft,
    MemberReachable,
    MemberRemoved,
    MemberUnreachable,
    MemberUp,
    Node,
    SelfRemoved,
)

if TYPE_CHECKING:
    from .cluster import Cluster

__all__ = ["BeginLeaving", "Daemon", "Depart", "Downing", "node_of"]

_KEPT = 10_000  # ids of members that were removed


@dataclass(frozen=True, slots=True)
class _Members:
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class _Gone:
    reason: str


@dataclass(frozen=True, slots=True)
class _DownOverdue(DeadLetterSuppression):
    node: Node


@dataclass(frozen=True, slots=True)
class Downing:
    """From `Cluster.down`: if that one is removed, this is why."""

    node: Node


@dataclass(frozen=True, slots=True)
class BeginLeaving:
    """From `Cluster.leave`: this node is on its way out."""


@dataclass(frozen=True, slots=True)
class Depart:
    """From `Cluster.leave`: this node has left. Answered."""


class Daemon(Actor[Any]):
    """See the head of this module."""

    def __init__(
        self, cluster: Cluster, remote: Remote, members: tuple[Member, ...], down_unreachable_after: float | None
    ) -> None:
        self._cluster = cluster
        self._remote = remote
        self._members = members  # when it joined
        self._down_after = down_unreachable_after
        self._own = cluster.own
        self._nodes = {self._own.id: self._own}  # the oldest first
        self._unreachable: set[Node] = set()
        self._leaving: set[Node] = set()
        self._downed: set[str] = set()
        self._removed: dict[str, None] = {}  # ids, oldest first: a run that was removed never comes back
        self._departed = False
        self._tasks: list[asyncio.Task[None]] = []

    def pre_start(self) -> None:
        stream = self.context.system.event_stream
        for event in (NodeUnreachable, NodeReachable, QuarantinedBy):
            stream.subscribe(self.ref, event)
        self._see(self._members)
        start = self.context.system.loop.create_task
        self._tasks = [
            start(self._watch_members(), name="watch the members of the cluster"),
            start(self._watch_own(), name="watch our own membership"),
        ]

    def post_stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _watch_members(self) -> None:
        async for members in self._cluster.coordinator.watch():
            self.ref.tell(_Members(members))

    async def _watch_own(self) -> None:
        self.ref.tell(_Gone(await self._cluster.coordinator.removed()))

    def receive(self, message: Any) -> None:
        match message:
            case _Members(members):
                self._see(members)
            case NodeUnreachable(address, uid, reason):
                self._mark_unreachable(self._cluster.node_at(address, uid), reason)
            case NodeReachable(address, uid):
                node = self._cluster.node_at(address, uid)
                if node is not None and node in self._unreachable:
                    self._unreachable.discard(node)
                    self._publish(MemberReachable(node))
            case QuarantinedBy(address, reason):
                if self._cluster.node_at(address) is not None:
                    self._self_removed(f"{address} has given us up: {reason}")
            case Leaving(id_):
                node = self._nodes.get(id_)
                if node is not None and node not in self._leaving:
                    self._leaving.add(node)
                    self._remote.keep_connected(node.address, wanted=False)  # when it goes, that is no fault
                    self._publish(MemberLeft(node))
                self.reply("seen")
            case Downing(node):
                self._downed.add(node.id)
            case BeginLeaving():
                if not self._departed:
                    self._leaving.add(self._own)
                    self._publish(MemberLeft(self._own))
            case Depart():
                self._depart()
                self.reply("departed")
            case _DownOverdue(node):
                if node in self._unreachable:
                    self.context.pipe_to(self._down(node))
            case "downed":
                pass
            case Failure(error):
                self.log.error("a node could not be downed: %s", error)
            case _Gone(reason):
                self._self_removed(reason)
            case _:
                self.unhandled(message)

    # Members

    def _see(self, members: tuple[Member, ...]) -> None:
        if self._departed:
            return
        present = {member.id for member in members}
        for id_, node in list(self._nodes.items()):
            if id_ not in present and node != self._own:
                self._remove(node)
        for member in members:
            if member.id not in self._nodes and member.id not in self._removed:
                self._add(node_of(member), [each.id for each in members])

    def _add(self, node: Node, ages: list[str]) -> None:
        self._nodes[node.id] = node
        self._nodes = dict(sorted(self._nodes.items(), key=lambda item: ages.index(item[0]) if item[0] in ages else -1))
        if node != self._own:
            self._remote.keep_connected(node.address)
        self._publish(MemberUp(node))

    def _remove(self, node: Node) -> None:
        reason = "left" if node in self._leaving else "downed" if node.id in self._downed else "lost"
        del self._nodes[node.id]
        self._leaving.discard(node)
        self._unreachable.discard(node)
        self._downed.discard(node.id)
        self._removed[node.id] = None
        if len(self._removed) > _KEPT:
            del self._removed[next(iter(self._removed))]
        if all(other.address != node.address for other in self._nodes.values()):
            self._remote.keep_connected(node.address, wanted=False)
        self._publish(MemberRemoved(node, reason))
        self._remote.quarantine(node.address, node.uid, f"removed from the cluster ({reason})")

    def _mark_unreachable(self, node: Node | None, reason: str) -> None:
        if node is None or node in self._unreachable:
            return
        self._unreachable.add(node)
        self._publish(MemberUnreachable(node, reason))
        ages = list(self._nodes)
        # Of two that do not reach each other the older one decides: else each would remove the other.
        if self._down_after is not None and ages.index(self._own.id) < ages.index(node.id):
            self.context.timers.start_single(("down", node.id), _DownOverdue(node), self._down_after)

    async def _down(self, node: Node) -> str:
        await self._cluster.down(node)
        return "downed"

    # This node

    def _depart(self) -> None:
        if self._departed:
            return
        self._departed = True
        for node in self._others():
            self._remote.keep_connected(node.address, wanted=False)
        self._nodes.clear()
        self._leaving.clear()
        self._unreachable.clear()
        self._publish(MemberRemoved(self._own, "left"))

    def _self_removed(self, reason: str) -> None:
        if self._departed:
            return
        self._departed = True
        self.log.error("the others take this node for dead (%s): it shuts down", reason)
        self._publish(SelfRemoved(self._own, reason))
        self.context.system.coordinated_shutdown.begin(f"this node was removed from the cluster: {reason}")

    def _others(self) -> list[Node]:
        return [node for node in self._nodes.values() if node != self._own]

    def _publish(self, event: ClusterEvent) -> None:
        self._cluster.show(
            ClusterState(self._own, tuple(self._nodes.values()), frozenset(self._unreachable), frozenset(self._leaving))
        )
        self.log.info("%s", event)
        self.context.system.event_stream.publish(event)


def node_of(member: Member) -> Node:
    """The node that a member says it is."""
    data = member.data
    roles = frozenset(filter(None, data["roles"].split(",")))
    return Node(Address.parse(data["address"]), int(data["uid"]), roles, member.id, member.joined_at)
