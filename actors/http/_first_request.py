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
from typing import Final

from .in_front import InFront

__all__ = ["PATIENCE", "FirstRequest"]

PATIENCE: Final = 60.0  # seconds from connecting to the end of the first request's head

_END: Final = b"\r\n\r\n"


class FirstRequest(InFront):
    """Stands before ``inner`` until the first request's head is there."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        super().__init__(inner)
        self._tail = b""
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self.transport is not None:
            self._watch = asyncio.get_running_loop().call_later(PATIENCE, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        seen = self._tail + data
        if self.transport is not None and _END in seen:
            self._stop_watching()
            self.transport.set_protocol(self.inner)
        else:
            self._tail = seen[-len(_END) + 1 :]
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_watching()
        super().connection_lost(exc)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
