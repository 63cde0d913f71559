"""Requests of an operator to the leading master, and its event stream.

::

    operator                     connection                                      masters
    ask(call)               ──►  detector.detect(previous)
                                 POST                                       ──►  307: not done, the leader is elsewhere
                                 POST to the leader                         ──►  200 with an answer, 202, or an error
        ◄── Response, None, CallRefused, MasterUnreachable
    async for e in events() ──►  SUBSCRIBE                                  ──►
        ◄── Snapshot, TaskAdded, …                                          ◄──  events, HEARTBEAT watched
        ◄── Disconnected         silence, end of body, reset; pause; SUBSCRIBE again

A request that was sent and got no answer is not repeated (`CallUnconfirmed`): many of them change something.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from urllib.parse import urljoin

import aiohttp

from actors.core import Clock
from actors.mesos._codec import Codec
from actors.mesos._record_stream import RecordStream, Refused, open_session
from actors.mesos._verdicts import is_permanent, refusal
from actors.mesos.detector import MasterDetector
from actors.mesos.errors import CallRefused, CallUnconfirmed, MasterUnreachable, MesosError
from actors.mesos.settings import ConnectionSettings, Security
from mesos_proto import master_pb2

from .events import Disconnected, Event, Snapshot, event_of

__all__ = ["OperatorConnection"]

_PATH = "/api/v1"
_DEFAULT_HEARTBEAT = 15.0


class OperatorConnection:
    """Speaks to whichever master leads. Close it when done."""

    def __init__(
        self,
        detector: MasterDetector,
        *,
        clock: Clock,
        chance: random.Random,
        settings: ConnectionSettings,
        security: Security,
    ) -> None:
        self._detector = detector
        self._clock = clock
        self._random = chance
        self._settings = settings
        self._answers = Codec.of(settings.encoding, master_pb2.Response)
        self._events = Codec.of(settings.encoding, master_pb2.Event)
        self._session = open_session(settings, security)
        self._url: str | None = None

    async def ask(self, call: master_pb2.Call) -> master_pb2.Response | None:
        """The master's answer; None when it has nothing to say but that it took the call."""
        name = master_pb2.Call.Type.Name(call.type)
        self._url = await self._detector.detect(self._url)
        url = self._url + _PATH
        body, headers = self._answers.encode(call), self._answers.headers
        for _ in range(self._settings.max_redirects + 1):
            try:
                async with (
                    asyncio.timeout(self._settings.answer_timeout),
                    self._session.post(url, data=body, headers=headers, allow_redirects=False) as response,
                ):
                    data = await response.read()
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                raise MasterUnreachable(f"{name} was not sent: {url} cannot be reached ({error})") from error
            except (TimeoutError, aiohttp.ClientError, OSError) as error:
                why = str(error) or f"no answer within {self._settings.answer_timeout:g} s"
                raise CallUnconfirmed(f"{name} was sent to {url}, which may have carried it out: {why}") from error
            if response.status in (307, 308):
                url = urljoin(url, response.headers.get("Location", ""))
                continue
            if response.status == 202 or (response.status == 200 and not data):
                return None
            if response.status == 200:
                return self._answers.decode(data)
            raise CallRefused(name, response.status, data.decode(errors="replace").strip() or response.reason or "")
        raise MasterUnreachable(f"{name} was not carried out: redirected in circles, no master leads")

    async def events(self) -> AsyncIterator[Event]:
        """The events of one subscription after the other. Raises `SubscriptionRefused` when there can be none."""
        attempt, known = 0, False
        while True:
            try:
                self._url = await self._detector.detect(self._url)
                async for event in self._subscription(self._url + _PATH):
                    if isinstance(event, Snapshot):
                        attempt, known = 0, True
                    yield event
            except Refused as error:
                if is_permanent(error.status, known=known, attempt=attempt):
                    raise refusal(error.url, error.status, error.reason) from error
                failure: Exception = error
            except (MesosError, OSError) as error:
                failure = error
            yield Disconnected(str(failure))
            bound = min(self._settings.max_backoff, self._settings.backoff * 2.0 ** min(attempt, 30))
            attempt += 1
            await self._clock.sleep(self._random.uniform(bound / 10, bound))

    async def _subscription(self, url: str) -> AsyncIterator[Event]:
        """Ends only by raising."""
        body = self._events.encode(master_pb2.Call(type=master_pb2.Call.SUBSCRIBE))
        stream = await RecordStream.open(self._session, url, body, self._events.headers, self._settings)
        try:
            stream.silence = self._settings.missed_heartbeats * _DEFAULT_HEARTBEAT
            while True:
                for record in await stream.read():
                    message = self._events.decode(record)
                    if message.type == master_pb2.Event.SUBSCRIBED:
                        interval = message.subscribed.heartbeat_interval_seconds or _DEFAULT_HEARTBEAT
                        stream.silence = self._settings.missed_heartbeats * interval
                    event = event_of(message)
                    if event is not None:
                        yield event
        finally:
            stream.close()

    async def close(self) -> None:
        """Close what is open."""
        await self._session.close()
        await self._detector.close()
