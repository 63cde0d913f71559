"""One connection to another system: the handshake, then entries in batches.

    dialler                                                listener
    -------                                                --------
    HELLO protocol, nonce                             →
                                                      ←    HELLO protocol, nonce
    PROOF its address, uid, whom it wants, mac        →    is the mac right? am I the one it wants?
                                                      ←    WELCOME its address, uid, mac      (or REFUSED why)
    is that mac right?
    entries (`actors.remote._format`)                 ↔    entries

A mac is an HMAC-SHA256, under the secret that both share, over all that both have said: it proves the secret without
showing it, and cannot be used again. Before the proof a listener tells nothing of itself, takes few bytes, and waits
only so long; what it refuses it does not explain to a stranger, only to its own log.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import msgpack

from .address import Address
from .errors import HandshakeRefused

__all__ = ["BUSY", "Connection", "Peer", "accept", "dial"]

log = logging.getLogger("actors.remote")

PROTOCOL: Final = 1
BUSY: Final = "busy: there is a connection already, or one under way"
_MAGIC: Final = "actors"
_BEFORE_PROOF: Final = 4096  # bytes
_READ: Final = 256 * 1024  # bytes that the loop reads at most at once
_HIGH_WATER: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """The system at the other end. ``uid`` tells its runs apart."""

    address: Address
    uid: int


class Connection(asyncio.Protocol):
    """``made``: called with a connection that somebody has opened to us."""

    def __init__(self, message_limit: int, made: Callable[[Connection], object] | None = None) -> None:
        self.transport: asyncio.Transport
        self.last_heard = 0.0
        self.is_paused = False
        self.is_lost = False
        # What follows on something heard is likely an answer that is waited for: it need not wait for the end of the
        # turn, as the messages of a flood do, which then share a write.
        self.may_answer = False
        self.defined = 0  # how many of our classes the other side knows
        self._loop = asyncio.get_running_loop()
        self._made = made
        # It holds at most one message that is not complete and what is read at once.
        self._unpacker = msgpack.Unpacker(
            ext_hook=self._extension,
            strict_map_key=False,
            max_buffer_size=max(message_limit + 2 * _READ, _BEFORE_PROOF),
            read_size=_BEFORE_PROOF,  # bytes that it begins with: a stranger costs no more
        )
        self._extend: Callable[[int, bytes], Any] = _no_extension
        self._unproven = 0
        self._arrived: asyncio.Event | None = asyncio.Event()  # while the handshake lasts
        self._take: Callable[[Any], None] = self._dropped
        self._ended: Callable[[str], None] = self._dropped
        self._resumed: Callable[[], None] = lambda: None
        self._serve: Callable[[Callable[[], object]], None] = self._dropped

    def begin(
        self,
        take: Callable[[Any], None],
        extend: Callable[[int, bytes], Any],
        ended: Callable[[str], None],
        resumed: Callable[[], None],
        serve: Callable[[Callable[[], object]], None],
    ) -> None:
        """The handshake is over.

        ``take`` gets each entry, whose extensions ``extend`` reads; ``ended`` why it ended; ``resumed`` that it takes
        more. ``serve`` calls what takes them, and lets who was told something by it do its work at once.
        """
        self._take, self._extend, self._ended, self._resumed, self._serve = take, extend, ended, resumed, serve
        self._arrived = None
        self.last_heard = self._loop.time()
        self.transport.resume_reading()
        self._drain()

    async def next(self) -> Any:
        """The next entry, during the handshake.

        :raises HandshakeRefused: when the other side closes, or sends what is no entry.
        """
        while True:
            try:
                return next(self._unpacker)
            except StopIteration:
                pass
            except Exception as error:
                raise HandshakeRefused(f"it does not speak this protocol ({error!r})") from error
            if self.is_lost or self._arrived is None:
                raise HandshakeRefused("it closed the connection", is_usual=True)
            if self._unproven > _BEFORE_PROOF:
                raise HandshakeRefused("it does not speak this protocol")
            self._arrived.clear()
            await self._arrived.wait()

    def say(self, *entry: Any) -> None:
        """Send one entry, during the handshake."""
        self.transport.write(msgpack.packb(entry))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def close(self) -> None:
        """What was written is still sent."""
        self.transport.close()

    def abort(self) -> None:
        self.transport.abort()

    # asyncio's

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class
        transport.set_write_buffer_limits(_HIGH_WATER)
        if self._made is not None:
            self._made(self)

    def data_received(self, data: bytes) -> None:
        self.last_heard = self._loop.time()
        self.may_answer = not self.is_paused
        try:
            self._unpacker.feed(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no sense in what would follow
            self._nonsense(error)
            return
        if self._arrived is None:
            self._serve(self._drain)
        else:
            self._unproven += len(data)
            self._arrived.set()
            if self._unproven > _BEFORE_PROOF:
                self.transport.pause_reading()

    def _drain(self) -> None:
        take = self._take
        try:
            for entry in self._unpacker:
                take(entry)
                if self.is_lost:
                    return
        except Exception as error:  # noqa: BLE001 - as above; what `take` itself raises is logged there
            self._nonsense(error)

    def _nonsense(self, error: Exception) -> None:
        self.lose(f"what it sends cannot be read: {error!r}")

    def lose(self, reason: str) -> None:
        """End it at once."""
        if not self.is_lost:
            self.is_lost = True
            self.transport.abort()
            self._ended(reason)

    def pause_writing(self) -> None:
        self.is_paused = True

    def resume_writing(self) -> None:
        self.is_paused = False
        self._resumed()

    def connection_lost(self, error: Exception | None) -> None:
        if self._arrived is not None:
            self.is_lost = True
            self._arrived.set()
        elif not self.is_lost:
            self.is_lost = True
            self._ended("the connection was closed" if error is None else f"the connection broke: {error}")

    def _extension(self, code: int, data: bytes) -> Any:
        return self._extend(code, data)

    def _dropped(self, _: Any) -> None:
        """Before the handshake is over, and after it failed."""


async def dial(connection: Connection, own: Peer, target: Address, secret: bytes) -> Peer:
    """Prove who we are to the one we have called; who that is.

    :raises HandshakeRefused: also when it is not the one we wanted.
    """
    nonce = secrets.token_bytes(16)
    connection.say(_MAGIC, PROTOCOL, nonce)
    theirs = _hello(await connection.next())
    said = [PROTOCOL, nonce, theirs, str(own.address), own.uid, str(target)]
    connection.say("proof", *said[3:], _mac(secret, "dialler", said))
    match await connection.next():
        case ["welcome", str(address), int(uid), bytes(mac)]:
            if not hmac.compare_digest(mac, _mac(secret, "listener", [*said, address, uid])):
                raise HandshakeRefused(f"{target} does not know the shared secret: it is not to be trusted")
            return Peer(Address.parse(address), uid)
        case ["refused", str(why)]:
            raise HandshakeRefused(why)
        case other:
            raise HandshakeRefused(f"it answered {other!r:.80}")


async def accept(connection: Connection, own: Peer, secret: bytes, admit: Callable[[Peer], str | None]) -> Peer:
    """Let the one that has called us prove who it is.

    :param admit: why a system that has proven itself is refused all the same, or None.
    :raises HandshakeRefused: when it was not let in. The connection is to be closed.
    """
    theirs = _hello(await connection.next())
    nonce = secrets.token_bytes(16)
    connection.say(_MAGIC, PROTOCOL, nonce)
    match await connection.next():
        case ["proof", str(address), int(uid), str(target), bytes(mac)]:
            pass
        case other:
            raise HandshakeRefused(f"it answered {type(other).__name__} where its proof was wanted")
    said = [PROTOCOL, theirs, nonce, address, uid, target]
    if not hmac.compare_digest(mac, _mac(secret, "dialler", said)):
        connection.say("refused", "not authenticated")
        raise HandshakeRefused(f"it says it is {address!r:.80}, and does not know the shared secret")
    try:
        peer = Peer(Address.parse(address), uid)
    except ValueError as error:
        raise HandshakeRefused(str(error)) from None
    why = None if target == str(own.address) else f"this system is {own.address}, not {target}: use that address"
    why = why or admit(peer)
    if why is not None:
        connection.say("refused", why)
        raise HandshakeRefused(f"{peer.address} was told: {why}", is_usual=why == BUSY)
    connection.say("welcome", str(own.address), own.uid, _mac(secret, "listener", [*said, str(own.address), own.uid]))
    return peer


def _hello(entry: Any) -> bytes:
    match entry:
        case [magic, int(protocol), bytes(nonce)] if magic == _MAGIC and len(nonce) == 16:
            if protocol != PROTOCOL:
                raise HandshakeRefused(f"it speaks version {protocol} of the protocol, this system version {PROTOCOL}")
            return nonce
        case _:
            raise HandshakeRefused("it does not speak this protocol")


def _mac(secret: bytes, role: str, said: list[Any]) -> bytes:
    return hmac.digest(secret, msgpack.packb([role, *said]), "sha256")


def _no_extension(code: int, data: bytes) -> Any:
    raise ValueError("a handshake has no extensions")
