"""`ZooKeeper`: a session with an ensemble, on the event loop.

    loop                                   kazoo's threads                     the ensemble
    ----                                   ---------------                     ------------
    zookeeper.start()                 →    connect, and again for ever    →
    await zookeeper.get(path)         →    a request in the queue         →
         future's result              ←    call_soon_threadsafe           ←    answer
    listener(SessionState.SUSPENDED)  ←    the connection is lost
    listener(SessionState.EXPIRED)    ←    back too late                  ←    the session is over, its nodes are gone
    listener(SessionState.CONNECTED)  ←    connected, in a new session

Contract. Nothing of kazoo's runs on the loop and nothing of ours in its threads: each answer and each change of state
hops over. Calls are coroutines; they raise kazoo's errors about nodes (`kazoo.exceptions.NoNodeError`, …) and
`ZooKeeperAway` for all that says nothing of the node: no connection, no answer in time, a session that ended. A
cancelled or timed out call may yet be carried out by the server.

A *session* outlives its connection for ``session_timeout`` seconds; nodes that are *ephemeral* live as long as the
session. That it is over is known only when a server says so (`EXPIRED`): whoever must know earlier counts from its last
answered request, by its own clock.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, NamedTuple, Self

from kazoo.client import KazooState
from kazoo.exceptions import (
    AuthFailedError,
    ConnectionClosedError,
    ConnectionLoss,
    KazooException,
    NoNodeError,
    OperationTimeoutError,
    SessionExpiredError,
    UnimplementedError,
)
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.security import make_digest_acl

from actors.zookeeper._client import Client
from actors.zookeeper.address import Address

__all__ = ["Node", "SessionState", "ZooKeeper", "ZooKeeperAway"]

log = logging.getLogger("actors.zookeeper")

Listener = Callable[["SessionState"], object]
_AWAY = (ConnectionLoss, ConnectionClosedError, SessionExpiredError, OperationTimeoutError, KazooTimeoutError)
#: Seconds between attempts to connect; kazoo's own would grow to an hour.
_RETRY = {"max_tries": -1, "delay": 0.1, "backoff": 2, "max_delay": 1.0}


class ZooKeeperAway(OSError):
    """No server answered in time, or the session ended under way. Whether the call was carried out is unknown."""


class SessionState(enum.Enum):
    """What is known of the session."""

    CONNECTING = "connecting"  # for the first time
    CONNECTED = "connected"
    SUSPENDED = "suspended"  # no connection: the session may be over, which nobody here can know
    EXPIRED = "expired"  # it is over, its ephemeral nodes are gone; a new one begins by itself
    CLOSED = "closed"


class Node(NamedTuple):
    """What a node holds. ``stat`` is ZooKeeper's: ``version``, ``czxid``, ``ctime`` (ms), ``ephemeralOwner``, …"""

    data: bytes
    stat: Any


class ZooKeeper:
    """See the head of this module.

    Args:
        address: hosts and credentials; the path is for those who use the session.
        session_timeout: seconds that the session is asked to outlive its connection. Servers allow 2 to 20 of their
            ticks (by default 4 to 40 s) and take the nearest, which the attribute of that name says.
        call_timeout: seconds that a call waits for its answer, and the first ones for a connection before; that of the
            session when None.
        acl: of nodes that are created, as kazoo makes them. None: with credentials only that user may do anything,
            without them anyone may.
        read_only: also take a server that has lost the others, and never write.
        client: makes the client; tests give one of a stand-in.
    """

    def __init__(
        self,
        address: Address | str,
        *,
        session_timeout: float = 10.0,
        call_timeout: float | None = None,
        acl: Sequence[Any] | None = None,
        read_only: bool = False,
        client: Callable[..., Any] = Client,
    ) -> None:
        self.address = Address.parse(address) if isinstance(address, str) else address
        self._asked = session_timeout
        self.call_timeout = session_timeout if call_timeout is None else call_timeout
        self.state = SessionState.CONNECTING
        credentials = self.address.credentials
        if acl is None and credentials:
            user, _, password = credentials.partition(":")
            acl = [make_digest_acl(user, password, all=True)]
        self._options: dict[str, Any] = {
            "hosts": self.address.hosts,
            "timeout": session_timeout,
            "auth_data": [("digest", credentials)] if credentials else None,
            "default_acl": acl,
            "read_only": read_only,
            "connection_retry": _RETRY,
        }
        if (tls := self.address.tls) is not None:
            files = {"ca": tls.ca, "certfile": tls.certificate, "keyfile": tls.key}
            self._options |= {"use_ssl": True, "check_hostname": True, **{k: v or None for k, v in files.items()}}
        self._make_client = client
        self._client: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._listeners: list[Listener] = []
        self._begun = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self._reads_many = True

    # the session

    def start(self) -> None:
        """Begin to connect, without waiting; does nothing the second time. Calls start it by themselves."""
        if self._client is not None:
            return
        if self.state is SessionState.CLOSED:
            raise RuntimeError(f"the session with {self.address.hosts} is closed: make another ZooKeeper")
        self._loop = asyncio.get_running_loop()
        self._client = self._make_client(**self._options)
        self._client.add_listener(self._heard)
        self._client.start_async()

    @property
    def session_timeout(self) -> float:
        """Seconds that the session outlives its connection: as the server granted, before it has as was asked for."""
        granted: float | None = getattr(self._client, "granted", None)
        return self._asked if granted is None else granted

    @property
    def session_id(self) -> int | None:
        """The session's number, which is the owner of its ephemeral nodes; None before there is one."""
        known = None if self._client is None else self._client.client_id
        return None if known is None else int(known[0])

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener(state)`` on the loop at each change from now on; returns what ends that."""
        self._listeners.append(listener)

        def unlisten() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unlisten

    async def close(self) -> None:
        """End the session: its ephemeral nodes go. Twice does nothing."""
        if self._closing is None:
            self._turn(SessionState.CLOSED)
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_stop, client)  # it waits for kazoo's threads

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # nodes

    async def children(self, path: str, changed: Callable[[], object] | None = None) -> list[str]:
        """The names below ``path``. ``changed``: called once, on the loop, when they may differ or the session ends."""
        found: list[str] = await self._call("get_children_async", path, watch=self._watch(changed))
        return found

    async def get(self, path: str, changed: Callable[[], object] | None = None) -> Node:
        """What ``path`` holds; ``changed`` as in `children`, when it is changed or deleted."""
        return Node(*await self._call("get_async", path, watch=self._watch(changed)))

    async def get_many(self, paths: Sequence[str]) -> list[Node | None]:
        """What each path holds, in their order; None where there is no node. With one request for all of them, so
        choose how many by how much an answer may hold.
        """
        if self._reads_many and paths:
            try:
                found = await self._call("get_many_async", paths)
                return [None if each is None else Node(*each) for each in found]
            except UnimplementedError:
                self._reads_many = False
                log.info("ZooKeeper at %s is older than 3.6: nodes are read one by one", self.address.hosts)
        return list(await asyncio.gather(*map(self._get_or_none, paths)))

    async def _get_or_none(self, path: str) -> Node | None:
        try:
            return await self.get(path)
        except NoNodeError:
            return None

    async def exists(self, path: str, changed: Callable[[], object] | None = None) -> Any | None:
        """The node's stat, or None; ``changed`` as in `children`, when it is made, changed or deleted."""
        return await self._call("exists_async", path, watch=self._watch(changed))

    async def create(
        self, path: str, data: bytes = b"", *, ephemeral: bool = False, sequence: bool = False, parents: bool = False
    ) -> str:
        """Make a node; its path, which ``sequence`` ends with a number. ``parents``: make those that are missing."""
        options = {"ephemeral": ephemeral, "sequence": sequence, "makepath": parents}
        return str(await self._call("create_async", path, data, **options))

    async def ensure(self, path: str) -> None:
        """Make ``path``, and what is above it, unless they are there."""
        await self._call("ensure_path_async", path)

    async def set(self, path: str, data: bytes, version: int = -1) -> Any:
        """Change what ``path`` holds, if it still is of that version (-1: whatever it is); its new stat."""
        return await self._call("set_async", path, data, version=version)

    async def delete(self, path: str, version: int = -1) -> None:
        """Delete a node without children."""
        await self._call("delete_async", path, version=version)

    async def all_or_none(self, *operations: tuple[Any, ...]) -> None:
        """Carry out ``("create" | "set_data" | "delete" | "check", arguments…)`` at once, or raise the error of one."""
        self.start()

        def commit() -> Any:
            transaction = self._client.transaction()
            for name, *arguments in operations:
                getattr(transaction, name)(*arguments)
            return transaction.commit_async()

        _raise_cause(await self._answer(commit, f"a transaction of {len(operations)}"))

    # between the loop and kazoo's threads

    async def _call(self, name: str, path: str | Sequence[str], *arguments: Any, **options: Any) -> Any:
        self.start()
        what = f"{name.removesuffix('_async')} {path if isinstance(path, str) else f'of {len(path)}'}"
        return await self._answer(lambda: getattr(self._client, name)(path, *arguments, **options), what)

    async def _answer(self, begin: Callable[[], Any], what: str) -> Any:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        def settle(error: BaseException | None, value: Any) -> None:
            if answered.done():
                return
            if error is not None:
                answered.set_exception(error)
            else:
                answered.set_result(value)

        def finished(result: Any) -> None:  # in a thread of kazoo's
            error = result.exception
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(settle, error, None if error is not None else result.value)

        try:
            async with asyncio.timeout(self.call_timeout):
                await self._begun.wait()  # a client that has not begun to connect refuses calls as a closed one does
            async with asyncio.timeout(self.call_timeout):
                begin().rawlink(finished)
                return await answered
        except TimeoutError:
            raise ZooKeeperAway(
                f"no ZooKeeper server of {self.address.hosts} answered within {self.call_timeout:g} s ({what})"
            ) from None
        except AuthFailedError as error:
            raise ZooKeeperAway(f"ZooKeeper at {self.address.hosts} refused the user or password") from error
        except _AWAY as error:
            reason = str(error) or type(error).__name__
            raise ZooKeeperAway(f"ZooKeeper at {self.address.hosts} did not carry out {what}: {reason}") from error

    def _watch(self, changed: Callable[[], object] | None) -> Callable[[Any], None] | None:
        if changed is None:
            return None
        loop = asyncio.get_running_loop()

        def woken(_: Any) -> None:  # in a thread of kazoo's
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(changed)

        return woken

    def _heard(self, state: Any) -> None:
        """In a thread of kazoo's, which must not wait."""
        assert self._loop is not None
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._turn, _STATES[state])

    def _turn(self, state: SessionState) -> None:
        if self.state in (state, SessionState.CLOSED):
            return
        before, self.state = self.state, state
        self._begun.set()
        level = logging.WARNING if state in (SessionState.SUSPENDED, SessionState.EXPIRED) else logging.INFO
        log.log(level, "ZooKeeper at %s: %s, was %s", self.address.hosts, state.value, before.value)
        if state is SessionState.CONNECTED and abs(self.session_timeout - self._asked) > 0.001:
            log.warning(
                "ZooKeeper at %s keeps the session for %g s, not for the %g s that it was asked for: it allows 2 to 20"
                " ticks (tickTime, maxSessionTimeout)",
                self.address.hosts,
                self.session_timeout,
                self._asked,
            )
        for listener in list(self._listeners):
            listener(state)

    def __repr__(self) -> str:
        return f"<ZooKeeper {self.address.hosts} {self.state.value}>"


_STATES = {
    KazooState.CONNECTED: SessionState.CONNECTED,
    KazooState.SUSPENDED: SessionState.SUSPENDED,
    KazooState.LOST: SessionState.EXPIRED,
}


def _raise_cause(results: Iterable[Any]) -> None:
    """A transaction that failed has an error for each operation: of one the cause, of the others that it was undone."""
    errors = [result for result in results if isinstance(result, KazooException)]
    if errors:
        raise next((error for error in errors if type(error).__name__ not in _UNDONE), errors[0])


_UNDONE = ("RolledBackError", "RuntimeInconsistency")


def _stop(client: Any) -> None:
    client.stop()
    client.close()
