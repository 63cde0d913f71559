"""Many processes as one service: who is there, who leads, and one actor for all of them.

Start at `Cluster` (members and events) and `ClusterSingleton`. Below them is the `Coordinator`, which alone knows who
is a member and who holds a lease: `FileCoordinator` serves the processes of one machine,
`actors.cluster.zookeeper_coordinator.ZooKeeperCoordinator` those of many, `MemoryCoordinator` those of a simulated one.
"""

from actors.cluster.adaptive import (
    AdaptiveLoadBalancing,
    cpu_capacity,
    heap_capacity,
    load_capacity,
    mix_capacity,
)
from actors.cluster.cluster import Cluster, ClusterNameConflict
from actors.cluster.coordinator import CoordinationError, Coordinator, Holder, Lease, LeaseHeld, Member
from actors.cluster.events import (
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
from actors.cluster.file_coordinator import FileCoordinator
from actors.cluster.memory_coordinator import MemoryCluster, MemoryCoordinator
from actors.cluster.metrics import ClusterMetricsChanged, MetricsSettings, NodeMetrics
from actors.cluster.pubsub import PubSub
from actors.cluster.receptionist import Listing, Receptionist
from actors.cluster.router import service_group
from actors.cluster.sharding import ClusterSharding, Passivate, ShardingSettings, ToEntity
from actors.cluster.singleton import ClusterSingleton
from actors.cluster.system_collector import SystemCollector

__all__ = [
    "AdaptiveLoadBalancing",
    "Cluster",
    "ClusterEvent",
    "ClusterMetricsChanged",
    "ClusterNameConflict",
    "ClusterSharding",
    "ClusterSingleton",
    "ClusterState",
    "CoordinationError",
    "Coordinator",
    "FileCoordinator",
    "Holder",
    "Lease",
    "LeaseHeld",
    "Listing",
    "Member",
    "MemberLeft",
    "MemberReachable",
    "MemberRemoved",
    "MemberUnreachable",
    "MemberUp",
    "MemoryCluster",
    "MemoryCoordinator",
    "MetricsSettings",
    "Node",
    "NodeMetrics",
    "Passivate",
    "PubSub",
    "Receptionist",
    "SelfRemoved",
    "ShardingSettings",
    "SystemCollector",
    "ToEntity",
    "cpu_capacity",
    "heap_capacity",
    "load_capacity",
    "mix_capacity",
    "service_group",
]
