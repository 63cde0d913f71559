"""kazoo's client, for a `SimulatedZooKeeper`: one session over the simulated network (see ``zookeeper.py``)."""

from __future__ import annotations

import asyncio
import marshal
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from kazoo import exceptions
from kazoo.client import KazooState
from kazoo.exceptions import ConnectionClosedError, ConnectionLoss, KazooException, SessionExpiredError

__all__ = ["PING", "PORT", "WATCH", "Client", "Result", "Transaction", "next_message", "packed"]

PORT = 2181
WATCH = -1
PING = -2


def packed(*message: Any) -> bytes:
    data = marshal.dumps(message)
    return len(data).to_bytes(4, "big") + data


async def next_message(reader: asyncio.StreamReader) -> Any:
    return marshal.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


def _node(shown: Any) -> tuple[bytes, SimpleNamespace]:
    return shown[0], _stat(shown)


def _stat(shown: Any) -> SimpleNamespace:
    names = ("version", "ephemeralOwner", "czxid", "ctime")
    return SimpleNamespace(**dict(zip(names, shown[1:], strict=True)))


class Result:
    """An answer of kazoo's kind."""

    def __init__(self) -> None:
        self.value: Any = None
        self.exception: BaseException | None = None
        self._links: list[Any] = []
        self._done = False

    def rawlink(self, link: Any) -> None:
        self._links.append(link)
        if self._done:
            link(self)

    def settle(self, value: Any = None, error: BaseException | None = None) -> None:
        if not self._done:
            self._done, self.value, self.exception = True, value, error
            for link in self._links:
                link(self)


@dataclass(slots=True)
class _Request:
    """``read``: what its caller gets of the answer. ``watch``: called once when what is ``watched`` changes."""

    name: str
    arguments: tuple[Any, ...]
    read: Callable[[Any], Any]
    watched: tuple[str, Any]
    watch: Any = None
    result: Result = field(default_factory=Result)


class Client:
    """One session, with the methods of kazoo's client that `actors.zookeeper` uses."""

    def __init__(self, server: str, options: dict[str, Any]) -> None:
        self._server = server
        self.granted: float = options["timeout"]
        self._session = 0
        self._listeners: list[Callable[[KazooState], None]] = []
        self._watchers: dict[tuple[str, str], list[Any]] = {}
        self._waiting: deque[_Request] = deque()  # until there is a connection
        self._asked: deque[_Request] = deque()  # in the order in which they are answered
        self._number = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    # the session

    @property
    def client_id(self) -> tuple[int, bytes] | None:
        return (self._session, b"") if self._session else None

    def add_listener(self, listener: Callable[[KazooState], None]) -> None:
        self._listeners.append(listener)

    def start_async(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"ZooKeeper's client of {self._server}")

    def stop(self) -> None:
        self._stopped = True
        if self._writer is not None:
            self._writer.write(packed(0, "close", ()))
            self._writer.close()
        self._fail(ConnectionClosedError())
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        return None

    async def _keep(self) -> None:
        while not self._stopped:
            with suppress(OSError, asyncio.IncompleteReadError):  # TimeoutError is an OSError
                await self._connected()
            await asyncio.sleep(0.1)

    async def _connected(self) -> None:
        async with asyncio.timeout(self.granted):
            reader, writer = await asyncio.open_connection(self._server, PORT)
        try:
            writer.write(packed(self._session, self.granted))
            async with asyncio.timeout(self.granted):
                session, granted = await next_message(reader)
            if not session:
                self._session = 0
                self._lost(KazooState.LOST, SessionExpiredError())
                return
            self._session, self.granted, self._writer = session, granted, writer
            self._tell(KazooState.CONNECTED)
            while self._waiting:
                self._send(self._waiting.popleft())
            await self._hear(reader, writer)
        finally:
            if self._writer is not None:
                self._writer = None
                self._lost(KazooState.SUSPENDED, ConnectionLoss())
            writer.close()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pinged = False
        coming = asyncio.ensure_future(next_message(reader))
        try:
            while True:
                await asyncio.wait([coming], timeout=self.granted / 3)
                if not coming.done():
                    if pinged:
                        return
                    pinged = True
                    writer.write(packed(PING, "", ()))
                    continue
                pinged = False
                self._heard(*coming.result())
                coming = asyncio.ensure_future(next_message(reader))
        finally:
            coming.cancel()

    def _heard(self, number: int, first: Any, second: Any) -> None:
        if number == WATCH:
            for watcher in self._watchers.pop((first, second), ()):
                watcher(None)
        elif number != PING:
            request = self._asked.popleft()
            if first is not None:
                request.result.settle(error=getattr(exceptions, first)())
                return
            if request.watch is not None:
                self._watchers.setdefault(request.watched, []).append(request.watch)
            request.result.settle(request.read(second))

    def _lost(self, state: KazooState, error: KazooException) -> None:
        if self._stopped:
            return
        self._fail(error)
        self._tell(state)
        watchers, self._watchers = self._watchers, {}
        for group in watchers.values():
            for watcher in group:
                watcher(None)

    def _fail(self, error: KazooException) -> None:
        for request in (*self._asked, *self._waiting):
            request.result.settle(error=error)
        self._asked.clear()
        self._waiting.clear()

    def _tell(self, state: KazooState) -> None:
        for listener in self._listeners:
            listener(state)

    # requests

    def _ask(
        self,
        name: str,
        *arguments: Any,
        read: Callable[[Any], Any] = lambda shown: shown,
        kind: str = "data",
        watch: Any = None,
    ) -> Result:
        request = _Request(name, arguments, read, (kind, arguments[0]), watch)
        if self._stopped:
            request.result.settle(error=ConnectionClosedError())
        elif self._writer is None:
            self._waiting.append(request)
        else:
            self._send(request)
        return request.result

    def _send(self, request: _Request) -> None:
        assert self._writer is not None
        self._number += 1
        self._asked.append(request)
        self._writer.write(packed(self._number, request.name, request.arguments))

    def get_children_async(self, path: str, watch: Any = None) -> Result:
        return self._ask("children", path, watch is not None, kind="children", watch=watch)

    def get_async(self, path: str, watch: Any = None) -> Result:
        return self._ask("get", path, watch is not None, read=_node, watch=watch)

    def get_many_async(self, paths: Any) -> Result:
        return self._ask("get_many", tuple(paths), read=lambda found: [each and _node(each) for each in found])

    def exists_async(self, path: str, watch: Any = None) -> Result:
        return self._ask("exists", path, watch is not None, read=lambda shown: shown and _stat(shown), watch=watch)

    def create_async(
        self, path: str, data: bytes, ephemeral: bool = False, sequence: bool = False, makepath: bool = False
    ) -> Result:
        return self._ask("create", path, data, ephemeral, sequence, makepath)

    def ensure_path_async(self, path: str) -> Result:
        return self._ask("ensure", path)

    def set_async(self, path: str, data: bytes, version: int = -1) -> Result:
        return self._ask("set", path, data, version, read=_stat)

    def delete_async(self, path: str, version: int = -1) -> Result:
        return self._ask("delete", path, version)

    def transaction(self) -> Transaction:
        return Transaction(lambda all_: self._ask("transaction", all_, read=lambda found: list(map(_unshown, found))))


class Transaction:
    """Of kazoo's kind; ``commit`` carries its operations out."""

    def __init__(self, commit: Callable[[tuple[Any, ...]], Result]) -> None:
        self._commit = commit
        self._operations: list[tuple[str, tuple[Any, ...]]] = []

    def create(self, path: str, data: bytes, acl: Any = None, ephemeral: bool = False, sequence: bool = False) -> None:
        self._operations.append(("create", (path, data, ephemeral, sequence)))

    def set_data(self, path: str, data: bytes, version: int = -1) -> None:
        self._operations.append(("set_data", (path, data, version)))

    def delete(self, path: str, version: int = -1) -> None:
        self._operations.append(("delete", (path, version)))

    def check(self, path: str, version: int) -> None:
        self._operations.append(("node", (path, version)))

    def commit_async(self) -> Result:
        return self._commit(tuple(self._operations))


def _unshown(shown: Any) -> Any:
    """An error that came as its name, and all else as it is."""
    if isinstance(shown, tuple) and len(shown) == 1:
        return getattr(exceptions, shown[0])()
    return shown
