"""How many actors live, and what that means to the garbage collector.

A full collection looks at each object that is alive. A million actors are some seven million objects, which is 1.5 s in
which nothing else runs, and collections of all come again and again while a population grows. So beyond
`Settings.freeze_above` actors a system freezes what is alive (`gc.freeze`), a step at a time:

    an actor                    Population                                    the garbage collector
    --------                    ----------                                    ---------------------
    is spawned, starts ───────► `STEP` more that are not frozen
                                a full collection ──────────────────────────► looks at these, frees what is garbage
                                freeze ─────────────────────────────────────► looks at none of what is left again
    stops ────────────────────► counting references frees it, frozen or not
                                half of `freeze_above` are left: unfreeze ──► looks at all that is alive

So each actor is looked at once, and a collection takes a few milliseconds, however many there are. The price: what was
alive at a step, and becomes part of an unreachable *cycle* later, is not found until all is unfrozen. Actors that come
and go do not freeze anything, only a number of them that stays: so this is a price per growth, not per time.

Nothing is touched in a smaller system, nor where the program has switched collections off. What the program has frozen
itself stays frozen. Systems of one process count for themselves; the last one to need it unfreezes.
"""

from __future__ import annotations

import gc
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ._cell import Cell

__all__ = ["STEP", "Population"]

#: Actors that are frozen in one go: a collection of as many takes about 2 ms.
STEP: Final = 2000

#: Python 3.12 itself begins with some hundred frozen objects; a program that froze something froze far more.
PYTHONS_OWN: Final = 1000

#: The populations that hold something frozen.
_holders: set[Population] = set()

#: Whether the program had frozen something before the first of them did.
_program_froze = False


class Population:
    """The living actors of one system."""

    __slots__ = ("_first_wave", "_fresh", "_frozen", "_limit", "_room", "_wave", "living")

    def __init__(self, freeze_above: int) -> None:
        self.living = 0
        self._wave = 0  # of actors that are spawned now: one more after each freeze
        self._first_wave = 0  # older ones have been given back
        self._frozen = 0  # living ones
        self._limit = freeze_above
        # Halves of living actors that are not frozen: half of what an actor has in memory is made when it is spawned,
        # half when it starts, and either may be far ahead of the other.
        self._fresh = 0
        self._room = math.inf if freeze_above < 0 else 2 * freeze_above

    def spawned(self, cell: Cell) -> None:
        cell.wave = self._wave
        self.living += 1
        self._fresh += 1
        if self._fresh > self._room:
            self._freeze()

    def started(self) -> None:
        self._fresh += 1
        if self._fresh > self._room:
            self._freeze()

    def stopped(self, cell: Cell) -> None:
        self.living -= 1
        if self._first_wave <= cell.wave < self._wave:
            self._frozen -= 1
            if self._frozen * 2 < self._limit:
                self.unfreeze()
        else:
            self._fresh -= 2

    def _freeze(self) -> None:
        global _program_froze
        self._room = 2 * STEP
        self._fresh = 0
        if not gc.isenabled():
            return
        if not _holders:
            _program_froze = gc.get_freeze_count() > PYTHONS_OWN
        _holders.add(self)
        gc.collect()
        gc.freeze()
        self._wave += 1
        self._frozen = self.living

    def unfreeze(self) -> None:
        """Give everything back to the garbage collector, unless another system or the program wants it frozen."""
        if self not in _holders:
            return
        _holders.remove(self)
        self._first_wave = self._wave
        self._frozen = 0
        self._fresh = 2 * self.living
        self._room = 2 * self._limit
        if not _holders and not _program_froze:
            gc.unfreeze()
