"""Draws what long runs kept: ``python -m benchmarks.proof`` makes the plots of docs/proof.md from docs/proof.

The runs themselves are tests that `make test-all` has (``tests/integration/kept.py`` keeps their rows).
"""

from __future__ import annotations

import json
from collections.abc import Callable
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


PLOTS: dict[str, Callable[[Any, Rows], None]] = {"kill-rounds": kill_rounds, "soak": soak, "c1m": c1m}


def draw(name: str) -> None:
    rows = [json.loads(line) for line in (KEPT / f"{name}.jsonl").read_text().splitlines()]
    with plot(KEPT / f"{name}.svg", 3.4) as axes:
        PLOTS[name](axes, rows)


def main() -> None:
    for name in PLOTS:
        draw(name)


if __name__ == "__main__":
    main()
