"""`sometimes`: rare branches by name, in the code that takes them: counted by who searches, free elsewhere."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["count_branches", "sometimes"]

_count: Callable[[str], object] | None = None


def sometimes(name: str) -> None:
    """Say that this branch is taken. A simulated world counts it; anywhere else nothing happens.

    A simulation that is given its name (``simulate(…, sometimes=[name])``) fails when no seed took it: a search that
    never was there says nothing about it.
    """
    if _count is not None:
        _count(name)


def count_branches(count: Callable[[str], object] | None) -> None:
    """Tell ``count`` of each branch from now on; None: nobody."""
    global _count
    _count = count
