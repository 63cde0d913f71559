"""The pipelined connection: answers are matched to requests, and each request is sent once or not at all."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesos._answers import Answer, AnswerParser, MalformedAnswer
from actors.mesos._call_channel import CallChannel, ChannelLost

OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

bodies = st.binary(max_size=60)
chunked = st.lists(st.binary(min_size=1, max_size=20), max_size=4)


def with_length(body: bytes) -> bytes:
    return b"HTTP/1.1 400 Bad Request\r\ncontent-length: %d\r\nX-Y: z\r\n\r\n" % len(body) + body


def in_chunks(chunks: list[bytes]) -> bytes:
    head = b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x;ext=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


answers = st.one_of(
    bodies.map(lambda body: (with_length(body), body)),
    chunked.map(lambda chunks: (in_chunks(chunks), b"".join(chunks))),
)


@given(st.lists(answers, max_size=5), st.data())
def test_answers_are_found_however_the_bytes_are_cut(expected: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    wire = b"HTTP/1.1 100 Continue\r\n\r\n".join([b"", *[each for each, _ in expected]])
    parser, found = AnswerParser(), []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        found += parser.feed(wire[:size])
        wire = wire[size:]
    assert found == [Answer(400, body.decode(errors="replace").strip(), "", False) for _, body in expected]


@given(st.binary(max_size=300))
def test_any_bytes_are_answers_or_refused(noise: bytes) -> None:
    try:
        found = AnswerParser().feed(noise)
    except MalformedAnswer:
        return
    assert all(isinstance(each, Answer) for each in found)


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 20x OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_is_refused(wire: bytes) -> None:
    with pytest.raises(MalformedAnswer):
        AnswerParser().feed(wire)


class Peer:
    """A server that keeps what it is sent and says what it is told to, connection by connection."""

    def __init__(self) -> None:
        self.received: list[bytearray] = []
        self.writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Peer":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self.writers:
            writer.transport.abort()
        await asyncio.sleep(0.1)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = bytearray()
        self.received.append(received)
        self.writers.append(writer)
        with contextlib.suppress(ConnectionResetError):
            while data := await reader.read(1024):
                received += data

    def channel(self, answer_timeout: float = 30) -> CallChannel:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/api"
        return CallChannel(url, {"A": "b"}, tls=None, connect_timeout=5, answer_timeout=answer_timeout)


async def test_requests_are_pipelined_in_order_and_answers_are_theirs() -> None:
    async with Peer() as peer:
        channel = peer.channel()
        sent = [channel.send(body) for body in (b"one", b"two", b"three")]
        await asyncio.sleep(1)
        assert bytes(peer.received[0]).count(b"POST /api HTTP/1.1\r\n") == 3
        assert [bytes(peer.received[0]).index(body) for body in (b"one", b"two", b"three")] == sorted(
            bytes(peer.received[0]).index(body) for body in (b"one", b"two", b"three")
        )
        assert not any(future.done() for future in sent)
        peer.writers[0].write(OK + with_length(b"no") + OK)
        assert [answer.status for answer in await asyncio.gather(*sent)] == [202, 400, 202]
        channel.close("done")


async def test_after_a_break_what_was_written_is_in_doubt_and_the_next_request_opens_a_new_connection() -> None:
    async with Peer() as peer:
        channel = peer.channel()
        first, second = channel.send(b"one"), channel.send(b"two")
        await asyncio.sleep(1)
        peer.writers[0].write(OK)
        await asyncio.sleep(1)
        peer.writers[0].transport.abort()
        assert (await first).status == 202
        with pytest.raises(ChannelLost) as lost:
            await second
        assert lost.value.sent
        third = channel.send(b"three")
        await asyncio.sleep(1)
        assert b"two" not in peer.received[1]
        assert b"three" in peer.received[1]
        peer.writers[1].write(OK)
        assert (await third).status == 202
        channel.close("done")


async def test_a_connection_that_never_stood_has_sent_nothing() -> None:
    channel = CallChannel("http://127.0.0.1:9/api", {}, tls=None, connect_timeout=5, answer_timeout=5)
    with pytest.raises(ChannelLost, match="cannot be reached") as lost:
        await channel.send(b"one")
    assert not lost.value.sent
    channel.close("done")


async def test_silence_in_place_of_an_answer_breaks_the_connection() -> None:
    async with Peer() as peer:
        channel = peer.channel(answer_timeout=30)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        first = channel.send(b"one")
        await asyncio.sleep(20)
        second = channel.send(b"two")
        for future in (first, second):
            with pytest.raises(ChannelLost, match="did not answer within 30 s") as lost:
                await future
            assert lost.value.sent
        assert loop.time() - begun == pytest.approx(30, abs=0.1)
        channel.close("done")


async def test_a_peer_that_goes_on_answering_is_waited_for_however_many_calls_it_has() -> None:
    async with Peer() as peer:
        channel = peer.channel(answer_timeout=30)
        sent = [channel.send(b"one") for _ in range(4)]
        for _ in range(3):
            await asyncio.sleep(25)
            peer.writers[0].write(OK)
        assert [answer.status for answer in await asyncio.gather(*sent[:3])] == [202] * 3
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with pytest.raises(ChannelLost, match="did not answer within 30 s"):
            await sent[3]
        assert loop.time() - begun == pytest.approx(30, abs=0.1)
        channel.close("done")


@pytest.mark.parametrize("said", [b"SSH-2.0\r\n\r\n", OK + OK, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"])
async def test_a_peer_that_misbehaves_or_closes_leaves_the_rest_in_doubt(said: bytes) -> None:
    async with Peer() as peer:
        channel = peer.channel()
        sent = [channel.send(b"one")]
        await asyncio.sleep(1)
        peer.writers[0].write(said)
        await asyncio.sleep(1)
        later = channel.send(b"two")
        await asyncio.sleep(1)
        assert len(peer.received) == 2  # the first connection is not used again
        peer.writers[1].write(OK)
        assert (await later).status == 202
        channel.close("done")
        await asyncio.gather(*sent, return_exceptions=True)


async def test_finishing_waits_for_the_answers_under_way() -> None:
    async with Peer() as peer:
        channel = peer.channel()
        first = channel.send(b"one")
        await asyncio.sleep(1)
        channel.finish("over")
        with pytest.raises(ChannelLost, match="over"):
            await channel.send(b"two")
        peer.writers[0].write(OK)
        assert (await first).status == 202
