"""``/v2/mesos/…``: what the leading Mesos master tells of its cluster, for the page. An addition of ours.

    GET /v2/mesos/state-summary   ─▶   master /state-summary   ─▶   its JSON, as it is

A browser may ask only the server that its page came from; so the service passes these reading requests on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from ._http import NotFound, service_of

__all__ = ["MASTER_CLIENT", "READABLE", "master_client", "routes"]

READABLE = ("state-summary", "slaves", "roles", "tasks", "version")
"""What is passed on: nothing that changes anything, nor the whole state, which grows with all that ever ran."""

MASTER_CLIENT = web.AppKey("master_client", aiohttp.ClientSession)
TIMEOUT = aiohttp.ClientTimeout(total=20)


def routes() -> list[web.RouteDef]:
    """The route."""
    return [web.get("/v2/mesos/{what}", read_master)]


async def master_client(app: web.Application) -> AsyncIterator[None]:
    """For ``cleanup_ctx``: the connections to the master."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        app[MASTER_CLIENT] = session
        yield


async def read_master(request: web.Request) -> web.StreamResponse:
    """GET: the master's own answer; 503 while there is no master, 502 when it does not answer."""
    what = request.match_info["what"]
    if what not in READABLE:
        raise NotFound(f"of Mesos's endpoints, {', '.join(READABLE)} can be read here, not {what}")
    master = (await service_of(request).framework()).master
    if master is None:
        raise web.HTTPServiceUnavailable(text="the service is not connected to a Mesos master at present")
    url = f"{master}/{what}"
    try:
        async with request.app[MASTER_CLIENT].get(url, params=request.query) as answer:
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise web.HTTPBadGateway(text=f"the Mesos master at {master} does not answer: {error!r}") from error
    return web.Response(body=body, status=answer.status, content_type=answer.content_type)
