"""Rolling restarts and scaling: Marathon's examples, and what must hold in every order of events."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.messages import Condition, Goal, HealthResult, Instance
from actors.marathon.model import App
from actors.marathon.rolling import capacity, restart_move, scale_move

from .definitions import V1, V2, app

RUNNING, STAGING, SCHEDULED = Condition.RUNNING, Condition.STAGING, Condition.SCHEDULED


def changed(instances: int, minimum: float, over: float, **fields: Any) -> App:
    strategy = {"minimumHealthCapacity": minimum, "maximumOverCapacity": over}
    return app("/a", V2, instances=instances, upgradeStrategy=strategy, **fields)


def some(count: int, version: str = V1, condition: Condition = RUNNING, **fields: Any) -> list[Instance]:
    return [Instance(f"{version}-{condition.value}-{n}", "/a", version, condition, **fields) for n in range(count)]


def test_an_old_instance_is_judged_by_the_checks_that_it_has() -> None:
    """A definition that brings the first checks must not take the running instances for sick ones."""
    target = app("/a", V2, instances=3, healthChecks=[{}], upgradeStrategy={"maximumOverCapacity": 0})
    unchecked = some(3, V1, RUNNING)
    assert restart_move(target, unchecked).kill == ()
    assert restart_move(target, unchecked).launch_up_to == 1
    waiting = [replace(one, health=(HealthResult(),)) for one in unchecked]
    assert len(restart_move(target, waiting).kill) == 1
    without = app("/a", V2, instances=3, upgradeStrategy={"maximumOverCapacity": 0})
    assert len(restart_move(without, [replace(one, healthy=False) for one in waiting]).kill) == 1


@pytest.mark.parametrize(
    ("instances", "minimum", "over", "kill", "launch_up_to"),
    [
        (10, 0.5, 0.0, 5, 0),
        (1, 1.0, 0.0, 0, 1),
        (3, 0.7, 0.0, 0, 1),
        (10, 1.0, 1.0, 0, 10),
        (1, 0.0, 0.0, 1, 0),
        (4, 0.5, 0.25, 2, 1),
    ],
)
def test_a_restart_begins_as_marathons_does(
    instances: int, minimum: float, over: float, kill: int, launch_up_to: int
) -> None:
    move = restart_move(changed(instances, minimum, over), some(instances))
    assert (len(move.kill), move.launch_up_to) == (kill, launch_up_to)


@pytest.mark.parametrize(
    ("instances", "minimum", "over", "bounds"),
    [(100, 0.07, 0.0, (8, 100)), (1, 1.0, 0.0, (1, 2)), (3, 0.7, 0.0, (3, 4)), (10, 0.5, 0.0, (5, 10))],
)
def test_shares_are_doubles_and_no_room_to_move_gives_one_more(
    instances: int, minimum: float, over: float, bounds: tuple[int, int]
) -> None:
    made = capacity(changed(instances, minimum, over), healthy=instances)
    assert (made.minimum_healthy, made.maximum) == bounds


def test_each_healthy_new_instance_lets_one_old_one_go() -> None:
    target = changed(3, 1.0, 1.0)
    assert restart_move(target, [*some(3), *some(3, V2, STAGING)]).kill == ()
    assert len(restart_move(target, [*some(3), *some(2, V2, STAGING), *some(1, V2)]).kill) == 1


def test_unhealthy_old_instances_go_first() -> None:
    target = changed(2, 0.5, 1.0, healthChecks=[{}])
    well, sick = some(2, healthy=True), some(1, V1, RUNNING, healthy=False)
    sick = [replace(sick[0], id="sick")]
    assert [victim.id for victim in restart_move(target, [*well, *sick]).kill] == ["sick"]


def test_health_counts_live_whoever_checked_it() -> None:
    target = changed(2, 1.0, 1.0, healthChecks=[{}])
    waiting = restart_move(target, [*some(2, healthy=True), *some(2, V2, healthy=None)])
    healthy = restart_move(target, [*some(2, healthy=True), *some(2, V2, healthy=True)])
    assert (len(waiting.kill), len(healthy.kill)) == (0, 2)


def test_surplus_instances_go_at_once_when_the_new_count_is_smaller() -> None:
    target = changed(2, 1.0, 0.0, healthChecks=[{}])
    assert len(restart_move(target, some(5, healthy=False)).kill) == 3


def test_a_restart_of_an_app_that_was_never_healthy_goes_on_one_by_one() -> None:
    target = changed(2, 1.0, 0.0, healthChecks=[{}])
    move = restart_move(target, some(2, healthy=False))
    assert len(move.kill) == 1


def test_old_instances_that_were_never_launched_are_dropped() -> None:
    assert len(restart_move(changed(3, 1.0, 0.0), some(3, V1, SCHEDULED)).kill) == 3


def test_an_instance_of_an_older_version_in_scale_only_is_not_old() -> None:
    target = app("/a", V1, scaled=V2, instances=2)
    assert restart_move(target, some(2, V1)).done


def test_scaling_down_kills_first_what_is_wanted_then_what_is_furthest_from_running() -> None:
    target = app("/a", instances=2)
    instances = [*some(3), *some(1, V1, STAGING)]
    move = scale_move(target, instances, wanted={instances[1].id})
    assert {victim.id for victim in move.kill} == {instances[1].id, instances[3].id}


def test_scaling_up_is_done_when_all_are_healthy_and_down_when_the_rest_is_gone() -> None:
    target = app("/a", instances=2, healthChecks=[{}])
    assert not scale_move(target, some(2, healthy=None)).done
    assert scale_move(target, some(2, healthy=True)).done
    assert scale_move(target, some(2, healthy=None), shrinking=True).done
    dying = [replace(one, id="dying", goal=Goal.DECOMMISSIONED) for one in some(1)]
    assert not scale_move(target, [*some(2), *dying], shrinking=True).done


@st.composite
def restarts(draw: st.DrawFn) -> tuple[App, list[Instance], st.DataObject]:
    share = st.sampled_from([0.0, 0.07, 0.25, 0.5, 0.7, 1.0])
    checks = [{}] if draw(st.booleans()) else []
    target = changed(draw(st.integers(1, 8)), draw(share), draw(share), healthChecks=checks)
    old = some(draw(st.integers(0, 8)))
    old = [replace(one, healthy=draw(st.sampled_from([True, False])) if checks else None) for one in old]
    return target, old, draw(st.data())


@given(restarts())
def test_every_restart_ends_within_its_bounds(case: tuple[App, list[Instance], st.DataObject]) -> None:
    """Instances die and become healthy in any order; the bounds hold throughout and the restart comes to its end."""
    target, old, data = case
    instances = {one.id: one for one in old}
    has_checks = bool(target.health_checks)
    number = 0
    for _ in range(400):
        before = list(instances.values())
        move = restart_move(target, before)
        if move.done:
            break
        healthy = [one for one in before if one.goal is Goal.RUNNING and (one.healthy or not has_checks)]
        healthy = [one for one in healthy if one.condition is RUNNING]
        bounds = capacity(target, len(healthy))
        left = {one.id for one in healthy} - {one.id for one in move.kill}
        enough_new = sum(one.app_version == V2 for one in healthy) >= target.instances
        surplus = len(old) > target.instances
        if not enough_new and not surplus:
            assert len(left) >= min(bounds.minimum_healthy, len(healthy))
        for victim in move.kill:
            if victim.condition is SCHEDULED:
                del instances[victim.id]
            else:
                instances[victim.id] = replace(victim, goal=Goal.DECOMMISSIONED)
        while sum(one.app_version == V2 for one in instances.values()) < move.launch_up_to:
            number += 1
            instances[f"new-{number}"] = Instance(f"new-{number}", "/a", V2, SCHEDULED)
            assert len(instances) <= max(bounds.maximum, len(old))
        happening = [one for one in instances.values() if one.goal is not Goal.RUNNING or one.condition is SCHEDULED]
        assert happening, "nothing is happening and the restart is not done"
        moved = data.draw(st.sampled_from(happening))
        if moved.goal is not Goal.RUNNING:
            del instances[moved.id]
        else:
            instances[moved.id] = replace(moved, condition=RUNNING, healthy=True if has_checks else None)
    assert restart_move(target, instances.values()).done
    assert len(instances) == target.instances


AGES = [datetime(2026, 1, 1, 0, minute, tzinfo=UTC) for minute in range(4)]


@pytest.mark.parametrize(("selection", "gone"), [("YOUNGEST_FIRST", [3, 2]), ("OLDEST_FIRST", [0, 1])])
def test_among_equals_the_youngest_or_the_oldest_go_as_the_app_says(selection: str, gone: list[int]) -> None:
    target = app("/a", instances=2, killSelection=selection)
    instances = [replace(one, started_at=age) for one, age in zip(some(4), AGES, strict=True)]
    assert scale_move(target, instances).kill == tuple(instances[n] for n in gone)
    restarted = changed(4, 0.5, 0.0, killSelection=selection)
    assert restart_move(restarted, instances).kill == tuple(instances[n] for n in gone)


def test_what_never_started_or_is_sick_goes_before_what_serves_whatever_the_age() -> None:
    target = app("/a", instances=1, healthChecks=[{}], killSelection="OLDEST_FIRST")
    well, sick, lost, staging = (
        replace(one, id=name, started_at=age, healthy=name == "well")
        for one, name, age in zip(some(4), ["well", "sick", "lost", "staging"], AGES, strict=True)
    )
    lost, staging = replace(lost, condition=Condition.UNREACHABLE), replace(staging, condition=STAGING)
    assert [one.id for one in scale_move(target, [well, sick, lost, staging]).kill] == ["lost", "staging", "sick"]


def in_racks(*racks: str, **fields: Any) -> list[Instance]:
    return [
        replace(one, host=f"h{n % 3}", attributes={"rack": rack}, started_at=AGES[0] + timedelta(minutes=n), **fields)
        for n, (one, rack) in enumerate(zip(some(len(racks)), racks, strict=True))
    ]


def test_scaling_down_keeps_an_app_spread_that_is_to_be_spread() -> None:
    target = app("/a", instances=3, constraints=[["rack", "GROUP_BY", "3"]])
    instances = in_racks("a", "b", "c", "a", "a", "b")
    killed = scale_move(target, instances).kill
    assert [(one.attributes["rack"], instances.index(one)) for one in killed] == [("a", 4), ("b", 5), ("a", 3)]
    assert [one.attributes["rack"] for one in scale_move(app("/a", instances=3), instances).kill] == ["b", "a", "a"]


def test_what_was_asked_for_or_stands_nowhere_goes_before_the_rest_is_spread() -> None:
    target = app("/a", instances=2, constraints=[["rack", "GROUP_BY"]])
    instances = [*in_racks("a", "b", "a", "b"), *some(1, V1, SCHEDULED)]
    killed = scale_move(target, instances, wanted={instances[0].id}).kill
    assert [instances.index(one) for one in killed] == [0, 4, 3]  # one of each rack is left


def test_in_a_restart_a_sick_instance_goes_first_wherever_it_stands() -> None:
    target = changed(4, 1.0, 0.0, healthChecks=[{}], constraints=[["rack", "GROUP_BY"]])
    old = in_racks("a", "a", "a", "b", healthy=True, health=(HealthResult(alive=True),))
    sick = replace(old[3], healthy=False)
    move = restart_move(target, [*old[:3], sick])
    assert move.kill == (sick,)  # the one whose place is needed; the others serve


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), st.data())
def test_however_many_go_no_place_is_emptied_while_another_is_crowded(racks: list[str], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, len(racks)))
    constraints = [["rack", "GROUP_BY"], *([["hostname", "GROUP_BY"]] if data.draw(st.booleans()) else [])]
    target, instances = app("/a", instances=len(racks) - count, constraints=constraints), in_racks(*racks)
    killed = scale_move(target, instances).kill
    assert len({one.id for one in killed}) == len(killed) == count
    before = Counter(racks)
    after = Counter(one.attributes["rack"] for one in instances if one not in killed)
    highest = max(after.values(), default=0)
    assert all(after[rack] >= min(before[rack], highest - 1) for rack in before)
