"""Who asks without a ``Host`` is answered: Mesos does not look at it, while aiohttp refuses HTTP/1.1 without one.

A request written by hand or by a small tool comes alone on its connection, so only the first one is looked at.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from actors.http import InFront

__all__ = ["Hostless"]

_LONGEST_HEAD: Final = 8 * 1024
_HEAD_END: Final = b"\r\n\r\n"
_HOST: Final = re.compile(rb"\r\nhost[ \t]*:", re.IGNORECASE)


class Hostless(InFront):
    """Stands before ``inner``, aiohttp's protocol of the same connection."""

    def __init__(self, inner: asyncio.Protocol) -> None:
        super().__init__(inner)
        self._begun: bytes | None = b""  # None: the first head is over

    def data_received(self, data: bytes) -> None:
        if self._begun is None:
            self.inner.data_received(data)
            return
        self._begun += data
        line, whole, rest = self._begun.partition(b"\r\n")
        head = self._begun.partition(_HEAD_END)
        if not head[1] and len(self._begun) < _LONGEST_HEAD:
            return
        if whole and line.endswith(b" HTTP/1.1") and not _HOST.search(head[0]):
            self._begun = line + b"\r\nHost: \r\n" + rest
        waiting, self._begun = self._begun, None
        self.inner.data_received(waiting)

    def eof_received(self) -> bool | None:
        if self._begun:
            self.inner.data_received(self._begun)
            self._begun = None
        return super().eof_received()
