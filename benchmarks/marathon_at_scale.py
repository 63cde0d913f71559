"""What the service does with many apps and instances: ``python -m benchmarks.marathon_at_scale``.

::

    this process                    another                        another
    a client, as users have  ◄──►   marathon serve         ◄──►    mesos-local --simulate …
                                    journal synced to disk         tasks are figures that run on

Seconds are the wall's, so the machine has to be quiet. Names of measurements on the command line choose some.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

__all__ = ["HEAD", "MEASUREMENTS", "Row", "World", "a_world", "tell"]

AGENTS = 20
RESOURCES = "cpus:1000;mem:1000000;disk:1000000"
START = 60.0  # seconds
PING_EVERY = 0.02
HEAD = "| | asked | got |\n|---|---:|---:|"
SETTLE = 2.0


@dataclass(frozen=True, slots=True)
class Row:
    """``asked`` is a bound from above, in the same unit."""

    what: str
    asked: float | None
    got: float
    unit: str

    def __str__(self) -> str:
        asked = "" if self.asked is None else f"≤ {self.asked:g} {self.unit}"
        return f"| {self.what} | {asked} | {self.got:.3g} {self.unit} |"


@dataclass
class World:
    """One mesos-local and one service; the service can be killed and started again."""

    folder: Path
    session: aiohttp.ClientSession
    mesos: str = ""
    url: str = ""
    _processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start_mesos(self) -> None:
        command = ["-m", "actors.local_mesos.command", "--port", "0", "--agents", str(AGENTS)]
        command += ["--resources", RESOURCES, "--simulate", "runs=360000-360000", "--work-dir", str(self.folder / "m")]
        self.mesos = self._start(command, r"(http://\S+)")

    def start_service(self) -> None:
        command = ["-m", "actors.marathon", "serve", "--port", "0", "--master", self.mesos]
        self.url = self._start([*command, "--work-dir", str(self.folder / "s")], r"Marathon answers at (http://\S+)")

    def _start(self, arguments: list[str], pattern: str) -> str:
        log = self.folder / f"log-{len(self._processes)}"
        with log.open("w") as file:
            self._processes.append(subprocess.Popen([sys.executable, *arguments], stdout=file, stderr=file, text=True))
        end = time.monotonic() + START
        while time.monotonic() < end and self._processes[-1].poll() is None:
            if said := re.search(pattern, log.read_text()):
                return said[1]
            time.sleep(0.02)
        raise RuntimeError(f"{arguments} did not start within {START:g} s: {log.read_text()[-1000:]}")

    @property
    def service(self) -> psutil.Process:
        return psutil.Process(self._processes[-1].pid)

    def cpu(self) -> float:
        return float(sum(self.service.cpu_times()[:2]))

    def loop_cpu(self) -> float:
        """Seconds for which the thread of the service's event loop has run."""
        pid = self._processes[-1].pid
        return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9

    def kill_service(self) -> None:
        self._processes[-1].kill()
        self._processes.pop().wait()

    def end(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        async with self.session.request(method, self.url + path, json=body) as answer:
            text = await answer.text()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} was answered {answer.status}: {text[:300]}")
            return json.loads(text) if text else None

    async def deploy(self, method: str, path: str, body: Any = None) -> float:
        """Seconds from the request to the end of its deployment."""
        async with self.session.get(self.url + "/v2/events?event_type=deployment_success") as events:
            await events.content.readline()  # it listens
            start = time.perf_counter()
            wanted = (await self.ask(method, path, body))["deploymentId" if method != "POST" else "deployments"]
            wanted = wanted if isinstance(wanted, str) else wanted[0]["id"]
            async for line in events.content:
                if line.startswith(b"data: ") and wanted in line.decode():
                    return time.perf_counter() - start
        raise RuntimeError("the event stream ended")


def app(app_id: str, instances: int) -> dict[str, Any]:
    return {"id": app_id, "cmd": "serve", "cpus": 0.01, "mem": 1, "instances": instances, "portDefinitions": []}


def group(name: str, apps: int, instances: int) -> dict[str, Any]:
    return {"id": f"/{name}", "apps": [app(f"/{name}/app-{number}", instances) for number in range(apps)]}


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.99)] * 1e3


async def one_app(world: World) -> AsyncIterator[Row]:
    yield Row(
        "1,000 instances of one app, from POST to all running",
        2,
        await world.deploy("POST", "/v2/apps", app("/one", 1_000)),
        "s",
    )


async def hundred_apps(world: World) -> AsyncIterator[Row]:
    before, cpu = world.service.memory_info().rss, world.cpu()
    seconds = await world.deploy("PUT", "/v2/groups/hundred", group("hundred", 100, 100))
    yield Row("100 apps of 100 instances", 15, seconds, "s")
    yield Row("the service's CPU for that", None, world.cpu() - cpu, "s")
    await asyncio.sleep(SETTLE)
    yield Row("memory for an instance", 3, (world.service.memory_info().rss - before) / 10_000 / 1024, "KB")


async def many_apps(world: World) -> AsyncIterator[Row]:
    await world.deploy("PUT", "/v2/groups/many", group("many", 1_000, 10))
    await asyncio.sleep(SETTLE)
    for path, times, asked in (("/v2/apps", 200, 100), ("/v2/apps/many/app-7", 1_000, 5)):
        taken, cpu = [], world.cpu()
        for _ in range(times):
            start = time.perf_counter()
            await world.ask("GET", path)
            taken.append(time.perf_counter() - start)
        yield Row(f"GET {path} of 1,000 apps and 10,000 tasks, p99 of {times:,}", asked, p99(taken), "ms")
        yield Row("the service's CPU for each of them", None, (world.cpu() - cpu) / times * 1e3, "ms")


async def restart(world: World) -> AsyncIterator[Row]:
    """Not before `many_apps`."""
    tasks = {task["id"] for task in (await world.ask("GET", "/v2/tasks"))["tasks"]}
    world.kill_service()
    start = time.perf_counter()
    world.start_service()
    after = {task["id"] for task in (await world.ask("GET", "/v2/tasks"))["tasks"]}
    yield Row(f"serving again with {len(tasks):,} running instances after kill -9", 5, time.perf_counter() - start, "s")
    await asyncio.sleep(30)
    held = {task["id"] for task in (await world.ask("GET", "/v2/tasks"))["tasks"]}
    yield Row("tasks that this launched or killed", 0, len(tasks ^ after) + len(tasks ^ held), "")


async def listeners(world: World) -> AsyncIterator[Row]:
    """A thousand of them."""
    heard: list[int] = [0] * 1_000
    ready = asyncio.Semaphore(0)

    async def listen(index: int) -> None:
        async with world.session.get(world.url + "/v2/events?event_type=status_update_event") as events:
            ready.release()
            async for line in events.content:
                heard[index] += line.startswith(b"data: ")

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(index)) for index in range(len(heard))]
        for _ in tasks:
            await ready.acquire()
        alone = await world.deploy("POST", "/v2/apps", app("/heard", 100))
        end = time.monotonic() + 60
        while min(heard) < max(heard) or max(heard) < 100:
            assert time.monotonic() < end, f"listeners have heard {min(heard)} to {max(heard)} events"
            await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
    yield Row(
        f"100 instances while 1,000 clients hear of each change ({max(heard)} events, each of them all)",
        None,
        alone,
        "s",
    )


async def stalled(world: World) -> AsyncIterator[Row]:
    """A client of the event stream that reads nothing, beside one that waits for the end of each deployment."""
    alone = await world.deploy("POST", "/v2/apps", app("/alone", 3_000))
    host, port = world.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(f"GET /v2/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        beside = await world.deploy("POST", "/v2/apps", app("/beside", 3_000))
        held = [each for each in world.service.net_connections("tcp") if each.raddr == client.getsockname()]
    yield Row(
        "3,000 instances while a client of the event stream reads nothing, over the same without",
        None,
        beside / alone,
        "",
    )
    yield Row("connections that such a client still had then", 0, len(held), "")


@dataclass
class Waits:
    """What was asked again and again: for how long each answer was waited, and for how much of that the loop's thread
    ran. The rest is the machine's: others' turns on the processor, the disk, the network."""

    walls: list[float] = field(default_factory=list)
    loops: list[float] = field(default_factory=list)

    def rows(self, what: str) -> Iterator[Row]:
        yield Row(f"{what}, longest", None, max(self.walls) * 1e3, "ms")
        yield Row(f"{what}, p99", None, p99(self.walls), "ms")
        yield Row("for how long the loop ran while one waited, longest", 100, max(self.loops) * 1e3, "ms")


@contextlib.asynccontextmanager
async def asked_meanwhile(world: World, path: str, every: float) -> AsyncIterator[Waits]:
    """Ask for `path` every so many seconds."""
    waits = Waits()

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                start, loop = time.perf_counter(), world.loop_cpu()
                async with session.get(world.url + path) as answer:
                    await answer.read()
                waits.walls.append(time.perf_counter() - start)
                waits.loops.append(world.loop_cpu() - loop)
                await asyncio.sleep(every)

    asking = asyncio.create_task(ask())
    try:
        yield waits
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


async def hundred_thousand(world: World) -> AsyncIterator[Row]:
    small = await _cpu_of_instances(world, "PUT", "/v2/groups/small", group("small", 10, 100), 1_000)
    async with asked_meanwhile(world, "/ping", PING_EVERY) as pings:
        start = time.perf_counter()
        large = await _cpu_of_instances(world, "PUT", "/v2/groups/huge", group("huge", 1_000, 100), 100_000)
        seconds = time.perf_counter() - start
    yield Row("100,000 instances of 1,000 apps", None, seconds, "s")
    for row in pings.rows("a ping each 20 ms meanwhile"):
        yield row
    yield Row("CPU for an instance among these, over that among 1,000 of 10 apps", 1.2, large / small, "")


async def _cpu_of_instances(world: World, method: str, path: str, body: Any, count: int) -> float:
    before = world.cpu()
    await world.deploy(method, path, body)
    await asyncio.sleep(SETTLE)
    return (world.cpu() - before) / count


MEASUREMENTS: dict[str, Callable[[World], AsyncIterator[Row]]] = {
    each.__name__.replace("_", "-"): each
    for each in (one_app, hundred_apps, many_apps, listeners, stalled, restart, hundred_thousand)
}
"""By name, in the order in which they go on from one another."""


@contextlib.asynccontextmanager
async def a_world(patience: float) -> AsyncIterator[World]:
    """One that runs, with its folder. ``patience``: seconds until a request that says nothing is given up."""
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=None, sock_read=patience)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        async with aiohttp.ClientSession(connector=connector, timeout=timeout, read_bufsize=1 << 24) as session:
            world = World(Path(folder), session)
            try:
                world.start_mesos()
                world.start_service()
                yield world
            finally:
                world.end()


async def tell(rows: AsyncIterator[Row]) -> None:
    """Print the lines of the table as they come."""
    async for row in rows:
        print(row, flush=True)


async def measure(names: list[str]) -> None:
    async with a_world(patience=900) as world:
        print(HEAD, flush=True)
        for name in names:
            await tell(MEASUREMENTS[name](world))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.marathon_at_scale", description=__doc__)
    parser.add_argument("measurements", nargs="*", choices=[*MEASUREMENTS, []], metavar="MEASUREMENT")
    chosen = parser.parse_args().measurements
    work: Awaitable[None] = measure(chosen or list(MEASUREMENTS))
    asyncio.run(work)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
