"""The leading master as ZooKeeper knows it: ``zk://user:password@host:2181,host:2181/mesos``.

Masters that stand for election each keep a node ``json.info_SEQUENCE`` below the path, gone when its session is; the
lowest one leads, and holds the master's address (Mesos's "High-Availability Mode"). kazoo's calls block, so they run in
a thread. The session is opened when first asked and kept until `close`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException, NoAuthError, NoNodeError
from kazoo.handlers.threading import KazooTimeoutError

from .errors import InvalidMaster, NoMaster

__all__ = ["ZooKeeperDetector"]

_PREFIX = "json.info_"


class ZooKeeperDetector:
    """``timeout``: seconds for a connection to any of the servers. ``scheme``: how masters are spoken to."""

    def __init__(
        self,
        url: str,
        *,
        scheme: str = "http",
        timeout: float = 10.0,
        client: Callable[..., Any] = KazooClient,
    ) -> None:
        self._hosts, self._path, self._credentials = _parsed(url)
        self._scheme = scheme
        self._timeout = timeout
        self._make_client = client
        self._client: Any = None
        self._asking: asyncio.Future[str] | None = None

    async def detect(self, previous: str | None) -> str:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(asyncio.to_thread(self._leader))
            self._asking.add_done_callback(_retrieve)
        # A thread cannot be cancelled: it goes on for the next who asks, and `close` waits for the session it may open.
        return await asyncio.shield(self._asking)

    async def close(self) -> None:
        if self._asking is not None:
            await asyncio.wait((self._asking,))
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_close, client)

    def _leader(self) -> str:
        """In a thread."""
        where = f"zk://{self._hosts}{self._path}"
        try:
            if self._client is None:
                auth = [("digest", self._credentials)] if self._credentials else None
                client = self._make_client(hosts=self._hosts, timeout=self._timeout, auth_data=auth, read_only=True)
                try:
                    client.start(timeout=self._timeout)
                except BaseException:
                    _close(client)
                    raise
                self._client = client
            while True:
                # A call waits for as long as ZooKeeper is away, hence the limit.
                nodes = self._client.get_children_async(self._path).get(timeout=self._timeout)
                candidates = [name for name in nodes if name.startswith(_PREFIX)]
                if not candidates:
                    raise NoMaster(f"no master leads at present, as {where} says")
                try:
                    data, _ = self._client.get_async(f"{self._path}/{min(candidates)}").get(timeout=self._timeout)
                except NoNodeError:
                    continue  # its session ended between the two questions: the next one leads
                return self._address(data, where)
        except NoNodeError:
            raise NoMaster(f"{where} does not exist: do the masters run with --zk={where}?") from None
        except NoAuthError:
            raise NoMaster(f"{where} may not be read: give the credentials as zk://USER:PASSWORD@HOST…") from None
        except KazooTimeoutError:
            raise NoMaster(f"no ZooKeeper server of {self._hosts} answered within {self._timeout:g} s") from None
        except KazooException as error:
            raise NoMaster(f"ZooKeeper at {self._hosts} failed: {error or type(error).__name__}") from error

    def _address(self, data: bytes, where: str) -> str:
        try:
            info = json.loads(data)
            address = info["address"]
            # The IP is what Mesos's own clients use; a certificate is made out to a name.
            names = ("hostname", "ip") if self._scheme == "https" else ("ip", "hostname")
            host, port = next(filter(None, map(address.get, names)), None), int(address["port"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoMaster(f"the leader's node at {where} does not read like Mesos's: {error!r}") from error
        if not isinstance(host, str):
            raise NoMaster(f"the leader's node at {where} names no host")
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    def __repr__(self) -> str:
        return f"ZooKeeperDetector(zk://{self._hosts}{self._path})"


def _parsed(url: str) -> tuple[str, str, str]:
    """Hosts, path and ``user:password`` of ``zk://user:password@host:port,…/path``."""
    rest = url.removeprefix("zk://")
    authority, slash, path = rest.partition("/")
    credentials, _, hosts = authority.rpartition("@")
    path = path.strip("/")
    if rest == url or not hosts or not all(hosts.split(",")):
        raise InvalidMaster(f"master: {_hidden(url)!r} names no ZooKeeper host; write zk://HOST:2181,HOST:2181/mesos")
    if not slash or not path:
        raise InvalidMaster(f"master: {_hidden(url)!r} has no path; write zk://{hosts}/mesos, as the masters' --zk")
    if credentials and ":" not in credentials:
        raise InvalidMaster(
            f"master: {_hidden(url)!r} has a user without a password; write zk://USER:PASSWORD@{hosts}/…"
        )
    return hosts, f"/{path}", unquote(credentials)


def _hidden(url: str) -> str:
    """``url`` without its password, for messages."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url


def _retrieve(asked: asyncio.Future[str]) -> None:
    """Who asked may have been cancelled; the next one asks anew."""
    if not asked.cancelled():
        asked.exception()


def _close(client: Any) -> None:
    client.stop()
    client.close()
