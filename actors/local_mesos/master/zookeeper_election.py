"""An election as Mesos's masters hold it in ZooKeeper ("High-Availability Mode").

Each that stands keeps a node ``json.info_SEQUENCE`` below a path, gone when its session is; the lowest one leads, and
holds the master's address. A master that cannot reach ZooKeeper cannot know whether it still leads, and stops at once.
kazoo's calls block, so they run in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError

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

    def __init__(self, url: str, *, timeout: float = 10.0, client: Callable[..., Any] = KazooClient) -> None:
        authority, _, path = url.removeprefix("zk://").partition("/")
        credentials, _, self._hosts = authority.rpartition("@")
        self._auth = [("digest", unquote(credentials))] if credentials else None
        self._path = f"/{path.strip('/')}"
        if not url.startswith("zk://") or not self._hosts or self._path == "/":
            raise ValueError(f"zk: {self._hosts or url!r} is not a place in ZooKeeper: write zk://HOST:2181/mesos")
        self._timeout = timeout
        self._make_client = client
        self._node = ""

    async def leaders(self, info: mesos_pb2.MasterInfo | None) -> AsyncGenerator[mesos_pb2.MasterInfo | None, None]:
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def woken(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody stands any more
                loop.call_soon_threadsafe(changed.set)

        client = self._make_client(hosts=self._hosts, timeout=self._timeout, auth_data=self._auth)
        client.add_listener(woken)
        client.start_async()
        said: mesos_pb2.MasterInfo | None = mesos_pb2.MasterInfo()
        try:
            while True:
                changed.clear()
                leader = await asyncio.to_thread(self._look, client, info, woken)
                if leader != said:
                    said = leader
                    yield leader
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE if leader is None else None):
                        await changed.wait()
        finally:
            await asyncio.to_thread(_close, client)

    def _look(
        self, client: Any, info: mesos_pb2.MasterInfo | None, woken: Callable[..., None]
    ) -> mesos_pb2.MasterInfo | None:
        """In a thread."""
        if not client.connected:
            return None
        try:
            nodes = self._nodes(client, woken)
            if info is not None and self._node not in nodes:  # not yet, or our session has ended
                client.ensure_path(self._path)
                made = client.create(f"{self._path}/{_PREFIX}", json_codec.dumps(info), ephemeral=True, sequence=True)
                self._node = made.rpartition("/")[2]
                nodes = self._nodes(client, woken)
            data, _ = client.get_async(f"{self._path}/{min(nodes)}").get(timeout=self._timeout)
            return json_codec.loads(mesos_pb2.MasterInfo, data)
        except (KazooException, KazooTimeoutError, json_codec.JsonError, ValueError):
            return None

    def _nodes(self, client: Any, woken: Callable[..., None]) -> list[str]:
        try:
            found = client.get_children_async(self._path, watch=woken).get(timeout=self._timeout)
        except NoNodeError:
            return []
        return [name for name in found if name.startswith(_PREFIX)]


def _close(client: Any) -> None:
    client.stop()
    client.close()
