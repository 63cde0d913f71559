"""What must have happened at least once over all seeds: a search that never took a branch says nothing about it."""

from __future__ import annotations

import json

from actors.simulation.search import Found

__all__ = ["SOMETIMES", "lines", "missing", "table"]

FAULT_KINDS = ("kill -9", "power cut", "pause", "reboot", "reset", "cut", "one-way cut", "slow network", "stalled disk",
               "full disk", "task fails", "bad starts", "sick", "drift", "no coordinator", "last words",
               "reset of one", "calls lost")  # fmt: skip

SOMETIMES = (
    *(f"fault: {kind}" for kind in FAULT_KINDS),
    "promised", "refused", "in doubt", "user failed", "kill by hand", "reconcile", "subscribe again",
    "branch: a task that was ordered before a reboot starts after it",
    "branch: an update is sent again",
    "branch: an unpromised change was made",
    "branch: an offer is rescinded",
    "branch: what was being written died with its process",
    "branch: a deployment is cancelled for another",
    "branch: an unreachable instance came back",
    "branch: a launch is confirmed to another process than ordered it",
    "branch: a second leader leads", "branch: another master is elected", "session over",
    "deposit", "leave", "down", "member removed", "self removed", "unreachable", "reachable", "terminated",
)  # fmt: skip


def missing(found: Found) -> list[str]:
    """What of it never happened."""
    return [kind for kind in SOMETIMES if not found.counts[kind]]


def table(found: Found) -> str:
    """How often each of them happened, and in how many runs."""
    lines = [f"{'':64} {'times':>8} {'in runs':>8}"]
    lines += [f"{kind:64} {found.counts[kind]:8} {found.struck[kind]:8}" for kind in SOMETIMES]
    lines.append(
        f"{found.runs} runs, {found.virtual_seconds / 3600:.1f} virtual hours, {found.cpu:.0f} s of CPU, "
        f"{len(found.failures)} failures"
    )
    return "\n".join(lines)


def lines(found: Found) -> str:
    """The same as lines of JSON, for a plot: the runs, and below them how often each of them happened in how many."""
    head = {
        "runs": found.runs,
        "virtual_hours": round(found.virtual_seconds / 3600, 1),
        "failures": [f"{each.scenario} {each.seed}: {each.invariant}" for each in found.failures],
    }
    kinds = [{"kind": kind, "times": found.counts[kind], "in_runs": found.struck[kind]} for kind in SOMETIMES]
    return "".join(json.dumps(row) + "\n" for row in (head, *kinds))
