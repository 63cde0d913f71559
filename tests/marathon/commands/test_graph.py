"""The graph that the commands draw: gates are seen through, no node goes back, and a screen is never too small."""

from typing import Any

import pytest

from actors.marathon.commands._graph import Graph
from actors.marathon.commands._progress import Progress, rows_of


def node(name: str, *waits_for: str, kind: str = "app", state: str = "waiting") -> dict[str, Any]:
    action = "ScaleApplication" if kind == "app" else None
    return {"id": name, "kind": kind, "action": action, "waitsFor": list(waits_for), "state": state}


def test_an_app_behind_a_gate_waits_for_the_apps_before_it() -> None:
    graph = Graph.of(
        [node("/web", "/data"), node("/data", "/data/db", "/data/q", kind="group"), node("/data/db"), node("/data/q")]
    )
    assert set(graph.nodes) == {"/web", "/data/db", "/data/q"}
    assert graph.nodes["/web"].waits_for == ("/data/db", "/data/q")
    assert graph.told_by("/data/db") == ["/web"]


def test_each_app_comes_after_those_that_it_waits_for() -> None:
    graph = Graph.of([node("/c", "/b"), node("/d", "/a", "/c"), node("/a"), node("/b", "/a")])
    assert list(graph.nodes) == ["/a", "/b", "/c", "/d"]


def test_a_node_never_goes_back() -> None:
    ready = Graph.of([node("/a", state="begun")]).with_state("/a", "ready")
    assert ready.with_state("/a", "begun").nodes["/a"].state == "ready"
    assert ready.merged(Graph.of([node("/a", state="begun")])).nodes["/a"].state == "ready"
    assert ready.with_state("/unknown", "ready") is ready


@pytest.mark.parametrize("room", [3, 5, 12, 39, 40, 50])
def test_what_there_is_no_room_for_is_counted(room: int) -> None:
    states = ["ready"] * 15 + ["begun"] * 2 + ["waiting"] * 23
    nodes = [node(f"/a{number}", state=state) for number, state in enumerate(states)]
    rows = rows_of(Progress("d", "deploying", Graph.of(nodes)), room)
    assert len(rows) <= max(room, 3)
    hidden = sum(int(row.app.split()[1]) for row in rows if row.state == "note")
    assert hidden + sum(row.state != "note" for row in rows) == 40
    if room >= 5:
        assert sum(row.state == "begun" for row in rows) == 2


def test_what_was_told_before_the_graph_was_known_is_not_lost() -> None:
    progress = Progress("d", "deploying")
    for state in ("begun", "ready"):
        progress.told("deployment_node_changed", {"id": "d", "node": "/a", "state": state})
    progress.fetched(Graph.of([node("/a", state="ready"), node("/b", "/a", state="begun"), node("/c", "/b")]))
    progress.fetched(
        Graph.of([node("/a", state="ready"), node("/b", "/a", state="ready"), node("/c", "/b", state="ready")])
    )
    told = [(each.id, each.state) for each in progress.changes]
    assert told == [
        *(("/a", "begun"), ("/a", "ready"), ("/b", "begun")),
        *(("/b", "ready"), ("/c", "begun"), ("/c", "ready")),
    ]


def test_a_deployment_that_nobody_could_ask_for_is_told_by_its_end() -> None:
    progress = Progress("d", "deploying")
    plan = {"version": "2026-01-01T00:00:01.000Z"}
    end = {"id": "d", "timestamp": "2026-01-01T00:00:01.250Z", "plan": plan, "graph": [node("/a", state="ready")]}
    progress.told("deployment_success", end)
    assert [(each.id, each.state) for each in progress.changes] == [("/a", "ready")]
    assert (progress.outcome, progress.took) == ("", 0.25)
