"""Many processes as one service: who is there, and who leads.

Start at `Coordinator` (the protocol and its promises); `FileCoordinator` serves the processes of one machine,
`actors.cluster.zookeeper_coordinator.ZooKeeperCoordinator` those of many, `MemoryCoordinator` those of a simulated one.
"""

from actors.cluster.coordinator import CoordinationError, Coordinator, Holder, Lease, LeaseHeld, Member
from actors.cluster.file_coordinator import FileCoordinator
from actors.cluster.memory_coordinator import MemoryCluster, MemoryCoordinator

__all__ = [
    "CoordinationError",
    "Coordinator",
    "FileCoordinator",
    "Holder",
    "Lease",
    "LeaseHeld",
    "Member",
    "MemoryCluster",
    "MemoryCoordinator",
]
