"""`Remote`: an actor system that others can reach.

    remote = await Remote.start(system, host="10.0.0.1", port=25520, secret="…")
    worker = await remote.resolve("actors://jobs@10.0.0.2:25520/user/worker")
    answer = await worker.ask(Work(1))
    self.context.watch(worker)

It ends with its system: what its actors said last is still sent, and the others hear that it has gone.

What holds: a ref of an actor elsewhere is told, asked, watched and forwarded to as a local one. Messages arrive at most
once, and in order per pair. An actor that stops is `Terminated` with what watched it; so is one whose system is lost,
within `RemoteSettings.detection` and one heartbeat. What does not: that a message arrives at all, or that a loss is
noticed without a watch.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import uuid
from collections.abc import Coroutine, Iterable
from contextvars import copy_context
from datetime import timedelta
from threading import get_ident
from typing import Any, Self

import msgpack

from actors.core import Actor, ActorIdentity, ActorNotFound, ActorRef, ActorSystem, Identify, Props

from ._association import Association
from ._connection import Connection, Peer, accept, dial
from ._format import Encoder
from .address import Address
from .codec import Codec, default_codec
from .errors import HandshakeRefused
from .events import NodeLost, NodeReachable, NodeUnreachable, QuarantinedBy
from .refs import Names, RemoteRef
from .settings import RemoteSettings, Tls

__all__ = ["Remote"]

log = logging.getLogger("actors.remote")

_SHORTEST_SECRET = 16  # bytes
_FLUSH = 3.0  # seconds that the last words may take


class Remote:
    """Made by `start`; ``Remote.of(system)`` is that of a system.

    :ivar address: where the system is for others.
    :ivar uid: of this run of the system.
    """

    pack = staticmethod(msgpack.packb)

    def __init__(
        self, system: ActorSystem, settings: RemoteSettings, codec: Codec, secret: bytes, tls: Tls | None
    ) -> None:
        self.system = system
        self.settings = settings
        self.codec = codec
        self.uid: int = (uuid.uuid4().int >> 65) or 1  # not of system.random: a run with a chosen seed is another, too
        self.thread = get_ident()
        self.quarantines = True
        """Whether a system that is unreachable is lost; a cluster knows better, and sets this to False."""
        self.is_closed = False
        self.address: Address
        self.names: Names
        self.encoder: Encoder
        self._context = copy_context()
        self._secret = secret
        self._tls = tls
        self._client_context = None if tls is None else tls.for_client()
        self._associations: dict[Address, Association] = {}
        self._server: asyncio.Server | None = None
        self._accepting: set[asyncio.Task[None]] = set()
        self._ticking: asyncio.TimerHandle | None = None

    @classmethod
    async def start(
        cls,
        system: ActorSystem,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        public_host: str | None = None,
        secret: str | bytes | None = None,
        tls: Tls | None = None,
        settings: RemoteSettings | None = None,
        codec: Codec = default_codec,
    ) -> Self:
        """Listen at ``host:port`` (0: any free port) until the system terminates.

        :param public_host: what others call the host; ``host`` when None.
        :param secret: that all the systems share, of at least 16 bytes. It keeps strangers out; what crosses can still
            be read on the way.
        :param tls: mutual certificates: nobody reads or changes what crosses. One of the two is required unless
            ``host`` is of this machine alone.
        :raises ValueError: for a configuration that is not safe, or makes no sense.
        :raises OSError: when the port is taken.
        """
        if REMOTE in system._resources:
            raise ValueError(f"the system {system.name} is remote already, as {cls.of(system).address}")
        known = secret.encode() if isinstance(secret, str) else secret or b""
        if secret is not None and len(known) < _SHORTEST_SECRET:
            raise ValueError(f"secret: {len(known)} bytes can be guessed; use at least {_SHORTEST_SECRET}")
        if not known and tls is None and not _is_of_this_machine(host):
            raise ValueError(
                f"host: at {host} anybody could tell this system's actors anything; give a secret, or tls, or listen at"
                " 127.0.0.1"
            )
        if public_host is None and host in ("0.0.0.0", "::", ""):
            raise ValueError(f"host: {host!r} is no host that others can call; give public_host, too")
        remote = cls(system, settings or RemoteSettings(), codec, known, tls)
        server = await system.loop.create_server(
            remote._connection, host, port, ssl=None if tls is None else tls.for_server()
        )
        remote._server = server
        remote.address = Address(system.name, public_host or host, server.sockets[0].getsockname()[1])
        remote.names = Names(system, remote.address, remote.uid)
        remote.encoder = Encoder(codec, remote.names.name_of)
        system.resource(REMOTE, lambda _: remote)
        system.spawn_system(Props(_Keeper, remote), "remote")
        remote._tick()
        return remote

    @staticmethod
    def of(system: ActorSystem) -> Remote:
        """:raises LookupError: when `start` was not called for that system."""
        remote: Remote | None = system._resources.get(REMOTE)
        if remote is None:
            raise LookupError(f"the system {system.name} is not remote: await Remote.start(system, …) first")
        return remote

    # Refs

    async def resolve(self, path: str, timeout: float | timedelta | None = None) -> ActorRef[Any]:
        """The ref of the actor that lives at a full path now, ``actors://SYSTEM@HOST:PORT/user/…``.

        :raises ActorNotFound: when nobody lives there, or its system does not answer within ``timeout`` seconds.
        """
        selected = self.ref(path)
        try:
            identity: ActorIdentity = await selected.ask(Identify(path), timeout)
        except TimeoutError as error:
            raise ActorNotFound(f"{path} did not answer: {selected._state_for(None)}") from error
        if identity.ref is None:
            raise ActorNotFound(f"nobody is at {path}")
        return identity.ref

    def ref(self, path: str) -> ActorRef[Any]:
        """A ref for whoever lives at a full path when a message comes, as a selection. Not to be watched: `resolve` it.

        :raises ValueError: for a path without an address.
        """
        return self.ref_of(f"{path}#0")

    def name_of(self, ref: ActorRef[Any]) -> str:
        """The full name of a ref, as a text that `ref_of` of any system understands."""
        return self.names.name_of(ref)

    def ref_of(self, name: str) -> ActorRef[Any]:
        """The ref of a full name.

        :raises ValueError: when it is none.
        """
        found = self.names.named(name)
        if found is not None:
            return found
        own = self.names.own_part(name)
        if own is not None:
            return self.names.own(own)
        path, mark, uid = name.partition("#")
        address, rest = Address.split(path)
        if not mark or not uid.isdigit() or not rest:
            raise ValueError(f"{name!r} is no name of a ref: actors://SYSTEM@HOST:PORT/user/…#UID")
        ref = RemoteRef(self.association(address), rest, int(uid))
        self.names.keep(name, ref)
        return ref

    def association(self, address: Address) -> Association:
        """All that we have to do with that system."""
        found = self._associations.get(address)
        if found is None:
            found = self._associations[address] = Association(self, address)
        return found

    @property
    def associations(self) -> Iterable[Association]:
        return tuple(self._associations.values())

    # Membership, for a cluster

    def keep_connected(self, address: Address, wanted: bool = True) -> None:
        """Be connected to that system even if there is nothing to say, so that its loss is noticed.

        An earlier run of our own at our own address is a member until its time is over: whoever calls there is us.
        """
        if address != self.address:
            self.association(address).want(wanted)

    def quarantine(self, address: Address, uid: int, reason: str) -> None:
        """Have nothing more to do with that run of that system."""
        if address != self.address:
            self.association(address).quarantine(reason, uid)

    # Connections

    def _connection(self) -> Connection:
        return Connection(self.settings.message_limit, self._called)

    async def call(self, address: Address) -> tuple[Peer, Connection]:
        """Connect to a system, and prove to each other who we are.

        :raises OSError: when it cannot be reached.
        :raises HandshakeRefused: when it, or we, do not want to.
        """
        async with asyncio.timeout(self.settings.handshake_timeout):
            _, connection = await self.system.loop.create_connection(
                lambda: Connection(self.settings.message_limit), address.host, address.port, ssl=self._client_context
            )
            try:
                peer = await dial(connection, Peer(self.address, self.uid), address, self._secret)
            except BaseException:
                connection.abort()
                raise
        if peer.address != address:
            connection.abort()
            raise HandshakeRefused(f"it is {peer.address}, not {address}")
        return peer, connection

    def _called(self, connection: Connection) -> None:
        task = self.start_task(self._accept(connection), "accept a connection")
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)

    async def _accept(self, connection: Connection) -> None:
        where = connection.transport.get_extra_info("peername")
        try:
            async with asyncio.timeout(self.settings.handshake_timeout):
                own = Peer(self.address, self.uid)
                peer = await accept(
                    connection, own, self._secret, lambda peer: self.association(peer.address).why_not(peer)
                )
        except HandshakeRefused as refused:
            level = logging.INFO if refused.is_usual else logging.WARNING
            log.log(level, "a connection from %s was refused: %s", where, refused)
            connection.close()
        except TimeoutError:
            log.warning("a connection from %s was refused: it did not prove itself in time", where)
            connection.abort()
        except BaseException:
            connection.abort()
            raise
        else:
            self.association(peer.address).adopt(peer, connection)

    def start_task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """In a context of our own: not in that of the actor whose message happens to be the first."""
        return self.system.loop.create_task(work, name=name, context=self._context)

    def _tick(self) -> None:
        for association in self.associations:
            association.tick()
        self._ticking = self.system.clock.call_later(self.settings.heartbeat, self._tick)

    async def close(self) -> None:
        """Say the last words, and end all connections. The system's end calls it."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._ticking is not None:
            self._ticking.cancel()
        assert self._server is not None
        self._server.close()
        for task in self._accepting:
            task.cancel()
        for association in self.associations:
            association.close()
        until = self.system.clock.time() + _FLUSH
        while not all(association.has_said_all for association in self.associations):
            if self.system.clock.time() >= until:
                log.warning("the last words of %s could not all be sent within %g s", self.address, _FLUSH)
                break
            await self.system.clock.sleep(0.01)
        for association in self.associations:
            association.end()

    # What associations report

    def tell_unreachable(self, association: Association, reason: str) -> None:
        log.warning("%s is unreachable: %s", association.address, reason)
        self.system.event_stream.publish(NodeUnreachable(association.address, association.uid, reason))

    def tell_reachable(self, association: Association) -> None:
        log.info("%s is reachable again", association.address)
        self.system.event_stream.publish(NodeReachable(association.address, association.uid))

    def tell_lost(self, association: Association, uid: int, reason: str) -> None:
        self.system.event_stream.publish(NodeLost(association.address, uid, reason))

    def tell_quarantined_by(self, association: Association, reason: str) -> None:
        self.system.event_stream.publish(QuarantinedBy(association.address, reason))

    def __repr__(self) -> str:
        return f"<Remote {self.address}>"


REMOTE = "actors.remote"


class _Keeper(Actor[Any]):
    """Ends after ``/user``, so that what was said last there is still sent."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def post_stop(self) -> None:
        await self._remote.close()


def _is_of_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
