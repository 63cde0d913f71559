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
from typing import Any, Final

__all__ = ["HERE", "Listener", "Network", "Transport"]

HERE: contextvars.ContextVar[str] = contextvars.ContextVar("here", default="127.0.0.1")

READ_BYTES: Final = 256 * 1024  # what the real loop reads at most in one turn from one connection
HIGH_WATER: Final = 64 * 1024
FIRST_PORT: Final = 49152

Address = tuple[str, int] | str  # (host, port), or the path of a unix socket


class Network:
    """What connects the programs of one virtual loop. Reached as ``loop.network``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: random.Random) -> None:
        self.loop = loop
        self.chance = chance
        self.latency: float | tuple[float, float] = 0.0
        """Seconds that bytes and connects take: a number, or the bounds of a draw. 0: one turn of the loop."""
        self.names: dict[str, str] = {"localhost": "127.0.0.1", "": "127.0.0.1"}
        """Host names that resolve; `socket.gaierror` for all others. Addresses stand for themselves."""
        self.listeners: dict[tuple[str, Address], Listener] = {}
        self.transports: dict[int, Transport] = {}
        self._cuts: list[int | str] = []
        self._next_port = FIRST_PORT
        self._next_number = 0

    # what tests do to it

    def reset(self, where: int | str | None = None) -> int:
        """Break the connections that touch ``where`` (a port, a machine; None: all); both ends see a reset."""
        broken = [t for t in self.transports.values() if where is None or t.touches(where)]
        for transport in broken:
            transport.lose_soon(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        return len(broken) // 2

    def cut(self, where: int | str) -> None:
        """Let nothing through to or from a port or machine: bytes and new connections hang until `heal`."""
        if where not in self._cuts:
            self._cuts.append(where)

    def heal(self, where: int | str | None = None) -> None:
        """End the cut of ``where`` (None: every cut); what hung goes on its way."""
        self._cuts = [cut for cut in self._cuts if where is not None and cut != where]
        for transport in list(self.transports.values()):
            transport.wake()

    def is_cut(self, *places: int | str) -> bool:
        """Whether one of these ports or machines is cut off."""
        return any(place in self._cuts for place in places)

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
        while self.is_cut(place, HERE.get(), address[0]):  # noqa: ASYNC110 - as the kernel: it tries each second
            await asyncio.sleep(1.0)
        await asyncio.sleep(self.delay())
        if self.find(address) is None:
            if isinstance(address, str):
                raise FileNotFoundError(errno.ENOENT, f"nothing listens at unix socket {address}")
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed {address}")

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


class Transport(asyncio.Transport):
    """One end of a connection."""

    peer: Transport

    def __init__(
        self,
        network: Network,
        ends: tuple[Address, Address],
        context: contextvars.Context,
        server: Server | None = None,
    ) -> None:
        super().__init__({"sockname": ends[0], "peername": ends[1]})
        self.id = network.number()
        self.network, self.ends, self.context, self.server = network, ends, context, server
        self.machine = context.get(HERE, "127.0.0.1")
        self.lost = False
        self._protocol: Any = None
        self._loop = network.loop
        self._inbox: list[bytes | BaseException | Callable[[], None] | None] = []  # data, reset, accept, end
        self._last_due = 0.0
        self._unread = 0  # bytes sent that the peer has not read
        self._closing = self._eof_sent = self._awake = self._paused_reading = self._paused_writing = False
        self._high, self._low = HIGH_WATER, HIGH_WATER // 4

    def __repr__(self) -> str:
        return f"<connection {self.ends[0]} - {self.ends[1]} of {type(self._protocol).__name__}>"

    def touches(self, where: int | str) -> bool:
        """Whether this end or the other is at this port or machine."""
        return where in (self.machine, self.peer.machine) or any(where in end for end in self.ends if end)

    # between the ends

    def attach(self, protocol: asyncio.BaseProtocol) -> None:
        """Give the connection to its protocol."""
        self._protocol = protocol
        if self.server:
            self.server.attached(self)
        protocol.connection_made(self)

    def accept(self) -> None:
        """The server's end begins, unless the server stopped listening meanwhile."""
        if self.server is None or not self.server.is_serving():
            self.lost = self._closing = True
            del self.network.transports[self.id]
            self.peer.lose_soon(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
            return
        self.attach(self.server.factory())

    def send(self, item: bytes | BaseException | Callable[[], None] | None) -> None:
        """Put something on the wire to the peer, behind all that is on it."""
        due = max(self._last_due, self._loop.time() + self.network.delay())
        self._last_due = due
        if due <= self._loop.time():
            self._loop.call_soon(self.peer.wake, item, context=self.peer.context)
        else:
            self._loop.call_at(due, self.peer.wake, item, context=self.peer.context)

    def wake(self, *arrived: bytes | BaseException | Callable[[], None] | None) -> None:
        """Take what arrived; read it a turn later, unless a read is due already."""
        self._inbox.extend(arrived)
        if self._inbox and not self._awake and not self.lost:
            self._awake = True
            self._loop.call_soon(self._read, context=self.context)

    def _read(self) -> None:
        self._awake = False
        if not self._inbox or self._paused_reading or self.lost or self._is_cut():
            return
        item = self._inbox.pop(0)
        if isinstance(item, bytes):
            while self._inbox and isinstance(more := self._inbox[0], bytes) and len(item) + len(more) <= READ_BYTES:
                item += more
                del self._inbox[0]
            self._loop.call_soon(self.peer._was_read, len(item), context=self.peer.context)
            self._call_protocol(item)
        elif callable(item):
            item()
        elif item is not None:
            self.lose_soon(item)
        elif self._closing or not self._protocol.eof_received():
            self._closing = True
            self._end()
        self.wake()

    def _call_protocol(self, data: bytes) -> None:
        try:
            if isinstance(self._protocol, asyncio.BufferedProtocol):
                view = memoryview(data)
                while view:
                    buffer: Any = self._protocol.get_buffer(len(view))
                    size = min(len(buffer), len(view))
                    buffer[:size] = view[:size]
                    self._protocol.buffer_updated(size)
                    view = view[size:]
            else:
                self._protocol.data_received(data)
        except Exception as error:  # noqa: BLE001 - as the real loop: the connection ends and the loop's handler hears why
            self._loop.call_exception_handler(
                {
                    "message": "Fatal error: protocol.data_received() call failed.",
                    "exception": error,
                    "transport": self,
                    "protocol": self._protocol,
                }
            )
            self.abort()

    def _is_cut(self) -> bool:
        places: list[int | str] = [self.machine, self.peer.machine]
        for end in self.ends:
            places.append(end if isinstance(end, str) else end[1])
        return self.network.is_cut(*places)

    def _was_read(self, size: int) -> None:
        self._unread -= size
        if self._paused_writing and self._unread <= self._low and not self.lost:
            self._paused_writing = False
            self._protocol.resume_writing()

    def lose_soon(self, error: BaseException | None) -> None:
        """End this side a turn from now."""
        self._closing = True
        self._loop.call_soon(self._lose, error, context=self.context)

    def _lose(self, error: BaseException | None) -> None:
        if self.lost:
            return
        self.lost = True
        self.network.transports.pop(self.id, None)
        try:
            if self._protocol is not None:
                self._protocol.connection_lost(error)
        finally:
            if self.server:
                self.server.detached(self)

    def _end(self) -> None:
        if not self._eof_sent:
            self._eof_sent = True
            self.send(None)
        self.lose_soon(None)

    # what protocols call

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
        if self._eof_sent and not self._closing:
            raise RuntimeError("Cannot call write() after write_eof()")
        if not data or self._closing:
            return
        self._unread += len(data)
        self.send(bytes(data))
        if self._unread > self._high and not self._paused_writing:
            self._paused_writing = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof_sent and not self._closing:
            self._eof_sent = True
            self.send(None)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._end()

    def abort(self) -> None:
        if not self.lost:
            self._closing = True
            self.send(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
            self.lose_soon(None)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._paused_reading = True

    def resume_reading(self) -> None:
        self._paused_reading = False
        self.wake()

    def is_reading(self) -> bool:
        return not self._paused_reading and not self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol  # type: ignore[no-any-return]

    def get_write_buffer_size(self) -> int:
        return self._unread

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high if high is not None else HIGH_WATER if low is None else 4 * low
        self._low = low if low is not None else self._high // 4


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
