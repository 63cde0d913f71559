"""Dominant resource fairness as a pure computation."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.local_mesos.master.allocator import Allocator, Quota
from actors.local_mesos.master.quantities import Quantities, quantities_of, shrink
from mesos_proto import Resources


def everything(role: str, agent_id: str, resources: Resources) -> Resources:
    return resources


def allocator(agents: int = 0, resources: str = "cpus:1;mem:100") -> Allocator:
    made = Allocator(random.Random(1), Resources.parse, "cpus:0.01|mem:32")
    for number in range(agents):
        made.add_agent(f"A{number}", Resources.parse(resources))
    return made


def subscribe(made: Allocator, framework_id: str, *roles: str) -> None:
    made.set_framework(framework_id, roles, (), True, everything)


def by(made: Allocator, what: str) -> Counter[str]:
    return Counter(getattr(allocation, what) for allocation in made.allocate(0.0))


def test_two_roles_get_the_same_however_many_frameworks_they_have() -> None:
    made = allocator(8)
    subscribe(made, "F1", "a")
    subscribe(made, "F2", "b")
    subscribe(made, "F3", "b")
    given_ = made.allocate(0.0)
    assert Counter(each.role for each in given_) == {"a": 4, "b": 4}
    assert Counter(each.framework_id for each in given_) == {"F1": 4, "F2": 2, "F3": 2}


def test_a_weight_of_three_gets_three_times_as_much() -> None:
    made = allocator(8)
    made.set_weight("a", 3.0)
    subscribe(made, "F1", "a")
    subscribe(made, "F2", "b")
    assert by(made, "role") == {"a": 6, "b": 2}


def test_a_role_competes_with_its_siblings_only() -> None:
    made = allocator(8)
    subscribe(made, "F1", "eng/web")
    subscribe(made, "F2", "eng/db")
    subscribe(made, "F3", "ops")
    assert by(made, "role") == {"eng/web": 2, "eng/db": 2, "ops": 4}


def test_the_dominant_resource_decides() -> None:
    made = allocator()
    made.add_agent("big", Resources.parse("cpus:10;mem:100"))
    subscribe(made, "F1", "a")
    subscribe(made, "F2", "b")
    made.add_agent("A1", Resources.parse("cpus:1;mem:50"), [("F1", Resources.parse("cpus:1;mem:10").allocated("a"))])
    made.add_agent("A2", Resources.parse("cpus:1;mem:50"), [("F2", Resources.parse("cpus:0.1;mem:50").allocated("b"))])
    # a holds 1 of 12 CPUs, b holds a quarter of the memory: a comes first.
    assert made.allocate(0.0, ["big"])[0].role == "a"


def test_an_idle_allocation_asks_nobody_again_until_a_filter_ends() -> None:
    made = allocator(1)
    asked = []

    def accepts(role: str, agent_id: str, resources: Resources) -> Resources:
        asked.append(agent_id)
        return resources

    made.set_framework("F", ["r"], (), True, accepts)
    made.allocate(0.0)
    made.recover("F", "A0", Resources.parse("cpus:1;mem:100").allocated("r"), refuse_until=5.0)
    for now in (1.0, 2.0, 3.0):
        assert made.allocate(now) == []
    assert len(asked) == 2, "once when it was given, once to learn that it is refused"
    assert len(made.allocate(5.0)) == 1


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(1, 16), st.integers(0, 4096)), min_size=1, max_size=6),
    st.lists(st.sampled_from(["a", "b", "a/x", "a/y", "c"]), min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(0, 20), max_size=3),
)
def test_never_more_is_given_than_there_is_nor_than_a_limit_allows(
    agents: list[tuple[int, int]], roles: list[str], limits: dict[str, int]
) -> None:
    made = allocator()
    totals = {}
    for number, (cpus, mem) in enumerate(agents):
        totals[f"A{number}"] = Resources.parse(f"cpus:{cpus};mem:{mem}")
        made.add_agent(f"A{number}", totals[f"A{number}"])
    for role, limit in limits.items():
        made.set_quota(role, Quota(Quantities(), Quantities({"cpus": limit * 1000})))
    for number, role in enumerate(roles):
        subscribe(made, f"F{number}", role)
    given_ = made.allocate(0.0)
    for agent_id, total in totals.items():
        held = sum((each.resources for each in given_ if each.agent_id == agent_id), Resources())
        assert total.contains(held)
        assert made.available(agent_id) == total - held
    for role, limit in limits.items():
        held_cpus = sum(each.resources.cpus for each in given_ if each.role == role)
        assert held_cpus <= limit
    for each in given_:
        made.recover(each.framework_id, each.agent_id, each.resources.allocated(each.role))
    assert all(made.available(agent_id) == total for agent_id, total in totals.items())
    assert all(made.consumed(role) == {} for role in limits)


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_shrinking_keeps_at_most_the_bound(have: int, bound: int) -> None:
    resources = Resources.parse(f"cpus:{have / 1000};mem:7")
    kept = shrink(resources, {"cpus": bound})
    assert quantities_of(kept).get("cpus", 0) == min(have, bound)
    assert kept.mem == 7


def test_a_limit_is_the_role_s_own_and_what_roles_below_it_have_counts_for_it() -> None:
    """As on a real Mesos 1.11.0 (tests/integration/two_masters)."""
    made = allocator(1, "cpus:8;mem:100")
    made.set_quota("q", Quota(Quantities(), Quantities({"cpus": 3000})))
    subscribe(made, "below", "q/a")
    (given_,) = made.allocate(0.0)
    assert given_.resources.cpus == 8
    made.recover("below", "A0", Resources.parse("cpus:6").allocated("q/a"))
    made.set_framework_active("below", False)
    subscribe(made, "itself", "q")
    (given_,) = made.allocate(1.0)
    assert given_.resources.cpus == 1
