"""A framework's subscription to the leading master, kept up for as long as the framework lives.

::

    framework                           connection                                            master
    run()                          ──►  detector.detect(previous)
                                        POST SUBSCRIBE (id once there is one)            ──►  307 → the leader
        ◄── Registered | Reregistered                                                    ◄──  200, stream id, SUBSCRIBED
        ◄── ResourceOffers, StatusUpdate, …                                              ◄──  events
                                        any record is a sign of life                     ◄──  HEARTBEAT every 15 s
    send(call) ──► Future[None]         one POST on the call channel, with the stream id ──►  202
    await room()                        the framework is slow: the socket is left unread
        ◄── Disconnected(reason)        end of body · reset · ~5 heartbeats of silence · damaged words · 403 to a call
        ◄── NotSubscribed               … to each call from here on …
                                        pause: 1, 2, 4, 8, 15, 15 s, each drawn between a tenth and the whole
                                        detector.detect(previous) …
        ◄── Error, then `run` raises    refused, failed over, removed (`_verdicts` has the table), or torn down

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
from typing import Any, TypeVarTuple

import aiohttp

from actors.core import Clock
from mesos_proto import FrameworkID
from mesos_proto import scheduler_pb2 as scheduler
from mesos_proto.wire import id_field, tag

from ._answers import Answer
from ._call_channel import CallChannel, ChannelLost
from ._codec import Codec
from ._record_stream import RecordStream, Refused, open_session
from ._registration import Registration
from ._verdicts import NO_OBJECTION, TAKEN, is_permanent, judge_answer, judge_error, judge_loss, refusal
from .calls import NAMES, Call, ReviveOffers, SuppressOffers, Teardown, UpdateFramework
from .detector import MasterDetector
from .errors import FrameworkEnded, FrameworkStopped, MesosError, NotSubscribed
from .events import Disconnected, Error, Event, Registered, Reregistered, event_of, nonsense, text
from .settings import ConnectionSettings, Security

__all__ = ["Connection"]

log = logging.getLogger(__name__)

About = TypeVarTuple("About")

_PATH = "/api/v1/scheduler"
_DEFAULT_HEARTBEAT = 15.0
_LONGEST_HEARTBEAT = 24 * 60 * 60.0  # seconds; what is above, or no number, is none
_FRAMEWORK_ID = tag(scheduler.Call, "framework_id")
_SUBSCRIBED, _HEARTBEAT, _ERROR = scheduler.Event.SUBSCRIBED, scheduler.Event.HEARTBEAT, scheduler.Event.ERROR

# taken, they change what we are registered as
_CHANGING = frozenset((SuppressOffers, ReviveOffers, UpdateFramework, Teardown))


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


class _Sent(asyncio.Future[None]):
    """A call on its way over ``subscription``; called with what became of it, which ``told`` hears first.

    It is itself the future that `Connection.send` gives back: with thousands on their way, every object of one counts.
    """

    __slots__ = ("about", "change", "connection", "name", "subscription", "told")

    connection: Connection
    subscription: _Subscription | None
    name: str
    change: Call | None  # other calls are let go of when written
    told: Callable[..., None] | None
    about: tuple[Any, ...]

    def __call__(self, answer: Answer | ChannelLost) -> None:
        if self.change is None and isinstance(answer, Answer) and answer.status in TAKEN:
            self.settle(None)
        else:
            self.settle(self.connection.judge(self, answer))

    def settle(self, error: MesosError | None) -> None:
        if self.told is not None:
            self.told(error, *self.about)
        if self.cancelled():
            if error is not None:
                log.warning("nobody waits any more to be told that %s", error)
        elif error is None:
            self.set_result(None)
        else:
            self.set_exception(error)


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
        self._loop = asyncio.get_running_loop()
        self._framework_field = b""
        self._subscription: _Subscription | None = None
        self._retired: CallChannel | None = None
        self._teardown: asyncio.Future[bool] | None = None
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
                if is_permanent(error.status, known=self._retired is not None, attempt=attempt):
                    raise refusal(error.url, error.status, error.reason) from error
                failure: Exception = error
            except FrameworkEnded:
                raise
            except (MesosError, OSError) as error:
                failure = error
            if await self._was_torn_down():
                raise FrameworkStopped(f"framework {self._registration.label} was torn down")
            self.last_failure = failure
            if self._lost(str(failure)):
                attempt = 0
            # A subscription that did not outlive its first heartbeat was no success: a master that takes and drops us
            # is not asked faster and faster.
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
        kind = message.type
        if kind == _SUBSCRIBED:
            self._on_subscribed(stream, message.subscribed)
            return
        if kind != _ERROR and (self._subscription is None or self._subscription.stream is not stream):
            raise nonsense(f"it begins with {scheduler.Event.Type.Name(kind)} in place of SUBSCRIBED")
        if kind == _HEARTBEAT:
            return
        event = event_of(message)
        if event is None:
            log.warning(
                "framework %s: the master sent an event of type %s, which is not known here; it is passed over",
                self._registration.name,
                kind,
            )
            return
        self._deliver(event, size)
        if isinstance(event, Error):
            log.error("framework %s: the master at %s reports: %s", self._registration.name, stream.url, event.message)
            ended = judge_error(event.message, stream.url, self._registration.label, subscribed=self.subscribed)
            if ended is not None:
                raise ended

    def _on_subscribed(self, stream: RecordStream, message: scheduler.Event.Subscribed) -> None:
        known = self._registration.framework_id
        framework_id = FrameworkID(text(message.framework_id.value))
        if known not in (None, framework_id):  # to follow it would be to forget our tasks
            raise nonsense(f"it subscribes framework {framework_id}, and was asked to subscribe {known}")
        stream_id = stream.headers.get("Mesos-Stream-Id", "")
        if not (stream_id.isascii() and stream_id.isprintable() and stream_id):
            raise nonsense(f"its Mesos-Stream-Id is {stream_id!r}, and without one no call would be taken")
        self._framework_field = id_field(_FRAMEWORK_ID, framework_id)
        interval = message.heartbeat_interval_seconds or _DEFAULT_HEARTBEAT
        if not 0 < interval < _LONGEST_HEARTBEAT:
            raise nonsense(f"it means to be heard of every {interval:g} s")
        self._registration.framework_id = framework_id
        stream.silence = self._settings.missed_heartbeats * interval
        headers = {**self._codec.headers, **self._security.headers, "Mesos-Stream-Id": stream_id}
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
        return await asyncio.shield(self._teardown)

    def _lost(self, reason: str) -> bool:
        """The subscription, if there was one, is over; says whether it had outlived a heartbeat."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return False
        self._deliver(Disconnected(reason), 0)
        lasted: float = self._clock.time() - subscription.since
        return lasted >= subscription.heartbeat_interval

    # -- calls

    def send(
        self, call: Call, told: Callable[[MesosError | None, *About], None] | None = None, *about: *About
    ) -> asyncio.Future[None]:
        """Write ``call`` now, in order. The future is done when the master has taken it, or raises a `CallError`.

        ``told(error, *about)`` is called, too, with None when the master has taken it: before whoever awaits the future
        goes on, and also when nobody does any more.
        Raises `InvalidCall` at once, whether there is a subscription or not.
        """
        body = self._encoded(call)
        sent = _Sent(loop=self._loop)
        sent.connection = self
        sent.subscription = subscription = self._subscription
        kind = type(call)
        sent.name = NAMES[kind]
        sent.change = call if kind in _CHANGING else None
        sent.told, sent.about = told, about
        if self._ended is not None:
            sent.settle(self._ended)
        elif subscription is None or subscription.lost:
            sent.settle(
                NotSubscribed(
                    f"{sent.name} was not sent: framework {self._registration.name} has no subscription at present"
                    + (f" ({self.last_failure})" if self.last_failure else "")
                    + ". Wait for Registered or Reregistered, then decide anew"
                )
            )
        else:
            if kind is Teardown:
                self._teardown = self._loop.create_future()
            subscription.channel.post(body, sent)
        return sent

    def _encoded(self, call: Call) -> bytes:
        if self._codec.is_protobuf:
            return self._framework_field + call.to_wire()
        message = call.to_proto()
        message.framework_id.value = self._registration.framework_id or ""
        return self._codec.encode(message)

    def judge(self, sent: _Sent, answer: Answer | ChannelLost) -> MesosError | None:
        """What ``answer`` means for the call, which gets it back, and for the subscription, which may be over."""
        subscription = sent.subscription
        assert subscription is not None
        if isinstance(answer, ChannelLost):
            verdict = judge_loss(sent.name, answer, subscription.stream.url)
        elif answer.status in TAKEN:
            if sent.change is not None:
                self._registration.accepted(sent.change)
            verdict = NO_OBJECTION
        else:
            verdict = judge_answer(
                sent.name,
                answer,
                subscription.stream.url,
                self._registration.label,
                stream_id=subscription.stream.headers["Mesos-Stream-Id"],
                current=not subscription.lost,
            )
        if self._teardown is not None and isinstance(sent.change, Teardown):
            if verdict.error is None:
                subscription.abort(FrameworkStopped(f"framework {self._registration.label} was torn down"))
            if not self._teardown.done():
                self._teardown.set_result(verdict.error is None)
        if verdict.ends is not None:
            subscription.abort(verdict.ends)
        return verdict.error
