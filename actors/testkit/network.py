"""An in-memory network: TCP and unix sockets for unmodified asyncio programs, without a kernel.

    client's protocol                                                        server's protocol
    -----------------                                                        -----------------
    create_connection(host, port)  →  a listener there? else ConnectionRefusedError
    connection_made(transport)                                            →  connection_made(transport), a turn later
    transport.write(data)          →  on the wire for ``latency`` seconds →  data_received(data), one read each turn
    pause_writing()                ←  64 KiB sent and not yet read
    transport.close()              →  after the data                      →  eof_received(), then connection_lost(None)
    connection_lost(None)             a turn after the call
    transport.abort()              →  after the data                      →  connection_lost(ConnectionResetError)

Bytes never overtake each other, there is one read per connection and turn, and `connection_lost` comes a turn after the
end: programs (aiohttp among them) lean on that order of the real loop, so it is kept under every seed.

A *machine* is an address; the context variable `HERE` says on which one the running code is. Addresses starting with
``127.`` mean the machine itself. Everything is on one machine unless a test sets `HERE`.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
import os
import random
import socket
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from actors.testkit._transport import HERE, LIFE, Address, Transport

if TYPE_CHECKING:
    from actors.testkit.virtual_loop import VirtualLoop

__all__ = ["HERE", "Listener", "Network", "Transport"]

FIRST_PORT: Final = 49152


class Network:
    """What connects the programs of one virtual loop. Reached as ``loop.network``."""

    def __init__(self, loop: VirtualLoop, chance: random.Random) -> None:
        self.loop = loop
        self.chance = chance
        self.latency: float | tuple[float, float] = 0.0
        """Seconds that bytes and connects take: a number, or the bounds of a draw. 0: one turn of the loop."""
        self.names: dict[str, str] = {"localhost": "127.0.0.1", "": "127.0.0.1"}
        """Host names that resolve; `socket.gaierror` for all others. Addresses stand for themselves."""
        self.listeners: dict[tuple[str, Address], Listener] = {}
        self.transports: dict[int, Transport] = {}
        self.gone: set[str] = set()
        """The machines that died and are not back."""
        self._cuts: list[int | str] = []
        self._one_way: list[tuple[str, str]] = []
        self._next_port = FIRST_PORT
        self._next_number = 0

    # what tests do to it

    def reset(self, where: int | str | None = None) -> int:
        """Break the connections that touch ``where`` (a port, a machine; None: all); both ends see a reset."""
        broken = [t for t in self.transports.values() if where is None or t.touches(where)]
        for transport in broken:
            transport.lose_soon(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        return len(broken) // 2

    def cut(self, where: int | str, *, towards: str | None = None) -> None:
        """Let nothing through to or from a port or machine: bytes and new connections hang until `heal`.

        ``towards``: only what the machine ``where`` sends to that one; its answers to new connections are that, too.
        """
        if towards is not None:
            self._one_way.append((str(where), towards))
        elif where not in self._cuts:
            self._cuts.append(where)

    def heal(self, where: int | str | None = None) -> None:
        """End the cuts of ``where`` (None: every cut); what hung goes on its way."""
        self._cuts = [cut for cut in self._cuts if where is not None and cut != where]
        self._one_way = [cut for cut in self._one_way if where is not None and where not in cut]
        for transport in list(self.transports.values()):
            transport.wake()

    def vanish(self, machine: str, *, silently: bool = False) -> None:
        """Its programs are gone, without a word: `Machine.kill` says how the peers see it."""
        self.gone.add(machine)
        for key in [key for key in self.listeners if key[0] == machine]:
            del self.listeners[key]
        for transport in [t for t in self.transports.values() if t.machine == machine]:
            del self.transports[transport.id]
            life = transport.context.get(LIFE)
            if life is not None:
                life.graves.append(transport)
            transport.lost = transport.vanished = True
            if silently:
                transport.peer.lose_what_is_held()
            if not silently and not transport.peer.lost:
                self.loop.call_later(
                    self.delay(),
                    transport.peer.lose_soon,
                    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
                    context=transport.peer.context,
                )

    def is_cut(self, *places: int | str) -> bool:
        """Whether one of these ports or machines is cut off."""
        return any(place in self._cuts for place in places)

    def is_cut_towards(self, source: str, target: str) -> bool:
        """Whether what one machine sends does not reach the other."""
        return (source, target) in self._one_way

    # what the loop asks of it

    def delay(self) -> float:
        """Seconds of one way over the network."""
        if isinstance(self.latency, tuple):
            return self.chance.uniform(*self.latency)
        return self.latency

    def resolve(self, host: str | bytes | None) -> str:
        """The address of a host's name; raises `socket.gaierror` for names that this network does not know."""
        name = host.decode() if isinstance(host, bytes) else (host or "")
        if name in self.names:
            return self.names[name]
        if name in ("::", "::1"):
            return "0.0.0.0" if name == "::" else "127.0.0.1"
        if _is_address(name):
            return name
        if name == socket.gethostname():
            return "127.0.0.1"
        raise socket.gaierror(
            socket.EAI_NONAME,
            f"Name or service not known: {name!r} (in-memory network: add it to loop.network.names)",
        )

    def listen(self, factory: Callable[[], asyncio.BaseProtocol], hosts: Iterable[str | None], port: int) -> Server:
        """Listen on ``port`` (0: a free one) of each host; raises EADDRINUSE as the real loop does."""
        server = Server(self, factory)
        machine = HERE.get()
        addresses = list(dict.fromkeys("0.0.0.0" if host in (None, "") else self.resolve(host) for host in hosts))
        for address in addresses:
            if not address.startswith(("127.", "0.")) and address != machine:
                raise OSError(
                    errno.EADDRNOTAVAIL,
                    f"error while attempting to bind on address {(address, port)}: cannot assign requested address",
                )
            name = (address, port or self._free_port(machine))
            if any((machine, (ip, name[1])) in self.listeners for ip in _overlapping(self.listeners, address)):
                server.close()
                raise OSError(
                    errno.EADDRINUSE, f"error while attempting to bind on address {name}: address already in use"
                )
            server.add(Listener(self, server, machine, name))
        return server

    def listen_at(self, factory: Callable[[], asyncio.BaseProtocol], path: str) -> Server:
        """Listen on a unix socket's path."""
        machine = HERE.get()
        if (machine, path) in self.listeners:
            raise OSError(errno.EADDRINUSE, f"Address {path!r} is already in use")
        server = Server(self, factory)
        server.add(Listener(self, server, machine, path))
        return server

    def find(self, address: Address) -> Listener | None:
        """Who listens at an address, as seen from the machine whose code is running."""
        if isinstance(address, str):
            return self.listeners.get((HERE.get(), address))
        machine = HERE.get() if address[0].startswith("127.") or address[0] == "0.0.0.0" else address[0]
        exact = self.listeners.get((machine, address))
        return exact or self.listeners.get((machine, ("0.0.0.0", address[1])))

    async def reach(self, address: Address) -> None:
        """Wait as long as a connect takes; raises ConnectionRefusedError when nothing listens there."""
        place = address if isinstance(address, str) else address[1]
        here, there = HERE.get(), address[0]
        while self._hangs(place, here, there):  # noqa: ASYNC110 - as the kernel: it tries each second
            await asyncio.sleep(1.0)
        await asyncio.sleep(self.delay())
        if self.find(address) is None:
            if isinstance(address, str):
                raise FileNotFoundError(errno.ENOENT, f"nothing listens at unix socket {address}")
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {address}")

    def _hangs(self, place: int | str, here: str, there: str) -> bool:
        cut_one_way = self.is_cut_towards(here, there) or self.is_cut_towards(there, here)
        return cut_one_way or self.is_cut(place, here, there)

    def connect(self, factory: Callable[[], asyncio.BaseProtocol], address: Address) -> Transport:
        """The client's end of a new connection; the server learns of it a turn later."""
        listener = self.find(address)
        if listener is None:
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {address}")
        name: Address = "" if isinstance(address, str) else (HERE.get(), self._free_port(HERE.get()))
        near = Transport(self, (name, address), contextvars.copy_context())
        far = Transport(self, (address, name), listener.context.copy(), listener.server)
        near.peer, far.peer = far, near
        self.transports |= {near.id: near, far.id: far}
        near.attach(factory())
        near.send(far.accept)
        return near

    def number(self) -> int:
        """The next number of a transport: what `transports` is ordered by."""
        self._next_number += 1
        return self._next_number

    def _free_port(self, machine: str) -> int:
        while True:
            port = self._next_port
            self._next_port = FIRST_PORT if port >= 65535 else port + 1
            if not any(key[0] == machine and key[1][-1:] == (port,) for key in self.listeners):
                return port


class Listener:
    """One address that a server listens on; looks enough like a socket for ``server.sockets``."""

    family = socket.AF_INET
    type = socket.SOCK_STREAM
    proto = 0

    def __init__(self, network: Network, server: Server, machine: str, name: Address) -> None:
        self.server, self.machine, self.name = server, machine, name
        self.context = contextvars.copy_context()
        if isinstance(name, str):
            self.family = socket.AF_UNIX
        network.listeners[machine, name] = self

    def getsockname(self) -> Address:
        return self.name

    def fileno(self) -> int:
        return -1

    def __repr__(self) -> str:
        return f"<listener on {self.name}>"


class Server(asyncio.AbstractServer):
    """What ``create_server`` returns."""

    def __init__(self, network: Network, factory: Callable[[], asyncio.BaseProtocol]) -> None:
        self.network, self.factory = network, factory
        self._listeners: list[Listener] = []
        self._connections: dict[int, Transport] = {}
        self._waiters: list[asyncio.Future[None]] = []

    @property
    def sockets(self) -> tuple[Listener, ...]:
        return tuple(self._listeners)

    def add(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def attached(self, transport: Transport) -> None:
        self._connections[transport.id] = transport

    def detached(self, transport: Transport) -> None:
        self._connections.pop(transport.id, None)
        self._wake()

    def close(self) -> None:
        for listener in self._listeners:
            self.network.listeners.pop((listener.machine, listener.name), None)
        self._listeners.clear()
        self._wake()

    def close_clients(self) -> None:
        for transport in list(self._connections.values()):
            transport.close()

    def abort_clients(self) -> None:
        for transport in list(self._connections.values()):
            transport.abort()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self.network.loop

    def is_serving(self) -> bool:
        return bool(self._listeners)

    async def start_serving(self) -> None:
        """It serves from the start."""

    async def serve_forever(self) -> None:
        try:
            await self.network.loop.create_future()
        finally:
            self.close()

    async def wait_closed(self) -> None:
        """Until it is closed and its connections have ended (as CPython 3.12 and later do)."""
        if self._listeners or self._connections:
            waiter = self.network.loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        if not self._listeners and not self._connections:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()


def _is_address(name: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET, name)
    except OSError:
        return False
    return True


def _overlapping(listeners: dict[tuple[str, Address], Listener], address: str) -> list[str]:
    if address == "0.0.0.0":
        return list(dict.fromkeys(name[0] for _, name in listeners if not isinstance(name, str)))
    return [address, "0.0.0.0"]


def unix_path(path: Any) -> str:
    """A unix socket's path as text."""
    return os.fspath(path) if not isinstance(path, bytes) else os.fsdecode(path)
