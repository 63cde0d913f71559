"""ZooKeeper on the event loop: one session, shared by all that need it.

Start at `ZooKeeper`: a session with `create`, `get`, `children`, … as coroutines, and its states as events.
"""

from actors.zookeeper.address import Address, InvalidAddress, Tls
from actors.zookeeper.session import Node, SessionState, ZooKeeper, ZooKeeperAway

__all__ = ["Address", "InvalidAddress", "Node", "SessionState", "Tls", "ZooKeeper", "ZooKeeperAway"]
