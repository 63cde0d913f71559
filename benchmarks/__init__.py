"""What things cost, against peers and the plainest code that does the same, in one run.

    python -m benchmarks                     all costs: a table with ratios, plots in docs/benchmarks/
    python -m benchmarks tell ring --reps 9  some costs
    python -m benchmarks --keep              also writes the ratios of our own code to benchmarks/baseline.json
    python -m benchmarks --check             measures our own code alone; fails if a ratio fell by over a quarter

A figure of one machine on one day says little; a ratio of two measured side by side says something. So every contender
runs in a fresh process, repetitions interleaved (all contenders once, then all again), and ratios to the cost's
baseline are taken within a repetition; the median of them is what is reported. Time is CPU time: see `probes.py`.

`costs/` has one module per cost; `costs/__init__.py` lists them. `cost.py` says what a cost is, `measure.py` measures
one contender in its own process, `run.py` conducts, `report.py` tells.

Peers that need another Python (async-pykka and casty want 3.12, pymesos at most 3.10, which its http-parser was written
for) are measured when the environment variable BENCH_PYTHON312 or BENCH_PYTHON310 names one that has them; without it,
and for peers that are not installed, the cell stays empty.
"""
