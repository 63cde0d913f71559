"""In how many seeds the search finds that a safeguard is gone, and the page that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from actors.simulation.safeguards import Safeguard

__all__ = ["FoundWithout", "page", "search_without"]


@dataclass(frozen=True, slots=True)
class FoundWithout:
    """``runs``: how many were played until one failed, in ``invariant``; None: none did."""

    safeguard: Safeguard
    runs: int | None
    invariant: str

    def __str__(self) -> str:
        runs = "-" if self.runs is None else str(self.runs)
        return f"{self.safeguard.name:60} {self.safeguard.scenario:9} {runs:>5}  {self.invariant[:80]}"


def search_without(safeguard: Safeguard, seeds: int) -> FoundWithout:
    """Leave it out and play seeds from 0 on, in a process of its own, until one fails."""
    command = [sys.executable, "-m", "actors.simulation", "--without", safeguard.name, "--seeds", str(seeds)]
    command += ["--scenario", safeguard.scenario, "--jobs", "1", "--until-found"]
    reader, writer = os.pipe()
    try:
        command += ["--until-closed", str(reader)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, pass_fds=[reader])
    finally:
        os.close(reader)
        os.close(writer)
    line = next((line for line in ended.stdout.splitlines() if line.startswith(f"{safeguard.scenario} seed ")), None)
    if line is not None:
        seed, invariant, _ = line.partition(" seed ")[2].split(": ", 2)
        return FoundWithout(safeguard, int(seed) + 1, invariant)
    why = ended.stderr.strip().splitlines()[-1:] if ended.returncode else []
    return FoundWithout(safeguard, None, f"NOT FOUND in {seeds} {' '.join(why)}".rstrip())


def page(found: Sequence[FoundWithout], seeds: int) -> str:
    """The table as Markdown."""
    lines = [
        "# Safeguards, and how soon their absence is found",
        "",
        "Each of these pieces of code is left out, in a process of its own, and seeds are played from 0 on until one",
        f"fails; at most {seeds}. [](simulation.md) says what the scenarios are. Made by",
        "",
        "```sh",
        f"python -m actors.simulation --safeguards --seeds {seeds} --page docs/simulation-safeguards.md",
        "```",
        "",
        "| left out | in | scenario | runs | what did not hold |",
        "|---|---|---|---:|---|",
    ]
    for each in found:
        guard = each.safeguard
        runs = "not found" if each.runs is None else f"{each.runs:,}"
        lines.append(f"| {guard.name} | `{guard.module}` | {guard.scenario} | {runs} | {each.invariant} |")
    return "\n".join([*lines, ""])
