"""The one keep-alive connection that carries a framework's calls, in order.

::

    caller                                    channel                                  master
    send(body) ──► Future                     queued, written in this turn of the loop
    post(body, answered)                      ─── POST … POST … (one write) ──►
                                                                             ◄── 202, 202, 400 …  in the same order
        ◄── Answer(202); answered(Answer(202)); …
        ◄── ChannelLost(sent=True)            reset, or no answer to any for too long: what is unanswered may have been
                                              carried out
        ◄── ChannelLost(sent=False)           the connection never stood: nothing has left

Requests are pipelined, as Mesos's own scheduler library does: the master keeps the order of one connection, and a call
costs no round trip. A request is written at most once; nothing is ever sent again, neither after a break nor to another
address. After a break the next `send` opens a new connection. aiohttp's client cannot pipeline, hence this one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from ._answers import Answer, AnswerParser, MalformedAnswer

__all__ = ["Answered", "CallChannel", "ChannelLost"]


class ChannelLost(Exception):
    """No answer will come. ``sent`` tells whether the request may have reached the master."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


Answered = Callable[[Answer | ChannelLost], None]
"""Told once what became of a request, in the order of the requests. Must not raise."""


class CallChannel:
    """Sends requests with the same head to one address. ``label`` is what errors call that address."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        tls: ssl.SSLContext | None,
        connect_timeout: float,
        answer_timeout: float,
    ) -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if secure else 80)
        self._tls = (tls or ssl.create_default_context()) if secure else None
        self.label = f"{parts.scheme}://{parts.netloc}"
        lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._head = ("\r\n".join(lines) + "\r\nContent-Length: ").encode()
        self._connect_timeout = connect_timeout
        self._answer_timeout = answer_timeout
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._parser = AnswerParser()
        self._to_write: list[bytes] = []
        self._unwritten: list[Answered] = []
        self._unanswered: deque[Answered] = deque()
        self._alive = 0.0  # when it last answered, or was asked with nothing unanswered before
        self._watch: asyncio.TimerHandle | None = None
        self._closed: str | None = None

    def send(self, body: bytes) -> asyncio.Future[Answer]:
        """Write one request. The future gets its answer, or `ChannelLost`; cancelling it does not take it back."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self.post(body, partial(_settle, future))
        return future

    def post(self, body: bytes, answered: Answered) -> None:
        """Write one request, as `send`, for callers who make many: a future and its callbacks cost more than a call."""
        if self._closed is not None:
            answered(ChannelLost(self._closed, sent=False))
            return
        self._to_write += (self._head, b"%d\r\n\r\n" % len(body), body)
        self._unwritten.append(answered)
        if len(self._unwritten) == 1:
            self._loop.call_soon(self._flush)  # what is sent in this turn of the loop goes out in one write

    def finish(self, reason: str) -> None:
        """Take no more requests, and close when what was written is answered; the rest fails with ``reason``."""
        self._closed = self._closed or reason
        if not self._unanswered:
            self._lose(reason)
        else:
            self._fail_unsent(reason)

    def close(self, reason: str) -> None:
        """Close the connection now; what is unanswered fails with ``reason``, and so does every later `send`."""
        self._closed = self._closed or reason
        self._lose(reason)

    # -- connecting and writing

    def _flush(self) -> None:
        if not self._unwritten or self._connecting is not None:
            return
        if self._transport is None or self._transport.is_closing():
            self._connecting = self._loop.create_task(self._connect(), name=f"connect calls to {self.label}")
            return
        if not self._unanswered:
            self._alive = self._loop.time()
        self._unanswered += self._unwritten
        self._unwritten.clear()
        requests = b"".join(self._to_write)
        self._to_write.clear()
        self._transport.write(requests)
        if self._watch is None:
            self._watch = self._loop.call_later(self._answer_timeout, self._check_answers)

    async def _connect(self) -> None:
        reason = None
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._loop.create_connection(self._new_connection, self._host, self._port, ssl=self._tls)
        except TimeoutError:
            reason = f"{self.label} did not accept a connection within {self._connect_timeout:g} s"
        except OSError as error:
            reason = f"{self.label} cannot be reached: {error}"
        finally:
            self._connecting = None
        if reason is None and self._transport is None:
            reason = f"{self.label} closed the connection at once"
        if reason is not None:
            self._fail_unsent(reason)
        self._flush()

    def _new_connection(self) -> asyncio.Protocol:
        return _Line(self)

    # -- what a connection reports (a `_Line` speaks for one connection, so that a late word of an old one is known)

    def opened(self, transport: asyncio.Transport) -> None:
        if self._closed is not None:
            transport.abort()
            return
        self._transport = transport
        self._parser = AnswerParser()

    def received(self, transport: asyncio.Transport, data: bytes) -> None:
        if transport is not self._transport:
            return
        try:
            answers = self._parser.feed(data)
        except MalformedAnswer as error:
            self._lose(f"{self.label} answered something else than HTTP: {error}")
            return
        self._alive = self._loop.time()
        for answer in answers:
            if not self._unanswered:
                self._lose(f"{self.label} answered more often than it was asked")
                return
            self._unanswered.popleft()(answer)
            if answer.closing:
                self._lose(f"{self.label} closed the connection")
                return
        if self._closed is not None and not self._unanswered:
            self._lose(self._closed)

    def ended(self, transport: asyncio.Transport, error: Exception | None) -> None:
        if transport is self._transport:
            self._lose(f"{self.label} closed the connection" + (f": {error}" if error else ""))

    # -- losing it

    def _check_answers(self) -> None:
        self._watch = None
        if not self._unanswered:
            return
        # A master with much to do is not given up while it answers: of thousands of calls, the last one waits for all.
        late = self._alive + self._answer_timeout
        if late <= self._loop.time():
            self._lose(f"{self.label} did not answer within {self._answer_timeout:g} s")
        else:
            self._watch = self._loop.call_at(late, self._check_answers)

    def _lose(self, reason: str) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            if self._unanswered:
                transport.abort()  # what it still holds must not reach the master after we gave it up
            else:
                transport.close()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        unanswered, self._unanswered = self._unanswered, deque()
        for answered in unanswered:
            answered(ChannelLost(reason, sent=True))
        if self._closed is not None:
            if self._connecting is not None:
                self._connecting.cancel()
            self._fail_unsent(reason)

    def _fail_unsent(self, reason: str) -> None:
        unwritten, self._unwritten = self._unwritten, []
        self._to_write.clear()
        for answered in unwritten:
            answered(ChannelLost(reason, sent=False))


def _settle(future: asyncio.Future[Answer], said: Answer | ChannelLost) -> None:
    if future.done():
        return
    if isinstance(said, ChannelLost):
        future.set_exception(said)
    else:
        future.set_result(said)


class _Line(asyncio.Protocol):
    """One connection of a channel."""

    def __init__(self, channel: CallChannel) -> None:
        self._channel = channel
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._channel.opened(self._transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._channel.received(self._transport, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._channel.ended(self._transport, exc)
