"""What may have been meant by a name that does not exist."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of the `known` names that is most like it; None if none is."""
    import difflib  # only when something was misspelt: most commands end without it

    return next(iter(difflib.get_close_matches(name, list(known), n=1)), None)
