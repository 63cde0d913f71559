"""Runs one scenario on both masters at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .client import Master
from .compare import differences

Scenario = Callable[[Master], Iterator[tuple[str, Any]]]
"""Yields what it saw, each under a name."""

SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    SCENARIOS[function.__name__] = function
    return function


def compare(name: str, real: str, ours: str) -> tuple[int, list[str]]:
    """How much was compared, and what differs."""
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda url: _seen(SCENARIOS[name], url), (real, ours))
    if "broke" in one or "broke" in other:  # of what came after it there is nothing to say
        broke = [
            f"broke, real: {one.pop('broke', 'no')}, ours: {other.pop('broke', 'no')}, after {[*one, *other][-1:]}"
        ]
        both = [name for name in one if name in other]
        one, other = {name: one[name] for name in both}, {name: other[name] for name in both}
        return len(one), broke + list(differences(one, other))
    return len(one), list(differences(one, other))


def _seen(run: Scenario, url: str) -> dict[str, Any]:
    master = Master(url)
    seen: dict[str, Any] = {}
    try:
        for name, value in run(master):
            while name in seen:
                name += "'"
            seen[name] = value
    except Exception as error:  # a scenario that breaks on one side only is a difference
        seen["broke"] = f"{type(error).__name__}: {error}"
    finally:
        master.close()
    return seen
