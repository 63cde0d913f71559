"""A link of TCP to a server that does to what crosses it what networks and boxes in between do, as a test tells it to.

    client                     FaultyLink                    server
    connect hosts         ──►  well                     ──►  connect target
                               delay(seconds)                each piece comes so much later, in order
                               corrupt(every)                one byte of about so many is another one
                               truncate(after)               so many more bytes, then the end, in the midst of anything
                               half_open()                   the server's end is gone, and the client is not told
                               cut()                         both ends stay, and nothing crosses
                               heal()                        who lost bytes finds its connection broken, the rest stays

What is damaged depends on the seed, the number of the connection and the byte alone, not on how the bytes came in
pieces: the same seed does the same to the same talk. ``towards`` says which way is meant; None: both.
"""

import asyncio
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Literal, Self

Towards = Literal["client", "server"]


@dataclass(frozen=True)
class _Faults:
    """What happens to the bytes of one way. Each change makes another one, by which a way knows that it is new."""

    delay: float = 0.0
    corrupt: int | None = None
    truncate: int | None = None
    lost: bool = False


class FaultyLink:
    """Listens at ``hosts`` and passes on to ``target`` (HOST:PORT) what comes there, and back."""

    hosts: str
    _loop: asyncio.AbstractEventLoop
    _done: asyncio.Event

    def __init__(self, target: str, *, seed: int | str = 0) -> None:
        self.seed = seed
        self.connections = 0
        """That came so far. This and the next two are for a test to know that its fault struck."""
        self.damaged = 0
        """Bytes that were changed so far."""
        self.broken = 0
        """Connections that were ended in the midst so far."""
        self._host, _, port = target.removeprefix("http://").partition(":")
        self._port = int(port)
        self._faults: dict[Towards, _Faults] = {"client": _Faults(), "server": _Faults()}
        self._lines: set[_Line] = set()
        self._listens = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="link", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{self.hosts}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listens.wait(60)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(60)

    async def _live(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.hosts = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listens.set()
        await self._done.wait()
        server.close()
        for line in self._lines:
            line.abort()
        while self._lines:  # noqa: ASYNC110 - what is still under way ends with a cancelled task, of which asyncio tells
            await asyncio.sleep(0.001)

    # what a test does to it

    def delay(self, seconds: float, towards: Towards | None = None) -> None:
        self._change(towards, lambda faults: replace(faults, delay=seconds))

    def corrupt(self, every: int, towards: Towards | None = None) -> None:
        """Change about one byte of ``every``, of each connection."""
        self._change(towards, lambda faults: replace(faults, corrupt=every))

    def truncate(self, after: int, towards: Towards | None = None) -> None:
        """End each connection, present ones and those to come, after so many more bytes of it."""
        self._change(towards, lambda faults: replace(faults, truncate=after))

    def cut(self, towards: Towards | None = None) -> None:
        """From now on all is lost on the way; who calls is accepted, and hears nothing."""
        self._change(towards, lambda faults: replace(faults, lost=True))

    def half_open(self) -> None:
        """The server sees the present connections end; the client's ends stay, and whoever calls gets through."""
        self._on_loop(lambda: [line.half_open() for line in self._lines])

    def heal(self) -> None:
        """No more faults. Connections that lost bytes break; what was only damaged or late is left to its ends."""

        def heal() -> None:
            self._faults = {"client": _Faults(), "server": _Faults()}
            for line in self._lines:
                if line.lost:
                    line.abort()

        self._on_loop(heal)

    def reset(self) -> None:
        """Break the present connections."""
        self._on_loop(lambda: [line.abort() for line in self._lines])

    def _change(self, towards: Towards | None, change: Callable[[_Faults], _Faults]) -> None:
        def apply() -> None:
            for way in self._faults:
                if towards in (None, way):
                    self._faults[way] = change(self._faults[way])
                    if self._faults[way].lost:
                        for line in self._lines:
                            line.lost = True

        self._on_loop(apply)

    def _on_loop(self, call: Callable[[], object]) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (call(), done.set()))
        assert done.wait(60)

    # what crosses

    def faults(self, towards: Towards) -> _Faults:
        return self._faults[towards]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            there, back = await asyncio.open_connection(self._host, self._port)
        except OSError:  # nobody is there, which is what the client is to find
            writer.transport.abort()
            return
        line = _Line(self, f"{self.seed}/{self.connections}", (reader, writer), (there, back))
        line.lost = any(faults.lost for faults in self._faults.values())
        self._lines.add(line)
        try:
            await line.carry()
        finally:
            self._lines.discard(line)
            line.abort()


_End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Line:
    """One connection through the link."""

    def __init__(self, link: FaultyLink, name: str, client: _End, server: _End) -> None:
        self.lost = False
        self._link, self._name = link, name
        self._client, self._server = client, server
        self._is_half_open = False

    def abort(self) -> None:
        self._is_half_open = False
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    def half_open(self) -> None:
        self._link.broken += 1
        self.lost = self._is_half_open = True
        self._server[1].transport.abort()

    async def carry(self) -> None:
        """Until either end has gone."""
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass_on("server", self._client[0], self._server[1]))
                ways.create_task(self._pass_on("client", self._server[0], self._client[1]))
        except* OSError:
            pass  # one end has gone, and takes the other along
        while self._is_half_open and await self._client[0].read(1 << 16):
            pass

    async def _pass_on(self, towards: Towards, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        damage = _Damage(random.Random(f"{self._name}/{towards}"))
        while data := await reader.read(1 << 16):
            if seconds := self._link.faults(towards).delay:
                await asyncio.sleep(seconds)
            faults = self._link.faults(towards)
            if faults.lost:
                continue
            passed, changed = damage.done(faults, data)
            self._link.damaged += changed
            writer.write(passed)
            await writer.drain()
            if damage.ends:
                self._link.broken += 1
                break
        if not self._is_half_open:
            writer.close()  # the end of a stream is that of both ways; what came before it arrives
            await writer.wait_closed()
        raise ConnectionResetError


class _Damage:
    """Counts along one way of one connection where it is to be damaged."""

    def __init__(self, chance: random.Random) -> None:
        self.ends = False
        self._chance = chance
        self._faults = _Faults()
        self._until_change = self._until_end = 0

    def done(self, faults: _Faults, data: bytes) -> tuple[bytes, int]:
        """What becomes of the next bytes, and how many of them are others."""
        if faults is not self._faults:
            self._faults = faults
            self._until_change = self._gap()
            self._until_end = faults.truncate or 0
        if faults.truncate is not None:
            self.ends = len(data) >= self._until_end
            data = data[: self._until_end]
            self._until_end -= len(data)
        if not faults.corrupt:
            return data, 0
        damaged, changed = bytearray(data), 0
        while self._until_change < len(damaged):
            damaged[self._until_change] ^= self._chance.randrange(1, 256)
            changed += 1
            self._until_change += 1 + self._gap()
        self._until_change -= len(damaged)
        return bytes(damaged), changed

    def _gap(self) -> int:
        return self._chance.randrange(2 * self._faults.corrupt) if self._faults.corrupt else 0
