"""Draws what long runs kept: ``python -m benchmarks.proof`` makes the plots of docs/proof.md from docs/proof.

The runs themselves are tests that `make test-all` has (``tests/integration/kept.py`` keeps their rows).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.plots import plot

KEPT = Path(__file__).parents[1] / "docs" / "proof"
COLOURS = {"leader": "#2a6fbb", "Mesos": "#c2571a", "ZooKeeper": "#3b8a4e"}

Rows = list[dict[str, Any]]


def kill_rounds(axes: Any, rows: Rows) -> None:
    """Each round's time until exactly the wanted tasks ran."""
    for victim, colour in COLOURS.items():
        mine = [row for row in rows if row["victim"] == victim]
        axes.scatter(
            [row["round"] for row in mine],
            [row["as_wanted_after"] for row in mine],
            color=colour,
            s=14,
            label=f"kill -9: {victim} ({len(mine)})",
        )
    axes.set_yscale("log")
    axes.set_xlabel("round")
    axes.set_ylabel("seconds until all is as wanted")
    axes.legend(fontsize=8, frameon=False)


def soak(axes: Any, rows: Rows) -> None:
    """What the service held over the hour, each as a share of what it held when warm."""
    warm = next(row for row in rows if row["seconds"] >= 0.2 * rows[-1]["seconds"])
    minutes = [row["seconds"] / 60 for row in rows]
    for what, colour in (("memory", "#2a6fbb"), ("files", "#c2571a"), ("threads", "#888888"), ("actors", "#3b8a4e")):
        label = f"{what}: {warm[what]:.0f}" + (" MB" if what == "memory" else "")
        axes.plot(minutes, [row[what] / warm[what] for row in rows], color=colour, linewidth=1, label=label)
    axes.set_ylim(0, 1.5)
    axes.set_xlabel(f"minutes ({rows[-1]['changes']:,} changes by users)")
    axes.set_ylabel("share of what it held warm")
    axes.legend(fontsize=8, frameon=False, loc="lower right")


def c1m(axes: Any, rows: Rows) -> None:
    """CPU for a task of both processes together, over the tasks that run already; a line for each size of a run."""
    for size, colour in zip(sorted({row["of"] for row in rows}), ("#888888", "#3b8a4e", "#2a6fbb"), strict=False):
        mine = [row for row in rows if row["of"] == size]
        micros = [1e6 * (row["cpu_of_mesos"] + row["cpu_of_framework"]) for row in mine]
        memory = mine[-1]["memory_of_mesos"] / 2**30
        label = f"{mine[-1]['tasks']:,} tasks; mesos-local holds {memory:.1f} GB"
        axes.plot(
            [row["tasks"] for row in mine], micros, color=colour, linewidth=1, marker="o", markersize=3, label=label
        )
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("tasks that run")
    axes.set_ylabel("CPU for a task, µs, both processes")
    axes.legend(fontsize=8, frameon=False, loc="upper right")


def seeds(axes: Any, rows: Rows) -> None:
    """How often each fault struck and each rare branch was taken, and how many runs broke an invariant."""
    head, *kinds = rows
    kinds.sort(key=lambda row: row["times"])
    names = [row["kind"].removeprefix("fault: ").removeprefix("branch: ") for row in kinds]
    colours = ["#c2571a" if row["kind"].startswith("fault: ") else "#2a6fbb" for row in kinds]
    bars = axes.barh(names, [row["times"] for row in kinds], color=colours, height=0.7)
    shares = [f" {row['times']:,} in {row['in_runs'] / head['runs']:.1%} of the runs" for row in kinds]
    axes.bar_label(bars, shares, fontsize=6)
    axes.set_xscale("log")
    axes.set_xlim(right=40 * kinds[-1]["times"])
    axes.set_ylim(-0.6, len(kinds) - 0.4)
    axes.tick_params("y", labelsize=7)
    struck = sum(row["times"] for row in kinds if row["kind"].startswith("fault: "))
    axes.set_title(
        f"{head['runs']:,} runs, {head['virtual_hours']:,.0f} virtual hours, {struck:,} faults (orange): "
        f"{len(head['failures'])} runs broke an invariant",
        fontsize=9,
        loc="right",
    )


def c1m_latency(axes: Any, rows: Rows) -> None:
    """From a launch to the status that the task runs, and what was carried meanwhile, over the tasks that run."""
    size = max(row["of"] for row in rows)
    mine = [row for row in rows if row["of"] == size]
    tasks = [row["tasks"] for row in mine]
    for what, label, colour in (
        ("latency_max", "the slowest", "#c2571a"),
        ("latency_p99", "99 of 100 within", "#888888"),
        ("latency_p50", "half within", "#2a6fbb"),
    ):
        axes.plot(tasks, [row[what] for row in mine], color=colour, linewidth=1, marker="o", markersize=3, label=label)
    for row in mine:
        axes.annotate(f"{1 / row['seconds']:,.0f}/s", (row["tasks"], 0), fontsize=7, ha="center", va="bottom")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.set_xlabel("tasks that run, and how many more in a second")
    axes.set_ylabel("seconds from launch to running")
    axes.legend(fontsize=8, frameon=False)


@dataclass(frozen=True, slots=True)
class Plot:
    """``kept``: the name of the rows that it is drawn from; its height is in inches."""

    kept: str
    draw: Callable[[Any, Rows], None]
    height: float = 3.4


PLOTS = {
    "kill-rounds": Plot("kill-rounds", kill_rounds),
    "soak": Plot("soak", soak),
    "c1m": Plot("c1m", c1m),
    "c1m-latency": Plot("c1m", c1m_latency),
    "seeds": Plot("seeds", seeds, 6.2),
}


def draw(kept: str) -> None:
    """Every plot of these rows."""
    rows = [json.loads(line) for line in (KEPT / f"{kept}.jsonl").read_text().splitlines()]
    for name, each in PLOTS.items():
        if each.kept == kept:
            with plot(KEPT / f"{name}.svg", each.height) as axes:
                each.draw(axes, rows)


def main() -> None:
    for kept in {each.kept: None for each in PLOTS.values()}:
        draw(kept)


if __name__ == "__main__":
    main()
