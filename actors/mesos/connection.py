"""A framework's subscription to the leading master, kept up for as long as the framework lives.

::

    framework                           connection                                            master
    run()                          ──►  detector.detect(previous)
                                        POST SUBSCRIBE (id once there is one)            ──►  307 → the leader
        ◄── Registered | Reregistered                                                    ◄──  200, stream id, SUBSCRIBED
        ◄── ResourceOffers, StatusUpdate, …                                              ◄──  events
                                        any byte is a sign of life                       ◄──  HEARTBEAT every 15 s
    send(call) ──► Future[None]         one POST on the call channel, with the stream id ──►  202
    await room()                        the framework is slow: the socket is left unread
        ◄── Disconnected(reason)        end of body · reset · ~5 heartbeats of silence · framing broken · 403 to a call
        ◄── NotSubscribed               … to each call from here on …
                                        pause: 1, 2, 4, 8, 15, 15 s, each drawn between a tenth and the whole
                                        detector.detect(previous) …
        ◄── Error, then `run` raises    ERROR instead of SUBSCRIBED; 4xx to SUBSCRIBE: `SubscriptionRefused`
                                        "Framework failed over", or a foreign stream id: `FrameworkFailedOver`
                                        "Framework has been removed": `FrameworkRemoved`
                                        TEARDOWN was taken: `FrameworkStopped`

What holds:

- A call is written at most once, on one keep-alive connection, in the order of `send`. It is never repeated: not after
  a break (`CallUnconfirmed`: it may have been carried out) and not to another address (`NotSubscribed`: it was not).
- Offers from before a `Disconnected` are void; the master does not rescind them. Pending status updates come again.
- Cancelling `run` ends the subscription without a word to the master, for whom the failover timeout begins.

Spec: Mesos's "Scheduler HTTP API"; the hard cases are tested by name in ``tests/mesos/test_hard_cases.py``.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import aiohttp

from actors.core import Clock
from mesos_proto import FrameworkID
from mesos_proto import scheduler_pb2 as scheduler

from ._call_channel import Answer, CallChannel, ChannelLost
from ._codec import Codec
from ._record_stream import RecordStream, Refused, open_session
from ._registration import Registration
from .detector import MasterDetector
from .errors import (
    CallRefused,
    CallUnconfirmed,
    FrameworkEnded,
    FrameworkFailedOver,
    FrameworkRemoved,
    FrameworkStopped,
    MesosError,
    NotSubscribed,
    StreamLost,
    SubscriptionRefused,
)
from .events import Disconnected, Error, Event, Registered, Reregistered, event_of
from .settings import ConnectionSettings, Security

__all__ = ["Connection"]

log = logging.getLogger(__name__)

_PATH = "/api/v1/scheduler"
_DEFAULT_HEARTBEAT = 15.0
_WORTH_ANOTHER_TRY = {408, 425, 429}  # of the 4xx: those that speak of time and load, not of what was asked


@dataclass(slots=True)
class _Subscription:
    """From SUBSCRIBED to the loss of its stream. ``lost`` says which subscription a late answer belongs to."""

    stream: RecordStream
    channel: CallChannel
    since: float
    heartbeat_interval: float
    lost: bool = False

    def abort(self, error: Exception) -> None:
        """No call uses it any more, and the reader finds ``error``."""
        if not self.lost:
            self.lost = True
            self.stream.abort(error)


class Connection:
    """Keeps one framework subscribed. ``deliver`` gets each event and its size; ``room`` is awaited between reads."""

    def __init__(
        self,
        registration: Registration,
        detector: MasterDetector,
        *,
        deliver: Callable[[Event, int], None],
        room: Callable[[], Awaitable[None]],
        clock: Clock,
        chance: random.Random,
        settings: ConnectionSettings,
        security: Security,
    ) -> None:
        self.last_failure: Exception | None = None
        self._registration = registration
        self._detector = detector
        self._deliver = deliver
        self._room = room
        self._clock = clock
        self._random = chance
        self._settings = settings
        self._security = security
        self._codec = Codec.of(settings.encoding, scheduler.Event)
        self._subscription: _Subscription | None = None
        self._retired: CallChannel | None = None
        self._teardown: asyncio.Future[Answer] | None = None
        self._ended: FrameworkEnded | None = None

    @property
    def subscribed(self) -> bool:
        """Whether calls can be made."""
        return self._subscription is not None and not self._subscription.lost

    @property
    def master(self) -> str | None:
        """The URL of the master that this framework is subscribed to."""
        return self._subscription.stream.url if self._subscription is not None and self.subscribed else None

    @property
    def ended(self) -> FrameworkEnded | None:
        """Why there will be no further subscription; None while there may be."""
        return self._ended

    # -- staying subscribed

    async def run(self) -> None:
        """Subscribe, again and again. Ends only by raising: `FrameworkEnded`, or what the detector could not help."""
        try:
            async with open_session(self._settings, self._security) as session:
                await self._stay_subscribed(session)
        except FrameworkEnded as error:
            self._ended = error
            raise
        finally:
            if self._retired is not None:
                self._retired.close("the framework is over")
            if self._ended is None:
                self._ended = FrameworkStopped("this framework was ended here; register it anew to go on")
            await self._detector.close()

    async def _stay_subscribed(self, session: aiohttp.ClientSession) -> None:
        url: str | None = None
        attempt = 0
        while True:
            try:
                url = await self._detector.detect(url)
                await self._subscribe(session, url)
            except Refused as error:
                if 400 <= error.status < 500 and error.status not in _WORTH_ANOTHER_TRY:
                    raise self._refused(error.url, error.status, error.reason) from error
                failure: Exception = error
            except FrameworkEnded:
                raise
            except (MesosError, OSError) as error:
                failure = error
            if await self._was_torn_down():
                raise FrameworkStopped(f"framework {self._registration.framework_id} was torn down")
            lasted = self._lost(str(failure))
            self.last_failure = failure
            # A subscription that did not outlive its first heartbeat was no success: a master that takes and drops us
            # is not asked faster and faster.
            attempt = 0 if lasted else attempt
            pause = self._pause(attempt)
            attempt += 1
            log.warning("framework %s: %s; next attempt in %.1f s", self._registration.name, failure, pause)
            await self._clock.sleep(pause)

    def _pause(self, attempt: int) -> float:
        bound = min(self._settings.max_backoff, self._settings.backoff * 2.0 ** min(attempt, 30))
        return self._random.uniform(bound / 10, bound)

    async def _subscribe(self, session: aiohttp.ClientSession, url: str) -> None:
        """Subscribe at ``url`` and follow the stream. Ends only by raising."""
        body = self._codec.encode(self._registration.subscribe_call())
        stream = await RecordStream.open(session, url + _PATH, body, self._codec.headers, self._settings)
        try:
            stream.silence = self._settings.missed_heartbeats * _DEFAULT_HEARTBEAT
            while True:
                for record in await stream.read():
                    self._received(stream, self._codec.decode(record), len(record))
                await self._room()
        finally:
            stream.close()
            if self._subscription is not None:
                self._retire(self._subscription)

    # -- events

    def _received(self, stream: RecordStream, message: scheduler.Event, size: int) -> None:
        if message.type == scheduler.Event.HEARTBEAT:
            return
        if message.type == scheduler.Event.SUBSCRIBED:
            self._on_subscribed(stream, message.subscribed)
            return
        event = event_of(message)
        if event is None:
            log.warning(
                "framework %s: the master sent an event of type %s, which is not known here; it is passed over",
                self._registration.name,
                message.type,
            )
            return
        self._deliver(event, size)
        if isinstance(event, Error):
            self._on_error(stream, event.message)

    def _on_subscribed(self, stream: RecordStream, message: scheduler.Event.Subscribed) -> None:
        known = self._registration.framework_id
        framework_id = FrameworkID(message.framework_id.value)
        self._registration.framework_id = framework_id
        interval = message.heartbeat_interval_seconds or _DEFAULT_HEARTBEAT
        stream.silence = self._settings.missed_heartbeats * interval
        headers = {**self._codec.headers, **self._security.headers}
        if stream_id := stream.headers.get("Mesos-Stream-Id"):
            headers["Mesos-Stream-Id"] = stream_id
        channel = CallChannel(
            stream.url + _PATH,
            headers,
            tls=self._security.tls,
            connect_timeout=self._settings.connect_timeout,
            answer_timeout=self._settings.answer_timeout,
        )
        if self._subscription is not None:
            self._retire(self._subscription)
        self._subscription = _Subscription(stream, channel, self._clock.time(), interval)
        log.info("framework %s (%s) subscribed at %s", self._registration.name, framework_id, stream.url)
        event = Registered if known is None else Reregistered
        self._deliver(event(framework_id, message.master_info, interval), 0)

    def _on_error(self, stream: RecordStream, message: str) -> None:
        """Some errors end this instance; after the others the master decides whether to go on."""
        name, framework_id = self._registration.name, self._registration.framework_id
        if message.startswith("Framework failed over"):
            raise FrameworkFailedOver(
                f"framework {name} ({framework_id}) was taken over by another instance, as the master at {stream.url} "
                "says. This one stops; run one instance at a time, or give each a framework id of its own"
            )
        if message.startswith("Framework has been removed"):
            raise FrameworkRemoved(
                f"the master at {stream.url} has removed framework {name} ({framework_id}): it was torn down, or its "
                "failover timeout ran out. Its tasks are gone; register without an id to start anew"
            )
        if not self.subscribed:
            raise self._refused(stream.url, 200, message)
        log.error("framework %s (%s): the master at %s reports: %s", name, framework_id, stream.url, message)

    def _refused(self, master: str, status: int, reason: str) -> SubscriptionRefused:
        if status == 401:
            remedy = "Give credential=Credential(principal, secret) with a pair that the master knows"
        elif status == 404 or status == 405:
            remedy = "Is this a Mesos master? Its port is 5050 unless configured otherwise"
        else:
            remedy = "Trying again would not change that; look at the FrameworkInfo"
        return SubscriptionRefused(master, status, reason, remedy)

    def _retire(self, subscription: _Subscription) -> None:
        """No new calls over it. What is on its way may still be answered: TEARDOWN ends the stream before its 202."""
        subscription.lost = True
        if self._retired is not None:
            self._retired.close("a later subscription is over, too")
        self._retired = subscription.channel
        self._retired.finish(f"the subscription at {subscription.stream.url} is over")

    async def _was_torn_down(self) -> bool:
        """Whether the stream ended because we wanted it to; waits for the answer to TEARDOWN, if that was sent."""
        if self._teardown is None:
            return False
        await asyncio.wait((self._teardown,))
        return self._teardown.exception() is None and self._teardown.result().status == 202

    def _lost(self, reason: str) -> bool:
        """The subscription, if there was one, is over; says whether it had outlived a heartbeat."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return False
        self._deliver(Disconnected(reason), 0)
        lasted: float = self._clock.time() - subscription.since
        return lasted >= subscription.heartbeat_interval

    # -- calls

    def send(self, call: scheduler.Call) -> asyncio.Future[None]:
        """Write ``call`` now, in order. The future is done when the master has taken it, or raises a `CallError`."""
        name = scheduler.Call.Type.Name(call.type)
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        subscription = self._subscription
        if self._ended is not None:
            result.set_exception(self._ended)
        elif subscription is None or subscription.lost:
            result.set_exception(
                NotSubscribed(
                    f"{name} was not sent: framework {self._registration.name} has no subscription at present"
                    + (f" ({self.last_failure})" if self.last_failure else "")
                    + ". Wait for Registered or Reregistered, then decide anew"
                )
            )
        else:
            call.framework_id.value = self._registration.framework_id or ""
            answer = subscription.channel.send(self._codec.encode(call))
            if call.type == scheduler.Call.TEARDOWN:
                self._teardown = answer
            answer.add_done_callback(partial(self._answered, call, name, subscription, result))
        return result

    def _answered(
        self,
        call: scheduler.Call,
        name: str,
        subscription: _Subscription,
        result: asyncio.Future[None],
        answer: asyncio.Future[Answer],
    ) -> None:
        error = self._judged(call, name, subscription, answer)
        if result.done():  # its caller has gone
            if error is not None and not result.cancelled():
                log.warning("%s", error)
        elif error is None:
            result.set_result(None)
        else:
            result.set_exception(error)

    def _judged(
        self, call: scheduler.Call, name: str, subscription: _Subscription, answer: asyncio.Future[Answer]
    ) -> MesosError | None:
        master = subscription.stream.url
        lost = answer.exception()
        if isinstance(lost, ChannelLost):
            if lost.sent:
                return CallUnconfirmed(
                    f"{name} was sent to the master at {master}, which may have taken it: {lost}. Reconcile before "
                    "doing it again"
                )
            return NotSubscribed(f"{name} was not sent: {lost}")
        if lost is not None:
            raise lost
        status, reason = answer.result().status, answer.result().body
        if status in (200, 202):
            self._registration.accepted(call)
            if call.type == scheduler.Call.TEARDOWN:
                subscription.abort(FrameworkStopped(f"framework {self._registration.framework_id} was torn down"))
            return None
        if 300 <= status < 400 or status == 503:
            why = f"the master at {master} does not lead any more"
            subscription.abort(StreamLost(why))
            return NotSubscribed(f"{name} was not carried out: {why}, and calls are not sent on to another")
        if (status == 403 and "not subscribed" in reason) or (status == 400 and "cannot be found" in reason):
            subscription.abort(StreamLost(f"the master at {master} does not know this subscription: {reason}"))
            return NotSubscribed(f"{name} was not carried out: {reason}")
        if status == 400 and "stream ID" in reason:
            if subscription.lost:
                return NotSubscribed(f"{name} was not carried out: its subscription is over")
            taken_over = FrameworkFailedOver(
                f"framework {self._registration.framework_id} was taken over by another instance: the master at "
                f"{master} says that {reason}. This one stops, it does not take the framework back"
            )
            subscription.abort(taken_over)
            return taken_over
        return CallRefused(name, status, reason)
