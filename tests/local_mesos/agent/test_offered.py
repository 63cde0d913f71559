"""What agents of one machine offer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.local_mesos.offered import OfferedError, agent_attributes, agent_resources
from mesos_proto import Resources, mesos_pb2


def ports(text: str, index: int, **options: bool) -> set[int]:
    return set(Resources(agent_resources(text, index, **options)).ports)


@given(begin=st.integers(20_000, 60_000), size=st.integers(1, 1000), agents=st.integers(2, 10))
def test_no_two_agents_of_a_machine_have_a_port_in_common(begin: int, size: int, agents: int) -> None:
    text = f"ports:[{begin}-{begin + size - 1}]"
    offered = [ports(text, index) for index in range(agents)]
    assert len(set.union(*offered)) == agents * size
    assert offered[0] == set(range(begin, begin + size))


def test_simulated_agents_all_have_the_ports_as_written() -> None:
    assert ports("ports:[31000-31999]", 4999, one_machine=False) == set(range(31000, 32000))


def test_too_many_agents_for_the_ports_are_refused_with_the_number_that_fits() -> None:
    with pytest.raises(OfferedError, match="room for 30 agents"):
        agent_resources("ports:[31000-31999]", 30)


def test_what_is_left_out_is_as_by_default() -> None:
    resources = Resources(agent_resources("cpus:1", 0))
    assert (resources.cpus, resources.mem, resources.disk, len(resources.ports)) == (1, 4096, 10000, 1000)


def test_a_resource_that_cannot_be_read_is_named() -> None:
    with pytest.raises(OfferedError, match="--resources 'cpus=4'"):
        agent_resources("cpus=4", 0)


def test_attributes_are_scalars_ranges_or_text_by_their_look() -> None:
    rack, cores, spare = agent_attributes("rack: a1; cores:8;spare:[1-3, 5-5]")
    assert (rack.type, rack.text.value) == (mesos_pb2.Value.TEXT, "a1")
    assert (cores.type, cores.scalar.value) == (mesos_pb2.Value.SCALAR, 8)
    assert [(r.begin, r.end) for r in spare.ranges.range] == [(1, 3), (5, 5)]


@pytest.mark.parametrize("text", ["rack", "rack:", ":a", "x:[1..3]"])
def test_an_attribute_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(OfferedError, match="--attributes"):
        agent_attributes(text)
