"""The scenarios that are searched, and how one run of a scenario is made and told."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from actors.simulation.cluster_stage import EVENTS_OF_A_CLUSTER, ClusterStage, deposits
from actors.simulation.plan import EVENTS, Plan, Users, changes_of_apps, draw
from actors.simulation.play import Played, play
from actors.simulation.service_stage import ServiceStage
from actors.simulation.stage import Stage
from actors.simulation.world import World

__all__ = ["SCENARIOS", "Scenario", "run"]

MAX_TURNS = 60_000
"""Turns of the loop after which a run counts as turning in circles; one that is well takes some thousands."""

MAX_STILL = 1_000
"""Turns of the loop in which no time passes; one that is well takes some dozen."""

MAX_GROWTH = 128 << 20
"""Bytes of memory that a run may take; one that is well takes some dozen MB."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``faults``: kind → weight; the more, the more often. ``events``: what they hang on. ``users``: what these do."""

    about: str
    faults: Mapping[str, float]
    stage: Callable[[World, Plan], Stage] = ServiceStage
    users: Users = changes_of_apps
    events: Mapping[str, int] = field(default_factory=EVENTS.copy)
    max_turns: int = MAX_TURNS

    def plan(self, seed: int) -> Plan:
        return draw(seed, faults=self.faults, users=self.users, events=self.events)


CRASHES = ("kill service", "cut power of service", "pause service", "kill master", "cut power of master",
           "pause master", "kill agent", "pause agent", "reboot agent", "fail task", "bad starts",
           "sick tasks", "kill service while its disk stalls", "last words", "cut power while writing",
           "die unheard")  # fmt: skip
NETWORK = ("reset", "reset one", "stall disk and reset", "cut", "cut one way", "slow network", "stall disk",
           "fill disk", "drift", "fail task", "kill service", "reset service", "lose calls",
           "lose agent with full disk")  # fmt: skip
LEADERS = ("kill service", "cut power of service", "pause service", "lose coordinator", "kill zookeeper",
           "pause zookeeper", "cut", "reset", "drift", "stall disk", "kill master", "pause master",
           "kill agent", "fail task")  # fmt: skip

CLUSTER = ("kill node", "cut power of node", "pause node", "cut", "cut one way", "reset", "slow network", "drift",
           "stall disk", "fill disk", "lose coordinator", "kill zookeeper", "pause zookeeper")  # fmt: skip

SCENARIOS: dict[str, Scenario] = {
    "crashes": Scenario(
        "the service, the master and agents are killed, their power is cut, they stand still; tasks fail",
        dict.fromkeys(CRASHES, 1.0)
        | {"kill service": 3.0, "kill agent": 2.0, "pause agent": 2.0, "last words": 2.0}
        | {"cut power while writing": 2.0},
    ),
    "network": Scenario(
        "connections are reset, cut in one direction or both, and slow; clocks drift; the disk is slow or full",
        dict.fromkeys(NETWORK, 1.0) | {"reset": 3.0, "reset one": 2.0, "lose calls": 3.0},
    ),
    "leaders": Scenario(
        "ZooKeeper elects one of two hosts of the service, and one of two masters; leaders are killed, stand still, do "
        "not reach ZooKeeper; ZooKeeper is killed, or stands still",
        dict.fromkeys(LEADERS, 1.0) | {"pause service": 3.0, "lose coordinator": 2.0},
        partial(ServiceStage, hosts=2),
    ),
    "cluster": Scenario(
        "nodes of a cluster, with a singleton that has a journal, are killed, stand still, do not reach each other or "
        "ZooKeeper, leave and come back",
        dict.fromkeys(CLUSTER, 1.0) | {"pause node": 2.0, "cut": 2.0, "reset": 2.0, "lose coordinator": 2.0},
        ClusterStage,
        deposits,
        EVENTS_OF_A_CLUSTER,
        max_turns=4 * MAX_TURNS,
    ),
}


def run(scenario: Scenario, plan: Plan) -> Played:
    """Play a plan. The same plan gives the same outcome, in any process."""

    async def story(world: World) -> None:
        await scenario.stage(world, plan).play()

    return play(story, plan.seed, max_turns=scenario.max_turns, max_still=MAX_STILL, max_growth=MAX_GROWTH)


def freeze() -> None:
    """Before many runs: what is there by now need not be looked through at the end of each."""
    gc.collect()
    gc.freeze()
