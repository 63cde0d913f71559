"""A link of TCP to a server that a test can cut: both ends stay connected, and nothing crosses any more."""

import asyncio
import threading
from types import TracebackType
from typing import Self


class CuttableLink:
    """Listens at `hosts`, and passes on to ``target`` (HOST:PORT) what comes there, and back, until it is `cut`."""

    hosts: str

    def __init__(self, target: str) -> None:
        self._host, _, port = target.partition(":")
        self._port = int(port)
        self._loop = asyncio.new_event_loop()
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="link", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop)
        self.hosts = f"127.0.0.1:{server.result(60).sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._on_loop(self._reset)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)

    def cut(self) -> None:
        """From now on all is lost on the way; who calls is accepted, and hears nothing."""
        self._on_loop(lambda: setattr(self, "_open", False))

    def heal(self) -> None:
        """What is connected breaks, and who calls gets through."""

        def heal() -> None:
            self._open = True
            self._reset()

        self._on_loop(heal)

    def _on_loop(self, call: object) -> None:
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (call(), done.set()))  # type: ignore[operator]
        assert done.wait(60)

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._host, self._port)
        ends = {writer, back}
        self._writers |= ends
        try:
            await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        except OSError:
            pass  # one end has gone, and takes the other along
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if self._open:
                writer.write(data)
                await writer.drain()
        raise ConnectionResetError("the end of a stream is that of both ways")
