"""A small site, 5 to 60 s per app: a slow database holds back its report, and with barriers everybody else."""

from benchmarks.makespans import App, makespan

COST = makespan(
    "makespan-example",
    "deploying a small site of five apps",
    [
        App("/db", 60),
        App("/cache", 5),
        App("/auth", 10, after="/cache"),
        App("/api", 10, after="/auth"),
        App("/report", 20, after="/db"),
    ],
    goal=0.92,
)
