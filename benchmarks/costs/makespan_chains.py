"""Ten chains of ten apps, in each one app of 60 s on a level of its own, the others 5 s: barriers pay for all ten."""

from benchmarks.makespans import App, makespan


def _chains() -> list[App]:
    return [
        App(f"/c{chain}/l{level}", 60 if level == chain else 5, f"/c{chain}/l{level - 1}" if level else None)
        for chain in range(10)
        for level in range(10)
    ]


COST = makespan("makespan-chains", "deploying ten chains of ten apps", _chains(), goal=0.2)
