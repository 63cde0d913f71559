"""10,000 instances checked over HTTP by one process, each every 10 s: the longest time for which they hold its loop.

What answers is a process of its own. Counted is the CPU of the loop's thread between two ticks of 1 ms, so that a busy
machine does not disturb the figure. The baseline is one task per instance that does the same with asyncio's streams.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time
from typing import Any

from benchmarks.cost import Cost
from benchmarks.run import ROOT

COST = Cost(
    "health-checks",
    "longest hold of the loop by the health checks of 10,000 instances",
    size=10_000,
    baseline="asyncio streams",
    unit="ms",
    is_rate=False,
    scale=1e3,
    limit=100,
    at_most=1,
)
INTERVAL = 10.0  # seconds
WINDOW = 3 * INTERVAL
ADDRESSES = [f"127.0.0.{number}" for number in range(1, 41)]  # one has too few ports for so many connections a minute


@COST.contender("asyncio streams")
async def streams(size: int) -> float:
    seen = 0

    async def check(number: int, port: int) -> None:
        nonlocal seen
        await asyncio.sleep(INTERVAL * number / size)
        while True:
            reader, writer = await asyncio.open_connection(_address(number), port)
            writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert b" 200 " in await reader.readline()
            writer.transport.abort()
            seen += 1
            await asyncio.sleep(INTERVAL)

    with _answering() as port:
        tasks = [asyncio.create_task(check(number, port)) for number in range(size)]
        held = await _longest_hold()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert seen >= size, f"{seen} of {size} were checked"
    return held


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem, Props
    from actors.configuration.collector import settle_collector
    from actors.marathon.health.checker import CheckInstance, HealthChecker
    from actors.marathon.health.probes import NetworkProbe
    from actors.marathon.messages import Condition, Instance
    from actors.marathon.model import parse_app
    from actors.marathon.protocol import HealthReport

    well: set[str] = set()

    class Instances(Actor[Any]):
        def receive(self, message: HealthReport) -> None:
            assert message.result.alive, message.result.last_failure_cause
            well.add(message.instance_id)

    check = {"protocol": "HTTP", "path": "/health", "intervalSeconds": INTERVAL, "timeoutSeconds": 5}
    app = parse_app({"id": "/benchmark", "cmd": "serve", "instances": size, "healthChecks": [check]})
    async with ActorSystem() as system:
        with _answering() as port:
            checker = system.spawn(Props(HealthChecker, app, system.spawn(Instances), NetworkProbe()))
            now = system.clock.now()
            for number in range(size):
                instance = Instance(
                    f"i-{number}", app.id, "", Condition.RUNNING, host=_address(number), ports=(port,), started_at=now
                )
                checker.tell(CheckInstance(instance, spread=True))
            await asyncio.sleep(0.5)
            settle_collector()
            held = await _longest_hold()
    assert len(well) == size, f"{len(well)} of {size} were checked"
    return held


async def _longest_hold() -> float:
    worst, last, end = 0.0, thread_time(), asyncio.get_running_loop().time() + WINDOW
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.001)
        now = thread_time()
        worst, last = max(worst, now - last), now
    return worst


def _address(number: int) -> str:
    return ADDRESSES[number % len(ADDRESSES)]


@contextmanager
def _answering() -> Iterator[int]:
    """The port on which another process says 200 to everything, at each of the addresses."""
    command = [sys.executable, "-c", "from benchmarks.costs.health_checks import serve; serve()"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


class _Well(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        self._transport.close()


async def _answer() -> None:
    loop = asyncio.get_running_loop()
    first = await loop.create_server(_Well, ADDRESSES[0], 0, backlog=4096)
    port = first.sockets[0].getsockname()[1]
    for address in ADDRESSES[1:]:
        await loop.create_server(_Well, address, port, backlog=4096)
    print(port, flush=True)
    await asyncio.Event().wait()


def serve() -> None:
    """The other process."""
    asyncio.run(_answer())
