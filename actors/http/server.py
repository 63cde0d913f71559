"""An aiohttp application on a port.

::

    caller                                  server
    serve(app, host, port)            ──►   listens; with port 0 the system picks a free one
          ◄──  Server(url, host, port)
          ◄──  PortTaken                    somebody else listens there
    await server.replace(other)       ──►   new connections get the other application; those of the first are closed
    await server.close()              ──►   no new connections; handlers get `shutdown_timeout` seconds, then
                                            are cancelled; open connections are closed

Endless responses (event streams) do not end by themselves: an application that has some ends them in its
``on_shutdown`` signal, which runs before the handlers are waited for. Who connects and does not ask for anything in a
minute is disconnected.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import ssl
from collections.abc import Callable
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ._first_request import FirstRequest

__all__ = ["PortTaken", "Server", "serve"]

_IDLE: Final = 3630.0  # seconds until a connection on which nothing is asked is closed; aiohttp's own default
_FOR_EVER: Final = 30 * 24 * 3600.0  # what stands in front may keep one busy of which aiohttp sees nothing


class _WithoutContents(logging.Filter):
    """A request that is no HTTP is named without what it held: that may be somebody's password."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
            record.exc_info = record.exc_text = None
            record.msg = f"{record.msg}: what was sent is no HTTP request"
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


log = logging.getLogger("actors.http")
log.addFilter(_WithoutContents())


class PortTaken(OSError):
    """The port is in use. ``host`` and ``port`` name it; the message says who likely holds it and what to do."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            errno.EADDRINUSE,
            f"port {port} on {host} is taken: another process listens there, most likely an earlier run of this "
            f"program. End it (`ss -ltnp 'sport = :{port}'` names it), or choose another port with --port "
            f"(0 takes any free one)",
        )
        self.host = host
        self.port = port


InFront = Callable[[asyncio.Protocol], asyncio.Protocol]


class Server:
    """A listening application. ``url`` has no trailing slash; ``port`` is the real one even if 0 was asked for."""

    def __init__(
        self,
        host: str,
        *,
        shutdown_timeout: float,
        tls: ssl.SSLContext | None,
        in_front: InFront | None,
        unpack: bool,
    ) -> None:
        self.host = host
        self.port = 0
        self._shutdown_timeout = shutdown_timeout
        self._tls = tls
        self._in_front = in_front
        self._unpack = unpack
        self._runner: web.AppRunner | None = None
        self._listening: asyncio.Server | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls is None else 'https'}://{host}:{self.port}"

    async def _listen(self, app: web.Application, port: int) -> None:
        self._runner = await self._run(app)
        try:
            self._listening = await asyncio.get_running_loop().create_server(
                self._connected, self.host, port, ssl=self._tls, backlog=1024
            )
        except BaseException as error:
            await self.close()
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
                raise PortTaken(self.host, port) from error
            raise
        self.port = self._listening.sockets[0].getsockname()[1]

    def _connected(self) -> asyncio.Protocol:
        """What answers on a new connection: of the application that is served now."""
        make = self._runner.server if self._runner is not None else None
        assert make is not None  # only a closed server has none, and it does not listen
        return FirstRequest(make() if self._in_front is None else self._in_front(make()))

    async def _run(self, app: web.Application) -> web.AppRunner:
        runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,  # of one whose client went away: nobody waits for its answer
            shutdown_timeout=self._shutdown_timeout,
            auto_decompress=self._unpack,
            logger=log,
            keepalive_timeout=_IDLE if self._in_front is None else _FOR_EVER,
        )
        await runner.setup()
        return runner

    async def replace(self, app: web.Application) -> None:
        """Answer with ``app`` from now on, on the same port, without a moment in which nobody listens.

        The connections of the one before are closed as by `close`; their clients connect again.
        """
        before, self._runner = self._runner, await self._run(app)
        if before is not None:
            await before.cleanup()

    async def close(self) -> None:
        """Stop listening, end what is open. Returns when every connection is closed; a second call does nothing."""
        if self._listening is not None:
            self._listening.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def __repr__(self) -> str:
        return f"Server({self.url})"


async def serve(
    app: web.Application,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    shutdown_timeout: float = 2.0,
    tls: ssl.SSLContext | None = None,
    in_front: InFront | None = None,
    unpack: bool = True,
) -> Server:
    """Serve ``app`` on ``host:port`` until ``close()``.

    ``shutdown_timeout`` is in seconds: how long running handlers may take at the end. With ``tls`` (a server's context)
    it speaks HTTPS and nothing else. ``in_front`` makes what stands before aiohttp on each connection, and hands on
    what it does not take. Without ``unpack``, the bodies of requests are left as they came, whatever their
    ``Content-Encoding``. Raises ``PortTaken`` when somebody else listens there, ``OSError`` for an address that is not
    this machine's. If it raises, nothing is left open.
    """
    server = Server(host, shutdown_timeout=shutdown_timeout, tls=tls, in_front=in_front, unpack=unpack)
    await server._listen(app, port)
    return server
