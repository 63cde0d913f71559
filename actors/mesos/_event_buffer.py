"""Events between the socket and the framework's code.

::

    connection                                  buffer                                  consumer
    put(event, size)                       ──►  kept in order                           await get()
    await room()  (returns when there is)       ◄──────────────────────────────────────  takes one
      … nothing is read from the socket …
    put(OfferRescinded(x))                 ──►  x still waits here: both vanish
    put(StatusUpdate(uuid u))              ──►  u still waits here: it came twice, one stays
    put(Disconnected)                      ──►  every offer that waits is void: gone
    end(error)                             ──►  after the last event `get` raises `error` (StopAsyncIteration for None)

The bound is soft by what one read of the socket brings. A status update is never dropped. Cancelling `get` loses no
event.
"""

from __future__ import annotations

import asyncio
from collections import deque

from mesos_proto import Offer, OfferID

from .events import Disconnected, Event, InverseOffers, OfferRescinded, ResourceOffers, StatusUpdate

__all__ = ["EventBuffer"]

_Waiting = Event | dict[OfferID, Offer]  # offers that wait can still be rescinded, one by one


class EventBuffer:
    """For one consumer at a time."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._waiting: deque[tuple[_Waiting, int]] = deque()
        self._bytes = 0
        self._offers: dict[OfferID, dict[OfferID, Offer]] = {}
        self._updates: set[bytes] = set()
        self._getter: asyncio.Future[None] | None = None
        self._putter: asyncio.Future[None] | None = None
        self._ended = False
        self._error: BaseException | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    # -- the connection's side

    def put(self, event: Event, size: int = 0) -> None:
        """Keep ``event``, which took ``size`` bytes on the wire. Never waits; see `room`."""
        entry: _Waiting = event
        if isinstance(event, StatusUpdate):
            if uuid := event.status.uuid:
                if uuid in self._updates:
                    return
                self._updates.add(uuid)
        elif isinstance(event, ResourceOffers):
            entry = {offer.id: offer for offer in event.offers}
            self._offers.update(dict.fromkeys(entry, entry))
        elif isinstance(event, OfferRescinded):
            if (offers := self._offers.pop(event.offer_id, None)) is not None:
                offers.pop(event.offer_id, None)
                return
        elif isinstance(event, Disconnected):
            self._discard_offers()
        self._waiting.append((entry, size))
        self._bytes += size
        if self._getter is not None:
            self._wake_getter()

    async def room(self) -> None:
        """Wait until there is room for more."""
        while not self._ended and (len(self._waiting) >= self._max_events or self._bytes >= self._max_bytes):
            self._putter = asyncio.get_running_loop().create_future()
            try:
                await self._putter
            finally:
                self._putter = None

    def end(self, error: BaseException | None) -> None:
        """Nothing comes after what is here. A second call changes nothing."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake_getter()
            self._wake_putter()

    # -- the consumer's side

    async def get(self) -> Event:
        """The next event. After the last one: the error that ended the stream, or ``StopAsyncIteration``."""
        while True:
            while self._waiting:
                entry, size = self._waiting.popleft()
                self._bytes -= size
                if self._putter is not None:
                    self._wake_putter()
                if (event := self._taken(entry)) is not None:
                    return event
            if self._ended:
                raise self._error or StopAsyncIteration
            if self._getter is not None:
                raise RuntimeError(
                    "these events already have a consumer; an event goes to one only. To serve several, send them on "
                    "from one loop, or with pipe_to to an actor that does"
                )
            self._getter = asyncio.get_running_loop().create_future()
            try:
                await self._getter
            finally:
                self._getter = None

    def _taken(self, entry: _Waiting) -> Event | None:
        if isinstance(entry, dict):
            for offer_id in entry:
                self._offers.pop(offer_id, None)
            return ResourceOffers(tuple(entry.values())) if entry else None
        if isinstance(entry, StatusUpdate) and (uuid := entry.status.uuid):
            self._updates.discard(uuid)
        return entry

    def _discard_offers(self) -> None:
        kept = deque(pair for pair in self._waiting if not isinstance(pair[0], dict | InverseOffers | OfferRescinded))
        self._waiting, self._bytes = kept, sum(size for _, size in kept)
        self._offers.clear()

    def _wake_getter(self) -> None:
        if self._getter is not None and not self._getter.done():
            self._getter.set_result(None)

    def _wake_putter(self) -> None:
        if self._putter is not None and not self._putter.done():
            self._putter.set_result(None)
