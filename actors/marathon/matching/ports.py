"""Choosing host ports out of the ranges of an offer. Pure but for the random source that is passed in."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

__all__ = ["PortRanges"]


class PortRanges:
    """The free ports of one resource, in the order in which they are given out: from a random one on, wrapping round.

    A random start makes it unlikely that a port which was just given up is given out again at once; going on from there
    gives the instances of one offer consecutive ports, and each of them in constant time.
    """

    __slots__ = ("_free", "_spans")

    def __init__(self, spans: Collection[tuple[int, int]], random: Random) -> None:
        ordered = sorted(spans)
        self._free = sum(last - first + 1 for first, last in ordered)
        start = random.randrange(self._free) if self._free else 0
        before: list[tuple[int, int]] = []
        after: list[tuple[int, int]] = []
        for first, last in ordered:
            cut = first + start
            start -= last - first + 1
            if cut > last:
                before.append((first, last))
            elif cut > first:
                before.append((first, cut - 1))
                after.append((cut, last))
            else:
                after.append((first, last))
        self._spans = after + before

    def __len__(self) -> int:
        return self._free

    def __contains__(self, port: int) -> bool:
        return any(first <= port <= last for first, last in self._spans)

    def remove(self, port: int) -> None:
        """Take one free port out."""
        for index, (first, last) in enumerate(self._spans):
            if first <= port <= last:
                rest = [span for span in ((first, port - 1), (port + 1, last)) if span[0] <= span[1]]
                self._spans[index : index + 1] = rest
                self._free -= 1
                return

    def choose(self, count: int, excluded: Collection[int]) -> list[int]:
        """The next `count` free ports that are not `excluded`; fewer when there are no more. They stay free."""
        found: list[int] = []
        for first, last in self._spans:
            for port in range(first, last + 1):
                if len(found) == count:
                    return found
                if port not in excluded:
                    found.append(port)
        return found
