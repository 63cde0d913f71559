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
from typing import TYPE_CHECKING, Any

from actors.core import ActorSystem
from actors.core.tree import cells_of, state_of

from .meter import Meter
from .records import FailureLog

if TYPE_CHECKING:
    from actors.core._cell import Cell

__all__ = ["MAX_ACTORS", "MAX_SIBLINGS", "actor_json", "snapshot"]

MAX_ACTORS = 1500
MAX_SIBLINGS = 200


async def snapshot(system: ActorSystem, meter: Meter, failures: FailureLog) -> dict[str, Any]:
    """The actors as they are now; lets others in between. Actors that stop meanwhile may be in it or not."""
    classes: dict[str, dict[str, int]] = defaultdict(
        lambda: {"actors": 0, "depth": 0, "deepest": 0, "messages": 0, "restarts": 0}
    )
    total = 0
    async for cell in cells_of(system):
        total += 1
        depth = len(cell.mailbox)
        sums = classes[cell.props.cls.__qualname__]
        sums["actors"] += 1
        sums["depth"] += depth
        sums["deepest"] = max(sums["deepest"], depth)
        sums["messages"] += meter.messages(cell.ref)
        sums["restarts"] += cell.restarts
    shown, hidden = _chosen(system.root, meter)
    return {
        "actors": [actor_json(cell, meter, failures) for cell in shown],
        "total": total,
        "hidden": hidden,
        "classes": [{"class": name, **sums} for name, sums in classes.items()],
    }


def _chosen(root: Cell, meter: Meter) -> tuple[list[Cell], dict[str, int]]:
    """Level by level, so that what is left out are the lowest."""
    shown, hidden = [root], {}
    for parent in shown:  # grows while it is walked
        children = list((parent.children or {}).values())
        room = min(MAX_SIBLINGS, MAX_ACTORS - len(shown))
        if len(children) > room:
            hidden[parent.ref.path] = len(children) - room
            children = nlargest(room, children, key=lambda cell: (len(cell.mailbox), meter.messages(cell.ref)))
            children.sort(key=lambda cell: cell.ref.path)
        shown += children
    return shown, hidden


def actor_json(cell: Cell, meter: Meter, failures: FailureLog) -> dict[str, Any]:
    """One actor. What it handles now is read, not asked for."""
    ref, envelope = cell.ref, cell.envelope
    failed = failures.of(ref.path)
    return {
        "path": ref.path,
        "parent": None if cell.parent is None else cell.parent.ref.path,
        "name": ref.name,
        "class": cell.props.cls.__qualname__,
        "state": state_of(cell),
        "depth": len(cell.mailbox),
        "stashed": len(cell.stash or ()),
        "restarts": cell.restarts,
        "messages": meter.messages(ref),
        "handling": None if envelope is None else type(envelope[0]).__qualname__,
        "children": len(cell.children or ()),
        "failure": None if failed is None else asdict(failed),
    }
