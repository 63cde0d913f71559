"""Tells results: as a table, as plots, and against the ratios that were kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.plots import plot
from benchmarks.run import ROOT, Results

BASELINE = ROOT / "benchmarks" / "baseline.json"
PLOTS = ROOT / "docs" / "benchmarks"
LIBRARIES = frozenset({"pykka", "thespian", "xoscar", "tapio", "async-pykka", "casty"})
SLACK = 0.25  # of a ratio, before --check fails


def table(results: Iterable[Results]) -> str:
    """A Markdown table: a row per contender, with its ratio to the cost's baseline."""
    lines = [
        f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[1]:.1f} (about 1 if nobody else was at work); medians, ratios to the line marked =."
    ]
    for result in results:
        cost = result.cost
        lines += [
            "",
            f"**{cost.what}** ({cost.unit}, {'more' if cost.is_rate else 'less'} is better{_goal(result)})",
            "",
        ]
        lines += ["| contender | figure | ratio |", "|---|---:|---:|"]
        for name in result.figures:
            figure, ratio = result.median(name), result.ratio(name)
            if figure is None:
                lines.append(f"| {name} | – | {result.why_not.get(name, '')} |")
            else:
                mark = "=" if name == cost.baseline else f"{ratio:.2f}" if ratio is not None else "–"
                lines.append(f"| {name} | {figure:,.{1 if figure < 1000 else 0}f} | {mark} |")
        lines += _over_libraries(result) + _over_control(result)
    return "\n".join(lines)


def _over_libraries(result: Results) -> list[str]:
    """How ours stands to the fastest library that could be measured, where the cost has a goal for that."""
    goal = result.cost.goal_over_libraries
    measured = {name: median for name in result.figures if (median := result.median(name)) is not None}
    libraries = {name: figure for name, figure in measured.items() if name in LIBRARIES}
    if goal is None or "actors" not in measured or not libraries:
        return []
    best = max(libraries, key=libraries.__getitem__)
    return ["", f"Over the best library, {best}: {measured['actors'] / libraries[best]:.2f}; goal: ≥ {goal:g}."]


def _over_control(result: Results) -> list[str]:
    """How ours grew beside what was measured for that alone."""
    control = result.cost.control
    grown = None if control is None else result.ratio(*control)
    if grown is None:
        return []
    ours = ((each.name, result.ratio(each.name)) for each in result.cost.contenders.values() if each.ours)
    return [
        "",
        *(
            f"{name}: {ratio:.2f}, where the floor's is {grown:.2f}: {ratio / grown:.2f} of that."
            for name, ratio in ours
            if ratio is not None
        ),
    ]


def _goal(result: Results) -> str:
    cost = result.cost
    bound = "≥" if cost.is_rate else "≤"
    goals = [f"ratio {bound} {cost.goal:g}"] if cost.goal is not None else []
    goals += [f"figure {bound} {cost.limit:g}"] if cost.limit is not None else []
    goals += [f"figure ≤ that of = plus {cost.surcharge:g}"] if cost.surcharge is not None else []
    return f"; goal: {', '.join(goals)}" if goals else ""


def keep(results: Iterable[Results]) -> None:
    """Writes the ratios of our own code, beside those of costs that were not measured now."""
    kept = _kept()
    for result in results:
        ours = {each.name: result.ratio(each.name) for each in result.cost.contenders.values() if each.ours}
        kept[result.cost.name] = {
            name: round(ratio, 3) for name, ratio in ours.items() if ratio is not None and name != result.cost.baseline
        }
    BASELINE.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")


def falls(results: Iterable[Results]) -> list[str]:
    """What fell by more than the slack since the ratios were kept; one sentence each."""
    kept = _kept()
    found = []
    for result in results:
        for name, ratio_then in kept.get(result.cost.name, {}).items():
            ratio = result.ratio(name)
            if ratio is None:
                found.append(f"{result.cost.name}: {name} could not be measured: {result.why_not.get(name, '?')}")
            elif result.cost.fell(ratio, ratio_then, SLACK):
                found.append(
                    f"{result.cost.name}: {name} is at {ratio:.2f} of {result.cost.baseline}, was {ratio_then:.2f}"
                )
    return found


def _kept() -> dict[str, dict[str, float]]:
    kept: dict[str, dict[str, float]] = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    return kept


def draw(results: Iterable[Results], folder: Path = PLOTS) -> None:
    """One plot per cost, and the table, into ``folder``."""
    results = list(results)
    folder.mkdir(parents=True, exist_ok=True)
    plots = "\n\n".join(f"![{result.cost.what}]({result.cost.name}.svg)" for result in results)
    (folder / "results.md").write_text(f"# What things cost\n\n{table(results)}\n\n## Drawn\n\n{plots}\n")
    for result in results:
        _plot(result, folder / f"{result.cost.name}.svg")


def _plot(result: Results, path: Path) -> None:
    cost = result.cost
    bars = [(name, median) for name in result.figures if (median := result.median(name)) is not None]
    names = [name for name, _ in bars][::-1]
    with plot(path, 0.6 + 0.36 * len(bars)) as axes:
        drawn: Any = axes.barh(
            names, [value for _, value in bars][::-1], color=[_colour(result, name) for name in names]
        )
        axes.bar_label(drawn, fmt="{:,.4g}", padding=4, fontsize=8)
        axes.set_xscale("log")
        axes.margins(x=0.15)
        axes.set_title(f"{cost.what} ({cost.unit}, {'more' if cost.is_rate else 'less'} is better)", fontsize=10)


def _colour(result: Results, name: str) -> str:
    if result.cost.contenders[name].ours:
        return "#2a6fbb"
    return "#666666" if name == result.cost.baseline else "#bbbbbb"
