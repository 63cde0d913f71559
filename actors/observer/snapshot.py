"""A picture of all actors as JSON, of bounded size: the page stays quick with a million of them.

    {"actors": [{"path", "parent", "class", "state", "depth", "messages", …}, …],   parents before their children
     "total": 1000123, "hidden": {"/user/pool": 99800},                             what was left out, by parent
     "classes": […]}                                                                every class, with sums over all

Of many children of one parent the busiest are shown: those with mail, then those that handled most.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from heapq import nlargest
from typing import Any

from actors.core import ActorSystem, ActorView, look_at_all

from .meter import Meter
from .records import FailureLog

__all__ = ["MAX_ACTORS", "MAX_SIBLINGS", "actor_json", "snapshot"]

MAX_ACTORS = 1500
MAX_SIBLINGS = 200


async def snapshot(system: ActorSystem, meter: Meter, failures: FailureLog) -> dict[str, Any]:
    """The actors as they are now; lets others in between. Actors that stop meanwhile may be in it or not."""
    classes: dict[str, dict[str, int]] = defaultdict(
        lambda: {"actors": 0, "depth": 0, "deepest": 0, "messages": 0, "restarts": 0}
    )
    total = 0
    async for actor in look_at_all(system):
        total += 1
        depth = actor.depth
        sums = classes[actor.cls.__qualname__]
        sums["actors"] += 1
        sums["depth"] += depth
        sums["deepest"] = max(sums["deepest"], depth)
        sums["messages"] += meter.messages(actor.ref)
        sums["restarts"] += actor.restarts
    shown, hidden = _chosen(ActorView(system.root), meter)
    return {
        "actors": [actor_json(actor, meter, failures) for actor in shown],
        "total": total,
        "hidden": hidden,
        "classes": [{"class": name, **sums} for name, sums in classes.items()],
    }


def _chosen(root: ActorView, meter: Meter) -> tuple[list[ActorView], dict[str, int]]:
    """Level by level, so that what is left out are the lowest."""
    shown, hidden = [root], {}
    for parent in shown:  # grows while it is walked
        children = parent.children
        room = min(MAX_SIBLINGS, MAX_ACTORS - len(shown))
        if len(children) > room:
            hidden[parent.ref.path] = len(children) - room
            children = nlargest(room, children, key=lambda actor: (actor.depth, meter.messages(actor.ref)))
            children.sort(key=lambda actor: actor.ref.path)
        shown += children
    return shown, hidden


def actor_json(actor: ActorView, meter: Meter, failures: FailureLog) -> dict[str, Any]:
    """One actor. What it handles now is read, not asked for."""
    ref, parent, envelope = actor.ref, actor.parent, actor.envelope
    failed = failures.of(ref.path)
    return {
        "path": ref.path,
        "parent": None if parent is None else parent.path,
        "name": ref.name,
        "class": actor.cls.__qualname__,
        "state": actor.state,
        "depth": actor.depth,
        "stashed": actor.stashed,
        "restarts": actor.restarts,
        "messages": meter.messages(ref),
        "handling": None if envelope is None else type(envelope[0]).__qualname__,
        "children": actor.child_count,
        "failure": None if failed is None else asdict(failed),
    }
