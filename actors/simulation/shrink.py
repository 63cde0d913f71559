"""The smallest part of a failing plan that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable

from actors.simulation.plan import Plan

__all__ = ["shrink"]


def shrink(plan: Plan, fails: Callable[[Plan], bool], *, runs: int = 150) -> list[int]:
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
