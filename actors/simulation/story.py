"""A failing run as a person reads it: one sentence, the steps that are needed, what happened, how to see it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.simulation.world import Line, Violation

if TYPE_CHECKING:
    from actors.simulation.plan import Plan
    from actors.simulation.play import Played

__all__ = ["happenings", "story"]

NOISE = re.compile(r"^(stored: |TASK_\w+ of )")
LAST = 25
"""Lines before the end that are told in full."""

WIDE = 140
"""Characters of a line that are told."""

MOST = 150
"""Lines that are told of the beginning, and of the end."""


def story(scenario: str, plan: Plan, played: Played, kept: list[int], full_plan: int, *, without: str = "") -> str:
    """``kept``: which of ``full_plan`` steps ``plan``, that was played, is made of."""
    violation = played.violation
    if violation is None:
        return f"{scenario}, seed {plan.seed}: all held"
    faults = sum(step.is_fault for step in plan.steps)
    lines = [
        f'{scenario}, seed {plan.seed}: "{violation.invariant}" did not hold at {violation.at:.3f} s',
        f"  {violation.text}",
        f"  {full_plan} steps shrunk to {len(kept)}, {faults} of them faults",
        "",
    ]
    lines += [f"  step {index}: {step}" for index, step in zip(kept, plan.steps, strict=True)]
    lines.append("")
    lines += happenings(played.trace, violation)
    keep = ",".join(map(str, kept))
    lines += [
        "",
        f"replay: python -m actors.simulation --scenario {scenario} --seed {plan.seed} --keep {keep or 'none'}"
        + (f" --without '{without}'" if without else ""),
    ]
    return "\n".join(lines)


def happenings(trace: Sequence[Line], violation: Violation, most: int = MOST) -> list[str]:
    """What happened, without what says nothing, and at last what must not. At most ``most`` lines of the
    beginning and of the end."""
    names: dict[str, str] = {}
    happened: list[str] = []
    start = max(0, len(trace) - LAST)
    for number, line in enumerate(trace):
        if number >= start or line.fault or not NOISE.match(line.what):
            told = _short(str(line), names)
            happened.append(told if len(told) <= WIDE else f"{told[:WIDE]} …")
    if len(happened) > 2 * most:  # one that went on without end
        happened[most:-most] = [f"{'':9}  … {len(happened) - 2 * most} more …"]
    return [*happened, f"{violation.at:9.3f}  {'':<10}  ← {_short(violation.text, names)[:300]}"]


def _short(text: str, names: dict[str, str]) -> str:
    """Instances by app and number, in place of their uuids."""

    def named(match: re.Match[str]) -> str:
        app = match.group(1)
        count = 1 + sum(name.startswith(f"{app}#") for name in names.values())
        return names.setdefault(match.group(0).removesuffix("._app.1"), f"{app}#{count}")

    return re.sub(r"(\w+)\.instance-[0-9a-f-]{36}(?:\._app\.1)?", named, text)
