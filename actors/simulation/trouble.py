"""`Trouble`: the faults that befall a framework and its Mesos, drawn from the world's seed, or played again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from functools import partial

from actors.local_mesos.simulated_runner import Fate
from actors.local_mesos.task_runner import TaskCommand
from actors.simulation.faults import FAULTS, Befallen
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.steps import Step
from actors.simulation.world import Host, World
from mesos_proto import scheduler_pb2

__all__ = ["EVENTS", "KINDS", "OFFERED", "Trouble"]

KINDS = ("kill service", "pause service", "kill master", "pause master", "kill agent", "reboot agent", "reset", "cut",
         "cut one way", "slow network", "fail task", "drift")  # fmt: skip

OFFERED = (*KINDS, "cut power of service", "cut power of master", "pause agent", "reset one", "reset service",
           "lose calls", "die unheard", "last words", "bad starts")  # fmt: skip
"""All that make sense without our own service's disk and ZooKeeper."""

EVENTS = {"launch": 4, "runs": 4, "acknowledged": 6, "start": 2, "task over": 2, "subscribe": 2, "accept": 4}
TOLD = {
    scheduler_pb2.Call.SUBSCRIBE: ("subscribe", "subscribes"),
    scheduler_pb2.Call.RECONCILE: ("reconcile", "reconciles"),
}


class Trouble(Befallen):
    """Faults for a framework on ``hosts`` and its Mesos, in the next ``seconds``; at most ``most`` of them.

    ``kinds``: names of faults, of `OFFERED`, where the framework is the "service". Half of them hang on an event, such
    as a launch; the others come at any time. ``events``: kind → up to the how-manieth of it; ``world.moment(kind)``
    makes one of your own.

    What is drawn is a list of `Step` first; with `simulate`'s ``replay`` that list is played in place of it. So one
    world has one `Trouble`: raises `RuntimeError` for a second, and `ValueError` for a kind that there is not.
    """

    def __init__(
        self,
        world: World,
        mesos: SimulatedMesos,
        hosts: Sequence[Host],
        *,
        kinds: Sequence[str] = KINDS,
        most: int = 5,
        seconds: float = 60.0,
        events: Mapping[str, int] = EVENTS,
    ) -> None:
        if wrong := [kind for kind in kinds if kind not in OFFERED]:
            raise ValueError(f"kinds: there is no fault {wrong[0]!r} for a framework; there are: {', '.join(OFFERED)}")
        if world.steps is not None:
            raise RuntimeError("this world has its Trouble already; give that one more seconds, or more kinds")
        super().__init__(world, list(hosts), mesos=mesos, zookeeper=mesos.zookeeper)
        self._until = world.loop._now + seconds
        self._script, mesos.script = mesos.script, self._fares
        self._on_call, mesos.on_call = mesos.on_call, self._called
        steps = _drawn(world.seed, kinds, most, seconds, events) if world.replay is None else world.replay
        world.steps = tuple(steps)
        for step in world.steps:
            act = partial(self._play, step)
            if step.after is None:
                world.later(step.at, act)
            else:
                # Not within the line that told of it: a process dies between two of its turns.
                world.when(step.after, step.count, partial(world.later, step.at, act))

    def _play(self, step: Step) -> None:
        if self.world.loop._now < self._until:
            self.world.counts[f"struck: {step.kind}"] += 1
            self.strike(step.kind, *step.arguments)

    def _fares(self, command: TaskCommand, chance: random.Random) -> Fate:
        return self.bad_start(chance) or self._script(command, chance)

    def _called(self, call: scheduler_pb2.Call) -> None:
        who = self.hosts[0].name if len(self.hosts) == 1 else "framework"
        if (told := TOLD.get(call.type)) is not None:
            self.world.happened(told[0], who, told[1])
        elif call.type == scheduler_pb2.Call.ACCEPT:
            self.world.moment("accept")
        self._on_call(call)


def _drawn(seed: int, kinds: Sequence[str], most: int, seconds: float, events: Mapping[str, int]) -> list[Step]:
    """From a source of their own: leaving one out when they are played again changes nothing of what else is drawn."""
    chance = random.Random(f"trouble {seed}")
    steps: list[Step] = []
    for _ in range(chance.randint(1, most) if kinds and most > 0 else 0):
        kind = chance.choice(list(kinds))
        fault = FAULTS[kind]
        arguments = fault.draw(chance)
        if events and chance.random() < 0.5:
            aims = [each for each in fault.aims if each in events]
            after = chance.choice(aims if aims and chance.random() < 0.5 else list(events))
            at = chance.choice([0.0, round(chance.uniform(0, 0.05), 3)])
            steps.append(Step(kind, at, arguments, after, chance.randint(1, events[after])))
        else:
            steps.append(Step(kind, round(chance.uniform(0, seconds), 3), arguments))
    return steps
