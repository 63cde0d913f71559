"""`simulation`: a story as a test of pytest.

@simulation(seeds=500)
async def test_never_two(world):
    ...

``pytest -k test_never_two --seed 61`` plays that seed alone. A failure that was found is kept beside it, as the faults
that it needs, whatever seeds draw later: ``@simulation(kept=[(61, [Step("reset", 0.0, (3,), "launch", 1)])])``
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from actors.simulation.framework import simulate
from actors.simulation.steps import Step
from actors.simulation.world import World

__all__ = ["simulation"]


def simulation(
    seeds: int | Iterable[int] = 100,
    *,
    kept: Iterable[tuple[int, Sequence[Step]]] = (),
    sometimes: Iterable[str] = (),
    max_turns: int = 1_000_000,
) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Make ``async def test_…(world, …)`` a test that plays it under each seed, as `simulate` does.

    ``seeds``: as many, from 1 on; or which. ``kept``: seeds with the faults of earlier failures, played first. With
    ``--seed`` that one is played alone. Other arguments of the function are fixtures, made once for all seeds.
    """
    chosen = range(1, seeds + 1) if isinstance(seeds, int) else tuple(seeds)
    earlier, branches = tuple(kept), tuple(sometimes)

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        parameters = list(inspect.signature(function).parameters.values())
        if not inspect.iscoroutinefunction(function) or not parameters:
            raise TypeError(f"@simulation is for an async def with a world: async def {function.__name__}(world)")
        names = [each.name for each in parameters[1:]]

        @functools.wraps(function)
        def test(**fixtures: Any) -> None:
            import pytest

            @functools.wraps(function)
            async def story(world: World) -> None:
                await function(world, **{name: fixtures[name] for name in names})

            def played(seeds: Iterable[int], **options: Any) -> None:
                found = simulate(story, seeds, max_turns=max_turns, **options)
                found.command = f"pytest -k {function.__name__}"
                if options.get("replay") is None:
                    found.command += f" --seed {found.seed}"
                if found.violation is not None or (found.never and seeds is chosen):  # one seed need not do everything
                    pytest.fail(str(found), pytrace=False)

            if one := fixtures["request"].config.getoption("--seed", 0):
                played([one])
                return
            for seed, steps in earlier:
                played([seed], replay=steps)
            played(chosen, sometimes=branches)

        request = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY)
        others = [
            each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in parameters[1:] if each.name != "request"
        ]
        test.__signature__ = inspect.Signature([request, *others])  # type: ignore[attr-defined]
        del test.__wrapped__  # pytest would look for fixtures there, and for a coroutine
        return test

    return decorate
