"""`Plan`: what users do and what befalls them in one run, drawn from a seed before it begins.

Each seed first draws which kinds of fault exist for it at all (a world with few kinds goes deeper into each), then how
many strike. Half of them hang on an event ("in the moment of the 3rd launch"), for aim finds more than luck; the others
come at some time. A plan is a list of `Step`; a failing one is shrunk by leaving steps out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from actors.simulation.faults import FAULTS
from actors.simulation.steps import Step
from actors.simulation.users import Definition

__all__ = ["EVENTS", "Plan", "Step", "Users", "changes_of_apps", "draw"]

EVENTS = {"launch": 8, "runs": 8, "acknowledged": 12, "durable": 25, "put": 4, "promised": 4, "subscribe": 3,
          "accept": 6, "kill": 6, "start": 3, "change written": 4, "provisioned": 8, "provision heard": 6}  # fmt: skip
"""What faults hang on, and up to the how-manieth of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run depends on, with the code."""

    seed: int
    seconds: float
    steps: tuple[Step, ...]
    agents: int = 3

    def only(self, indices: Sequence[int]) -> Plan:
        """The plan with these of its steps."""
        return Plan(self.seed, self.seconds, tuple(self.steps[i] for i in indices), self.agents)


APPS = ("/db", "/cache", "/web")


Users = Callable[[random.Random, float], list[Step]]
"""Draws what users do in so many seconds."""


def draw(
    seed: int,
    *,
    faults: Mapping[str, float],
    users: Users,
    events: Mapping[str, int] = EVENTS,
    seconds: float = 60.0,
    most: int = 7,
) -> Plan:
    """``faults``: kind → weight, ``most`` of them strike. ``events``: what they hang on → up to the how-manieth."""
    chance = random.Random(f"plan {seed}")
    steps = users(chance, seconds)
    kinds = [kind for kind in faults if chance.random() < 0.5] or [chance.choice(list(faults))]
    for _ in range(chance.randint(1, most)):
        kind = chance.choices(kinds, [faults[each] for each in kinds])[0]
        arguments = FAULTS[kind].draw(chance)
        if chance.random() < 0.55:
            aims = [each for each in FAULTS[kind].aims if each in events]
            after = chance.choice(aims if aims and chance.random() < 0.6 else list(events))
            at = chance.choice([0.0, chance.uniform(0, 0.005), chance.uniform(0, 0.03), chance.uniform(0, 1.0)])
            steps.append(Step(kind, at, arguments, after, chance.randint(1, events[after])))
        else:
            steps.append(Step(kind, chance.uniform(0, seconds), arguments))
    return Plan(seed, seconds, tuple(steps), chance.randint(1, 4))


def changes_of_apps(chance: random.Random, seconds: float, most: int = 7) -> list[Step]:
    """What is done to three apps that depend on each other."""
    versions = 0
    last: dict[str, list[Definition]] = {}
    steps = []
    for _ in range(chance.randint(2, most)):
        what = chance.choice(["put", "put", "put", "scale", "upgrade", "roll back", "destroy", "kill one", "look"])
        at = chance.choice([chance.uniform(0, seconds), chance.uniform(0, seconds / 4)])
        app_id = chance.choice(APPS)
        force = chance.random() < 0.6
        wanted: dict[str, Definition] = {}
        if what in ("put", "upgrade") or not last.get(app_id):
            chosen = chance.sample(APPS, chance.randint(1, 3)) if what == "put" else [app_id]
            for each in sorted(chosen):
                versions += 1
                earlier = APPS[: APPS.index(each)]
                wanted[each] = Definition(
                    f"serve {versions}",
                    chance.randint(0 if chance.random() < 0.2 else 1, 4),
                    tuple(one for one in earlier if one in chosen and chance.random() < 0.7),
                    chance.choice([0.0, 0.5, 1.0]),
                    chance.choice([0.0, 0.5, 1.0]),
                    chance.random() < 0.3,
                )
        elif what == "scale":
            wanted[app_id] = replace(last[app_id][-1], instances=chance.randint(0, 5), dependencies=())
        elif what == "roll back":
            wanted[app_id] = chance.choice(last[app_id])
        elif what == "destroy":
            steps.append(Step("destroy", at, (app_id,)))
        elif what == "kill one":
            steps.append(Step("kill one", at, (app_id, chance.randrange(100))))
        else:
            steps.append(Step("look", at))
        if wanted:
            for each, definition in wanted.items():
                last.setdefault(each, []).append(definition)
            steps.append(Step("put", at, (tuple(sorted(wanted.items())), force)))
    return sorted(steps, key=lambda step: step.at)


def told(plan: Plan) -> str:
    """The plan as JSON, for people and files."""
    return json.dumps([str(step) for step in plan.steps], indent=1)
