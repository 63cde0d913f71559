"""What a service answers that stands by: over the network in memory, with leaders that are plain applications."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from actors.http import Server, serve
from actors.marathon.api import Standby
from actors.marathon.api.standby import VIA


class Leading:
    """Who leads, as a test decides: a URL, nobody, or an error."""

    url: str | OSError | None = None

    async def __call__(self) -> str | None:
        if isinstance(self.url, OSError):
            raise self.url
        return self.url


@pytest.fixture
def leading() -> Leading:
    return Leading()


@pytest.fixture
async def standing_by(leading: Leading) -> AsyncIterator[Server]:
    standby = Standby(leading)
    server = await serve(standby.application())
    standby.url = server.url
    yield server
    await server.close()


@pytest.fixture
async def lead(leading: Leading) -> AsyncIterator[Callable[..., Any]]:
    servers: list[Server] = []

    async def start(handler: Any) -> Server:
        app = web.Application(client_max_size=1024**3)
        app.router.add_route("*", "/{path:.*}", handler)
        servers.append(await serve(app))
        leading.url = servers[-1].url
        return servers[-1]

    yield start
    for server in servers:
        await server.close()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def test_a_request_is_passed_on_whole_and_its_answer_comes_back_whole(
    lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession
) -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        headers = {"X-Marathon-Leader": "http://me", "Location": "/x", "Content-Encoding": "gzip"}
        return web.Response(status=201, reason="Made", body=b"packed", headers=headers)

    await lead(handler)
    url = standing_by.url + "/v2/apps//a%2Fb?force=True&label=a%3D%3Db"
    headers = {"Authorization": "Basic eDp5", "Connection": "X-Mine", "X-Mine": "1"}
    async with client.post(aiohttp.client.URL(url, encoded=True), data=b"body", headers=headers) as answer:
        assert (answer.status, answer.reason, await answer.read()) == (201, "Made", b"packed")
        assert answer.headers["X-Marathon-Leader"] == "http://me"
        assert (answer.headers["Location"], answer.headers["Content-Encoding"]) == ("/x", "gzip")
    ((method, path, got, body),) = seen
    assert (method, path, body) == ("POST", "/v2/apps//a%2Fb?force=True&label=a%3D%3Db", b"body")
    assert got["Authorization"] == "Basic eDp5"
    assert got["Host"] == standing_by.url.removeprefix("http://")
    assert got[VIA] == f"1.1 127.0.0.1:{standing_by.port}"
    assert "X-Mine" not in got


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_every_method_is_passed_on(
    lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession, method: str
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(headers={"X-Method": request.method})

    await lead(handler)
    async with client.request(method, standing_by.url + "/v2/apps") as answer:
        assert (answer.status, answer.headers["X-Method"]) == (200, method)


async def test_bodies_stream_in_both_directions(
    lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession
) -> None:
    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        async for chunk in request.content.iter_any():
            await arrived.put(chunk)
            await answer.write(b"got " + chunk)
        return answer

    await lead(handler)
    parts: asyncio.Queue[bytes] = asyncio.Queue()

    async def body() -> AsyncIterator[bytes]:
        while part := await parts.get():
            yield part

    await parts.put(b"one")
    async with client.post(standing_by.url + "/stream", data=body()) as answer:
        assert await arrived.get() == b"one"
        assert await answer.content.readany() == b"got one"
        await parts.put(b"two")
        assert await arrived.get() == b"two"
        assert await answer.content.readany() == b"got two"
        await parts.put(b"")
        assert await answer.content.read() == b""


async def test_an_event_stream_is_led_to_the_leader_and_a_pages_is_passed_on(
    lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="event: x")

    leader = await lead(handler)
    path = "/v2/events?event_type=a&event_type=b"
    async with client.get(standing_by.url + path, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (307, leader.url + path)
    async with client.get(standing_by.url + path, headers={"Sec-Fetch-Mode": "cors"}, allow_redirects=False) as answer:
        assert (answer.status, await answer.text()) == (200, "event: x")


async def test_without_a_leader_it_says_so(
    leading: Leading, standing_by: Server, client: aiohttp.ClientSession
) -> None:
    async def get(path: str) -> tuple[int, str]:
        async with client.get(standing_by.url + path) as answer:
            return answer.status, (await answer.json())["message"]

    assert await get("/v2/apps") == (503, "no service leads at present; one will within seconds. Try again.")
    assert await get("/ping") == (503, "no service leads at present; one will within seconds. Try again.")
    assert await get("/v2/leader") == (404, "There is no leader")
    leading.url = standing_by.url
    assert (await get("/v2/apps"))[0] == 503
    leading.url = OSError("ZooKeeper is away")
    assert await get("/v2/apps") == (503, "nobody can say which service leads: ZooKeeper is away")


async def test_a_loop_ends_at_once(leading: Leading, standing_by: Server, client: aiohttp.ClientSession) -> None:
    there = Leading()
    there.url = standing_by.url
    other = Standby(there)
    server = await serve(other.application())
    leading.url, other.url = server.url, server.url
    async with client.get(standing_by.url + "/v2/apps") as answer:
        assert answer.status == 502
        assert "proxying loop" in (await answer.json())["message"]
    await server.close()


async def test_a_leader_that_is_gone_or_silent_is_named(
    leading: Leading, lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession
) -> None:
    async def silent(request: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        return web.Response()

    leader = await lead(silent)
    async with client.get(standing_by.url + "/v2/apps", timeout=aiohttp.ClientTimeout(100)) as answer:
        assert answer.status == 504
        assert leader.url in (await answer.json())["message"]
    waiting = asyncio.create_task(client.get(standing_by.url + "/v2/apps"))
    await asyncio.sleep(2.5)
    assert not waiting.done()
    leading.url = None
    async with await asyncio.wait_for(waiting, 2) as answer:  # it need not wait for one that leads no more
        assert answer.status == 504
        assert "leads no more" in (await answer.json())["message"]
    leading.url = leader.url
    await leader.close()
    async with client.get(standing_by.url + "/v2/apps") as answer:
        assert answer.status == 502
        assert "refused" in (await answer.json())["message"]


async def test_an_answer_that_breaks_off_does_not_look_complete(
    lead: Callable[..., Any], standing_by: Server, client: aiohttp.ClientSession
) -> None:
    async def dying(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    await lead(dying)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(standing_by.url + "/v2/apps") as answer:
            await answer.read()
