"""An election as Mesos's masters hold it in ZooKeeper ("High-Availability Mode").

Each that stands keeps a node ``json.info_SEQUENCE`` below a path, gone when its session is; the lowest one leads, and
holds the master's address. A master that cannot reach ZooKeeper cannot know whether it still leads, and stops at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, Final

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError

from actors.zookeeper import Address, SessionState, ZooKeeper, ZooKeeperAway
from mesos_proto import json_codec, mesos_pb2

__all__ = ["ZooKeeperElection"]

_PREFIX: Final = "json.info_"
_PAUSE: Final = 1.0  # seconds, should ZooKeeper not answer; else it says when something changes


class ZooKeeperElection:
    """
    Args:
        url: ``zk://user:password@host:2181,host:2181/mesos``.
        timeout: seconds for which a session outlives its master.

    Raises:
        ValueError: ``url`` is not of that form.
    """

    def __init__(self, url: str, *, timeout: float = 10.0, client: Any = KazooClient) -> None:
        try:
            self._address = Address.parse(url)
        except ValueError as error:
            raise ValueError(f"zk: {error}") from None
        self._timeout = timeout
        self._client = client
        self._node = ""

    async def leaders(self, info: mesos_pb2.MasterInfo | None) -> AsyncGenerator[mesos_pb2.MasterInfo | None, None]:
        changed = asyncio.Event()
        zookeeper = ZooKeeper(self._address, session_timeout=self._timeout, client=self._client)
        zookeeper.listen(lambda _: changed.set())
        said: mesos_pb2.MasterInfo | None = mesos_pb2.MasterInfo()
        try:
            zookeeper.start()
            while True:
                changed.clear()
                leader = await self._look(zookeeper, info, changed)
                if leader != said:
                    said = leader
                    yield leader
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE if leader is None else None):
                        await changed.wait()
        finally:
            await zookeeper.close()

    async def _look(
        self, zookeeper: ZooKeeper, info: mesos_pb2.MasterInfo | None, changed: asyncio.Event
    ) -> mesos_pb2.MasterInfo | None:
        if zookeeper.state is not SessionState.CONNECTED:
            return None
        path = self._address.path
        try:
            nodes = await self._nodes(zookeeper, changed)
            if info is not None and self._node not in nodes:  # not yet, or our session has ended
                data = json_codec.dumps(info)
                made = await zookeeper.create(f"{path}/{_PREFIX}", data, ephemeral=True, sequence=True, parents=True)
                self._node = made.rpartition("/")[2]
                nodes = await self._nodes(zookeeper, changed)
            return json_codec.loads(mesos_pb2.MasterInfo, (await zookeeper.get(f"{path}/{min(nodes)}")).data)
        except (ZooKeeperAway, KazooException, json_codec.JsonError, ValueError):
            return None

    async def _nodes(self, zookeeper: ZooKeeper, changed: asyncio.Event) -> list[str]:
        try:
            found = await zookeeper.children(self._address.path, changed.set)
        except NoNodeError:
            return []
        return [name for name in found if name.startswith(_PREFIX)]
