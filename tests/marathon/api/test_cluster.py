"""``/v2/mesos/…``: the page reads the cluster through the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from actors.http import serve

from .conftest import Api


@asynccontextmanager
async def a_master() -> AsyncIterator[str]:
    """The URL of something that answers like a master."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"path": request.path, "query": dict(request.query)})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = await serve(app)
    yield server.url
    await server.close()


async def test_what_the_master_tells_is_passed_on_with_its_query(api: Api) -> None:
    async with a_master() as api.world.master:
        answer = await api.get("/v2/mesos/tasks?limit=5&offset=10")
    assert answer.body == {"path": "/tasks", "query": {"limit": "5", "offset": "10"}}


async def test_nothing_else_of_the_master_is_reached(api: Api) -> None:
    async with a_master() as api.world.master:
        for what in ("state", "teardown", "..%2fstate", "files"):
            answer = await api.get(f"/v2/mesos/{what}")
            assert answer.status == 404
        assert (await api.post("/v2/mesos/tasks", {})).status == 405


async def test_it_says_who_is_missing(api: Api) -> None:
    api.world.master = None
    assert (await api.get("/v2/mesos/roles")).status == 503
    async with a_master() as api.world.master:
        pass  # it is gone again
    answer = await api.get("/v2/mesos/roles")
    assert answer.status == 502
    assert api.world.master in answer.body["message"]
