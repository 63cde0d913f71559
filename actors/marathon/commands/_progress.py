"""What is known of a deployment while it is watched, and how it is told: on a terminal live, elsewhere line by line.

GET /v2/deployments/{id} ─┐
deployment_node_changed  ─┼─▶ Progress ─┬─▶ rows    ─▶ LiveView (redrawn in place)
counts, queue            ─┘             └─▶ changes ─▶ LineView (a line for each, however fast they come)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from ._console import colour_of, is_terminal, plural, say
from ._graph import Graph, Node

__all__ = ["LineView", "LiveView", "Progress", "Row", "View", "rows_of", "view_on_terminal"]

NUDGE = 10.0
"""Seconds without a change after which the line view says what it waits for."""


@dataclass
class Progress:
    """`counts` and `why` are texts by app; `ready_at` seconds since `began` (of `time.monotonic`); `outcome` None while
    it runs, "" when it succeeded, else why it did not. `notice` says what is wrong with the watching itself. `changes`
    are the nodes that came to another state, in order. `took` are the seconds that the service needed, once known."""

    id: str
    title: str
    graph: Graph = field(default_factory=lambda: Graph({}))
    counts: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    ready_at: dict[str, float] = field(default_factory=dict)
    outcome: str | None = None
    notice: str = ""
    took: float | None = None
    changes: list[Node] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _early: list[tuple[str, str]] = field(default_factory=list)
    """What events told before the graph was known."""

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def fetched(self, graph: Graph) -> None:
        if self.graph.nodes:
            self._now(self.graph.merged(graph))
        else:
            self._know(graph)

    def told(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take an event; those of other deployments are left alone."""
        if data.get("id") != self.id:
            return
        if kind == "deployment_node_changed" and not self.graph.nodes:
            self._early.append((data["node"], data["state"]))
        elif kind == "deployment_node_changed":
            self._now(self.graph.with_state(data["node"], data["state"]))
        elif kind == "deployment_success":
            if not self.graph.nodes:  # it was over before anybody could ask
                self._know(Graph.of(data.get("graph", ()), data.get("plan", {}).get("steps", ())))
            self._now(self.graph.finished())
            self.outcome, self.took = "", _seconds_of(data)
        elif kind == "deployment_failed":
            self.outcome, self.took = data.get("reason") or "the service did not say why", _seconds_of(data)

    def _know(self, graph: Graph) -> None:
        """The graph for the first time: what events have told of it happened to nodes that had waited."""
        told = {node for node, _ in self._early}
        self.graph = Graph({key: replace(node, state="waiting") for key, node in graph.nodes.items() if key in told})
        for node, state in self._early:
            self._now(self.graph.with_state(node, state))
        self._now(self.graph.merged(graph))

    def _now(self, graph: Graph) -> None:
        for node in graph.nodes.values():
            before = self.graph.nodes.get(node.id)
            if node.state == (before.state if before else "waiting"):
                continue
            if node.state == "ready" and before:  # of one that was so at first nobody knows when it became so
                self.ready_at[node.id] = self.elapsed
                if before.state == "waiting":  # an answer overtook the event
                    self.changes.append(replace(node, state="begun"))
            self.changes.append(node)
        self.graph = graph

    @property
    def summary(self) -> str:
        figures = [(len(self.graph.in_state(state)), word) for state, word in WORDS.items()]
        parts = [f"{count} {word}" for count, word in figures if count]
        return f"{plural(len(self.graph.nodes), 'app')}: {', '.join(parts)}" if parts else "asking the service"


def _seconds_of(event: Mapping[str, Any]) -> float | None:
    """From the change, whose time is the plan's version, to its end: by the service's clock, which tells both."""
    try:
        span = datetime.fromisoformat(event["timestamp"]) - datetime.fromisoformat(event["plan"]["version"])
    except (KeyError, ValueError):
        return None
    return max(0.0, span.total_seconds())


WORDS = {"ready": "ready", "begun": "at work", "waiting": "waiting"}
SYMBOLS = {"ready": "✓", "begun": "●", "waiting": "○", "note": ""}


class Row(NamedTuple):
    """A line of the view. `state` is the node's, or "note" for what stands between nodes."""

    state: str
    app: str
    action: str
    note: str


def rows_of(progress: Progress, room: int) -> list[Row]:
    """At most `room` lines, those at work first of all to be kept."""
    nodes = list(progress.graph.nodes.values())
    surplus = len(nodes) - room
    hidden: dict[str, int] = {}
    for state in ("ready", "waiting", "begun"):
        here = [node for node in nodes if node.state == state]
        # Of the ready ones the latest are shown, of the waiting ones the next. One line tells of the rest.
        cut = min(len(here), surplus + len(hidden) + 1) if surplus > 0 else 0
        if cut > 0:
            gone = {node.id for node in (here[:cut] if state == "ready" else here[len(here) - cut :])}
            nodes = [node for node in nodes if node.id not in gone]
            hidden[state] = cut
            surplus = len(nodes) + len(hidden) - room
    rows = [Row(node.state, node.id, node.action, _note(progress, node)) for node in nodes]
    notes = {state: Row("note", f"… {count} more {WORDS[state]}", "", "") for state, count in hidden.items()}
    before = [notes.pop("ready")] if "ready" in notes else []
    return [*before, *rows, *notes.values()]


def _note(progress: Progress, node: Node) -> str:
    counts = progress.counts.get(node.id, "")
    if node.state == "ready":
        told = progress.graph.told_by(node.id)
        at = progress.ready_at.get(node.id)
        after = _ended(node).split()[1] + (f" after {at:.0f} s" if at is not None else "")
        return after + (f" → {', '.join(told)}" if told else "")
    if node.state == "begun":
        return "; ".join(filter(None, (counts, progress.why.get(node.id))))
    states = {before: progress.graph.nodes[before].state for before in node.waits_for}
    return "waits for " + ", ".join(before for before in node.waits_for if states[before] != "ready")


def _ended(node: Node) -> str:
    return "has stopped" if node.action == "stop" else "is ready"


class View(Protocol):
    """Shows a `Progress` whenever it is told to."""

    def __enter__(self) -> View: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...
    def show(self, progress: Progress) -> None: ...


def view_on_terminal(quiet: bool) -> View:
    if quiet:
        return NoView()
    return LiveView() if is_terminal(sys.stderr) else LineView()


class NoView:
    """Shows nothing."""

    def __enter__(self) -> NoView:
        return self

    def __exit__(self, *_: object) -> None: ...

    def show(self, progress: Progress) -> None: ...


class LineView(NoView):
    """A line on stderr for each change of a node: for logs, and terminals that cannot move the cursor."""

    def __init__(self) -> None:
        self._told = 0
        self._notice = ""
        self._spoke = time.monotonic()

    def show(self, progress: Progress) -> None:
        for line in self._changes(progress):
            say(line)
            self._spoke = time.monotonic()
        if time.monotonic() - self._spoke >= NUDGE:
            self._spoke = time.monotonic()
            for row in rows_of(progress, 10):
                if row.state == "begun":
                    say(f"still at work: {row.app}: {row.note or row.action}")

    def _changes(self, progress: Progress) -> Iterator[str]:
        if progress.notice != self._notice:
            self._notice = progress.notice
            yield progress.notice or "the service answers again"
        for node in progress.changes[self._told :]:
            if node.state == "begun":
                counts = progress.counts.get(node.id)
                yield f"{node.id}: {node.action} begins" + (f" ({counts})" if counts else "")
            else:
                told = progress.graph.told_by(node.id)
                yield f"{node.id} {_ended(node)}" + (f", tells {', '.join(told)}" if told else "")
        self._told = len(progress.changes)


class LiveView:
    """The graph, redrawn in place on stderr."""

    STYLES = {"ready": "green", "begun": "yellow", "waiting": "dim", "note": "dim"}  # noqa: RUF012

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self.console = Console(stderr=True, no_color=not colour_of(sys.stderr), highlight=False)
        self._live = Live(console=self.console, auto_refresh=False)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, progress: Progress) -> None:
        self._live.update(self.drawn(progress), refresh=True)

    def drawn(self, progress: Progress) -> Any:
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2, 0, 0))
        for _ in ("symbol", "app", "action"):
            table.add_column(no_wrap=True, overflow="ellipsis")
        table.add_column(ratio=1, overflow="fold")  # why an app waits is what one looks for: whole, on more lines
        for row in rows_of(progress, max(3, self.console.height - 3)):
            style = self.STYLES[row.state]
            table.add_row(
                Text(SYMBOLS[row.state], style), Text(row.app, "" if row.state == "begun" else style),
                Text(row.action, "dim"), Text(row.note, style),
            )  # fmt: skip
        head = Text.assemble((progress.title, "bold"), f"  {progress.summary}  ", (f"{progress.elapsed:.0f} s", "dim"))
        if progress.notice:
            head.append(f"  {progress.notice}", "red")
        return Group(head, table)
