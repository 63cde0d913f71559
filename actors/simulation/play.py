"""`play`: one run of a story in a world of its own, decided by a seed, and what came of it."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from actors.simulation.steps import Step
from actors.simulation.world import Line, Violation, World
from actors.testkit import NothingCanHappen, VirtualLoop

__all__ = ["Played", "Story", "play"]

Story = Callable[[World], Awaitable[None]]


@dataclass(slots=True)
class Played:
    """``violation`` None: all held. ``steps``: the faults that were drawn, ``expected``: branches to be taken."""

    seed: int
    violation: Violation | None = None
    trace: list[Line] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    virtual_seconds: float = 0.0
    turns: int = 0
    steps: tuple[Step, ...] = ()
    expected: tuple[str, ...] = ()


def play(
    story: Story,
    seed: int,
    *,
    replay: Sequence[Step] | None = None,
    max_turns: int = 1_000_000,
    max_still: int = 1_000_000,
    max_growth: float = float("inf"),
) -> Played:
    """Play ``story``; with ``replay``, the faults are these steps and none are drawn. The same gives the same.

    ``max_turns`` of the loop end a run that turns in circles, as do ``max_still`` in which no time passes, and
    ``max_growth`` bytes of memory. What a story raises, but for an `AssertionError`, is raised with a note of the
    seed.
    """
    loop = VirtualLoop(seed, order="actors", max_turns=max_turns, max_still=max_still, max_growth=max_growth)
    played = Played(seed)

    async def main() -> None:
        world = World(seed, replay=replay)
        played.trace, played.counts = world.trace, world.counts
        try:
            await story(world)
        finally:
            world.end()
            played.steps, played.expected = world.steps or (), tuple(world.expected)

    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # faults are what they would tell of
    try:
        loop.run_until_complete(main())
    except Violation as violation:
        # Without its frames, which would keep the world: what died in it must be collected as the loop is closed.
        played.violation = violation.with_traceback(None)
    except NothingCanHappen as stuck:
        played.violation = Violation("nothing goes on without end", loop._now, str(stuck)[:500])
    except AssertionError as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        text = str(error) or f"{where.line} ({where.filename}:{where.lineno})"
        played.violation = Violation("an assertion", loop._now, text)
    except Exception as error:
        error.add_note(f"in a simulated world, seed {seed}, at {loop._now:.3f} s")
        traceback.clear_frames(error.__traceback__)  # what they hold would keep the world as well
        raise
    finally:
        played.virtual_seconds, played.turns = loop._now, loop.turns
        loop.close()
        logging.disable(disabled)
    return played
