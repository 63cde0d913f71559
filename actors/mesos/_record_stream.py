"""One streaming answer of Mesos, cut into records.

::

    reader                                       stream
    open(…)                                 ──►  POST, follow redirects to the leader
        ◄── RecordStream / Refused / StreamLost
    await read()                            ──►  waits for a record, at most `silence` seconds
        ◄── [record, …]                          records complete so far, never an empty list
        ◄── StreamLost                           end of body, reset, framing broken, silence
    (not reading)                                nothing is read from the socket: TCP slows the master down, and the
                                                 time does not count as silence

Schedulers, executors and operators read such streams. The end of the *body* is the end of the stream; Mesos leaves the
TCP connection open after it.

Bytes alone are no sign of life: of a record whose length was damaged on the way, nobody would ever see the end, while
heartbeats go on to come in as parts of it. A whole record is one, and so is a good piece of a large one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import aiohttp

from mesos_proto import recordio

from .errors import StreamLost
from .settings import ConnectionSettings, Security

__all__ = ["RecordStream", "Refused", "open_session"]

_READ = 32 * 1024  # bytes handled in one go: some hundred events, a few milliseconds
_PROGRESS = 64 * 1024  # bytes of an unfinished record that no mere heartbeats could have been


class Refused(Exception):
    """The request for a stream was answered with an error status."""

    def __init__(self, url: str, status: int, reason: str) -> None:
        super().__init__(f"{url} answered {status}: {reason}")
        self.url = url
        self.status = status
        self.reason = reason


def open_session(settings: ConnectionSettings, security: Security) -> aiohttp.ClientSession:
    """The HTTP client of streams. A stream ends with its connection, so none is kept for later use."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, ssl=security.tls or True),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=settings.connect_timeout),
        headers=security.headers,
    )


class RecordStream:
    """An open stream. ``url`` is that of the server which answered, after redirects, without a path."""

    def __init__(self, response: aiohttp.ClientResponse, max_record_bytes: int) -> None:
        self.url = str(response.url.origin())
        self.headers: Mapping[str, str] = response.headers
        self.silence: float | None = None
        self._response = response
        self._decoder = recordio.Decoder(max_record_bytes=max_record_bytes)
        self._broken: StreamLost | None = None

    @classmethod
    async def open(
        cls,
        session: aiohttp.ClientSession,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        settings: ConnectionSettings,
    ) -> RecordStream:
        """POST ``body`` to ``url`` (or wherever it redirects to) and return the stream that answers it.

        Raises `Refused` for an error status and `StreamLost` when nobody answers.
        """
        visited = [url]
        while True:
            try:
                async with asyncio.timeout(settings.answer_timeout):
                    response = await session.post(url, data=body, headers=headers, allow_redirects=False)
            except TimeoutError:
                raise StreamLost(f"{url} did not answer within {settings.answer_timeout:g} s") from None
            except (aiohttp.ClientError, OSError) as error:
                raise StreamLost(f"{url} cannot be reached: {error or type(error).__name__}") from error
            if response.status == 200:
                return cls(response, settings.max_record_bytes)
            try:
                if response.status not in (301, 302, 303, 307, 308):
                    raise Refused(url, response.status, await _text(response, settings))
                url = _redirected(url, response)
            finally:
                response.close()
            visited.append(url)
            if len(visited) > settings.max_redirects + 1:
                raise StreamLost(f"redirected in circles, no master leads: {' → '.join(visited)}")

    async def read(self) -> list[bytes]:
        """The records completed by the next bytes that complete any. Raises `StreamLost` at the end."""
        # The time-out counts from the call, not from the last bytes: what a slow consumer leaves unread is not the
        # master's silence.
        patience = _Patience(self.silence)
        while self._broken is None:
            data = await self._bytes(patience)
            if not data:
                where = "" if self._decoder.at_boundary else " in the middle of a record"
                raise StreamLost(f"{self.url} ended the stream{where}")
            try:
                records = self._decoder.feed(data)
            except recordio.RecordIOError as error:
                # What stood before the fault was said in good order and is not said again.
                self._broken = StreamLost(f"the stream of {self.url} is broken: {error}")
                self._broken.__cause__ = error
                records = list(error.records)
            if records:
                return records
        raise self._broken

    async def _bytes(self, patience: _Patience) -> bytes:
        content = self._response.content
        try:
            async with asyncio.timeout_at(patience.until):
                data = await content.read(_READ)
        except TimeoutError:
            # After a long hold-up of this process the timer may win over bytes that have come in meanwhile.
            if data := content.read_nowait():
                patience.renew()
                return data
            silence = f"{self.silence:g} s, heartbeats included"
            if not patience.gained:
                raise StreamLost(f"{self.url} was silent for {silence}") from None
            raise StreamLost(
                f"{self.url} finished no record for {silence}: a length was damaged on the way, or it is very slow"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise StreamLost(f"the connection to {self.url} broke: {error or type(error).__name__}") from error
        patience.gain(len(data))
        return data

    def abort(self, error: Exception) -> None:
        """Make the present or next `read` raise ``error`` at once."""
        self._response.content.set_exception(error)
        self._response.close()

    def close(self) -> None:
        """Close the connection. Mesos takes it as the end of the subscription."""
        self._response.close()


class _Patience:
    """Until when a record is waited for, ``seconds`` from now (None: for ever), or from when enough of it has come."""

    def __init__(self, seconds: float | None) -> None:
        self.gained = 0
        self._seconds = seconds
        self.renew()

    def renew(self) -> None:
        self.gained = 0
        self.until = None if self._seconds is None else asyncio.get_running_loop().time() + self._seconds

    def gain(self, size: int) -> None:
        self.gained += size
        if self.gained >= _PROGRESS:
            self.renew()


async def _text(response: aiohttp.ClientResponse, settings: ConnectionSettings) -> str:
    try:
        async with asyncio.timeout(settings.answer_timeout):
            text = (await response.content.read(4096)).decode(errors="replace").strip()
    except (TimeoutError, aiohttp.ClientError, OSError):
        text = ""
    return text or response.reason or "without a reason"


def _redirected(url: str, response: aiohttp.ClientResponse) -> str:
    """Where ``Location`` points; Mesos writes it without a scheme (``//host:port/path``), `urljoin` keeps ours."""
    location = response.headers.get("Location", "")
    target = urljoin(url, location)
    parts = urlsplit(target)
    if not location or not parts.hostname or parts.scheme not in ("http", "https"):
        raise StreamLost(f"{url} redirects to {location!r}, which is no address")
    if url.startswith("https:") and parts.scheme != "https":
        raise StreamLost(f"{url} redirects to {location!r}, which would send our secret in the clear")
    return target if parts.path.strip("/") else urljoin(target, urlsplit(url).path)
