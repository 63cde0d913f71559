"""`SimulatedZooKeeper`: a ZooKeeper on a host of its own, reached over the simulated network by kazoo's stand-in.

    zookeeper = SimulatedZooKeeper(world)
    ZooKeeper(f"{zookeeper.url}/app", client=zookeeper.client)      on any host: a session, as with the real one
    zookeeper.host.kill(), .machine.pause()                         its sessions outlive it; their time starts anew

    client, in the life that opened the session        server
    ------------------------------------------        ------
    connect: its session, or 0, and a timeout    →     the session, with the timeout that it grants; 0: it is over
    a request                                    →     carried out, in the order of the requests
                                                 ←     its answer; before it, what was watched and has changed
    a ping, after a third of the timeout         →     the session was heard of
                                                       not heard of for its timeout, by the server's clock: its
                                                       ephemeral nodes go
    two thirds of the timeout without a word: the connection counts as lost

What was carried out is durable; an answer may be lost. A session that the server has ended is told of only when the
client is connected again (`EXPIRED`, then `CONNECTED` in a new one). The same tests run over this one, over the one
without a network and over the real one (`tests/zookeeper/session_contract.py`).
"""

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

from actors.simulation.world import World
from actors.simulation.zookeeper_tree import Stored, Tree

__all__ = ["Result", "SimulatedZooKeeper", "Transaction"]

PORT = 2181
TICK = 0.5
"""Seconds; sessions last 2 to 20 of them, and their ends are looked for once in each."""

WATCH = -1
PING = -2


def _packed(*message: Any) -> bytes:
    data = marshal.dumps(message)
    return len(data).to_bytes(4, "big") + data


async def _next(reader: asyncio.StreamReader) -> Any:
    return marshal.loads(await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big")))


def _shown(value: Any) -> Any:
    """As it goes over the wire."""
    if isinstance(value, Stored):
        return (value.data, value.version, value.ephemeralOwner, value.czxid, value.ctime)
    if isinstance(value, KazooException):
        return (type(value).__name__,)
    return value


def _node(shown: Any) -> tuple[bytes, SimpleNamespace]:
    return shown[0], _stat(shown)


def _stat(shown: Any) -> SimpleNamespace:
    names = ("version", "ephemeralOwner", "czxid", "ctime")
    return SimpleNamespace(**dict(zip(names, shown[1:], strict=True)))


@dataclass(slots=True)
class _Session:
    """``heard_at``: by the server's clock."""

    session: int
    timeout: float
    heard_at: float
    writer: asyncio.StreamWriter | None = None
    watches: dict[tuple[str, str], None] = field(default_factory=dict)
    auth: Any = None


class SimulatedZooKeeper:
    """See the head of this module."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.host = world.host("zookeeper")
        self.url = f"zk://{self.host.address}:{PORT}"
        self.tree = Tree(lambda: world.loop._now, self._changed)
        self._sessions: dict[int, _Session] = {}
        self._last = 0
        self.host.run(self._main)

    def client(self, **options: Any) -> _Client:
        """What kazoo's client is to a real one."""
        return _Client(self.host.address, options)

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        for session in self._sessions.values():  # it cannot know how long it was away
            session.heard_at, session.writer = loop.time(), None
            session.watches.clear()
        server = await asyncio.start_server(self._serve, self.host.address, PORT)
        try:
            while True:
                await asyncio.sleep(TICK)
                for session in list(self._sessions.values()):
                    if loop.time() >= session.heard_at + session.timeout:
                        self.world.happened("session over", self.host.name, f"session {session.session} is over")
                        self._end(session)
        finally:
            server.close()
            for session in self._sessions.values():
                if session.writer is not None:
                    session.writer.close()

    def _end(self, session: _Session) -> None:
        if self._sessions.pop(session.session, None) is None:
            return
        self.tree.end_session(session.session)
        if session.writer is not None:
            session.writer.close()

    def _changed(self, path: str, kind: str) -> None:
        for session in self._sessions.values():
            if (kind, path) in session.watches and session.writer is not None:
                del session.watches[kind, path]
                session.writer.write(_packed(WATCH, kind, path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: _Session | None = None
        with suppress(OSError, asyncio.IncompleteReadError):
            known, asked = await _next(reader)
            session = self._begin(known, asked, writer)
            while session is not None and session.session in self._sessions:
                number, name, arguments = await _next(reader)
                session.heard_at = asyncio.get_running_loop().time()
                if number == PING:
                    writer.write(_packed(PING, None, None))
                elif name == "close":
                    self._end(session)
                else:
                    self._answer(session, writer, number, name, arguments)
        writer.close()
        if session is not None and session.writer is writer:
            session.writer = None
            session.watches.clear()

    def _begin(self, known: int, asked: float, writer: asyncio.StreamWriter) -> _Session | None:
        now = asyncio.get_running_loop().time()
        granted = min(max(asked, 2 * TICK), 20 * TICK)
        if not known:
            self._last += 1
            session: _Session | None = _Session(self._last, granted, now)
        else:
            session = self._sessions.get(known)
        if session is None:
            writer.write(_packed(0, granted))
            return None
        if session.writer is not None:
            session.writer.close()  # the client has given that one up
        session.heard_at, session.timeout, session.writer = now, granted, writer
        session.watches.clear()
        self._sessions[session.session] = session
        writer.write(_packed(session.session, granted))
        return session

    def _answer(
        self, session: _Session, writer: asyncio.StreamWriter, number: int, name: str, arguments: tuple[Any, ...]
    ) -> None:
        try:
            value = getattr(self, f"_{name}")(session, *arguments)
        except KazooException as error:
            writer.write(_packed(number, type(error).__name__, None))
        else:
            writer.write(_packed(number, None, value))

    # requests

    def _children(self, who: _Session, path: str, watched: bool) -> list[str]:
        self.tree.node(who, path)
        if watched:
            who.watches["children", path] = None
        return self.tree.children(path)

    def _get(self, who: _Session, path: str, watched: bool) -> Any:
        found = self.tree.node(who, path)
        if watched:
            who.watches["data", path] = None
        return _shown(found)

    def _exists(self, who: _Session, path: str, watched: bool) -> Any:
        if watched:
            who.watches["data", path] = None
        return _shown(self.tree.nodes.get(path))

    def _get_many(self, who: _Session, paths: tuple[str, ...]) -> list[Any]:
        return [_shown(self.tree.node(who, path)) if path in self.tree.nodes else None for path in paths]

    def _create(self, who: _Session, path: str, data: bytes, ephemeral: bool, sequence: bool, parents: bool) -> str:
        if parents:
            self.tree.ensure(who, path.rpartition("/")[0])
        return self.tree.create(who, path, data, ephemeral, sequence)

    def _ensure(self, who: _Session, path: str) -> None:
        self.tree.ensure(who, path)

    def _set(self, who: _Session, path: str, data: bytes, version: int) -> Any:
        return _shown(self.tree.set_data(who, path, data, version))

    def _delete(self, who: _Session, path: str, version: int) -> None:
        self.tree.delete(who, path, version)

    def _transaction(self, who: _Session, operations: Any) -> list[Any]:
        return [_shown(each) for each in self.tree.transaction(who, operations)]


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


class _Client:
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
            self._writer.write(_packed(0, "close", ()))
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
            writer.write(_packed(self._session, self.granted))
            async with asyncio.timeout(self.granted):
                session, granted = await _next(reader)
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
        coming = asyncio.ensure_future(_next(reader))
        try:
            while True:
                await asyncio.wait([coming], timeout=self.granted / 3)
                if not coming.done():
                    if pinged:
                        return
                    pinged = True
                    writer.write(_packed(PING, "", ()))
                    continue
                pinged = False
                self._heard(*coming.result())
                coming = asyncio.ensure_future(_next(reader))
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
        self._writer.write(_packed(self._number, request.name, request.arguments))

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
