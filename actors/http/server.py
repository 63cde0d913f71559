"""An aiohttp application on a port.

::

    caller                                  server
    serve(app, host, port)            ──►   listens; with port 0 the system picks a free one
          ◄──  Server(url, host, port)
          ◄──  PortTaken                    somebody else listens there
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


class Server:
    """A listening application. ``url`` has no trailing slash; ``port`` is the real one even if 0 was asked for."""

    def __init__(self, runner: web.AppRunner, host: str, port: int, *, secure: bool = False) -> None:
        self._runner = runner
        self._secure = secure
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._secure else 'http'}://{host}:{self.port}"

    async def close(self) -> None:
        """Stop listening, end what is open. Returns when every connection is closed; a second call does nothing."""
        await self._runner.cleanup()

    def __repr__(self) -> str:
        return f"Server({self.url})"


class _Site(web.BaseSite):
    """aiohttp's own for TCP has no place for what stands in front."""

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        in_front: Callable[[asyncio.Protocol], asyncio.Protocol] | None,
    ) -> None:
        super().__init__(runner, ssl_context=tls, backlog=1024)
        self._host = host
        self._port = port
        self._in_front = in_front

    @property
    def name(self) -> str:
        return f"{'http' if self._ssl_context is None else 'https'}://{self._host}:{self._port}"

    async def start(self) -> None:
        await super().start()
        make, in_front = self._runner.server, self._in_front
        assert make is not None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: FirstRequest(make() if in_front is None else in_front(make())),
            self._host,
            self._port,
            ssl=self._ssl_context,
            backlog=self._backlog,
        )


async def serve(
    app: web.Application,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    shutdown_timeout: float = 2.0,
    tls: ssl.SSLContext | None = None,
    in_front: Callable[[asyncio.Protocol], asyncio.Protocol] | None = None,
) -> Server:
    """Serve ``app`` on ``host:port`` until ``close()``.

    ``shutdown_timeout`` is in seconds: how long running handlers may take at the end. With ``tls`` (a server's context)
    it speaks HTTPS and nothing else. ``in_front`` makes what stands before aiohttp on each connection, and hands on
    what it does not take. Raises ``PortTaken`` when somebody else listens there, ``OSError`` for an address
    that is not this machine's. If it raises, nothing is left open.
    """
    # A handler whose client went away is cancelled: nobody waits for its answer.
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=shutdown_timeout,
        logger=log,
        keepalive_timeout=_IDLE if in_front is None else _FOR_EVER,
    )
    await runner.setup()
    try:
        await _Site(runner, host, port, tls, in_front).start()
    except OSError as error:
        await runner.cleanup()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        raise
    return Server(runner, host, runner.addresses[0][1], secure=tls is not None)
