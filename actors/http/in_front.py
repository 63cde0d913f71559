"""What stands before the server's own protocol on a connection, and hands on what it does not take itself."""

from __future__ import annotations

import asyncio
from typing import cast

__all__ = ["InFront"]


class InFront(asyncio.Protocol):
    """Hands everything on to ``inner``; subclasses override what they look at.

    ``transport`` is None until it stands.
    """

    def __init__(self, inner: asyncio.Protocol) -> None:
        self.inner = inner
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self.inner.eof_received()

    def pause_writing(self) -> None:
        self.inner.pause_writing()

    def resume_writing(self) -> None:
        self.inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(exc)
