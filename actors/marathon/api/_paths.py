"""Ways of asking that Marathon's server takes as they come, and which are not in the routes.

//v2/apps, /v2//info, /v2/tasks/   the resource without the slash too many: clients join a base that ends in one
                                   with a path that begins with one, and not all of them follow a redirect
OPTIONS                            200 and what the resource takes: probes and proxies ask before they call
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from yarl import URL

__all__ = ["options_answered", "slashes_forgiven"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def slashes_forgiven(request: web.Request, handler: Handler) -> web.StreamResponse:
    path = request.rel_url.raw_path
    plain = re.sub("//+", "/", path).rstrip("/") or "/"
    if plain == path or not isinstance(request.match_info.http_exception, web.HTTPNotFound):
        return await handler(request)  # ids in paths have doubled slashes, too; their routes take them
    there = URL.build(path=plain, query_string=request.rel_url.raw_query_string, encoded=True)
    forgiven = request.clone(rel_url=there)
    found = await request.app.router.resolve(forgiven)
    if isinstance(found.http_exception, web.HTTPNotFound):
        return await handler(request)
    found.add_app(request.app)
    found.freeze()
    forgiven._match_info = found  # as aiohttp's own middleware for paths does: there is no other way
    return await found.handler(forgiven)


@web.middleware
async def options_answered(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as error:
        if request.method != hdrs.METH_OPTIONS:
            raise
        return web.Response(headers={hdrs.ALLOW: ",".join(sorted({*error.allowed_methods, hdrs.METH_OPTIONS}))})
