"""Who is in the cluster, and what happens to them: what `Cluster.subscribe` tells."""

from __future__ import annotations

from dataclasses import dataclass

from actors.remote import Address

__all__ = [
    "ClusterEvent",
    "ClusterState",
    "MemberLeft",
    "MemberReachable",
    "MemberRemoved",
    "MemberUnreachable",
    "MemberUp",
    "Node",
    "SelfRemoved",
]


@dataclass(frozen=True, slots=True)
class Node:
    """One run of a system that has joined.

    :ivar uid: tells the runs of a system apart.
    :ivar id: what the coordinator calls it.
    :ivar joined_at: seconds, by the coordinator's clock; for reading. Age is the order in `ClusterState.members`.
    """

    address: Address
    uid: int
    roles: frozenset[str]
    id: str
    joined_at: float

    def has_role(self, role: str | None) -> bool:
        """Whether it has that role; everybody has None."""
        return role is None or role in self.roles


class ClusterEvent:
    """The base of them: subscribe to it for all."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class MemberUp(ClusterEvent):
    """It has joined."""

    node: Node


@dataclass(frozen=True, slots=True)
class MemberLeft(ClusterEvent):
    """It is leaving in order: it hands over what it does, then `MemberRemoved` follows."""

    node: Node


@dataclass(frozen=True, slots=True)
class MemberUnreachable(ClusterEvent):
    """*This* node has not heard of it for `RemoteSettings.detection`. It is a member still, and may come back."""

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class MemberReachable(ClusterEvent):
    """It is heard of again."""

    node: Node


@dataclass(frozen=True, slots=True)
class MemberRemoved(ClusterEvent):
    """It is no member any more, for good: its actors are `Terminated`.

    :ivar reason: "left", "downed", or "lost" when the coordinator has not heard of it.
    """

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class SelfRemoved(ClusterEvent):
    """This node is no member any more, and did not leave: the others take it for dead. It shuts down."""

    node: Node
    reason: str


@dataclass(frozen=True, slots=True)
class ClusterState:
    """What this node knows now.

    :ivar members: the oldest first; those that are leaving included.
    :ivar unreachable: those of them that this node does not hear of.
    :ivar leaving: those of them that are leaving.
    """

    own: Node
    members: tuple[Node, ...] = ()
    unreachable: frozenset[Node] = frozenset()
    leaving: frozenset[Node] = frozenset()

    def with_role(self, role: str | None) -> tuple[Node, ...]:
        """The members of a role; all for None."""
        return tuple(node for node in self.members if node.has_role(role))
