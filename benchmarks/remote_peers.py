"""Two processes on loopback that send each other messages, by each of the contenders.

    python -m benchmarks.remote_peers actors          the far end: prints where it is, lives until its input ends

Figures are of wall time, since two processes work at once and wait for each other.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.run import ROOT

Ends = Callable[[], Awaitable[None]]


@contextmanager
def far_end(name: str, *options: str) -> Iterator[str]:
    """The far end in a process of its own; where it is."""
    command = [sys.executable, "-m", "benchmarks.remote_peers", name, *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("\n")


def _until_told(where: str) -> Awaitable[str]:
    print(where, flush=True)
    return asyncio.to_thread(sys.stdin.readline)


# asyncio alone: lines of JSON


async def plain() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        count = 0
        while line := await reader.readline():
            match json.loads(line):
                case ["hit", _]:
                    count += 1
                case ["echo", message]:
                    writer.write(json.dumps(message).encode() + b"\n")
                case ["count"]:
                    writer.write(json.dumps(count).encode() + b"\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await _until_told(str(server.sockets[0].getsockname()[1]))
    server.close()


async def plain_one_way(size: int) -> float:
    with far_end("plain") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        start = time.perf_counter()
        for n in range(size):
            writer.write(json.dumps(["hit", n]).encode() + b"\n")
            if not n % 100:
                await writer.drain()
        writer.write(b'["count"]\n')
        assert json.loads(await reader.readline()) == size
        seconds = time.perf_counter() - start
        writer.close()
    return seconds


async def plain_ask(size: int) -> float:
    with far_end("plain") as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        start = time.perf_counter()
        for n in range(size):
            writer.write(json.dumps(["echo", n]).encode() + b"\n")
            json.loads(await reader.readline())
        seconds = time.perf_counter() - start
        writer.close()
    return seconds


# actors


async def actors() -> None:
    from actors import Actor, ActorSystem
    from actors.remote import Remote

    hit = _hit()

    class Far(Actor):
        count = 0

        def receive(self, message: Any) -> None:
            if type(message) is hit:
                self.count += 1
            else:
                self.reply(self.count if message == "count" else message)

    async with ActorSystem("far") as system:
        remote = await Remote.start(system)
        system.spawn(Far, "far")
        await _until_told(f"{remote.address}/user/far")


def _hit() -> Any:
    from actors.remote import message

    @message("benchmarks.hit")
    @dataclass(frozen=True, slots=True)
    class Hit:
        number: int

    return Hit


async def actors_one_way(size: int, *options: str) -> float:
    from actors import ActorSystem
    from actors.remote import Remote

    hit = _hit()
    with far_end("actors", *options) as path:
        async with ActorSystem("near") as system:
            far = await (await Remote.start(system)).resolve(path)
            start = time.perf_counter()
            for n in range(size):
                await far.send(hit(n))
            while await far.ask("count", 60) != size:  # noqa: ASYNC110 - over the network
                await asyncio.sleep(0.001)
            return time.perf_counter() - start


async def actors_ask(size: int, *options: str) -> float:
    from actors import Actor, ActorRef, ActorSystem
    from actors.remote import Remote

    seconds: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    class Asker(Actor[ActorRef[int]]):
        async def receive(self, far: ActorRef[int]) -> None:
            start = time.perf_counter()
            for n in range(size):
                await far.ask(n)
            seconds.set_result(time.perf_counter() - start)

    with far_end("actors", *options) as path:
        async with ActorSystem("near") as system:
            far = await (await Remote.start(system)).resolve(path)
            system.spawn(Asker).tell(far)
            return await seconds


# xoscar


async def xoscar() -> None:
    import xoscar as xo

    from benchmarks.peers import xoscar_pool

    _pool, address = await xoscar_pool()
    await xo.create_actor(_xoscar_far(), address=address, uid="far")
    await _until_told(address)


def _xoscar_far() -> Any:
    import xoscar as xo

    class Far(xo.Actor):
        count = 0

        async def hit(self, _: int) -> None:
            self.count += 1

        async def echo(self, message: int) -> int:
            return message

        async def how_many(self) -> int:
            return self.count

    return Far


async def xoscar_one_way(size: int) -> float:
    import xoscar as xo

    with far_end("xoscar") as address:
        far = await xo.actor_ref(address=address, uid="far")
        start = time.perf_counter()
        for n in range(size):
            await far.hit.tell(n)
        while await far.how_many() != size:  # noqa: ASYNC110 - over the network
            await asyncio.sleep(0.001)
        return time.perf_counter() - start


async def xoscar_ask(size: int) -> float:
    import xoscar as xo

    with far_end("xoscar") as address:
        far = await xo.actor_ref(address=address, uid="far")
        start = time.perf_counter()
        for n in range(size):
            await far.echo(n)
        return time.perf_counter() - start


# Thespian's TCP base listens on all interfaces and unpickles what comes: so it runs where there is only loopback.


def in_loopback_alone(what: str, size: int) -> float:
    """The seconds that ``thespian_ends`` takes, in a network namespace of its own."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        raise RuntimeError("needs unshare and ip: Thespian's TCP base is not to listen on all interfaces")
    script = f"ip link set lo up && exec {sys.executable} -m benchmarks.remote_peers thespian {what} {size}"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=120)
    if done.returncode:
        raise RuntimeError(f"Thespian did not run: {done.stderr[-500:]}")
    return float(done.stdout.split()[-1])


def thespian(what: str, size: int) -> None:
    from thespian.actors import ActorSystem

    quiet = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR", "handlers": []}}
    system = ActorSystem("multiprocTCPBase", {"Admin Port": 19001}, logDefs=quiet)
    try:
        far = system.createActor(ThespianFar)
        system.ask(far, "count", 10)
        start = time.perf_counter()
        if what == "ask":
            for n in range(size):
                assert system.ask(far, n, 10) == n
        else:
            for n in range(size):
                system.tell(far, ("hit", n))
            while system.ask(far, "count", 60) != size:
                pass
        print(time.perf_counter() - start)
    finally:
        system.shutdown()


try:
    from thespian.actors import Actor as ThespianActor
except ImportError:
    ThespianActor = object


class ThespianFar(ThespianActor):  # type: ignore[misc,valid-type]
    count = 0

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        if isinstance(message, tuple):
            self.count += 1
        elif message == "count":
            self.send(sender, self.count)
        elif isinstance(message, int):
            self.send(sender, message)


def main() -> None:
    name, *options = sys.argv[1:]
    if name == "thespian":
        thespian(options[0], int(options[1]))
        return
    ends: dict[str, Ends] = {"plain": plain, "actors": actors, "xoscar": xoscar}
    if "uvloop" in options:
        import uvloop

        uvloop.run(ends[name]())  # type: ignore[arg-type]
    else:
        asyncio.run(ends[name]())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
