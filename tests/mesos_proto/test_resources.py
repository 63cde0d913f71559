from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesos_proto import Ranges, ResourceError, Resources, mesos_pb2
from mesos_proto.mesos.v1.mesos_pb2 import Resource

DYNAMIC, STATIC = Resource.ReservationInfo.DYNAMIC, Resource.ReservationInfo.STATIC


def scalar(name: str, value: float, **fields: object) -> Resource:
    return Resource(name=name, type=mesos_pb2.Value.SCALAR, scalar={"value": value}, **fields)  # type: ignore[arg-type]


def volume(identifier: str, size: float = 10, **fields: object) -> Resource:
    return scalar(
        "disk",
        size,
        role="web",
        reservation={"principal": "ops"},
        disk={"persistence": {"id": identifier}, "volume": {"container_path": "data", "mode": "RW"}},
        **fields,
    )


names = st.sampled_from(["cpus", "mem", "gold"])
roles = st.sampled_from(["*", "web", "web/blog"])
scalars = st.builds(
    lambda name, thousandths, role: scalar(name, thousandths / 1000, role=role), names, st.integers(0, 5000), roles
)
intervals = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5)).map(lambda pair: (pair[0], sum(pair))), max_size=4
)
ranges = intervals.map(Ranges)
ports = st.builds(
    lambda found, role: Resource(name="ports", type=mesos_pb2.Value.RANGES, ranges=found.to_proto(), role=role),
    ranges,
    roles,
)
sets = st.builds(
    lambda items: Resource(name="licences", type=mesos_pb2.Value.SET, set={"item": sorted(items)}),
    st.sets(st.sampled_from("abc")),
)
volumes = st.sampled_from([volume("one"), volume("two"), volume("three", shared={})])
resources = st.lists(scalars | ports | sets, max_size=6).map(Resources)
with_volumes = st.lists(scalars | ports | volumes, max_size=6).map(Resources)


@given(with_volumes, with_volumes, with_volumes)
def test_sums_do_not_depend_on_order(a: Resources, b: Resources, c: Resources) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert hash(a + b) == hash(b + a)
    assert a + Resources() == a


@given(with_volumes, with_volumes)
def test_a_sum_contains_its_parts(a: Resources, b: Resources) -> None:
    assert (a + b).contains(a)
    assert (a + b).contains(b)


@given(st.lists(scalars, max_size=6).map(Resources), st.lists(scalars, max_size=6).map(Resources))
def test_what_was_added_can_be_taken_away_exactly(a: Resources, b: Resources) -> None:
    assert (a + b) - b == a


@given(resources, resources)
def test_what_is_contained_is_taken_and_put_back_without_a_trace(a: Resources, b: Resources) -> None:
    if a.contains(b):
        assert (a - b) + b == a


@given(resources, resources)
def test_a_difference_is_never_negative_and_never_more(a: Resources, b: Resources) -> None:
    assert a.contains(a - b)
    assert not a - a


@given(with_volumes, with_volumes)
def test_containing_each_other_is_being_equal(a: Resources, b: Resources) -> None:
    assert (a.contains(b) and b.contains(a)) == (a == b)


@given(with_volumes)
def test_messages_and_back_in_either_format(a: Resources) -> None:
    for refined_format in (None, True, False):
        assert Resources(a.to_protos(refined_format)) == a
    assert all(not each.HasField("role") for each in a.to_protos(True))
    assert all(not each.reservations for each in a.to_protos(False))


@given(resources)
def test_allocation_is_put_on_and_taken_off(a: Resources) -> None:
    allocated = a.allocated("web")
    assert allocated.unallocated() == a
    assert {each.allocation_role for each in allocated} <= {"web"}
    assert not a or allocated != a
    assert sum(allocated.allocations().values(), Resources()) == allocated


@given(resources)
def test_reserved_and_unreserved_make_the_whole(a: Resources) -> None:
    assert a.unreserved() + sum(a.reservations().values(), Resources()) == a


def test_thousandths_are_exact() -> None:
    tenth = Resources.parse("cpus:0.1")
    assert tenth + tenth + tenth == Resources.parse("cpus:0.3")
    total = Resources.parse("cpus:1")
    for _ in range(10):
        total -= tenth
    assert not total


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.0005, 0.001), (0.0004, 0.0), (1.2345, 1.235), (0.1 + 0.2, 0.3), (1e9 + 0.0014, 1e9 + 0.001)],
)
def test_scalars_are_rounded_to_three_decimals_halves_up(value: float, rounded: float) -> None:
    assert Resources([scalar("cpus", value)]).cpus == rounded


def test_nothing_of_a_resource_is_no_resource() -> None:
    assert not Resources.parse("cpus:0;ports:[];licences:{}")


def test_kinds_do_not_mix() -> None:
    offer = Resources.parse("cpus:2;cpus(web):2")
    assert not offer.contains(Resources.parse("cpus:3"))
    assert offer.cpus == 4.0
    assert offer.reserved("web").cpus == 2.0
    assert not offer.allocated("web").contains(Resources.parse("cpus:1"))
    revocable = Resources([scalar("cpus", 1, revocable={})])
    assert not offer.contains(revocable)
    provided = Resources([scalar("cpus", 1, provider_id={"value": "p"})])
    assert not offer.contains(provided)


def test_the_two_formats_of_reservations_are_one_kind() -> None:
    older = Resources([scalar("cpus", 1, role="web", reservation={"principal": "ops"})])
    newer = Resources([scalar("cpus", 1, reservations=[{"type": DYNAMIC, "role": "web", "principal": "ops"}])])
    assert older == newer
    assert Resources.parse("cpus(web):1") == Resources(
        [scalar("cpus", 1, reservations=[{"type": STATIC, "role": "web"}])]
    )
    assert Resources.parse("cpus(web):1") != older


def test_reservations_are_stacked_and_unstacked() -> None:
    plain = Resources.parse("cpus:1")
    web = plain.push_reservation(Resource.ReservationInfo(type=DYNAMIC, role="web", principal="ops"))
    blog = web.push_reservation(Resource.ReservationInfo(type=DYNAMIC, role="web/blog"))
    assert str(blog) == "cpus(reservations: [(DYNAMIC,web,ops),(DYNAMIC,web/blog)]):1"
    assert blog.pop_reservation() == web
    assert web.pop_reservation() == plain == blog.to_unreserved()
    with pytest.raises(ResourceError, match="is not reserved"):
        plain.pop_reservation()
    with pytest.raises(ResourceError, match="not a refinement of 'web'"):
        web.push_reservation(Resource.ReservationInfo(type=DYNAMIC, role="other"))
    with pytest.raises(ResourceError, match="RESERVATION_REFINEMENT"):
        blog.to_protos(refined_format=False)


def test_what_is_reserved_for_a_role_is_offered_to_roles_below_it() -> None:
    agent = Resources.parse("cpus:1;cpus(web):2;cpus(web/blog):4;cpus(webshop):8")
    assert agent.allocatable_to("web/blog").cpus == 7.0
    assert agent.allocatable_to("web").cpus == 3.0
    assert agent.allocatable_to("*").cpus == 1.0


def test_a_persistent_volume_is_whole_or_not_there() -> None:
    agent = Resources([volume("one"), volume("two", 20)])
    assert agent.contains(Resources([volume("two", 20)]))
    assert not agent.contains(Resources([volume("two", 10)]))
    assert agent - Resources([volume("one")]) == Resources([volume("two", 20)])
    twice = Resources([volume("one"), volume("one")])
    assert not agent.contains(twice)


def test_how_a_volume_is_mounted_does_not_make_it_another() -> None:
    mounted = volume("one")
    mounted.disk.volume.container_path = "elsewhere"
    assert Resources([volume("one")]).contains(Resources([mounted]))


def test_a_shared_volume_counts_its_users() -> None:
    once = Resources([volume("one", shared={})])
    twice = once + once
    assert twice != once
    assert twice - once == once
    assert len(twice.to_protos()) == 2
    assert str(twice).endswith("<SHARED>:10<2>")


def test_disks_of_their_own_do_not_add_up() -> None:
    def disk(kind: str) -> Resource:
        return scalar(
            "disk", 5, disk={"source": {"type": kind, "mount" if kind == "MOUNT" else "path": {"root": "/d"}}}
        )

    assert not Resources([disk("MOUNT"), disk("MOUNT")]).contains(
        Resources([scalar("disk", 10, disk=disk("MOUNT").disk)])
    )
    assert Resources([disk("PATH"), disk("PATH")]).contains(Resources([scalar("disk", 10, disk=disk("PATH").disk)]))


def test_text_and_json_are_read_alike() -> None:
    text = "cpus:4; mem(web):4096;ports:[31000-31999, 32001-32001]"
    json = """[{"name": "cpus", "type": "SCALAR", "scalar": {"value": 4}},
               {"name": "mem", "type": "SCALAR", "scalar": {"value": 4096}, "role": "web"},
               {"name": "ports", "type": "RANGES",
                "ranges": {"range": [{"begin": 31000, "end": 31999}, {"begin": 32001, "end": 32001}]}}]"""
    assert Resources.parse(text) == Resources.parse(json)
    assert str(Resources.parse(text)) == (
        "cpus:4; mem(reservations: [(STATIC,web)]):4096; ports:[31000-31999, 32001-32001]"
    )
    assert Resources.parse("cpus:4", role="web") == Resources.parse("cpus(web):4")
    assert str(Resources()) == "{}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cpus", "Bad value for resources, missing or extra ':' in cpus"),
        ("cpus:1:2", "Bad value for resources, missing or extra ':' in cpus:1:2"),
        ("cpus(web:1", "Bad value for resources, mismatched parentheses in cpus(web:1"),
        ("cpus:much", "Bad type for resource cpus value much type TEXT"),
        ("ports:[1-x]", "Failed to parse resource ports value [1-x] error Expecting non-negative integers in 'x'"),
        ("ports:[1-2", "Failed to parse resource ports value [1-2 error Mismatched brackets"),
        ("ports:[1]", 'Failed to parse resource ports value [1] error Expecting one or more "ranges"'),
        ("cpus:-1", "Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0"),
        ("cpus:nan", "Resource 'cpus:nan' is invalid: Invalid scalar resource: value <= 0"),
        ("cpus(a/):1", "Resource 'cpus(reservations: [(STATIC,a/)]):1' is invalid: Role 'a/' cannot end with a slash"),
        ('[{"name": "cpus"}]', "Some JSON resources were not formatted properly: Missing required fields: type"),
    ],
)
def test_bad_text_is_refused_with_its_reason(text: str, message: str) -> None:
    with pytest.raises(ResourceError) as error:
        Resources.parse(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (
            scalar("cpus", -1, allocation_info={"role": "*"}),
            r"Resource 'cpus\(allocated: \*\):-1' is invalid: Invalid scalar resource: value <= 0",
        ),
        (scalar("cpus", 1, reservation={}), 'role "\\*" cannot be dynamically reserved'),
        (scalar("cpus", 1, role="web", reservations=[{"type": STATIC, "role": "ops"}]), "does not match the role"),
        (scalar("cpus", 1, shared={}), "cpus cannot be shared"),
        (scalar("disk", 1, shared={}), "Only persistent volumes can be shared"),
        (scalar("cpus", 1, disk={"persistence": {"id": "x"}}), "DiskInfo should not be set for cpus"),
        (scalar("cpus", float("inf")), "value is infinite"),
        (Resource(name="x", type=mesos_pb2.Value.SCALAR), "Invalid scalar resource"),
        (Resource(name="x", type=mesos_pb2.Value.TEXT), "Unsupported resource type"),
        (Resource(name="x", type=mesos_pb2.Value.SET, set={"item": ["a", "a"]}), "duplicated elements"),
        (
            Resource(
                name="x",
                type=mesos_pb2.Value.RANGES,
                ranges={"range": [{"begin": 1, "end": 5}, {"begin": 5, "end": 6}]},
            ),
            "overlapping ranges",
        ),
        (Resource(name="x", type=mesos_pb2.Value.RANGES, ranges={"range": [{"begin": 2, "end": 1}]}), "begin > end"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused(proto: Resource, message: str) -> None:
    with pytest.raises(ResourceError, match=message):
        Resources([proto])


@given(st.text(alphabet='cpus:;[]{}()-,0123456789.*/ "', max_size=30))
def test_any_text_is_resources_or_a_resource_error(text: str) -> None:
    try:
        found = Resources.parse(text)
    except ResourceError:
        return
    assert Resources(found.to_protos()) == found


@given(ranges, ranges)
def test_ranges_are_sets_of_integers(a: Ranges, b: Ranges) -> None:
    assert set(a + b) == set(a) | set(b)
    assert set(a - b) == set(a) - set(b)
    assert set(a & b) == set(a) & set(b)
    assert (a <= b) == (set(a) <= set(b))
    assert (a == b) == (set(a) == set(b))
    assert len(a) == len(set(a))
    assert list(a) == sorted(set(a))
    assert all((number in a) == (number in set(a)) for number in range(40))
    assert Ranges.parse(str(a)) == a == Ranges.from_proto(a.to_proto()) == pickle.loads(pickle.dumps(a))
    assert all(first[1] + 1 < second[0] for first, second in zip(a.intervals, a.intervals[1:], strict=False))


@pytest.mark.parametrize("pairs", [[(2, 1)], [(-1, 1)], [(0, 2**64)]])
def test_ranges_that_are_none_are_refused(pairs: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="no range"):
        Ranges(pairs)
