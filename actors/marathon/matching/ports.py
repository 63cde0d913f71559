"""Choosing host ports out of the ranges of an offer. Pure but for the random source that is passed in."""

from __future__ import annotations

from collections.abc import Collection
from random import Random

__all__ = ["PortRanges"]


class PortRanges:
    """The free ports of one resource, as intervals with both ends included."""

    __slots__ = ("_spans",)

    def __init__(self, spans: Collection[tuple[int, int]]) -> None:
        self._spans = sorted(spans)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self._spans)

    def __contains__(self, port: int) -> bool:
        return any(first <= port <= last for first, last in self._spans)

    def remove(self, port: int) -> None:
        """Take one free port out."""
        for index, (first, last) in enumerate(self._spans):
            if first <= port <= last:
                self._spans[index : index + 1] = [
                    span for span in ((first, port - 1), (port + 1, last)) if span[0] <= span[1]
                ]
                return

    def choose(self, count: int, excluded: Collection[int], random: Random) -> list[int] | None:
        """`count` free ports, one after the other from a random place on, wrapping round; None when there are too few.

        A random start makes it unlikely that a port which was just given up is given out again at once.
        """
        if count == 0:
            return []
        total = len(self)
        if total < count:
            return None
        start = random.randrange(total)
        found: list[int] = []
        for low, high in ((start, total), (0, start)):
            passed = 0
            for first, last in self._spans:
                size = last - first + 1
                begin, end = max(low - passed, 0), min(high - passed, size)
                passed += size
                for port in range(first + begin, first + end):
                    if port not in excluded:
                        found.append(port)
                        if len(found) == count:
                            return found
        return None
