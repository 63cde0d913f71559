"""What is counted as instances change is what one would count at that moment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.instance import Condition, Goal, HealthResult, Instance
from actors.marathon.instance_registry import InstanceRegistry
from actors.marathon.task_counts import TaskCounts, count, total

INSTANCES = st.builds(
    Instance,
    id=st.sampled_from("abcdef"),
    app_id=st.just(""),
    app_version=st.just("v"),
    condition=st.sampled_from([one for one in Condition if not one.is_terminal]),
    healthy=st.sampled_from([None, False, True]),
    goal=st.sampled_from(Goal),
    health=st.lists(st.builds(HealthResult, alive=st.sampled_from([None, False, True])), max_size=2).map(tuple),
)


def of_its_app(instance: Instance) -> Instance:
    app_id = "/first" if instance.id in "abc" else "/second"
    return replace(instance, app_id=app_id)


@given(st.lists(st.one_of(INSTANCES.map(of_its_app), st.sampled_from("abcdef")), max_size=30))
def test_the_counts_are_those_of_the_instances_after_any_changes(changes: list[Instance | str]) -> None:
    registry = InstanceRegistry()
    for change in changes:
        if isinstance(change, str):
            registry.remove(change)
        else:
            registry.put(change)
    for app_id in ("/first", "/second"):
        standing = list(registry.of(app_id).values())
        assert registry.counts([app_id]).get(app_id, TaskCounts()) == count(standing)
        inactive = sum(one.condition is Condition.UNREACHABLE_INACTIVE for one in standing)
        assert registry.existing(app_id) == len(standing) - inactive
    assert total(registry.counts(None).values()) == count(registry)
    assert {one.id for one in registry.dying()} == {one.id for one in registry if one.goal is not Goal.RUNNING}
    launching = {one.id for one in registry if one.condition is Condition.PROVISIONED}
    assert {one.id for one in registry.unsettled()} == launching | {one.id for one in registry.dying()}


def test_a_running_task_is_unhealthy_when_one_of_its_checks_says_so() -> None:
    mixed = Instance("a", "/a", "v", Condition.RUNNING, healthy=False, health=(HealthResult(True), HealthResult(False)))
    silent = Instance("b", "/a", "v", Condition.RUNNING, healthy=None, health=(HealthResult(True), HealthResult()))
    assert count([mixed, silent]) == TaskCounts(running=2, unhealthy=1)
