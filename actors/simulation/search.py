"""Searching seeds over all cores: what failed, which faults struck, which rare branches were taken.

parent                                   workers (processes)
------                                   -------------------
a few seeds at a time            →       each plan is played
counts, failures                 ←       (a trace stays where it was made: it can be made again)
progress; stops at a failure if asked to
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

from actors.simulation._orphans import end_with_parent
from actors.simulation.scenarios import SCENARIOS, freeze, run

__all__ = ["Failure", "Found", "search"]

AT_A_TIME = 5


@dataclass(frozen=True, slots=True)
class Failure:
    scenario: str
    seed: int
    invariant: str
    text: str


@dataclass(slots=True)
class Found:
    """``counts``: by kind of event, over all runs. ``cpu`` in seconds."""

    runs: int = 0
    failures: list[Failure] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    virtual_seconds: float = 0.0
    cpu: float = 0.0

    def add(self, other: Found) -> None:
        self.runs += other.runs
        self.failures += other.failures
        self.counts += other.counts
        self.struck += other.struck
        self.virtual_seconds += other.virtual_seconds
        self.cpu += other.cpu


def play(scenario: str, seeds: tuple[int, ...]) -> Found:
    """Play these seeds in this process."""
    found = Found()
    began = time.process_time()
    for seed in seeds:
        outcome = run(SCENARIOS[scenario], SCENARIOS[scenario].plan(seed))
        found.runs += 1
        found.counts += outcome.counts
        found.struck += Counter(set(outcome.counts))
        found.virtual_seconds += outcome.virtual_seconds
        if outcome.violation is not None:
            found.failures.append(Failure(scenario, seed, outcome.violation.invariant, outcome.violation.text[:500]))
    found.cpu = time.process_time() - began
    return found


def search(
    scenarios: Iterable[str],
    seeds: Iterable[int],
    *,
    jobs: int | None = None,
    until_found: bool = False,
    progress: Callable[[Found], None] = lambda found: None,
) -> Found:
    """Play each seed of each scenario. ``until_found``: no more are begun after the first failure."""
    total = Found()
    work = _parts(list(scenarios), seeds)
    jobs = jobs or os.cpu_count() or 1
    freeze()
    if jobs == 1:
        for part in work:
            total.add(play(*part))
            progress(total)
            if until_found and total.failures:
                break
        return total
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=end_with_parent) as pool:
        under_way: set[Future[Found]] = {pool.submit(play, *part) for part in islice(work, 2 * jobs)}
        while under_way:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for each in done:
                total.add(each.result())
            progress(total)
            if not (until_found and total.failures):
                under_way |= {pool.submit(play, *part) for part in islice(work, len(done))}
    return total


def _parts(scenarios: list[str], seeds: Iterable[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    rest = iter(seeds)
    while part := tuple(islice(rest, AT_A_TIME)):
        for scenario in scenarios:
            yield scenario, part
