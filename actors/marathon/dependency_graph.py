"""The dependency graph of a root group, in time linear in its apps, groups and dependencies.

A vertex is an app (its id) or one of two *gates* of a group, so that a group with n apps costs n edges and not n²::

    /shop/web   depends on /db (a group)         /shop (a group) depends on /auth (an app)

    "/shop/web"  →  "/shop#needs" , "/db#ready"  "/shop#needs"  →  "/auth"
    "/db#ready"  →  "/db/main", "/db/replica", "/db/backup#ready"

``a → b`` reads "a waits for b". ``g#ready`` is passed when every app in and below g is ready, ``g#needs`` when all that
g and the groups around it depend on is ready. All functions are pure; a cycle raises `CyclicDependencies`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from actors.marathon.model import Group

__all__ = ["CyclicDependencies", "Edges", "dependencies_of", "levels", "reversed_edges", "topological", "without"]

Edges: TypeAlias = dict[str, list[str]]
"""Each vertex with the vertices that it waits for; every vertex is a key."""


class CyclicDependencies(ValueError):
    """Apps or groups wait for each other in a circle; `vertices` are on it or behind it."""

    def __init__(self, vertices: Collection[str]) -> None:
        named = sorted({vertex.partition("#")[0] for vertex in vertices})
        super().__init__(f"Dependency graph has cyclic dependencies. They go through: {', '.join(named[:10])}")
        self.vertices = frozenset(vertices)


def dependencies_of(root: Group) -> Edges:
    """The edges of all apps and groups of `root`. A dependency that is neither an app nor a group has no edge."""
    edges: Edges = {}
    wanted: list[tuple[str, str]] = []
    pending: list[tuple[Group, str | None]] = [(root, None)]
    while pending:
        group, parent = pending.pop()
        ready, needs = f"{group.id}#ready", f"{group.id}#needs"
        edges[needs] = [f"{parent}#needs"] if parent is not None else []
        wanted.extend((needs, dependency) for dependency in group.dependencies)
        below = edges[ready] = [f"{subgroup.id}#ready" for subgroup in group.groups.values()]
        for app in group.apps.values():
            below.append(app.id)
            edges[app.id] = [needs]
            wanted.extend((app.id, dependency) for dependency in app.dependencies)
        pending.extend((subgroup, group.id) for subgroup in group.groups.values())
    for vertex, dependency in wanted:
        if dependency in edges:
            edges[vertex].append(dependency)
        elif f"{dependency}#ready" in edges:
            edges[vertex].append(f"{dependency}#ready")
    return edges


def topological(edges: Mapping[str, Collection[str]]) -> list[str]:
    """All vertices, each after the ones that it waits for; raises `CyclicDependencies`."""
    dependents = reversed_edges(edges)
    missing = {vertex: len(waits_for) for vertex, waits_for in edges.items()}
    order = [vertex for vertex, count in missing.items() if count == 0]
    for vertex in order:  # grows while it is walked
        for dependent in dependents[vertex]:
            missing[dependent] -= 1
            if missing[dependent] == 0:
                order.append(dependent)
    if len(order) < len(edges):
        raise CyclicDependencies([vertex for vertex, count in missing.items() if count])
    return order


def reversed_edges(edges: Mapping[str, Collection[str]]) -> Edges:
    """The same graph with every edge turned round."""
    turned: Edges = {vertex: [] for vertex in edges}
    for vertex, waits_for in edges.items():
        for dependency in waits_for:
            turned[dependency].append(vertex)
    return turned


def levels(edges: Mapping[str, Collection[str]], order: Iterable[str]) -> dict[str, int]:
    """The number of apps on the longest path that ends in each vertex, itself included; gates count nothing."""
    level: dict[str, int] = {}
    for vertex in order:
        weight = 0 if "#" in vertex else 1
        level[vertex] = weight + max((level[dependency] for dependency in edges[vertex]), default=0)
    return level


def without(edges: Mapping[str, Collection[str]], order: list[str], kept: Collection[str]) -> Edges:
    """The graph of the vertices `kept` and of those that lie on a path between two of them.

    What lies between (an unchanged app, a gate) is passed through, so "a waits for c because of b" stays true when b
    has nothing to do, and a group stays one vertex.
    """
    behind: set[str] = set()  # waits, directly or not, for one of `kept`, or is one
    for vertex in order:
        if vertex in kept or any(dependency in behind for dependency in edges[vertex]):
            behind.add(vertex)
    dependents = reversed_edges(edges)
    before: set[str] = set()  # one of `kept` waits for it, directly or not, or it is one
    for vertex in reversed(order):
        if vertex in kept or any(dependent in before for dependent in dependents[vertex]):
            before.add(vertex)
    between = behind & before
    return {vertex: [d for d in edges[vertex] if d in between] for vertex in order if vertex in between}
