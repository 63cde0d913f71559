"""Matching offers with apps: which resources, ports and constraints of an app an offer can satisfy. All pure.

offer ──▶ OfferPool ──▶ match(app, agent, placed) ──▶ Placement (resources, ports)  ──▶ build_task ──▶ TaskInfo
          what is left                           └──▶ NoMatch (why not)
"""

from actors.marathon.matching.constraints import Agent, Placed, only_spread_forbids, unmet_constraint
from actors.marathon.matching.offer_pool import NoMatch, OfferPool, Placement
from actors.marathon.matching.task_builder import build_task
from actors.marathon.matching.task_group_builder import build_task_group

__all__ = [
    "Agent",
    "NoMatch",
    "OfferPool",
    "Placed",
    "Placement",
    "build_task",
    "build_task_group",
    "only_spread_forbids",
    "unmet_constraint",
]
