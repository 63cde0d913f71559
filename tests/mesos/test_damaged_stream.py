"""Whatever byte of a master's stream is changed on its way: the framework goes on, under its id, and is not deaf.

The first subscription is well. Of the second, one byte is another one; what comes after that is well again. The master
says an update every ten seconds until it is acknowledged, as an agent does. ``SAMPLES`` and ``SEED`` in the environment
say how many bytes are changed, and which::

    SAMPLES=2000 SEED=7 python -m pytest tests/mesos/test_damaged_stream.py
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest

from actors import ActorSystem
from actors.mesos import CallError, ConnectionSettings, FrameworkFailedOver, Mesos, StatusUpdate
from mesos_proto import json_codec, recordio
from tests.mesos.scripted_master import Call, Event
from tests.mesos.words import INFO, offer, status

SAMPLES = int(os.environ.get("SAMPLES", "300"))
SEED = int(os.environ.get("SEED", "0"))
UUID = b"0123456789abcdef"


class DamagingMaster:
    """Answers byte for byte as Mesos does; the byte of the second stream at ``position`` is changed by ``change``."""

    def __init__(self, encoding: str, position: int = -1, change: int = 0) -> None:
        self.encoding, self.position, self.change = encoding, position, change
        self.subscribed: list[str] = []
        self.acknowledged = asyncio.Event()
        self.second = bytearray()
        """The second stream, as it was before it was damaged."""
        self._talks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listens(self) -> AsyncIterator[str]:
        """Its URL."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for talk in self._talks:
                talk.cancel()
            await asyncio.wait(self._talks)

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.ensure_future(self._talk(reader, writer)))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError), closing(writer):
            while True:
                await self._answer(await reader.readuntil(b"\r\n\r\n"), reader, writer)

    async def _answer(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
        body = await reader.readexactly(int(lines[b"Content-Length"]))
        call = json_codec.loads(Call, body) if self.encoding == "json" else Call.FromString(body)
        if call.type == Call.SUBSCRIBE:
            self.subscribed.append(call.framework_id.value)
            await self._stream(writer, len(self.subscribed))
        elif lines[b"Mesos-Stream-Id"] != b"stream-%d" % len(self.subscribed):
            text = b"The stream ID '%b' included in this request didn't match" % lines[b"Mesos-Stream-Id"]
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))
        else:
            if call.type == Call.ACKNOWLEDGE and (call.acknowledge.task_id.value, call.acknowledge.uuid) == ("t", UUID):
                self.acknowledged.set()
            writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    async def _stream(self, writer: asyncio.StreamWriter, number: int) -> None:
        def send(data: bytes) -> None:
            if number == 2:
                at = self.position - len(self.second)
                self.second += data
                if 0 <= at < len(data):
                    data = data[:at] + bytes([data[at] ^ self.change]) + data[at + 1 :]
            writer.write(data)

        def say(kind: Event.Type, **fields: object) -> None:
            event = Event(type=kind, **fields)
            record = json_codec.dumps(event) if self.encoding == "json" else event.SerializeToString()
            data = recordio.encode(record)
            send(b"%x\r\n%b\r\n" % (len(data), data))

        head = f"Content-Type: application/x-{self.encoding}\r\nMesos-Stream-Id: stream-{number}\r\n"
        send(f"HTTP/1.1 200 OK\r\n{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        say(Event.SUBSCRIBED, subscribed={"framework_id": {"value": "F1"}, "heartbeat_interval_seconds": 15.0})
        say(Event.HEARTBEAT)
        if number == 1:
            await asyncio.sleep(20)
            send(b"0\r\n\r\n")
            return
        update = {"status": status("t", "TASK_RUNNING", UUID)}
        say(Event.OFFERS, offers={"offers": [offer("O1")]})
        say(Event.UPDATE, update=update)
        say(Event.RESCIND, rescind={"offer_id": {"value": "O1"}})
        while not writer.is_closing():
            await asyncio.sleep(10)
            if not self.acknowledged.is_set():
                say(Event.UPDATE, update=update)
            await asyncio.sleep(5)
            say(Event.HEARTBEAT)


async def survives(system: ActorSystem, master: DamagingMaster) -> None:
    async with master.listens() as url:
        settings = ConnectionSettings(encoding=master.encoding)
        framework = await Mesos(system).register_framework(url, INFO, settings=settings, reconciliation=None)

        async def acknowledge_all() -> None:
            async for event in framework.events:
                if isinstance(event, StatusUpdate):
                    with suppress(CallError):  # it comes again
                        await framework.driver.acknowledge(event.status)

        async with framework:
            consumer = asyncio.create_task(acknowledge_all())
            acknowledged = asyncio.create_task(master.acknowledged.wait())
            await asyncio.wait({consumer, acknowledged}, timeout=200, return_when=asyncio.FIRST_COMPLETED)
            if consumer.done():
                acknowledged.cancel()
                consumer.result()  # it ended with the framework
            assert acknowledged.done(), "deaf: the update was said for 200 s"
        await consumer
        assert set(master.subscribed[1:]) == {"F1"}
        assert framework.id == "F1"


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
async def test_a_framework_survives_any_byte_of_its_stream(system: ActorSystem, encoding: str) -> None:
    well = DamagingMaster(encoding)
    await survives(system, well)
    chance = random.Random(f"{SEED}/{encoding}")
    stream = bytes(well.second)
    its_id = range(stream.index(b": stream-2"), stream.index(b"Transfer-Encoding"))
    for _ in range(SAMPLES):
        position, change = chance.randrange(len(stream)), chance.randrange(1, 256)
        try:
            await survives(system, DamagingMaster(encoding, position, change))
        except FrameworkFailedOver:
            # What is no more than another id reads as that of another instance, and nothing is taken back from one.
            assert position in its_id, f"byte {position} of {stream!r} changed by {change:#x}"
        except BaseException as error:
            error.add_note(f"byte {position} of {stream!r} changed by {change:#x}")
            raise
