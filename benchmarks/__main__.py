"""``python -m benchmarks``: see the package's text."""

from __future__ import annotations

import argparse
import sys

from benchmarks import __doc__ as text
from benchmarks import report
from benchmarks.costs import COSTS
from benchmarks.run import conduct


def main() -> int:
    """Measures and tells; 1 when ``--check`` found something that fell."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("costs", nargs="*", metavar="COST", help=f"which; by default all: {', '.join(COSTS)}")
    parser.add_argument("--reps", type=int, default=5, help="repetitions, interleaved (default: 5)")
    parser.add_argument("--ours", action="store_true", help="measure our own code and the baselines alone")
    parser.add_argument("--keep", action="store_true", help="write the ratios of our own code to baseline.json")
    parser.add_argument("--check", action="store_true", help="fail if a kept ratio fell by over a quarter")
    parser.add_argument("--no-plots", action="store_true", help="write nothing to docs/benchmarks")
    options = parser.parse_args()
    unknown = [name for name in options.costs if name not in COSTS]
    if unknown:
        parser.error(f"no such cost: {', '.join(unknown)}; there are {', '.join(COSTS)}")
    chosen = [COSTS[name] for name in options.costs or COSTS]
    results = conduct(chosen, options.reps, only_ours=options.ours or options.check)
    print(report.table(results))
    if options.keep:
        report.keep(results)
    if options.check:
        fallen = report.falls(results)
        print("\n".join(["", *fallen] if fallen else ["", "no ratio fell"]))
        return 1 if fallen else 0
    if not options.no_plots and not options.ours:
        report.draw(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
