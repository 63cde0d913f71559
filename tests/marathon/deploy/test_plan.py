"""What a plan promises: who waits for whom, and the levels that clients read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.dependency_graph import CyclicDependencies
from actors.marathon.messages import Action, ActionKind
from actors.marathon.model import Group, RootGroup, path_id
from actors.marathon.plan import DeploymentPlan, make_plan

from .definitions import V1, V2, app, root

START, SCALE, RESTART, STOP = ActionKind.START, ActionKind.SCALE, ActionKind.RESTART, ActionKind.STOP


def actions(plan: DeploymentPlan) -> list[list[tuple[ActionKind, str]]]:
    return [[(action.kind, action.app_id) for action in step] for step in plan.steps]


def waits(plan: DeploymentPlan) -> dict[str, set[str]]:
    """For each app of the plan the apps whose steps must be done before its own begins, through all gates."""
    done: dict[str, set[str]] = {}
    for node in plan.nodes:
        done[node.id] = set()
        for dependency in node.waits_for:
            done[node.id] |= done[dependency] | ({dependency} if dependency in plan.changes else set())
    return {app_id: done[app_id] for app_id in plan.changes}


def test_a_new_app_is_announced_then_scaled() -> None:
    plan = make_plan(root(), root(app("/a")))
    assert actions(plan) == [[(START, "/a")], [(SCALE, "/a")]]


def test_levels_follow_the_longest_dependency_path_through_unchanged_apps_too() -> None:
    db, cache = app("/db"), app("/cache", dependencies=["/db"])
    before = root(db, cache)
    after = root(db.replace(version=V2, instances=2), cache, app("/web", V2, dependencies=["/cache"]), version=V2)
    plan = make_plan(before, after)
    assert actions(plan) == [[(START, "/web")], [(SCALE, "/db")], [(SCALE, "/web")]]
    assert waits(plan)["/web"] == {"/db"}


def test_an_app_waits_only_for_what_it_depends_on() -> None:
    plan = make_plan(
        root(),
        root(app("/db"), app("/cache"), app("/auth", dependencies=["/cache"]), app("/report", dependencies=["/db"])),
    )
    assert waits(plan) == {"/db": set(), "/cache": set(), "/auth": {"/cache"}, "/report": {"/db"}}


def test_a_changed_definition_restarts_and_a_changed_count_scales() -> None:
    before = root(app("/a"), app("/b"), app("/c"))
    after = root(app("/a", V2, cmd="other"), app("/b", V1, scaled=V2, instances=3), app("/c"), version=V2)
    assert actions(make_plan(before, after)) == [[(RESTART, "/a"), (SCALE, "/b")]]


def test_a_restart_without_a_change_is_told_by_the_version_of_the_configuration() -> None:
    assert actions(make_plan(root(app("/a")), root(app("/a", V2)))) == [[(RESTART, "/a")]]


def test_a_changed_app_of_no_instances_is_only_scaled() -> None:
    plan = make_plan(root(app("/a")), root(app("/a", V2, cmd="other", instances=0)))
    assert actions(plan) == [[(SCALE, "/a")]]


def test_stops_come_first_for_clients_and_run_against_the_dependencies() -> None:
    before = root(app("/db"), app("/cache", dependencies=["/db"]), app("/web", dependencies=["/cache"]))
    plan = make_plan(before, root())
    assert [sorted(step, key=str) for step in actions(plan)] == [[(STOP, "/cache"), (STOP, "/db"), (STOP, "/web")]]
    assert waits(plan) == {"/db": {"/cache", "/web"}, "/cache": {"/web"}, "/web": set()}


def test_a_group_stands_for_all_that_is_in_it_and_costs_one_node() -> None:
    backends = [app(f"/back/tier{n % 3}/b{n}") for n in range(30)]
    fronts = [app(f"/front/f{n}") for n in range(30)]
    group = Group("/front", dependencies=("/back",))
    plan = make_plan(root(), root(*backends, *fronts, groups=(group,)))
    assert waits(plan)["/front/f7"] == {backend.id for backend in backends}
    assert sum(len(node.waits_for) for node in plan.nodes) < 2 * 60 + 20


def test_apps_of_a_group_wait_for_what_the_groups_around_it_depend_on() -> None:
    outer = Group("/shop", dependencies=("/db",))
    plan = make_plan(root(), root(app("/db"), app("/shop/inner/web"), groups=(outer,)))
    assert waits(plan)["/shop/inner/web"] == {"/db"}


def test_a_cycle_is_named() -> None:
    cyclic = root(app("/a", dependencies=["/b"]), app("/b", dependencies=["/a"]))
    with pytest.raises(CyclicDependencies, match=r"cyclic dependencies.*/a, /b"):
        make_plan(root(), cyclic)


def test_progress_is_the_lowest_level_with_something_unfinished() -> None:
    plan = make_plan(root(), root(app("/a"), app("/b", dependencies=["/a"]), app("/c")))
    assert [plan.level_of_progress(done) for done in (set(), {"/c"}, {"/a", "/c"}, {"/a", "/b", "/c"})] == [1, 1, 2, 3]


def test_a_dense_graph_is_planned_in_time_linear_in_its_edges() -> None:
    # Every app depends on all apps of the level before: Marathon's recursion would visit 10**20 paths.
    apps = [
        app(f"/l{level}/a{n}", dependencies=[f"/l{level - 1}/a{m}" for m in range(10)] if level else [])
        for level in range(20)
        for n in range(10)
    ]
    assert len(make_plan(root(), root(*apps)).steps) == 21


def depends_on(root: RootGroup, app_id: str) -> set[str]:
    """Every app that must be ready before this one: each pair spelt out, without gates."""
    found: set[str] = set()
    pending = [app_id]
    while pending:
        one = pending.pop()
        named = set(root.apps[one].dependencies)
        named |= {
            dependency
            for group in root.groups.values()
            if path_id.is_below(one, group.id)
            for dependency in group.dependencies
        }
        for other in root.apps:
            if other not in found and any(path_id.is_below(other, name) for name in named):
                found.add(other)
                pending.append(other)
    return found


@st.composite
def roots(draw: st.DrawFn) -> tuple[RootGroup, RootGroup]:
    """Two roots over the same few ids, acyclic because an app depends on smaller numbers only."""

    def one(version: str) -> RootGroup:
        made = []
        for number in range(8):
            if draw(st.booleans()):
                continue
            after = draw(st.sets(st.integers(0, number - 1))) if number else set()
            group = number // 3
            made.append(
                app(
                    f"/g{group}/a{number}",
                    draw(st.sampled_from((V1, version))),
                    instances=draw(st.integers(0, 2)),
                    dependencies=[f"/g{n // 3}/a{n}" for n in sorted(after)]
                    + [f"/g{n}" for n in range(group) if draw(st.booleans())],
                )
            )
        return root(*made, version=version)

    return one(V1), one(V2)


@given(roots())
def test_every_plan_does_each_difference_once_and_in_order(pair: tuple[RootGroup, RootGroup]) -> None:
    before, after = pair
    plan = make_plan(before, after)
    differing = {app_id for app_id in before.apps.keys() | after.apps.keys() if before.app(app_id) != after.app(app_id)}
    assert set(plan.changes) == differing
    steps = [action for step in plan.steps for action in step if action.kind is not START]
    assert sorted(action.app_id for action in steps) == sorted(differing)
    assert {node.id for node in plan.nodes if node.change is not None} == differing

    waiting = waits(plan)
    for app_id in differing & after.apps.keys():
        assert waiting[app_id] == depends_on(after, app_id) & differing & after.apps.keys()
    for app_id in differing - after.apps.keys():
        dependents = {other for other in before.apps if app_id in depends_on(before, other)}
        assert waiting[app_id] == dependents - after.apps.keys()

    level = {action.app_id: number for number, step in enumerate(plan.steps) for action in step}
    for app_id in differing & after.apps.keys():
        assert all(level[dependency] < level[app_id] for dependency in waiting[app_id])
    assert Action(STOP, "") not in steps


@given(roots())
def test_nothing_differs_from_itself(pair: tuple[RootGroup, RootGroup]) -> None:
    assert make_plan(pair[0], pair[0]) == DeploymentPlan((), (), {})


@given(roots())
def test_with_barriers_an_app_waits_for_all_that_a_client_sees_in_earlier_steps(
    pair: tuple[RootGroup, RootGroup],
) -> None:
    plan, graph = make_plan(*pair, "steps"), make_plan(*pair)
    assert (plan.steps, plan.changes) == (graph.steps, graph.changes)
    before: set[str] = set()
    for step in plan.steps:
        done = {action.app_id for action in step if action.kind is not START}
        assert all(waits(plan)[app_id] == before for app_id in done)
        before |= done
