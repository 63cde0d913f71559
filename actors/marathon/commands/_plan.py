"""What a change would do, from the service's dry run, in words.

/shop/db    create   1 instance of 0.1 CPUs, 64 MB
/shop/web   replace  3 instances, when /shop/db is ready
    ~ cpus: 0.1 → 0.2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ._console import plural
from ._differences import differences, lines_of
from ._graph import Graph, Node

__all__ = ["changes_of", "print_plan"]

_COLOURS = {"create": "green", "scale": "yellow", "replace": "yellow", "stop": "red"}


def changes_of(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """``{"before", "after"}`` by app."""
    return {change["id"]: change for change in plan["changes"]}


def print_plan(title: str, plan: Mapping[str, Any]) -> None:
    """Tell a plan on stdout."""
    graph, changes = Graph.of(plan["graph"], plan["steps"]), changes_of(plan)
    if not graph.nodes:
        click.echo(f"{title}: nothing would change")
        return
    rows = [(node, changes[node.id]["before"], changes[node.id]["after"]) for node in graph.nodes.values()]
    width = max(len(node.id) for node, _, _ in rows)
    for node, before, after in rows:
        words = "; ".join(filter(None, (_size(before, after), _after(node))))
        action = click.style(node.action.ljust(7), fg=_COLOURS.get(node.action))
        click.echo(f"{node.id.ljust(width)}  {action}  {words}".rstrip())
        if before is not None and after is not None:
            for line in lines_of(differences(before, after), "    "):
                click.echo(line)
    click.echo(f"{title}: {', '.join(_totals(rows))}")


def _size(before: Any, after: Any) -> str:
    if after is None:
        return f"{plural(_instances(before), 'instance')} stopped"
    if before is None:
        each = f" of {after['cpus']:g} CPUs, {after['mem']:g} MB" if "cpus" in after else ""  # a pod has containers
        return plural(_instances(after), "instance") + each
    if _instances(before) != _instances(after):
        return f"{_instances(before)} → {plural(_instances(after), 'instance')}"
    return plural(_instances(after), "instance")


def _instances(definition: Mapping[str, Any]) -> int:
    """Of an app, or of a pod."""
    return int(definition["instances"] if "instances" in definition else definition["scaling"]["instances"])


def _after(node: Node) -> str:
    if not node.waits_for:
        return ""
    if node.action == "stop":
        return f"when {', '.join(node.waits_for)} {'has' if len(node.waits_for) == 1 else 'have'} stopped"
    return f"when {', '.join(node.waits_for)} {'is' if len(node.waits_for) == 1 else 'are'} ready"


def _totals(rows: list[tuple[Node, Any, Any]]) -> Iterator[str]:
    actions = [node.action for node, _, _ in rows]
    for action in ("create", "scale", "replace", "stop"):
        if count := actions.count(action):
            yield f"{plural(count, 'app')} to {action}"
