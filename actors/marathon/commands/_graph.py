"""A deployment's graph as the commands show it: what each app waits for, what it does, whom it tells. Pure.

    /shop/db     ✓ ready                                    (rows are in an order in which nobody waits
    /shop/api    ● create    1/3 running                     for somebody below)
    /shop/web    ○ create    waits for /shop/api

The graph comes from ``GET /v2/deployments/{id}`` or from a dry run, and is carried on by ``deployment_node_changed``.
Gates (nodes that stand for groups, or for apps that do not change) are not shown: an app behind one waits for the apps
before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["ACTIONS", "Graph", "Node"]

ACTIONS = {
    "StartApplication": "create",
    "ScaleApplication": "scale",
    "RestartApplication": "replace",
    "StopApplication": "stop",
}
"""What a deployment does to an app, in the page's words."""

_ORDER = {"waiting": 0, "begun": 1, "ready": 2}


@dataclass(frozen=True, slots=True)
class Node:
    """One app of a deployment. `state` is ``waiting``, ``begun`` or ``ready``; `waits_for` has apps alone."""

    id: str
    action: str
    waits_for: tuple[str, ...]
    state: str


@dataclass(frozen=True, slots=True)
class Graph:
    """The apps of a deployment, in an order in which each comes after those that it waits for."""

    nodes: Mapping[str, Node]

    @classmethod
    def of(cls, graph: Iterable[Mapping[str, Any]], steps: Iterable[Mapping[str, Any]] = ()) -> Graph:
        """From the API's ``graph``. An app of no instances is started before it is scaled: the ``steps`` tell which."""
        actions = (action for step in steps for action in step["actions"])
        created = {each.get("app") or each["pod"] for each in actions if each["action"].startswith("Start")}
        all_nodes = {node["id"]: node for node in graph}
        apps = {
            node["id"]: Node(
                node["id"],
                "create" if node["id"] in created else ACTIONS.get(node["action"], node["action"]),
                tuple(_apps_before(node["id"], all_nodes)),
                node["state"],
            )
            for node in all_nodes.values()
            if node["kind"] == "app"
        }
        return cls({node_id: apps[node_id] for node_id in _sorted(apps)})

    def with_state(self, node_id: str, state: str) -> Graph:
        """What an event told. A node never goes back: events and answers may cross."""
        node = self.nodes.get(node_id)
        if node is None or _ORDER.get(state, 0) <= _ORDER[node.state]:
            return self
        return Graph({**self.nodes, node_id: replace(node, state=state)})

    def merged(self, fetched: Graph) -> Graph:
        """`fetched`, without what it takes back of this one."""
        graph = fetched
        for node in self.nodes.values():
            graph = graph.with_state(node.id, node.state)
        return graph

    def finished(self) -> Graph:
        return Graph({node_id: replace(node, state="ready") for node_id, node in self.nodes.items()})

    def in_state(self, state: str) -> list[Node]:
        return [node for node in self.nodes.values() if node.state == state]

    def told_by(self, node_id: str) -> list[str]:
        """The apps that wait for this one."""
        return [node.id for node in self.nodes.values() if node_id in node.waits_for]


def _apps_before(node_id: str, nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The apps that a node waits for, through any number of gates."""
    seen, open_ends = set(), list(nodes[node_id]["waitsFor"])
    while open_ends:
        before = open_ends.pop(0)
        if before in seen or before not in nodes:
            continue
        seen.add(before)
        if nodes[before]["kind"] == "app":
            yield before
        else:
            open_ends.extend(nodes[before]["waitsFor"])


def _sorted(apps: Mapping[str, Node]) -> Iterator[str]:
    """Depth first, so that an app stands near the ones that it waits for."""
    waiting = {node_id: len(node.waits_for) for node_id, node in apps.items()}
    dependents: dict[str, list[str]] = {node_id: [] for node_id in apps}
    for node in apps.values():
        for before in node.waits_for:
            dependents[before].append(node.id)
    free = [node_id for node_id, count in reversed(waiting.items()) if count == 0]
    while free:
        node_id = free.pop()
        yield node_id
        for dependent in reversed(dependents[node_id]):
            waiting[dependent] -= 1
            if waiting[dependent] == 0:
                free.append(dependent)
