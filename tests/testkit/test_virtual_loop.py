import asyncio
import contextlib
import gc
import os
import random
import socket
import subprocess
import sys
import textwrap
import time
import uuid
import weakref
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from actors.testkit import HERE, NothingCanHappen, NotInVirtualTime, VirtualLoop


def run(main, seed=0, **options):
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(seed, **options)) as runner:
        return runner.run(main)


async def test_time_jumps_to_the_next_timer():
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    before = loop.time()
    await asyncio.sleep(3600)
    assert loop.time() == before + 3600


async def test_wall_clock_and_monotonic_clocks_follow_the_loop():
    wall, monotonic = time.time(), time.monotonic()
    await asyncio.sleep(90)
    assert time.time() - wall == pytest.approx(90)
    assert time.monotonic() - monotonic == pytest.approx(90)


def test_the_real_clock_is_back_after_a_run():
    async def main():
        await asyncio.sleep(1e6)

    before = time.time()
    run(main())
    assert time.time() - before < 1000


async def test_a_blocking_sleep_holds_the_loop_for_its_time():
    loop = asyncio.get_running_loop()
    fired = []
    loop.call_later(1, lambda: fired.append(loop.time()))
    before = loop.time()
    time.sleep(5)  # noqa: ASYNC251
    assert fired == []
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert fired == [before + 5]


async def test_timers_of_equal_time_fire_in_the_order_they_were_set():
    loop = asyncio.get_running_loop()
    fired = []
    for number in range(50):
        loop.call_at(10.0, fired.append, number)
    await asyncio.sleep(11)
    assert fired == list(range(50))


def test_the_same_seed_draws_the_same_and_another_seed_another():
    async def main():
        return random.random(), uuid.uuid4(), os.urandom(4)

    assert run(main(), 7) == run(main(), 7)
    assert run(main(), 7) != run(main(), 8)


def test_sets_of_tasks_have_one_order():
    async def main():
        async def nothing():
            pass

        tasks = {asyncio.create_task(nothing(), name=str(n)) for n in range(100)}
        names = [task.get_name() for task in tasks]
        await asyncio.wait(tasks)
        return names

    keep = [object() for _ in range(1000)]
    assert run(main()) == run(main())
    assert keep


def test_a_seeded_order_differs_between_seeds_and_keeps_the_order_within_an_owner():
    async def main():
        seen = []

        async def worker(name):
            for step in range(5):
                seen.append((name, step))
                await asyncio.sleep(0)

        await asyncio.gather(*(worker(name) for name in "abc"))
        return seen

    orders = {tuple(run(main(), seed, order="seeded")) for seed in range(10)}
    assert len(orders) > 5
    for order in orders:
        assert [step for name, step in order if name == "a"] == list(range(5))
    assert run(main(), 3, order="seeded") == run(main(), 3, order="seeded")


def test_when_nothing_can_happen_the_error_names_the_line_that_waits():
    async def inner():
        await asyncio.get_running_loop().create_future()

    async def main():
        asyncio.current_task().set_name("the-main-one")
        await inner()

    with pytest.raises(NothingCanHappen) as caught:
        run(main())
    text = str(caught.value)
    assert "the-main-one" in text
    assert "inner" in text
    assert "test_virtual_loop.py:" in text


def test_a_stuck_program_is_unwound_on_a_living_loop_before_the_error():
    cleaned = []

    async def main():
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5)
            cleaned.append(True)

    with pytest.raises(NothingCanHappen):
        run(main())
    assert cleaned == [True]


def test_a_program_that_turns_in_circles_is_stopped():
    async def main():
        while True:  # noqa: ASYNC110
            await asyncio.sleep(0)

    with pytest.raises(NothingCanHappen, match="in circles"):
        run(main(), max_turns=1000)


def test_a_program_that_hoards_is_stopped():
    hoard = []

    async def main():
        while True:
            hoard.append(bytes(range(256)) * 100)
            await asyncio.sleep(1)

    with pytest.raises(NothingCanHappen, match="has grown to"):
        run(main(), max_growth=40 << 20)
    assert len(hoard) < 10_000  # 256 MB


async def test_executor_work_runs_inline_without_a_running_loop():
    def work(number):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return number + 1

    assert await asyncio.to_thread(work, 1) == 2
    with pytest.raises(ZeroDivisionError):
        await asyncio.get_running_loop().run_in_executor(None, lambda: 1 // 0)


async def test_what_has_no_place_says_what_to_use_instead():
    with pytest.raises(NotInVirtualTime, match=r"pytest\.mark\.real"):
        await asyncio.create_subprocess_exec("true")
    with pytest.raises(NotInVirtualTime, match="signal"):
        asyncio.get_running_loop().add_signal_handler(15, print)
    with pytest.raises(NotInVirtualTime, match="TLS"):
        await asyncio.open_connection("127.0.0.1", 1, ssl=True)


async def test_timeouts_and_task_groups_work_in_virtual_time():
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1000):
            await asyncio.Event().wait()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(asyncio.sleep(n, n)) for n in (3, 1, 2)]
    assert [task.result() for task in tasks] == [3, 1, 2]


@pytest.mark.real
async def test_a_real_test_runs_on_the_real_loop():
    assert not isinstance(asyncio.get_running_loop(), VirtualLoop)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    assert await process.wait() == 0


async def test_aiohttp_serves_and_asks_in_memory(tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<p>" + "x" * 300_000)

    async def slow(request):
        await asyncio.sleep(600)
        return web.json_response({"echo": await request.json()})

    async def stream(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(5):
            await response.write(f"{number}\n".encode())
            await asyncio.sleep(15)
        return response

    app = web.Application()
    app.router.add_post("/slow", slow)
    app.router.add_get("/stream", stream)

    async def send_page(request):
        return web.FileResponse(page)

    app.router.add_get("/page", send_page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://localhost:{site.port}"
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        began = loop.time()
        async with session.post(url + "/slow", json={"big": "y" * 500_000}) as response:
            assert len((await response.json())["echo"]["big"]) == 500_000
        assert loop.time() - began >= 600
        async with session.get(url + "/stream") as response:
            times = [loop.time() async for _ in response.content]
        assert times[4] - times[0] == pytest.approx(60)
        async with session.get(url + "/page") as response:
            assert len(await response.read()) == 300_003
        async with session.get(url + "/none") as response:
            assert response.status == 404
    await runner.cleanup()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url + "/stream")
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get("http://nosuchhost.invalid:1/")


def test_a_loop_that_was_closed_is_kept_by_nobody():
    async def serve() -> None:
        @web.middleware
        async def through(request: web.Request, handler: Any) -> web.StreamResponse:
            return await handler(request)

        async def hello(request: web.Request) -> web.Response:
            return web.Response(text="hello")

        app = web.Application(middlewares=[through])
        app.router.add_get("/", hello)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 8080).start()
        async with aiohttp.ClientSession() as session, session.get("http://127.0.0.1:8080/") as answer:
            assert await answer.text() == "hello"
        await runner.cleanup()

    loop = VirtualLoop(1)
    loop.run_until_complete(serve())
    loop.close()
    closed = weakref.ref(loop)
    del loop
    gc.collect()
    assert closed() is None


async def test_a_slow_reader_stops_the_writer():
    release = asyncio.Event()

    async def serve(reader, writer):
        await release.wait()
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    sent = 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            while True:
                writer.write(b"z" * 10_000)
                await writer.drain()
                sent += 10_000
    assert 100_000 < sent < 1_000_000
    release.set()
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def test_half_closed_connections_still_answer():
    async def serve(reader, writer):
        writer.write((await reader.read())[::-1])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b"abc")
    writer.write_eof()
    assert await reader.read() == b"cba"
    writer.close()
    await writer.wait_closed()
    server.close()


async def test_a_reset_reaches_both_ends():
    loop = asyncio.get_running_loop()
    seen = []

    async def serve(reader, writer):
        try:
            await reader.read()
        except ConnectionResetError:
            seen.append("server")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    await asyncio.sleep(1)
    assert loop.network.reset(server.sockets[0].getsockname()[1]) == 1
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    with contextlib.suppress(ConnectionResetError):
        await writer.wait_closed()
    await asyncio.sleep(0)
    assert seen == ["server"]
    server.close()


async def test_a_cut_holds_bytes_back_until_it_heals():
    loop = asyncio.get_running_loop()

    async def echo(reader, writer):
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    loop.network.cut(port)
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(100), 60)
    loop.network.heal(port)
    assert await reader.read(100) == b"hello"
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def test_a_cut_one_way_lets_the_other_way_through():
    loop = asyncio.get_running_loop()
    heard = []

    async def talk(reader, writer):
        while data := await reader.read(100):
            heard.append(data)
            writer.write(data)
        writer.close()

    token = HERE.set("10.0.0.1")
    server = await asyncio.start_server(talk, "10.0.0.1", 80)
    HERE.set("10.0.0.2")
    reader, writer = await asyncio.open_connection("10.0.0.1", 80)
    loop.network.cut("10.0.0.1", towards="10.0.0.2")
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(100), 60)
    assert heard == [b"hello"]
    with pytest.raises(TimeoutError):  # its answer would not come
        await asyncio.wait_for(asyncio.open_connection("10.0.0.1", 80), 60)
    loop.network.heal("10.0.0.1")
    assert await reader.read(100) == b"hello"
    HERE.reset(token)
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


async def test_latency_is_paid_both_ways():
    loop = asyncio.get_running_loop()

    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    loop.network.latency = 0.25
    began = loop.time()
    writer.write(b"ping\n")
    assert await reader.readline() == b"ping\n"
    assert loop.time() - began == pytest.approx(0.5)
    writer.close()
    await writer.wait_closed()
    server.close()


async def test_a_taken_port_is_refused_and_free_again_after_the_close():
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 5050)
    with pytest.raises(OSError, match="in use"):
        await asyncio.start_server(lambda r, w: None, "0.0.0.0", 5050)
    server.close()
    again = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 5050)
    again.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", 5050)
    with pytest.raises(socket.gaierror):
        await asyncio.open_connection("nobody.invalid", 5050)


async def test_unix_sockets_connect_in_memory():
    async def echo(reader, writer):
        writer.write(await reader.readline())
        writer.close()

    server = await asyncio.start_unix_server(echo, "/run/test.sock")
    reader, writer = await asyncio.open_unix_connection("/run/test.sock")
    writer.write(b"hi\n")
    assert await reader.readline() == b"hi\n"
    writer.close()
    await writer.wait_closed()
    server.close()


PROGRAM = """
import asyncio, hashlib, aiohttp, random
from aiohttp import web
from actors.testkit import VirtualLoop

async def main():
    loop = asyncio.get_running_loop()
    loop.network.latency = (0.0005, 0.02)
    seen = []
    async def handle(request):
        await asyncio.sleep(random.random())
        return web.json_response({"n": request.query["n"]})
    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 8080).start()
    async def poll(session, n):
        for _ in range(20):
            try:
                async with asyncio.timeout(0.8):
                    await (await session.get("http://127.0.0.1:8080/", params={"n": n})).json()
                seen.append((n, loop.time()))
            except TimeoutError:
                seen.append((n, "late", loop.time()))
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for n in range(6):
            group.create_task(poll(session, n))
    await runner.cleanup()
    return seen

with asyncio.Runner(loop_factory=lambda: VirtualLoop(SEED)) as runner:
    print(hashlib.sha256(repr(runner.run(main())).encode()).hexdigest())
"""


def test_a_seed_gives_one_run_in_any_process():
    def digest(seed, hash_seed):
        program = textwrap.dedent(PROGRAM).replace("SEED", str(seed))
        environment = os.environ | {"PYTHONHASHSEED": str(hash_seed)}
        return subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True).stdout

    assert digest(1, 1) == digest(1, 2)
    assert digest(1, 1) != digest(2, 1)
