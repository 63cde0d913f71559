"""Tests of actors, and of any asyncio program: virtual time, an in-memory network, leak checks.

Start at `VirtualLoop`; ``actors.testkit.pytest_plugin`` puts a project's async tests on it.
"""

from actors.testkit.leaks import LeakCheck
from actors.testkit.network import HERE, Network
from actors.testkit.virtual_loop import NothingCanHappen, NotInVirtualTime, VirtualLoop

__all__ = ["HERE", "LeakCheck", "Network", "NotInVirtualTime", "NothingCanHappen", "VirtualLoop"]
