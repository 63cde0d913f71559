"""The observer over HTTP: two streams of server-sent events.

GET /observer/feed                 every second (``observer.Observer``), all actors as `snapshot` tells them
GET /observer/actor?path=actors://…  every second, one actor; 404 when none has that path
"""

from __future__ import annotations

import json
from contextlib import suppress

from aiohttp import web

from .observer import Observer

__all__ = ["mount"]


def mount(app: web.Application, observer: Observer) -> None:
    """Add the streams to `app`; the observer is closed when the server shuts down."""

    async def feed(request: web.Request) -> web.StreamResponse:
        viewer = await observer.watch()
        try:
            answer = await _begin(request)
            with suppress(ConnectionResetError):
                while (picture := await viewer.get()) is not None:
                    await answer.write(b"event: actors\ndata: " + picture + b"\n\n")
            return answer
        finally:
            await observer.unwatch(viewer)

    async def actor(request: web.Request) -> web.StreamResponse:
        path = request.query.get("path", "")
        found = await observer.find(path)
        if found is None:
            raise web.HTTPNotFound(text=f"no living actor has the path {path}")
        viewer = await observer.watch()
        try:
            async with observer.looking_into(found):
                answer = await _begin(request)
                with suppress(ConnectionResetError):
                    while await viewer.get() is not None:
                        data = json.dumps(observer.details(found), separators=(",", ":")).encode()
                        await answer.write(b"event: actor\ndata: " + data + b"\n\n")
            return answer
        finally:
            await observer.unwatch(viewer)

    async def end(_: web.Application) -> None:
        await observer.close()

    app.router.add_get("/observer/feed", feed, allow_head=False)
    app.router.add_get("/observer/actor", actor, allow_head=False)
    app.on_shutdown.append(end)


async def _begin(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
    answer.content_type, answer.charset = "text/event-stream", "utf-8"
    await answer.prepare(request)
    return answer
