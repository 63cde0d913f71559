from __future__ import annotations

import asyncio
import contextlib

import aiohttp
import pytest
from aiohttp import web

from actors.http import PortTaken, Server, serve


def application() -> web.Application:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    return app


@pytest.mark.parametrize("loop_kind", ["virtual", pytest.param("real", marks=pytest.mark.real)])
async def test_a_served_application_answers_at_its_url_until_it_is_closed(loop_kind: str) -> None:
    server = await serve(application())
    assert server.url == f"http://127.0.0.1:{server.port}"
    async with aiohttp.ClientSession() as session, session.get(server.url) as response:
        assert await response.text() == "hello"
    await server.close()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(server.url)


@pytest.mark.real
async def test_a_taken_port_is_named_with_its_remedy() -> None:
    first = await serve(application())
    with pytest.raises(PortTaken, match=f"port {first.port} on 127.0.0.1 is taken.*--port"):
        await serve(application(), port=first.port)
    await first.close()


async def test_closing_twice_does_nothing_more() -> None:
    server = await serve(application())
    await server.close()
    await server.close()


async def test_closing_ends_a_handler_that_does_not_end_by_itself() -> None:
    ended = asyncio.Event()

    async def forever(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return response

    app = web.Application()
    app.router.add_get("/", forever)
    server = await serve(app, shutdown_timeout=1.0)
    async with aiohttp.ClientSession() as session:
        response = await session.get(server.url)
        await server.close()
        assert ended.is_set()
        response.close()


async def test_a_handler_is_cancelled_when_its_client_goes_away() -> None:
    cancelled = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return web.Response()

    app = web.Application()
    app.router.add_get("/", slow)
    server = await serve(app)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.get(server.url, timeout=aiohttp.ClientTimeout(total=1.0))
    await asyncio.wait_for(cancelled.wait(), 5.0)
    await server.close()


@pytest.mark.real
async def test_what_is_no_http_is_logged_without_its_contents(caplog: pytest.LogCaptureFixture) -> None:
    server = await serve(web.Application())
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic c2VjcmV0\x00\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.0 400")
    writer.close()
    await server.close()
    assert "no HTTP request" in caplog.text
    assert "c2VjcmV0" not in caplog.text


async def connect(server: Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(server.host, server.port)


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_who_connects_and_asks_for_nothing_is_disconnected(said: bytes) -> None:
    server = await serve(application())
    reader, writer = await connect(server)
    writer.write(said)
    began = asyncio.get_running_loop().time()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    assert asyncio.get_running_loop().time() - began == pytest.approx(60, abs=0.1)
    writer.close()
    await server.close()


async def test_a_head_that_dribbles_in_is_waited_for_a_minute_and_no_longer() -> None:
    server = await serve(application())
    reader, writer = await connect(server)
    began = asyncio.get_running_loop().time()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    with contextlib.suppress(ConnectionResetError):
        while not reader.at_eof():
            writer.write(b"A: b\r\n")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(7):
                    await reader.read(1)
    assert asyncio.get_running_loop().time() - began == pytest.approx(60, abs=0.1)
    writer.close()
    await server.close()


async def test_who_has_asked_in_pieces_may_ask_again_much_later() -> None:
    server = await serve(application())
    reader, writer = await connect(server)
    for pause in (59, 3000):
        for piece in (b"GET / HTTP/1.1\r\nHost: x\r", b"\n\r", b"\n"):
            writer.write(piece)
            await asyncio.sleep(0.1)
        assert b"200 OK" in await reader.readuntil(b"hello")
        await asyncio.sleep(pause)
    writer.close()
    await server.close()


async def test_idle_connections_by_the_thousand_starve_nobody() -> None:
    server = await serve(application())
    idle = [await connect(server) for _ in range(1000)]
    async with aiohttp.ClientSession() as session, session.get(server.url) as response:
        assert await response.text() == "hello"
    await asyncio.sleep(61)
    assert all(reader.exception() is not None or reader.at_eof() for reader, _ in idle)
    for _, writer in idle:
        writer.close()
    await server.close()


async def test_another_application_takes_the_place_of_the_first_on_the_same_port() -> None:
    async def answer(words: str) -> web.Application:
        async def handler(request: web.Request) -> web.Response:
            return web.Response(text=words)

        app = web.Application()
        app.router.add_get("/", handler)
        return app

    server = await serve(await answer("first"))
    async with aiohttp.ClientSession() as session:

        async def get() -> str:
            async with session.get(server.url) as got:
                return await got.text()

        assert await get() == "first"
        await server.replace(await answer("second"))
        assert await get() == "second"
        await server.close()
        with pytest.raises(aiohttp.ClientError):
            await get()
