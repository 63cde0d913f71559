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
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from kazoo.exceptions import KazooException

from actors.simulation.world import World
from actors.simulation.zookeeper_client import PING, PORT, WATCH, Client, next_message, packed
from actors.simulation.zookeeper_tree import Stored, Tree

__all__ = ["SESSION", "SimulatedZooKeeper"]

SESSION = 5.0
"""Seconds that a session, and so leading, outlives its connection, for those who ask for it in these worlds."""

TICK = 0.5
"""Seconds; sessions last 2 to 20 of them, and their ends are looked for once in each."""


def _shown(value: Any) -> Any:
    """As it goes over the wire."""
    if isinstance(value, Stored):
        return (value.data, value.version, value.ephemeralOwner, value.czxid, value.ctime)
    if isinstance(value, KazooException):
        return (type(value).__name__,)
    return value


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

    def client(self, **options: Any) -> Client:
        """What kazoo's client is to a real one."""
        return Client(self.host.address, options)

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
                session.writer.write(packed(WATCH, kind, path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session: _Session | None = None
        with suppress(OSError, asyncio.IncompleteReadError):
            known, asked = await next_message(reader)
            session = self._begin(known, asked, writer)
            while session is not None and session.session in self._sessions:
                number, name, arguments = await next_message(reader)
                if session.session not in self._sessions:
                    break  # it ended while this was on its way: nothing may be made for it any more
                session.heard_at = asyncio.get_running_loop().time()
                if number == PING:
                    writer.write(packed(PING, None, None))
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
            writer.write(packed(0, granted))
            return None
        if session.writer is not None:
            session.writer.close()  # the client has given that one up
        session.heard_at, session.timeout, session.writer = now, granted, writer
        session.watches.clear()
        self._sessions[session.session] = session
        writer.write(packed(session.session, granted))
        return session

    def _answer(
        self, session: _Session, writer: asyncio.StreamWriter, number: int, name: str, arguments: tuple[Any, ...]
    ) -> None:
        try:
            value = getattr(self, f"_{name}")(session, *arguments)
        except KazooException as error:
            writer.write(packed(number, type(error).__name__, None))
        else:
            writer.write(packed(number, None, value))

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
