"""The offers with which something may be launched, in the order in which they are filled. No actor: only the book.

    add(offers)            ─▶ each is filled once
    put_aside(filling)     ─▶ it may take more of what GROUP_BY spreads, once others have taken some: filled again when
                              no new ones are left, and again, by turns, until none of those put aside takes anything
    close()                ─▶ the one being filled is done with

With 300 instances for three racks, three offers are so filled at once, rather than with one instance each and the rest
with the next offers, a second later.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator

from actors.marathon.offer_filling import OfferFilling
from mesos_proto import Offer, OfferID

__all__ = ["OffersInHand"]


class OffersInHand:
    """See the head of this module. `begin` makes the filling of an offer."""

    def __init__(self, begin: Callable[[Offer], OfferFilling]) -> None:
        self._begin = begin
        self._new: OrderedDict[OfferID, Offer] = OrderedDict()
        self._current: OfferFilling | None = None
        self._aside: deque[OfferFilling] = deque()
        self._fruitless = 0  # fillings put aside since one last took something

    def __bool__(self) -> bool:
        return self._current is not None or bool(self._new) or bool(self._aside)

    @property
    def new(self) -> tuple[OfferID, ...]:
        """Those that nobody has looked at."""
        return tuple(self._new)

    @property
    def begun(self) -> Iterator[OfferFilling]:
        """Those of which something may have been taken."""
        yield from self._aside
        if self._current is not None:
            yield self._current

    def add(self, offers: Iterable[Offer]) -> None:
        self._new.update((offer.id, offer) for offer in offers)
        self._fruitless = 0

    def remove(self, offer_id: OfferID) -> None:
        """Forget an offer that nobody has looked at, if it is one."""
        self._new.pop(offer_id, None)

    def next(self) -> OfferFilling | None:
        """The one to fill; the same until it is put aside or closed."""
        if self._current is None and self._new:
            _, offer = self._new.popitem(last=False)
            self._current = self._begin(offer)
        elif self._current is None and self._aside:
            self._current = self._aside.popleft()
        return self._current

    def put_aside(self, filling: OfferFilling, placed: int) -> bool:
        """Whether the present one may take more later; `placed`: how many it has taken this time."""
        self._fruitless = 0 if placed else self._fruitless + 1
        if not filling.waits_for_others or self._fruitless > len(self._aside):
            return False  # the others were tried since, too: none will make room
        self._aside.append(filling)
        self._current = None
        return True

    def close(self) -> None:
        self._current = None
