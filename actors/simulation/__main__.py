"""``python -m actors.simulation``: search seeds, replay one, or see whether the search finds a safeguard's absence.

python -m actors.simulation --seeds 1000                           all scenarios, over all cores
python -m actors.simulation --scenario crashes --seed 61           one run; when it fails: shrunk, told, replayed
python -m actors.simulation --scenario crashes --seed 61 --keep 1,4
python -m actors.simulation --safeguards --seeds 2000 --page docs/simulation-safeguards.md
                                                                   each safeguard left out, until that is found
python -m actors.simulation --without "acknowledge after storing" --seeds 100
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from actors.simulation._orphans import end_when_closed
from actors.simulation.safeguards import SAFEGUARDS, remove


def main() -> int:
    options = _parser().parse_args()
    if options.until_closed is not None:
        end_when_closed(options.until_closed)
    if options.without:
        remove(options.without)
    if options.safeguards:
        return _safeguards(options)
    if options.seed is not None:
        return _replay(options)
    return _search(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m actors.simulation", description=__doc__.split("\n")[0])
    parser.add_argument("--scenario", help="one of them; all when left out")
    parser.add_argument("--seeds", type=int, default=200, help="how many, of each scenario (200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seed", type=int, help="play this one alone")
    parser.add_argument("--keep", help="with --seed: only these steps of its plan, as in 1,4,7 (or none)")
    parser.add_argument("--trace", action="store_true", help="with --seed: every line of it, without shrinking")
    parser.add_argument("--jobs", type=int, help="processes; as many as there are cores when left out")
    parser.add_argument("--until-found", action="store_true", help="stop at the first failure")
    parser.add_argument("--without", metavar="SAFEGUARD", help="leave this safeguard out of the code")
    parser.add_argument("--safeguards", action="store_true", help="leave out one after the other and search for it")
    parser.add_argument("--match", default="", help="with --safeguards: only those whose name has this in it")
    parser.add_argument("--page", type=Path, help="with --safeguards: write the table into this file")
    parser.add_argument("--results", metavar="FILE", type=Path, help="what happened, as lines of JSON, as it goes")
    parser.add_argument("--until-closed", metavar="FD", type=int, help=argparse.SUPPRESS)  # of its own processes
    return parser


def _search(options: argparse.Namespace) -> int:
    from actors.simulation.coverage import lines, missing, table
    from actors.simulation.scenarios import SCENARIOS
    from actors.simulation.search import Failure, Found, search

    scenarios = [options.scenario] if options.scenario else list(SCENARIOS)
    total = options.seeds * len(scenarios)
    began = time.monotonic()
    told = [began]

    shown: list[Failure] = []

    def progress(found: Found) -> None:
        for failure in found.failures[len(shown) :]:
            shown.append(failure)
            print(f"{failure.scenario} seed {failure.seed}: {failure.invariant}", file=sys.stderr)  # noqa: T201
        now = time.monotonic()
        if now - told[0] > 5 or found.runs == total:
            told[0] = now
            if options.results is not None:
                options.results.write_text(lines(found), "utf-8")
            rate = found.runs / (now - began)
            print(  # noqa: T201
                f"{found.runs}/{total} runs, {len(found.failures)} failed, {rate:.1f} runs/s, "
                f"{found.virtual_seconds / (now - began):.0f} virtual s/s",
                file=sys.stderr,
            )

    seeds = range(options.first, options.first + options.seeds)
    found = search(scenarios, seeds, jobs=options.jobs, until_found=options.until_found, progress=progress)
    if not options.without:
        print(table(found))  # noqa: T201
    for failure in found.failures:
        print(f"{failure.scenario} seed {failure.seed}: {failure.invariant}: {failure.text[:200]}")  # noqa: T201
    if found.failures:
        first = found.failures[0]
        print(f"tell the first: python -m actors.simulation --scenario {first.scenario} --seed {first.seed}")  # noqa: T201
        return 1
    if not options.without and not options.scenario and options.seeds >= 200 and (never := missing(found)):
        print(f"never happened, though they must in so many runs: {', '.join(never)}")  # noqa: T201
        return 1
    return 0


def _replay(options: argparse.Namespace) -> int:
    from actors.simulation.scenarios import SCENARIOS, run
    from actors.simulation.shrink import shrink
    from actors.simulation.story import story

    name = options.scenario or next(iter(SCENARIOS))
    scenario = SCENARIOS[name]
    whole = scenario.plan(options.seed)
    kept = list(range(len(whole.steps)))
    if options.keep:
        kept = [int(index) for index in options.keep.split(",") if index != "none"]
    plan = whole.only(kept)
    outcome = run(scenario, plan)
    if options.trace:
        print("\n".join(map(str, outcome.trace)))  # noqa: T201
    elif outcome.violation is not None and not options.keep:
        invariant = outcome.violation.invariant

        def fails(plan: object) -> bool:
            again = run(scenario, plan).violation  # type: ignore[arg-type]
            return again is not None and again.invariant == invariant

        kept = shrink(whole, fails)
        plan = whole.only(kept)
        outcome = run(scenario, plan)
    print(story(name, plan, outcome, kept, len(whole.steps), without=options.without or ""))  # noqa: T201
    return 0 if outcome.violation is None else 1


def _safeguards(options: argparse.Namespace) -> int:
    """Each in a process of its own, since a module is imported once."""
    from actors.simulation.safeguards_table import FoundWithout, page, search_without

    found: list[FoundWithout] = []
    chosen = [each for each in SAFEGUARDS.values() if options.match in each.name]
    with ThreadPoolExecutor(options.jobs or os.cpu_count() or 1) as pool:
        for each in pool.map(lambda safeguard: search_without(safeguard, options.seeds), chosen):
            found.append(each)
            print(each, flush=True)  # noqa: T201
            if options.page is not None:
                options.page.write_text(page(found, options.seeds), "utf-8")
    return 0 if all(each.runs is not None for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
