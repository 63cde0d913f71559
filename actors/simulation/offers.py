"""`Offers`: what a service was told of its offers, and that it takes none which it knows to be gone.

    launcher hears                             scheduler is asked for
    --------------                             ----------------------
    ResourceOffers(a, b)
    OfferRescinded(a), or Disconnected    →    AcceptOffers(a): a violation

Mesos would answer such a call with TASK_LOST, or a fresh master not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.core import Instrument
from actors.mesos import AcceptOffers, Disconnected, OfferRescinded, ResourceOffers
from actors.simulation.world import Watching

if TYPE_CHECKING:
    from actors.simulation.world import World
    from mesos_proto import OfferID

__all__ = ["Offers"]

ON_ITS_WAY = 0.001
"""Virtual seconds that a message takes at most from one actor to another of a process that does not stand still."""


class Offers:
    """Of one life of a service, whose system's instrument is ``instrument``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: set[OfferID] = set()
        self._gone: dict[OfferID, tuple[float, int, str]] = {}
        self.instrument: Instrument = Watching(self._look, "launcher", "scheduler")

    def _look(self, message: Any) -> None:
        match message:
            case ResourceOffers(offers):
                self._held.update(offer.id for offer in offers)
            case OfferRescinded(offer_id):
                self._world.sometimes("an offer is rescinded")
                self._over([offer_id], "rescinded")
            case Disconnected():
                self._over(self._held, "void with its subscription")
                self._held = set()
            case AcceptOffers(offer_ids):
                for offer_id in offer_ids:
                    self._accepted(offer_id)

    def _over(self, offer_ids: Any, how: str) -> None:
        for offer_id in offer_ids:
            self._gone.setdefault(offer_id, (self._world.loop._now, self._world.counts["fault: pause"], how))

    def _accepted(self, offer_id: OfferID) -> None:
        if offer_id not in self._gone:
            return
        at, pauses, how = self._gone[offer_id]
        if self._world.loop._now > at + ON_ITS_WAY and self._world.counts["fault: pause"] == pauses:
            self._world.violated(
                "no offer is taken that is gone", f"{offer_id} is accepted, and {how} since {at:.3f} s"
            )
