"""Who connects has to ask for something in time: idle and dribbling clients would else hold what others need.

::

    socket             FirstRequest                       the connection's own protocol
    connected   ──►    starts its watch            ──►    connected
    data        ──►    is the head whole yet?      ──►    data
                       it is: hands the connection over, and costs nothing any more
                       it is not, in time: ends the connection

What comes later on a connection that has asked once is the HTTP server's own to bound.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

__all__ = ["PATIENCE", "FirstRequest"]

PATIENCE: Final = 60.0  # seconds from connecting to the end of the first request's head

_END: Final = b"\r\n\r\n"


class FirstRequest(asyncio.Protocol):
    """Stands before ``inner`` until the first request's head is there."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        self._inner = inner
        self._tail = b""
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._watch = asyncio.get_running_loop().call_later(PATIENCE, self._transport.abort)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is not None and _END in self._tail + data:
            self._done()
            transport.set_protocol(self._inner)
        else:
            self._tail = (self._tail + data)[-len(_END) + 1 :]
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        self._inner.connection_lost(exc)

    def _done(self) -> None:
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
