"""Sets of unsigned integers kept as intervals: ports, above all.

    Ranges.parse("[31000-31002,31005-31005]")   →   31000, 31001, 31002, 31005

Always coalesced and in order, whatever order the intervals came in; so two equal sets are two equal values.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final

from mesos_proto.mesos.v1.mesos_pb2 import Value

_LARGEST: Final = 2**64 - 1
_SEPARATORS = re.compile(r"[\[\]\-,\n ]+")


class Ranges:
    """An immutable set of integers from 0 to 2**64 - 1.

    Args:
        intervals: pairs (first, last), both inside; may overlap and come in any order.

    Raises:
        ValueError: an interval ends before it begins, or leaves the unsigned 64-bit integers.
    """

    __slots__ = ("intervals",)

    intervals: tuple[tuple[int, int], ...]
    """Disjoint pairs (first, last), ascending, with a gap between any two."""

    def __init__(self, intervals: Iterable[tuple[int, int]] = ()) -> None:
        pairs = sorted(intervals)
        for first, last in pairs:
            if not 0 <= first <= last <= _LARGEST:
                raise ValueError(f"[{first}-{last}] is no range of unsigned 64-bit integers")
        object.__setattr__(self, "intervals", _coalesce(pairs))

    @classmethod
    def parse(cls, text: str) -> Ranges:
        """Reads what Mesos writes: ``[1-3,5-6]``, with spaces anywhere.

        Raises:
            ValueError: in Mesos's words.
        """
        stripped = text.replace(" ", "")
        if not (stripped.startswith("[") and stripped.endswith("]")):
            raise ValueError(f"Expecting ranges in brackets, as [1-3,5-6], not '{text}'")
        tokens = [token for token in _SEPARATORS.split(stripped) if token]
        if len(tokens) % 2:
            raise ValueError('Expecting one or more "ranges"')
        for token in tokens:
            if not (token.isascii() and token.isdigit()):
                raise ValueError(f"Expecting non-negative integers in '{token}'")
        return cls(zip(map(int, tokens[::2]), map(int, tokens[1::2]), strict=True))

    @classmethod
    def from_proto(cls, proto: Value.Ranges) -> Ranges:
        """Of a message; overlaps in it are united."""
        return cls((each.begin, each.end) for each in proto.range)

    @classmethod
    def of(cls, *numbers: int) -> Ranges:
        """Of single numbers."""
        return cls((number, number) for number in numbers)

    def to_proto(self) -> Value.Ranges:
        """As a message."""
        return Value.Ranges(range=[Value.Range(begin=first, end=last) for first, last in self.intervals])

    def __add__(self, other: Ranges) -> Ranges:
        if not isinstance(other, Ranges):
            return NotImplemented
        mine, added = self.intervals, other.intervals
        if not mine or not added:
            return self if mine else other
        low, high = _near(mine, added[0][0] - 1, added[-1][1] + 1)
        return _made(mine[:low] + _coalesce(sorted(mine[low:high] + added)) + mine[high:])

    def __sub__(self, other: Ranges) -> Ranges:
        if not isinstance(other, Ranges):
            return NotImplemented
        mine, cuts = self.intervals, other.intervals
        if not mine or not cuts:
            return self
        low, high = _near(mine, cuts[0][0], cuts[-1][1])
        left: list[tuple[int, int]] = []
        position = 0
        for first, last in mine[low:high]:
            while position < len(cuts) and cuts[position][1] < first:
                position += 1
            ahead = position
            while ahead < len(cuts) and cuts[ahead][0] <= last:
                cut_first, cut_last = cuts[ahead]
                if first < cut_first:
                    left.append((first, cut_first - 1))
                first = cut_last + 1
                ahead += 1
            if first <= last:
                left.append((first, last))
        return _made(mine[:low] + tuple(left) + mine[high:])

    def __and__(self, other: Ranges) -> Ranges:
        if not isinstance(other, Ranges):
            return NotImplemented
        return self - (self - other)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self._has(number, number)

    def __le__(self, other: Ranges) -> bool:
        """Whether all numbers are in ``other``."""
        return all(other._has(first, last) for first, last in self.intervals)

    def _has(self, first: int, last: int) -> bool:
        behind = bisect_right(self.intervals, (first, _LARGEST))
        return behind > 0 and last <= self.intervals[behind - 1][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.intervals:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.intervals)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __eq__(self, other: object) -> bool:
        return self.intervals == other.intervals if isinstance(other, Ranges) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.intervals)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Ranges is immutable: cannot set {name!r}")

    def __reduce__(self) -> tuple[type[Ranges], tuple[tuple[tuple[int, int], ...]]]:
        return Ranges, (self.intervals,)

    def __str__(self) -> str:
        return "[" + ", ".join(f"{first}-{last}" for first, last in self.intervals) + "]"

    def __repr__(self) -> str:
        return f"Ranges.parse({str(self)!r})"


def _made(intervals: tuple[tuple[int, int], ...]) -> Ranges:
    made = Ranges.__new__(Ranges)
    object.__setattr__(made, "intervals", intervals)
    return made


def _near(intervals: tuple[tuple[int, int], ...], first: int, last: int) -> tuple[int, int]:
    """Which of them (from, to) share a number with ``first`` to ``last``: of thousands, a port concerns one or two."""
    low = bisect_right(intervals, (first, _LARGEST))
    if low and first <= intervals[low - 1][1]:
        low -= 1
    return low, max(low, bisect_right(intervals, (last, _LARGEST)))


def _coalesce(ascending: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    result: list[tuple[int, int]] = []
    for first, last in ascending:
        if result and first <= result[-1][1] + 1:
            if last > result[-1][1]:
                result[-1] = (result[-1][0], last)
        else:
            result.append((first, last))
    return tuple(result)
