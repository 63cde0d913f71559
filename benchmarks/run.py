"""Conducts: every contender in a process of its own, repetitions interleaved, ratios within a repetition."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cost import Contender, Cost

ROOT = Path(__file__).parent.parent
PATIENCE = 180  # seconds for one measurement


@dataclass
class Results:
    """Figures of one cost.

    Attributes:
        figures: of each contender, one per repetition; None where it could not be measured.
        why_not: what kept a contender from being measured.
    """

    cost: Cost
    figures: dict[str, list[float | None]] = field(default_factory=dict)
    why_not: dict[str, str] = field(default_factory=dict)

    def median(self, contender: str) -> float | None:
        """The middle figure."""
        found = [figure for figure in self.figures.get(contender, []) if figure is not None]
        return statistics.median(found) if found else None

    def ratio(self, contender: str, to: str | None = None) -> float | None:
        """The middle of the ratios to the figure of `to` (the baseline's) of the same repetition."""
        pairs = zip(self.figures.get(contender, []), self.figures.get(to or self.cost.baseline, []), strict=False)
        ratios = [figure / base for figure, base in pairs if figure is not None and base]
        return statistics.median(ratios) if ratios else None


def conduct(costs: Iterable[Cost], repetitions: int, *, only_ours: bool = False) -> list[Results]:
    """Measures; prints to stderr how far it has come."""
    results = [Results(cost) for cost in costs]
    for repetition in range(repetitions):
        for result in results:
            if result.cost.at_most is not None and repetition >= result.cost.at_most:
                continue
            for contender in _wanted(result.cost, only_ours):
                # One that was not there will not be there a second time.
                figure = None if contender.name in result.why_not else _measure(result, contender)
                result.figures.setdefault(contender.name, []).append(figure)
            print(f"repetition {repetition + 1} of {repetitions}: {result.cost.name}", file=sys.stderr, flush=True)
    return results


def _wanted(cost: Cost, only_ours: bool) -> list[Contender]:
    return [
        each
        for each in cost.contenders.values()
        if not only_ours or each.ours or each.name in (cost.baseline, *(cost.control or ()))
    ]


def _measure(result: Results, contender: Contender) -> float | None:
    python = sys.executable
    if contender.python is not None and sys.version_info[1] != contender.python:
        python = os.environ.get(f"BENCH_PYTHON3{contender.python}", "")
        if not python:
            result.why_not[contender.name] = f"needs Python 3.{contender.python}: set BENCH_PYTHON3{contender.python}"
            return None
    environment = {**os.environ, "BENCH_PYTHON": sys.executable}
    command = [python, "-m", "benchmarks.measure", result.cost.name, contender.name]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        result.why_not[contender.name] = f"not done within {PATIENCE} s"
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found = json.loads(lines[-1]) if lines else {"missing": (done.stderr.strip().splitlines() or ["died"])[-1]}
    if "figure" in found:
        return float(found["figure"])
    result.why_not[contender.name] = found["missing"]
    return None
