"""The smallest part of what fails that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol, Self, TypeVar

from actors.simulation.faults import FAULTS, mildest
from actors.simulation.steps import Step

__all__ = ["milder", "shrink"]


class Steps(Protocol):
    """A plan, whose parts are plans as well."""

    @property
    def steps(self) -> Sequence[Step]: ...

    def only(self, indices: Sequence[int]) -> Self: ...


P = TypeVar("P", bound=Steps)


def shrink(plan: P, fails: Callable[[P], bool], *, runs: int = 150) -> list[int]:
    """The indices of the steps that are left: leaving any one of them out, it holds (or ``runs`` were used up).

    Larger parts are left out first, as delta debugging does.
    """
    kept = list(range(len(plan.steps)))
    size = max(1, len(kept) // 2)
    while True:
        start, found = 0, False
        while start < len(kept) and runs > 0:
            tried = kept[:start] + kept[start + size :]
            runs -= 1
            if fails(plan.only(tried)):
                kept, found = tried, True
            else:
                start += size
        if runs <= 0 or (size == 1 and not found):
            return kept
        size = max(1, size // 2)


def milder(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool]) -> tuple[Step, ...]:
    """The same faults, each with arguments as mild as can be: all of them at once, or else one by one."""
    left = list(steps)
    for index in range(len(left)):
        mild = mildest(FAULTS[left[index].kind])
        for chosen in [range(len(mild)), *([number] for number in range(len(mild)))]:
            arguments: list[Any] = list(left[index].arguments)
            for number in chosen:
                arguments[number] = mild[number]
            tried = replace(left[index], arguments=tuple(arguments))
            if tried != left[index] and fails([*left[:index], tried, *left[index + 1 :]]):
                left[index] = tried
    return tuple(left)
