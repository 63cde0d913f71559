"""The leading master as ZooKeeper knows it: ``zk://user:password@host:2181,host:2181/mesos``.

Masters that stand for election each keep a node ``json.info_SEQUENCE`` below the path, gone when its session is; the
lowest one leads, and holds the master's address (Mesos's "High-Availability Mode"). The session is opened when first
asked and kept until `close`.
"""

from __future__ import annotations

import json
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoAuthError, NoNodeError

from actors.zookeeper import Address, InvalidAddress, ZooKeeper, ZooKeeperAway

from .errors import InvalidMaster, NoMaster

__all__ = ["ZooKeeperDetector"]

_PREFIX = "json.info_"


class ZooKeeperDetector:
    """``timeout``: seconds for an answer of any of the servers. ``scheme``: how masters are spoken to."""

    def __init__(self, url: str, *, scheme: str = "http", timeout: float = 10.0, client: Any = KazooClient) -> None:
        try:
            self._address = Address.parse(url)
        except InvalidAddress as error:
            raise InvalidMaster(f"master: {error}") from None
        self._scheme = scheme
        self._timeout = timeout
        self._client = client
        self._zookeeper: ZooKeeper | None = None

    async def detect(self, previous: str | None) -> str:
        where = self._address
        if self._zookeeper is None:
            self._zookeeper = ZooKeeper(where, session_timeout=self._timeout, read_only=True, client=self._client)
        try:
            return self._url(await _leader(self._zookeeper, where))
        except NoNodeError:
            raise NoMaster(f"{where} does not exist: do the masters run with --zk={where}?") from None
        except NoAuthError:
            raise NoMaster(f"{where} may not be read: give the credentials as zk://USER:PASSWORD@HOST…") from None
        except ZooKeeperAway as error:
            raise NoMaster(str(error)) from error
        except KazooException as error:
            raise NoMaster(f"ZooKeeper at {where.hosts} failed: {error or type(error).__name__}") from error

    async def close(self) -> None:
        zookeeper, self._zookeeper = self._zookeeper, None
        if zookeeper is not None:
            await zookeeper.close()

    def _url(self, data: bytes) -> str:
        try:
            info = json.loads(data)
            address = info["address"]
            # The IP is what Mesos's own clients use; a certificate is made out to a name.
            names = ("hostname", "ip") if self._scheme == "https" else ("ip", "hostname")
            host, port = next(filter(None, map(address.get, names)), None), int(address["port"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoMaster(f"the leader's node at {self._address} does not read like Mesos's: {error!r}") from error
        if not isinstance(host, str):
            raise NoMaster(f"the leader's node at {self._address} names no host")
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def __repr__(self) -> str:
        return f"ZooKeeperDetector({self._address})"


async def _leader(zookeeper: ZooKeeper, where: Address) -> bytes:
    """What the leader's node holds."""
    while True:
        candidates = [name for name in await zookeeper.children(where.path) if name.startswith(_PREFIX)]
        if not candidates:
            raise NoMaster(f"no master leads at present, as {where} says")
        try:
            return (await zookeeper.get(f"{where.path}/{min(candidates)}")).data
        except NoNodeError:
            continue  # its session ended between the two questions: the next one leads
