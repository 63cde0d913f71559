"""One end of an in-memory connection: what `Network` hands to unmodified protocols.

Bytes lie on the wire for the network's latency, then in the other end's inbox until its next turn; the order and the
turns are those that the head of `network` states.
"""

from __future__ import annotations

import asyncio
import contextvars
import errno
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from actors.testkit.machines import Life
    from actors.testkit.network import Network, Server

HERE: contextvars.ContextVar[str] = contextvars.ContextVar("here", default="127.0.0.1")
LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("life", default=None)
Address = tuple[str, int] | str  # (host, port), or the path of a unix socket

READ_BYTES: Final = 256 * 1024  # what the real loop reads at most in one turn from one connection
HIGH_WATER: Final = 64 * 1024


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
        self.vanished = False  # its machine died without a word
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
        if self.peer.vanished:
            if self.peer.machine not in self.network.gone:  # it is back, and knows nothing of this connection
                self._loop.call_later(
                    self.network.delay(),
                    self.lose_soon,
                    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
                )
            return
        # By no machine's clock: with one that begins to drift, what is sent later could come before.
        due = max(self._last_due, self._loop._now + self.network.delay())
        self._last_due = due
        if due <= self._loop._now:
            self._loop.call_soon(self.peer.wake, item, context=self.peer.context)
        else:
            self._loop.call_at_true(due, self.peer.wake, item, context=self.peer.context)

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
        return self.network.is_cut(*places) or self.network.is_cut_towards(self.peer.machine, self.machine)

    def lose_what_is_held(self) -> None:
        """What a cut holds back has not left the peer's machine, and is gone with its power."""
        if self._is_cut():
            self._inbox.clear()

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
