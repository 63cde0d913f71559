"""All that one system has to do with another: the queue, the connection, who watches whom.

    ref.tell              association                            the other system
    --------              -----------                            ----------------
    entry            →    queue, then one write per turn    →    in order
                          no connection: dial, again and again
    queue is full    →    dead letter
                     ←    nothing heard for ``detection`` s      (hangs, is cut off, or gone)
                          queue to dead letters
                          quarantine of its uid: whoever watches its actors is told that they are dead,
                          and nothing goes to or comes from that run of it any more

What a connection that breaks had taken is lost, without a trace; what waits in the queue goes over the next one. So
messages arrive at most once and in order. Watches are told again over each new connection, so a notice that a break
swallowed comes then.

Only what is watched, here or there, is quarantined: without, there is nobody to whom the loss of the other means
anything, and it may come back as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from threading import get_ident
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.core import ActorRef, ActorSystem, AskTimeout, DeadLetter
from actors.core.ask import Reply, target_stopped

from ._connection import BUSY, Connection, Peer
from ._format import BYE, DEFINE, NOTICE, PING, TELL, UNHEARD, UNWATCH, WATCH, Decoder
from ._watches import Watches
from .address import Address
from .errors import HandshakeRefused, MessageRefused, RemoteError
from .refs import RemoteRef

if TYPE_CHECKING:
    from .remote import Remote

__all__ = ["Association"]

log = logging.getLogger("actors.remote")

_WRITE = 128 * 1024  # bytes in one write, after which is looked whether the other side keeps up
_FIRST_RETRY = 0.05  # seconds
QUARANTINED = "quarantined: "


class _Waiting(NamedTuple):
    """A message in the queue, or an entry of our own."""

    data: bytes
    ref: RemoteRef | None = None
    message: Any = None
    sender: ActorRef[Any] | None = None


class Association:
    """With the system at ``address``. Used on the loop's thread, but for `tell`."""

    def __init__(self, remote: Remote, address: Address) -> None:
        self.remote = remote
        self.address = address
        self.system: ActorSystem = remote.system
        self.uid: int | None = None  # of the run we last spoke with
        self.connection: Connection | None = None
        self.dialling: asyncio.Task[None] | None = None
        self.is_unreachable = False
        self.wanted = False  # to be connected even if there is nothing to say
        self._quarantined: dict[int, str] = {}  # uids, and why
        self._trouble = "it was not called yet"
        self._last_heard = self.system.clock.time()
        self._not_before = 0.0  # when dialling is tried again after it failed for good
        self._queue: deque[_Waiting] = deque()
        self._armed = False
        self._rooms: deque[asyncio.Future[None]] = deque()
        self._decoder: Decoder | None = None
        self.watches = Watches(self)
        self._attempt_begun = 0.0
        self._complained: set[str] = set()
        self._asks = f"{address}/temp/"  # what the names of refs that wait there for an answer begin with

    # Out

    def tell(self, ref: RemoteRef, message: Any, sender: ActorRef[Any] | None) -> None:
        remote = self.remote
        if get_ident() != remote.thread:
            self.system.loop.call_soon_threadsafe(self._tell_safely, ref, message, sender)
            return
        data = remote.encoder.tell(ref.target, None if sender is None else remote.names.name_of(sender), message)
        if len(data) > remote.settings.message_limit:
            raise MessageRefused(
                f"a {type(message).__name__} of {len(data)} bytes is too large for {ref.path}: the limit is"
                f" {remote.settings.message_limit} (RemoteSettings.message_limit); send large data in parts"
            )
        queue = self._queue
        if len(queue) >= remote.settings.queue or not self._may_hope() or self.is_dead_to_us(ref):
            self._dead_letter(ref, message, sender)
            return
        connection = self.connection
        if connection is not None and connection.may_answer and not queue:
            connection.may_answer = False
            self._write([data])
            return
        queue.append(_Waiting(data, ref, message, sender))
        if not self._armed:
            self._arm()

    def _tell_safely(self, ref: RemoteRef, message: Any, sender: ActorRef[Any] | None) -> None:
        """From another thread, which can be told of nothing any more."""
        try:
            self.tell(ref, message, sender)
        except MessageRefused as error:
            log.error("%s", error)
            self._dead_letter(ref, message, sender)

    def _dead_letter(self, ref: RemoteRef, message: Any, sender: ActorRef[Any] | None) -> None:
        if type(sender) is Reply and sender.target is ref:
            sender.fail(AskTimeout(f"the ask of {type(message).__name__} to {ref.path} failed: {self.describe()}"))
        self.system.publish_dead_letter(DeadLetter(message, sender, ref))

    @property
    def is_full(self) -> bool:
        """Whether there is no room in the queue."""
        return len(self._queue) >= self.remote.settings.queue

    async def room(self) -> None:
        """Return when the queue has room."""
        while self.is_full and self._may_hope():
            room = self.system.loop.create_future()
            self._rooms.append(room)
            await room

    def say(self, *entry: Any) -> None:
        """Send one of our own entries; without a connection it is told again when there is one."""
        if self.connection is not None:
            self._queue.append(_Waiting(self.remote.pack(entry)))
            if not self._armed:
                self._arm()

    def _arm(self) -> None:
        self._armed = True
        self.system.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._armed = False
        connection = self.connection
        if connection is None:
            self.dial()
            return
        queue = self._queue
        while queue and not connection.is_paused:
            size, batch = 0, []
            while queue and size < _WRITE:
                data = queue.popleft().data
                size += len(data)
                batch.append(data)
            self._write(batch)
        for _ in range(min(len(self._rooms), self.remote.settings.queue - len(queue))):
            room = self._rooms.popleft()
            if not room.done():
                room.set_result(None)

    def _write(self, batch: list[bytes]) -> None:
        connection, definitions = self.connection, self.remote.codec.definitions
        assert connection is not None
        if connection.defined < len(definitions):
            batch = [*(self.remote.pack([DEFINE, *each]) for each in definitions[connection.defined :]), *batch]
            connection.defined = len(definitions)
        connection.write(b"".join(batch))

    def _may_hope(self) -> bool:
        """Whether what is told now may arrive."""
        if self.remote.is_closed:
            return False
        return self.connection is not None or self.system.clock.time() >= self._not_before

    # The connection

    def dial(self) -> None:
        """Connect, unless it is or is being done."""
        if self.connection is None and self.dialling is None and self._may_hope():
            self.dialling = self.remote.start_task(self._dial(), f"dial {self.address}")

    async def _dial(self) -> None:
        settings, clock = self.remote.settings, self.system.clock
        begun, pause = clock.time(), _FIRST_RETRY
        while True:
            self._attempt_begun = clock.time()
            patience = settings.detection
            try:
                peer, connection = await self.remote.call(self.address)
            except HandshakeRefused as refused:
                self._trouble = str(refused)
                if self._trouble == BUSY:
                    patience += settings.detection  # it will notice what has become of the connection that it has
                else:
                    patience = 0
            except OSError as error:
                self._trouble = f"it cannot be reached: {str(error) or type(error).__name__}"
            else:
                self.dialling = None
                self.adopt(peer, connection)
                return
            if clock.time() - begun >= patience:
                break
            await clock.sleep(pause * (1 + self.system.random.random()) / 2)
            pause = min(2 * pause, settings.retry)
        self.dialling = None
        self._not_before = clock.time() + settings.retry
        # Of a run that has ended nobody expects anything: that was said when it did.
        log.log(
            logging.INFO if self.uid in self._quarantined else logging.WARNING, "%s: %s", self.address, self._trouble
        )
        self._to_dead_letters()
        if self._trouble.startswith(QUARANTINED):
            self.remote.tell_quarantined_by(self, self._trouble)
            self.quarantine(f"it has quarantined this system: {self._trouble}")

    def why_not(self, peer: Peer) -> str | None:
        """Why a system that calls us is refused, or None."""
        if peer.uid in self._quarantined:
            return f"{QUARANTINED}{self._quarantined[peer.uid]}"
        if self.connection is not None and self.uid == peer.uid:
            return BUSY  # when that one is broken, we notice, too
        ours_goes_first = self.dialling is not None and self.remote.address < self.address
        if ours_goes_first and self.system.clock.time() - self._attempt_begun < self.remote.settings.retry:
            return BUSY  # two that call each other: one of the calls is enough
        return None

    def adopt(self, peer: Peer, connection: Connection) -> None:
        """Speak over this connection from now on."""
        if peer.uid in self._quarantined:  # it was, while the handshake went on
            connection.abort()
            return
        if self.dialling is not None:
            self.dialling.cancel()
            self.dialling = None
        if self.connection is not None:
            self.connection.lose("another connection took its place")
        if self.uid is not None and self.uid != peer.uid and self.uid not in self._quarantined:
            reason = "it was started anew"
            self._quarantined[self.uid] = reason
            self.watches.bury(reason)
            self.remote.tell_lost(self, self.uid, reason)
        self.watches.forget_there()  # they are told again
        self.uid = peer.uid
        self.connection = connection
        self._decoder = decoder = Decoder(self.remote.codec, self.remote.ref_of)
        serve = self.system.dispatcher.serve
        connection.begin(self._take, decoder.extension, self._lost_connection, self._flush, serve)
        if connection.is_lost:
            return
        if self.is_unreachable:
            self.is_unreachable = False
            self.remote.tell_reachable(self)
        self._queue.extendleft(_Waiting(self.remote.pack([WATCH, ref.target])) for ref in self.watches.here)
        self._flush()

    def _lost_connection(self, reason: str) -> None:
        assert self.connection is not None
        self._last_heard = self.connection.last_heard
        self.connection = None
        self._trouble = reason
        log.info("%s: %s", self.address, reason)
        if self._queue or self._matters():
            self.dial()

    def tick(self) -> None:
        """Each heartbeat: give a sign of life, and look for one."""
        now, detection = self.system.clock.time(), self.remote.settings.detection
        connection = self.connection
        if connection is not None:
            if now - connection.last_heard < detection:
                self.say(PING)
                return
            connection.lose("it fell silent")
        if self._matters():
            if now - self._last_heard >= detection:
                self._unreachable(f"nothing was heard of it for {now - self._last_heard:.1f} s ({self._trouble})")
            self.dial()

    def _matters(self) -> bool:
        return self.wanted or bool(self.watches)

    def matter(self) -> None:
        """What comes next makes the loss of the other system matter: from now on it is looked for."""
        if self.connection is None:
            if not self._matters():
                self._last_heard = self.system.clock.time()
            self.dial()

    def _unreachable(self, reason: str) -> None:
        if not self.is_unreachable:
            self.is_unreachable = True
            self.remote.tell_unreachable(self, reason)
        if self.remote.quarantines and self.watches:
            if self.uid is None:
                self.watches.bury(reason)
            else:
                self.quarantine(reason)

    # Its end

    def is_dead_to_us(self, ref: RemoteRef) -> bool:
        """Whether it lives in a run that is lost. (Who is at a path then, of the next run, may yet be found.)"""
        return ref.uid != 0 and self.connection is None and self.uid in self._quarantined

    def want(self, wanted: bool) -> None:
        """Be connected even if there is nothing to say."""
        if wanted:
            self.matter()
        self.wanted = wanted

    def quarantine(self, reason: str, uid: int | None = None, *, level: int = logging.WARNING) -> None:
        """Have nothing to do any more with that run of that system; None: the one we last spoke with."""
        uid = self.uid if uid is None else uid
        if uid is None or uid in self._quarantined:
            return
        log.log(level, "%s is quarantined: %s", self.address, reason)
        self._quarantined[uid] = reason
        if self.uid is None:
            self.uid = uid
        elif self.uid != uid:
            return  # another run is there already
        self._trouble = f"quarantined: {reason}"
        if self.connection is not None:
            self.connection.lose(self._trouble)
        self._to_dead_letters()
        self.watches.bury(reason)
        self.remote.tell_lost(self, uid, reason)

    def _to_dead_letters(self) -> None:
        queue, self._queue = self._queue, deque()
        for waiting in queue:
            if waiting.ref is not None:
                self._dead_letter(waiting.ref, waiting.message, waiting.sender)
        rooms, self._rooms = self._rooms, deque()
        for room in rooms:
            if not room.done():
                room.set_result(None)

    def close(self) -> None:
        """This system ends: say so, and take nothing more."""
        if self.dialling is not None:
            self.dialling.cancel()
            self.dialling = None
        self.say(BYE, "it has shut down")
        if self.connection is None:
            self._to_dead_letters()

    def end(self) -> None:
        """Close the connection; what was written is still sent."""
        if self.connection is not None:
            self.connection.close()
        self._to_dead_letters()

    @property
    def has_said_all(self) -> bool:
        """Whether nothing waits to be written."""
        return self.connection is None or not self._queue

    # In

    def _take(self, entry: Any) -> None:
        try:
            kind = entry[0]
            if kind == TELL:
                self._take_message(entry)
            else:
                self._take_other(kind, entry)
        except MessageRefused as error:
            self._complain(str(error))
        except Exception as error:
            log.exception("an entry of %s could not be taken: %r", self.address, error)

    def _take_message(self, entry: list[Any]) -> None:
        _, target, name, number, *values = entry
        decoder, remote = self._decoder, self.remote
        assert decoder is not None
        message = decoder.message(number, values)
        named = remote.names.named
        ref = named(target) or remote.names.own(target)
        sender = None if name is None else named(name) or remote.ref_of(name)
        ref.tell(message, sender)
        if ref.is_terminated and name is not None and name.startswith(self._asks):
            self.say(UNHEARD, name)  # behind an answer, if the dead have given one

    def _take_other(self, kind: int, entry: list[Any]) -> None:
        assert self._decoder is not None
        self._decoder.check()
        match entry:
            case [_] if kind == PING:
                pass  # that it was heard is noted where it is read
            case [_, int(number), str(name), int(version), list(fields)] if kind == DEFINE:
                self._decoder.define(number, name, version, fields)
            case [_, str(target)] if kind == WATCH:
                self.watches.watch_for_there(target)
            case [_, str(target)] if kind == UNWATCH:
                self.watches.unwatch_for_there(target)
            case [_, str(target), bool(existed), reason] if kind == NOTICE:
                self.watches.notice(target, existed, None if reason is None else RemoteError(str(reason)))
            case [_, str(asker)] if kind == UNHEARD:
                reply = self.remote.ref_of(asker)
                if type(reply) is Reply and not reply.done:
                    reply.fail(target_stopped(reply))
            case [_, str(reason)] if kind == BYE:
                self.quarantine(reason, level=logging.INFO)
            case _:
                raise MessageRefused(f"{self.address} sent an entry of kind {kind!r}, which is not understood here")

    def _complain(self, text: str) -> None:
        """Once per connection and text: what cannot be read comes again and again."""
        if text not in self._complained and len(self._complained) < 1000:
            self._complained.add(text)
            log.error("from %s: %s (said once; such messages are dropped)", self.address, text)

    def describe(self) -> str:
        """What is known of the other system, for the text of a time-out."""
        if self.is_full:
            return f"{len(self._queue)} messages wait for {self.address} already (await ref.send(…) waits for room)"
        if self.connection is not None:
            return f"{self.address} is connected; what its actor was doing is known there"
        if self.uid in self._quarantined:
            return f"{self.address} is quarantined: {self._quarantined[self.uid]}"
        return f"{self.address}: {self._trouble}"
