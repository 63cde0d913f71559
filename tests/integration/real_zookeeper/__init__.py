"""A real Apache ZooKeeper on this machine, as Debian packages it, with a single server.

Installed on first use, which takes root on a Debian and a network. Where that is not to be had, the tests skip and say
what is missing; with ``CI=true`` in the environment they fail instead.
"""

from .server import RealZooKeeper, install, real_zookeeper_or_skip

__all__ = ["RealZooKeeper", "install", "real_zookeeper_or_skip"]
