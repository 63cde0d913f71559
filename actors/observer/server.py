"""The inspector on a port of its own, for any system."""

from __future__ import annotations

from aiohttp import web

from actors.core import ActorSystem
from actors.http import Server
from actors.http import serve as serve_app
from actors.page import add_page

from .observer import Observer
from .web import mount

__all__ = ["serve"]


async def serve(system: ActorSystem, *, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Show `system` at ``server.url``, until ``await server.close()``; with port 0 on any free port.

    Who reaches the port sees the paths and classes of actors, the types of their messages, and the texts of errors;
    nothing can be changed. Raises `PortTaken`.
    """
    app = web.Application()
    observer = await Observer.of(system)
    mount(app, observer)
    add_page(app, "actors")
    try:
        return await serve_app(app, host, port)
    except OSError:
        await observer.close()
        raise
