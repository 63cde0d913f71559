"""What many hold alike: the sum is what one addition after the other would make."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.local_mesos.master.parsed import Holdings
from mesos_proto import Resources

HELD = st.sampled_from(
    [
        Resources.parse("cpus:0.1;mem:32"),
        Resources.parse("mem:32;cpus:0.1"),
        Resources.parse("cpus:0.001"),
        Resources.parse("mem:7", "web"),
        Resources.parse("cpus:1;mem:7").allocated("web"),
    ]
)


@given(st.lists(HELD), st.data())
def test_what_is_held_is_the_sum_of_what_came_and_did_not_go(came: list[Resources], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(range(len(came)))) if came else st.just(set()))
    holdings = Holdings()
    for resources in came:
        holdings.add(resources)
    for index in gone:
        holdings.remove(came[index])
    staying = [resources for index, resources in enumerate(came) if index not in gone]
    assert holdings.total() == sum(staying, Resources())


def test_a_million_holders_are_summed_up_at_once() -> None:
    holdings, one = Holdings(), Resources.parse("cpus:0.01;mem:1")
    for _ in range(1_000_003):
        holdings.add(one)
    total = holdings.total()
    assert (total.cpus, total.mem) == (10_000.03, 1_000_003.0)
